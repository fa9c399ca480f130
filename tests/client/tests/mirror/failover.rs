//! Failover in many sessions: sweeps that race, and rows that somebody holds.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Result, Session};
use postgres::fallible_iterator::FallibleIterator;

const USERS: u64 = 200;

/// Users with an account in use that has been silent for a minute, and another one that is well.
fn silent_users(session: &mut Session) -> Result<()> {
    session.run(&format!(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, {USERS}) n;
         INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker, is_primary)
         SELECT n, n, 'main', 'Zerodha', true FROM generate_series(1, {USERS}) n;
         INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
         SELECT 1000 + n, n, 'spare', 'Upstox' FROM generate_series(1, {USERS}) n;
         SELECT count(mirror.connect(a.id, 'c' || a.id)) FROM mirror.trading_accounts a;
         UPDATE mirror.websocket_connections SET connected_at = connected_at - interval '1 minute'
         WHERE account_id <= {USERS}"
    ))
}

#[test]
fn racing_sweeps_change_each_account_once() -> Result<()> {
    let database = Database::fresh("mirror_races")?;
    let mut root = database.connect()?;
    silent_users(&mut root)?;
    let told: i64 = thread::scope(|scope| {
        let sweeps: Vec<_> = (0..8)
            .map(|_| {
                let database = &database;
                scope.spawn(move || {
                    let mut session = database.connect()?;
                    let mut told = 0;
                    for _ in 0..5 {
                        told += session.number("SELECT count(*) FROM mirror.sweep()")?;
                    }
                    Ok(told)
                })
            })
            .collect();
        sweeps.into_iter().map(|sweep| sweep.join().expect("no panic in a sweep")).sum::<Result<i64>>()
    })?;
    assert_eq!(told, USERS as i64, "each event is returned by one sweep");
    let events = "SELECT count(*), count(DISTINCT user_id), bool_and(success AND to_account_id = 1000 + user_id)
                  FROM mirror.failover_events";
    assert_eq!(root.line(events)?, format!("{USERS}|{USERS}|t"));
    assert_eq!(root.lines("SELECT * FROM mirror.verify()")?, [""; 0]);
    Ok(())
}

/// What somebody does and does not commit, each in a session of its own.
const HELD: [&str; 6] = [
    // A gateway hangs with the heartbeats of everybody: they are not committed, and nobody has been heard of.
    "SELECT mirror.heartbeats(ARRAY(SELECT 'c' || n FROM generate_series(1, 200) n))",
    "DELETE FROM mirror.trading_accounts WHERE id = 1003",
    "SELECT FROM mirror.trading_accounts WHERE id = 4 FOR UPDATE",
    "SELECT FROM identity.users WHERE id = 5 FOR UPDATE",
    "SELECT FROM mirror.failover_states WHERE user_id = 6 FOR UPDATE",
    "SELECT mirror.report_failure(7, 'not known yet')",
];

#[test]
fn what_one_user_holds_stops_no_other() -> Result<()> {
    let database = Database::fresh("mirror_held")?;
    let mut root = database.connect()?;
    silent_users(&mut root)?;
    let mut holding = Vec::new();
    for statement in HELD {
        let mut session = database.connect()?;
        session.run("BEGIN")?;
        session.run(statement)?;
        holding.push(session);
    }
    let began = Instant::now();
    root.run("SET statement_timeout = '20 s'")?;
    let left = "SELECT string_agg(f.id::text, ',' ORDER BY f.id) FROM generate_series(1, 200) f (id)
                WHERE NOT EXISTS (SELECT FROM mirror.failover_events e WHERE e.user_id = f.id AND e.success)";
    root.run("SELECT mirror.sweep()")?;
    assert_eq!(root.line(left)?, "3,4,5,6", "those whose rows somebody holds");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    for session in &mut holding[1..] {
        session.run("ROLLBACK")?;
    }
    root.run("SELECT mirror.sweep()")?;
    assert_eq!(root.line(left)?, "NULL", "the next sweep does what is left");
    // What the hanging gateway knows it may still say: nobody is in use again for that.
    holding[0].run("COMMIT")?;
    assert_eq!(root.number("SELECT count(*) FROM mirror.sweep()")?, 0);
    assert_eq!(root.lines("SELECT * FROM mirror.verify()")?, [""; 0]);
    Ok(())
}

#[test]
fn a_notification_is_a_hint_that_names_the_last_event() -> Result<()> {
    let database = Database::fresh("mirror_hint")?;
    let mut root = database.connect()?;
    silent_users(&mut root)?;
    let mut listening = database.connect()?;
    listening.run("LISTEN mirror_failover")?;
    root.run("SELECT mirror.sweep()")?;
    let told = listening.client().notifications().timeout_iter(Duration::from_secs(2)).collect::<Vec<_>>();
    let told = told.map_err(|error| Failure::of_statement("LISTEN", &error))?;
    let payloads: Vec<&str> = told.iter().map(|hint| hint.payload()).collect();
    assert_eq!(payloads, [root.line("SELECT max(id) FROM mirror.failover_events")?], "one for all of a sweep");
    Ok(())
}
