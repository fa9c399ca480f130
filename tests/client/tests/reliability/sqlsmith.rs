//! Random statements of sqlsmith, from an ordinary trader and from somebody who may do nothing: the server lives, no
//! error is an internal one, nobody has more rights than before, and every row is as it was.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use client_tests::house::House;
use client_tests::{Database, Failure, Random, Result, Scratch, Session, all_checksums, finish, setting};

/// How the server tells the SQLSTATE of an error, and where in its source it was raised.
const TELLING: &str = "log_line_prefix = 'sqlstate %e '\nlog_min_messages = error\nlog_error_verbosity = verbose";
/// What a statement may take.
const LONG: &str = "100 ms";
/// What each statement is begun with in the log.
const LINE: &str = "sqlstate ";

/// Who may do what, and who is what.
const RIGHTS: &str = "
    SELECT md5(string_agg(t, E'\\n' ORDER BY t COLLATE \"C\")) FROM (
        SELECT a::text AS t FROM pg_authid a UNION ALL SELECT m::text FROM pg_auth_members m
        UNION ALL SELECT concat_ws('|', oid, proname, proowner, proacl, prosecdef, md5(prosrc)) FROM pg_proc
        UNION ALL SELECT concat_ws('|', oid, relname, relowner, relacl, relrowsecurity) FROM pg_class
        UNION ALL SELECT concat_ws('|', attrelid, attname, attacl) FROM pg_attribute
        UNION ALL SELECT p::text FROM pg_policy p UNION ALL SELECT n::text FROM pg_namespace n
        UNION ALL SELECT s::text FROM pg_db_role_setting s) AS known (t)";

/// A server of its own with rows in every table, whose log tells every error.
struct Range {
    scratch: Scratch,
    house: House,
}

impl Range {
    fn open(name: &str) -> Result<Range> {
        let scratch = Scratch::furnished(name, TELLING)?;
        let house = House::on(Database::on(&scratch.server, "range")?)?;
        house.database.login("fuzz_nobody", "pg_read_all_settings")?;
        Ok(Range { scratch, house })
    }

    /// Has sqlsmith send so many statements as this login, each of which is rolled back.
    fn shoot(&self, login: &str, queries: u64, seed: u64) -> Result<()> {
        let host = self.scratch.server.host.display();
        let target = format!("host={host} port={} dbname=range user={login}", client_tests::PORT);
        let mut sqlsmith = Command::new("sqlsmith");
        sqlsmith.args([format!("--target={target}"), format!("--max-queries={queries}"), format!("--seed={seed}")]);
        let mut root = self.scratch.server.connect("range", "postgres")?;
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let cutting = scope.spawn(|| cut_short(&mut root, login, &is_over));
            let shot = finish(&mut sqlsmith);
            is_over.store(true, Ordering::Relaxed);
            cutting.join().expect("no panic")?;
            shot.map_err(|failure| Failure::new(format!("{failure}\n`cargo xtask setup` installs sqlsmith")))?;
            Ok(())
        })
    }

    /// How many statements were refused, and what in the log must not be there.
    fn log(&self) -> Result<(usize, Vec<String>)> {
        let text = String::from_utf8_lossy(&fs::read(self.scratch.log())?).into_owned();
        let mut refused = 0;
        let mut wrong = Vec::new();
        for entry in text.split(&format!("\n{LINE}")) {
            let head = entry.lines().next().unwrap_or_default();
            refused += usize::from(head.contains(" ERROR:  "));
            if head.contains("was terminated by signal") || head.contains(" PANIC:  ") {
                wrong.push(head.to_owned());
            }
        }
        wrong.extend(internal_errors(&text));
        Ok((refused, wrong))
    }
}

/// Cancels what takes long: sqlsmith joins everything with everything, and gives each statement a second by itself.
fn cut_short(root: &mut Session, login: &str, is_over: &AtomicBool) -> Result<()> {
    while !is_over.load(Ordering::Relaxed) {
        root.run(&format!(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
             WHERE usename = '{login}' AND state = 'active' AND clock_timestamp() - query_start > interval '{LONG}'"
        ))?;
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The internal errors of a log, those excepted that the server raises by itself while it reads a statement.
fn internal_errors(log: &str) -> Vec<String> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    for line in log.lines() {
        match line.strip_prefix(LINE) {
            Some(said) if said.contains(" ERROR:  ") => found.push(vec![said]),
            Some(said) => {
                if let Some(error) = found.last_mut() {
                    error.push(said);
                }
            }
            None => {}
        }
    }
    let is_of_the_server = |error: &[&str]| {
        let of_c = error.iter().any(|line| line.contains(" LOCATION:  ") && line.contains(".c:"));
        of_c && !error.iter().any(|line| line.contains(" CONTEXT:  "))
    };
    let internal = found.iter().filter(|error| error[0].starts_with("XX") && !is_of_the_server(error));
    internal.map(|error| error.join("\n  ")).collect()
}

#[test]
fn random_statements_crash_nothing_and_change_nothing() -> Result<()> {
    let mut range = Range::open("sqlsmith_server")?;
    let queries = setting("BOURSE_QUERIES", 1000);
    let before = (all_checksums(&mut range.house.root)?, range.house.root.line(RIGHTS)?);
    let mut random = Random::new(5);
    for (login, share) in [("attack_trader", 70), ("attack_viewer", 15), ("fuzz_nobody", 15)] {
        range.shoot(login, queries * share / 100, random.below(1 << 31))?;
    }
    let (refused, wrong) = range.log()?;
    println!("{queries} statements, {refused} of them refused");
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let after = (all_checksums(&mut range.house.root)?, range.house.root.line(RIGHTS)?);
    assert_eq!(after, before);
    range.house.root.verify_is_empty()
}

/// What would be found: an internal error, a crash, a row that stays, a right that is new.
#[test]
fn a_planted_fault_is_hit_by_random_statements() -> Result<()> {
    let mut range = Range::open("sqlsmith_planted")?;
    // Of the functions that a statement can have, a good part: sqlsmith chooses by the type of the answer.
    range.house.root.run(
        "CREATE SCHEMA planted;
         GRANT USAGE ON SCHEMA planted TO PUBLIC;
         DO $$ BEGIN
             FOR n IN 1..150 LOOP
                 EXECUTE format($f$CREATE FUNCTION planted.internal_%s() RETURNS bigint LANGUAGE plpgsql AS
                     'BEGIN RAISE EXCEPTION ''planted'' USING ERRCODE = ''XX000''; END'$f$, n);
             END LOOP;
         END $$",
    )?;
    // Whether one range of shots hits depends on what stands in the catalog.
    let mut wrong = Vec::new();
    for seed in 1..=20 {
        range.shoot("attack_trader", 500, seed)?;
        wrong = range.log()?.1;
        if !wrong.is_empty() {
            break;
        }
    }
    assert!(wrong.iter().any(|error| error.contains("planted")), "not found: {wrong:?}");
    let pid = range.house.root.number("SELECT pg_backend_pid()")?;
    range.scratch.kill_backend(pid)?;
    let is_told = range.log()?.1.iter().any(|line| line.contains("terminated by signal 9"));
    assert!(is_told, "a killed process is not found");
    let mut root = range.house.database.connect()?;
    let before = root.line(RIGHTS)?;
    root.run("GRANT EXECUTE ON FUNCTION exchange.verify() TO fuzz_nobody")?;
    assert_ne!(root.line(RIGHTS)?, before);
    Ok(())
}
