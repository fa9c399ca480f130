//! A gateway behind PgBouncer in transaction mode: many clients take turns on a few connections, and nobody is ever
//! somebody else, or everybody, by what another has left there.

use std::thread;

use client_tests::pooler::Pooler;
use client_tests::sequencer::Venue;
use client_tests::{Failure, Random, Result, Session, setting};

const LOGIN: &str = "pool_gateway";
const CLIENTS: usize = 20;
/// Fewer than there are clients: every connection has served somebody else a moment ago.
const CONNECTIONS: usize = 3;

struct House {
    venue: Venue,
    pooler: Pooler,
    users: Vec<i64>,
}

fn open(name: &str) -> Result<House> {
    let venue = Venue::open(name, "bourse.drain_inbox = off")?;
    venue.database.login(LOGIN, "bourse_gateway")?;
    let mut root = venue.connect()?;
    root.market("BTC-USD")?;
    let users: Vec<i64> = (0..CLIENTS).map(|n| root.user(&format!("client {n}"))).collect::<Result<_>>()?;
    for user in &users {
        root.fund(*user, &[("USD", "1000")])?;
        root.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 1, 1)"))?;
    }
    let pooler = Pooler::start(&venue.scratch.server, LOGIN, CONNECTIONS)?;
    Ok(House { venue, pooler, users })
}

/// What a session is: its user, whether it is everybody, whose orders it sees.
fn is(session: &mut Session) -> Result<String> {
    session.line(
        "SELECT identity.current_user_id(), identity.acts_for_all(),
                (SELECT count(DISTINCT user_id) FROM exchange.orders), (SELECT min(user_id) FROM exchange.orders),
                (SELECT count(DISTINCT user_id) FROM exchange.assets)",
    )
}

/// One client: whatever it and the others do, each transaction is who it says, and nobody when it says nothing.
struct Client<'a> {
    house: &'a House,
    session: Session,
    user: i64,
    deposits: i64,
}

impl Client<'_> {
    fn expect(&mut self, wanted: &str, after: &str) -> Result<()> {
        let found = is(&mut self.session)?;
        if found == wanted {
            return Ok(());
        }
        Err(Failure::new(format!("user {} after {after}: {found} instead of {wanted}", self.user)))
    }

    fn is_nobody(&mut self, after: &str) -> Result<()> {
        self.expect("NULL|f|0|NULL|0", after)?;
        for sql in ["deposit(USER, 'USD', 1)", "place_order(USER, 'BTC-USD', 'buy', 1, 1)", "cancel_all_orders(USER)"] {
            let sql = format!("SELECT exchange.{}", sql.replace("USER", &self.user.to_string()));
            if self.session.refused(&sql)? != "42501" {
                return Err(Failure::new(format!("{sql} after {after}")));
            }
        }
        Ok(())
    }

    fn is_user(&mut self, after: &str) -> Result<()> {
        let user = self.user;
        self.expect(&format!("{user}|f|1|{user}|1"), after)
    }

    /// The documented way.
    fn works(&mut self) -> Result<()> {
        let user = self.user;
        self.session.run(&format!("BEGIN; SELECT identity.act_as({user})"))?;
        self.is_user("act_as")?;
        self.session.run(&format!("SELECT exchange.deposit({user}, 'USD', 1)"))?;
        self.prepared()?;
        self.session.run("COMMIT")?;
        self.deposits += 1;
        Ok(())
    }

    /// A prepared statement that some client has left on this connection: its plan knows nobody.
    fn prepared(&mut self) -> Result<()> {
        let known = self.session.number("SELECT count(*) FROM pg_prepared_statements WHERE name = 'who'")?;
        if known == 0 {
            self.session.run(
                "PREPARE who AS SELECT identity.current_user_id(), count(DISTINCT user_id), min(user_id) FROM exchange.orders",
            )?;
        }
        let found = self.session.line("EXECUTE who")?;
        let wanted = format!("{0}|1|{0}", self.user);
        if found == wanted { Ok(()) } else { Err(Failure::new(format!("EXECUTE who: {found}, not {wanted}"))) }
    }

    fn step(&mut self, dice: u64) -> Result<()> {
        let user = self.user;
        match dice {
            0..=2 => self.works(),
            3 => {
                self.session.run(&format!("BEGIN; SET LOCAL bourse.user_id = {user}"))?;
                self.is_user("SET LOCAL")?;
                self.session.run("ROLLBACK")
            }
            4 => {
                self.session.run("BEGIN; SELECT identity.act_for_everybody()")?;
                let found = is(&mut self.session)?;
                if !found.starts_with(&format!("NULL|t|{CLIENTS}|")) {
                    return Err(Failure::new(format!("act_for_everybody: {found}")));
                }
                self.session.run("COMMIT")
            }
            // What an application must not rely on, and what it forgets.
            5 => self.session.run(&format!("SET bourse.user_id = {user}")),
            6 => self.session.run("SET bourse.user_id = 'everybody'"),
            7 => self.session.run(&format!("SELECT identity.act_as({user})")),
            8 => self.session.run(&format!(
                "BEGIN; SELECT set_config('bourse.user_id', '{user}', false), identity.act_for_everybody(); COMMIT"
            )),
            9 => {
                self.session.run(&format!("BEGIN; SELECT identity.act_as({user})"))?;
                if self.session.refused("SELECT 1 / 0")? != "22012" {
                    return Err(Failure::new("1 / 0"));
                }
                self.session.run("ROLLBACK")
            }
            10 => self.session.run("DISCARD ALL"),
            // Gone in the middle of a transaction that acts for everybody.
            11 => {
                self.session.run("BEGIN; SELECT identity.act_for_everybody()")?;
                self.session = self.house.pooler.server.connect("venue", LOGIN)?;
                Ok(())
            }
            _ => {
                self.session.run(&format!("BEGIN; SELECT identity.act_as({user}); SAVEPOINT s"))?;
                self.session.run("SELECT identity.act_for_everybody(); ROLLBACK TO s")?;
                self.is_user("ROLLBACK TO")?;
                self.session.run("COMMIT")
            }
        }
    }
}

#[test]
fn nobody_is_somebody_else_behind_a_pooler_in_transaction_mode() -> Result<()> {
    let house = open("pooler_server")?;
    let rounds = setting("BOURSE_ROUNDS", 60);
    let deposits: Vec<i64> = thread::scope(|scope| {
        let clients: Vec<_> = house
            .users
            .iter()
            .map(|user| {
                let house = &house;
                scope.spawn(move || {
                    let session = house.pooler.server.connect("venue", LOGIN)?;
                    let mut client = Client { house, session, user: *user, deposits: 0 };
                    let mut random = Random::new(*user as u64);
                    for _ in 0..rounds {
                        let dice = random.below(13);
                        client.step(dice)?;
                        client.is_nobody(&format!("step {dice}"))?;
                    }
                    Ok(client.deposits)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("no panic in a client")).collect::<Result<_>>()
    })?;
    let mut root = house.venue.connect()?;
    for (user, deposits) in house.users.iter().zip(deposits) {
        let booked =
            format!("SELECT count(*) FROM exchange.transfers WHERE user_id = {user} AND created_by = '{LOGIN}'");
        assert_eq!(root.number(&booked)?, deposits, "deposits of user {user}");
    }
    // They did take turns; a connection whose client has gone in mid-transaction ends a little later.
    root.wait_for(&format!(
        "SELECT count(*) <= {CONNECTIONS} FROM pg_stat_activity WHERE usename = '{LOGIN}' AND datname = 'venue'"
    ))?;
    root.verify_is_empty()
}

/// What was set before the library knew the setting, for the login or the database, or with the connection, counts for
/// nothing; nor does a function's own SET once it has returned.
#[test]
fn what_was_set_elsewhere_counts_for_nothing() -> Result<()> {
    let database = client_tests::Database::fresh("pooler_leftovers")?;
    database.login("left_gateway", "bourse_gateway")?;
    let mut root = database.connect()?;
    let user = root.user("alice")?;
    root.fund(user, &[("USD", "1")])?;
    // A session that has not loaded the library: a placeholder of the session, and of a transaction that goes on.
    let mut session = database.connect_as("left_gateway")?;
    session.run(&format!("SET bourse.user_id = {user}"))?;
    assert_eq!(session.line("SELECT identity.current_user_id(), identity.acts_for_all()")?, "NULL|f");
    let mut session = database.connect_as("left_gateway")?;
    session.run(&format!("BEGIN; SET LOCAL bourse.user_id = {user}"))?;
    assert_eq!(session.line("SELECT identity.current_user_id(), identity.acts_for_all()")?, "NULL|f");
    session.run(&format!("SET LOCAL bourse.user_id = {user}"))?;
    assert_eq!(session.number("SELECT identity.current_user_id()")?, user);
    session.run("COMMIT")?;
    for place in ["ROLE left_gateway", "DATABASE pooler_leftovers"] {
        root.run(&format!("ALTER {place} SET bourse.user_id = 'everybody'"))?;
        let mut session = database.connect_as("left_gateway")?;
        assert_eq!(session.line("SELECT identity.current_user_id(), identity.acts_for_all()")?, "NULL|f", "{place}");
        session.run("RESET ALL")?;
        assert_eq!(session.line("SELECT identity.current_user_id(), identity.acts_for_all()")?, "NULL|f", "{place}");
        root.run(&format!("ALTER {place} RESET bourse.user_id"))?;
    }
    // A function acts as its SET says while it runs, and not a moment longer.
    root.run(&format!(
        "CREATE FUNCTION public.who() RETURNS bigint LANGUAGE sql SET bourse.user_id = '{user}' AS 'SELECT identity.current_user_id()'"
    ))?;
    assert_eq!(session.line("SELECT public.who(), identity.current_user_id()")?, format!("{user}|NULL"));
    // A function of the application that is a gateway's own does not make a trader one.
    database.login("left_trader", "bourse_trader")?;
    root.run(
        "CREATE FUNCTION public.be(bigint) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT identity.act_as($1)';
         ALTER FUNCTION public.be(bigint) OWNER TO left_gateway",
    )?;
    let mut trader = database.connect_as("left_trader")?;
    assert_eq!(trader.refused(&format!("SELECT public.be({user})"))?, "42501");
    let mut gateway = database.connect_as("left_gateway")?;
    gateway.run(&format!("BEGIN; SELECT public.be({user})"))?;
    assert_eq!(gateway.number("SELECT identity.current_user_id()")?, user);
    Ok(())
}
