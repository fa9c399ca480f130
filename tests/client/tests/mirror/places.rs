//! How many positions a deployment may have, asked for in many sessions at once.

use std::sync::Barrier;
use std::thread;

use client_tests::{Database, Random, Result};

const SESSIONS: u64 = 16;
const STEPS: u64 = 60;
const MOST: i64 = 7;
const ROUNDS: u64 = 30;

/// Opens and closes positions in 40 symbols, by either way in; every fourth time it thinks better of it.
fn trade(database: &Database, session: u64) -> Result<u64> {
    let (mut connection, mut random) = (database.connect()?, Random::new(session + 1));
    let mut refused = 0;
    for _ in 0..STEPS {
        let symbol = random.below(40);
        let deployment = random.below(2) + 1;
        let call = match random.below(4) {
            0 => format!("mirror.close_position({deployment}, 'NSE', 'S{symbol}', 'MIS')"),
            1 => format!("mirror_private.take_position_room(1, 'NSE', 'S{symbol}', 'MIS')"),
            _ => format!("mirror.open_position({deployment}, 'NSE', 'S{symbol}', 'MIS')"),
        };
        let end = if random.percent(25) { "ROLLBACK" } else { "COMMIT" };
        connection.run("BEGIN")?;
        match connection.run(&format!("SELECT {call}")) {
            Ok(()) => connection.run(end)?,
            Err(failure) if failure.is("54000") => {
                refused += 1;
                connection.run("ROLLBACK")?;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(refused)
}

#[test]
fn deployments_have_no_more_positions_than_they_may_while_16_sessions_open_them() -> Result<()> {
    let database = Database::fresh("mirror_places")?;
    let mut root = database.connect()?;
    root.run(&format!(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann');
         SELECT mirror.create_account(1, 'account', 'Zerodha');
         SELECT mirror.create_strategy(1, 'strategy ' || n) FROM generate_series(1, 2) n;
         SELECT mirror.start_deployment(mirror.deploy_strategy(s.id, 1, max_positions => {MOST}))
         FROM mirror.strategies s ORDER BY s.id"
    ))?;
    let shared = &database;
    let refused = thread::scope(|scope| -> Result<u64> {
        let all: Vec<_> = (0..SESSIONS).map(|session| scope.spawn(move || trade(shared, session))).collect();
        all.into_iter().map(|trader| trader.join().expect("no panic in a trader")).sum()
    })?;
    assert!(refused > 0, "nobody was ever refused");
    let fullest = root.number(
        "SELECT max(c) FROM (SELECT count(*) AS c FROM mirror.deployment_positions GROUP BY deployment_id) c",
    )?;
    assert!(fullest <= MOST, "{fullest} positions");
    assert_eq!(root.lines("SELECT * FROM mirror.verify()")?, Vec::<String>::new());
    root.verify_is_empty()
}

#[test]
fn of_sixteen_that_ask_at_the_same_moment_as_many_get_a_position_as_there_is_room() -> Result<()> {
    let database = Database::fresh("mirror_places_at_once")?;
    let mut root = database.connect()?;
    root.run(&format!(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann');
         SELECT mirror.create_account(1, 'account', 'Zerodha'), mirror.create_strategy(1, 'strategy');
         SELECT mirror.start_deployment(mirror.deploy_strategy(1, 1, max_positions => {MOST}))"
    ))?;
    let mut sessions = (0..SESSIONS).map(|_| database.connect()).collect::<Result<Vec<_>>>()?;
    for round in 0..ROUNDS {
        let start = Barrier::new(sessions.len());
        let opened = thread::scope(|scope| {
            let all: Vec<_> = (0..)
                .zip(&mut sessions)
                .map(|(n, session)| {
                    let start = &start;
                    scope.spawn(move || {
                        start.wait();
                        session.run(&format!("SELECT mirror.open_position(1, 'NSE', 'S{n}')")).is_ok()
                    })
                })
                .collect();
            all.into_iter().filter_map(|one| one.join().ok()).filter(|opened| *opened).count()
        });
        assert_eq!(opened as i64, MOST, "round {round}");
        assert_eq!(root.number("SELECT count(*) FROM mirror.deployment_positions")?, MOST, "round {round}");
        root.run("DELETE FROM mirror.deployment_positions")?;
    }
    root.verify_is_empty()
}

#[test]
fn a_deployment_that_is_paused_meanwhile_opens_nothing_more() -> Result<()> {
    let database = Database::fresh("mirror_places_paused")?;
    let mut root = database.connect()?;
    root.run(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann');
         SELECT mirror.create_account(1, 'account', 'Zerodha'), mirror.create_strategy(1, 'strategy');
         SELECT mirror.start_deployment(mirror.deploy_strategy(1, 1))",
    )?;
    let mut watch = database.connect()?;
    root.run("BEGIN; SELECT mirror.pause_deployment(1)")?;
    let shared = &database;
    thread::scope(|scope| -> Result<()> {
        let asking = scope.spawn(move || -> Result<String> {
            shared.connect()?.refused("SELECT mirror.open_position(1, 'NSE', 'LATE')")
        });
        // Whoever does not wait has answered already.
        while !asking.is_finished() && watch.waiters()? == 0 {}
        root.run("COMMIT")?;
        assert_eq!(asking.join().expect("no panic in the asking session")?, "55000");
        Ok(())
    })?;
    assert_eq!(root.number("SELECT count(*) FROM mirror.deployment_positions")?, 0);
    root.verify_is_empty()
}
