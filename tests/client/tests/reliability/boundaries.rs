//! Every routine in every role, with what stands at the ends of its types: each call is answered or refused in words of
//! its own, in time, for whom its grants let in and for nobody else, and what is undone leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use client_tests::house::House;
use client_tests::{Database, Failure, Random, Result, Scratch, Session, all_checksums, setting};

use crate::catalog::{Routine, granted, public, routines};
use crate::values::{Temper, Values};

/// No call takes so long, on any machine.
const PATIENCE: &str = "60s";
/// How many arguments of a call are at the ends of their types, in percent.
const TEMPERS: [Temper; 4] = [Temper(25), Temper(50), Temper(100), Temper(0)];

/// Who calls.
struct Actor {
    login: String,
    /// Sent first in each transaction.
    before: String,
    user: i64,
    session: Session,
    granted: BTreeSet<String>,
}

/// Which routines are called, and how often by each; none: a sample of them, each by somebody who may.
struct Plan<'a> {
    pattern: &'a str,
    times: Option<u64>,
    patience: &'a str,
}

/// What came of the calls.
#[derive(Default)]
struct Report {
    calls: u64,
    answered: u64,
    barred: u64,
    refused: BTreeMap<String, u64>,
    /// What must not be, once for each routine and kind.
    findings: BTreeMap<(String, &'static str), String>,
}

/// A login of every role of the product, one that is none of them, and the superuser.
fn actors(house: &mut House) -> Result<Vec<Actor>> {
    let database = house.database.clone();
    let roles = house.root.lines(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'bourse\\_%' AND rolname <> 'bourse_owner' ORDER BY rolname",
    )?;
    let mut actors = Vec::new();
    for role in roles.iter().map(String::as_str).chain(["pg_read_all_settings", "postgres"]) {
        let (login, user) = match role {
            "bourse_trader" => ("attack_trader".to_owned(), house.attacker),
            "bourse_viewer" => ("attack_viewer".to_owned(), house.bystander),
            "postgres" => ("postgres".to_owned(), house.victim),
            role => (format!("fuzz_{role}"), house.attacker),
        };
        if login.starts_with("fuzz_") {
            database.login(&login, role)?;
        }
        let before = if role == "bourse_gateway" { format!("SELECT identity.act_as({user}); ") } else { String::new() };
        let granted = granted(&mut house.root, &login)?;
        actors.push(Actor { session: database.connect_as(&login)?, login, before, user, granted });
    }
    Ok(actors)
}

impl Actor {
    fn may(&self, routine: &Routine) -> bool {
        self.granted.contains(&routine.oid)
    }

    /// Calls, and undoes whatever that has done.
    fn call(&mut self, database: &Database, patience: &str, call: &str) -> Result<Option<Failure>> {
        let sent = format!("BEGIN; SET LOCAL statement_timeout = '{patience}'; {}{call}", self.before);
        let outcome = self.session.client().simple_query(&sent);
        let outcome = outcome.err().map(|error| Failure::of_statement(call, &error));
        if self.session.run("ROLLBACK").is_err() {
            self.session = reconnected(database, &self.login)?;
        }
        Ok(outcome)
    }
}

/// A session, as soon as a server that somebody has brought down is back.
fn reconnected(database: &Database, login: &str) -> Result<Session> {
    for _ in 0..600 {
        if let Ok(session) = database.connect_as(login) {
            return Ok(session);
        }
        thread::sleep(Duration::from_millis(100));
    }
    database.connect_as(login)
}

impl Report {
    fn judge(&mut self, actor: &Actor, routine: &Routine, call: &str, outcome: Option<Failure>) {
        self.calls += 1;
        let allowed = actor.may(routine);
        let told = outcome.as_ref().map_or_else(|| call.to_owned(), ToString::to_string);
        let kind = match outcome.as_ref().map(|failure| failure.sqlstate.as_deref()) {
            // A strict function of NULL is not called at all.
            None if allowed || call.contains("NULL") => {
                self.answered += u64::from(allowed);
                return;
            }
            None => "answered without a grant",
            Some(None) => "connection lost",
            Some(Some("57014")) => "no answer in time",
            // It says what it is told.
            Some(Some(code)) if code.starts_with("XX") && routine.name != "bourse.refuse" => "internal error",
            Some(Some(_)) if !allowed => {
                self.barred += 1;
                return;
            }
            Some(Some(code)) => {
                *self.refused.entry(code.to_owned()).or_default() += 1;
                if told.contains("\n  HINT: ") || is_of_the_server(routine, code, &told) {
                    return;
                }
                "refused without a hint"
            }
        };
        let told: String = told.chars().take(900).collect();
        let text = format!("{kind}: {} as {}: {told}", routine.signature(), actor.login);
        self.findings.entry((routine.signature(), kind)).or_insert(text);
    }

    fn kinds(&self) -> BTreeSet<&'static str> {
        self.findings.keys().map(|(_, kind)| *kind).collect()
    }
}

/// What the server refuses by itself, as the manual says or where a number or time is beyond its type, and what those
/// refuse whom only our own code calls.
fn is_of_the_server(routine: &Routine, code: &str, told: &str) -> bool {
    // 2D000: a procedure commits, which we do not let it.
    ["22003", "22008", "2D000", "54000"].contains(&code)
        || routine.comment.contains(code)
        || told.contains("permission denied")
        || routine.schema.ends_with("_private")
        || routine.name == "bourse.refuse"
}

/// Every routine of the plan in every role.
fn all(house: &mut House, actors: &mut [Actor], plan: &Plan) -> Result<Report> {
    let (values, routines) = (Values::of(&mut house.root)?, routines(&mut house.root, plan.pattern)?);
    let public = public(&mut house.root)?;
    let (mut report, mut random) = (Report::default(), Random::new(17));
    for routine in &routines {
        let open = public.contains(&routine.oid);
        let may: Vec<usize> = (0..actors.len()).filter(|n| open && actors[*n].may(routine)).collect();
        let chosen = random.pick(&may).copied();
        for (n, actor) in actors.iter_mut().enumerate() {
            // The superuser may call what is nobody else's, and knows why.
            let times = match (plan.times, may.contains(&n)) {
                (_, false) if actor.may(routine) => 0,
                (Some(_), false) => 1,
                (None, false) => u64::from(random.percent(20)),
                (Some(times), true) => {
                    if routine.arguments.is_empty() {
                        1
                    } else {
                        times
                    }
                }
                (None, true) => u64::from(chosen == Some(n)) * 2,
            };
            for _ in 0..times {
                let temper = random.pick(&TEMPERS).copied().unwrap_or(TEMPERS[0]);
                let call = routine.call(&values.arguments(&mut random, routine, actor.user, temper));
                let outcome = actor.call(&house.database, plan.patience, &call)?;
                report.judge(actor, routine, &call, outcome);
            }
        }
    }
    Ok(report)
}

#[test]
fn every_routine_answers_or_refuses_at_the_ends_of_its_types() -> Result<()> {
    let mut house = House::open("boundaries")?;
    let mut actors = actors(&mut house)?;
    let before = all_checksums(&mut house.root)?;
    let times = Some(setting("BOURSE_CASES", 0)).filter(|times| *times > 0);
    let report = all(&mut house, &mut actors, &Plan { pattern: "%", times, patience: PATIENCE })?;
    println!(
        "{} calls: {} answered, {} barred by grants, refused {:?}",
        report.calls, report.answered, report.barred, report.refused
    );
    let findings: Vec<&str> = report.findings.values().map(String::as_str).collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
    assert!(report.answered > 200 && report.barred > 500, "too few of either");
    assert_eq!(all_checksums(&mut house.root)?, before);
    for actor in &mut actors {
        let left =
            actor.session.lines("SELECT l FROM pg_locks l WHERE pid = pg_backend_pid() AND locktype = 'advisory'")?;
        assert!(left.is_empty(), "{} holds {left:?}", actor.login);
    }
    house.root.verify_is_empty()
}

/// What stands below `planted` in the folder of the server does one thing each that no routine may do.
fn plant(house: &mut House) -> Result<()> {
    let host = house.database.server.host.display().to_string();
    let psql = house.database.server.bin.join("psql").display().to_string();
    let function = |name: &str, body: &str| {
        format!(
            "CREATE FUNCTION exchange.planted_{name}(user_id bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
             $planted$ BEGIN {body} RETURN 1; END $planted$;
             REVOKE ALL ON FUNCTION exchange.planted_{name}(bigint) FROM PUBLIC;
             GRANT EXECUTE ON FUNCTION exchange.planted_{name}(bigint) TO bourse_trader;"
        )
    };
    let insert = "INSERT INTO identity.users (name) VALUES ('planted')";
    let written =
        format!("COPY (SELECT 1) TO PROGRAM $${psql} -q -h {host} -U postgres -d range -c \"{insert}\" >&2$$;");
    for sql in [
        function("fault", "RAISE EXCEPTION 'planted' USING ERRCODE = 'XX000';"),
        function("sleep", "PERFORM pg_sleep(1000);"),
        function("death", "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID';"),
        function("mute", "RAISE EXCEPTION 'planted' USING ERRCODE = '22023';"),
        function("trace", &written),
        function("open", ""),
    ] {
        house.root.run(&sql)?;
    }
    Ok(())
}

#[test]
fn each_kind_of_a_planted_fault_is_found() -> Result<()> {
    let scratch = Scratch::furnished("boundaries_planted", "")?;
    let mut house = House::on(Database::on(&scratch.server, "range")?)?;
    plant(&mut house)?;
    let mut actors = actors(&mut house)?;
    let before = all_checksums(&mut house.root)?;
    house.root.run("GRANT EXECUTE ON FUNCTION exchange.planted_open(bigint) TO PUBLIC")?;
    let report = all(&mut house, &mut actors, &Plan { pattern: "planted\\_%", times: Some(1), patience: "2s" });
    // The server has gone down with the session of another.
    house.root = reconnected(&house.database, "postgres")?;
    let expected = [
        "answered without a grant",
        "connection lost",
        "internal error",
        "no answer in time",
        "refused without a hint",
    ];
    assert_eq!(report?.kinds().into_iter().collect::<Vec<_>>(), expected);
    let after = all_checksums(&mut house.root)?;
    let changed: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(changed.iter().any(|line| line.starts_with("identity.users|")), "{changed:?}");
    Ok(())
}
