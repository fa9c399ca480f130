//! Executions from polls and pushes at once, and over a crash: each counts once.

use std::thread;

use client_tests::{Database, Random, Result, Scratch, Session};

const SESSIONS: u64 = 16;
const ORDERS: u64 = 5;
/// Of one each, at prices from 101 on.
const EXECUTIONS: u64 = 20;

fn with_account(database: &Database) -> Result<()> {
    database.connect()?.run(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann');
         SELECT mirror.create_account(1, 'account', 'Zerodha')",
    )
}

/// What a push says.
fn push(order: u64, number: u64) -> String {
    format!(
        "SELECT mirror.record_execution(1, 'o{order}', 'e{order}-{number}', 1, {}, '2026-01-02 10:00:{number:02}Z')",
        100 + number
    )
}

/// What a poll of the trade book says when so many of each order have been executed.
fn poll(executed: u64) -> String {
    format!(
        "SELECT * FROM mirror.sync_executions(1, (
             SELECT jsonb_agg(jsonb_build_object('orderid', 'o' || o, 'tradeid', format('e%s-%s', o, n), 'quantity', 1,
                                                 'average_price', 100 + n, 'timestamp', '10:00:00'))
             FROM generate_series(1, {ORDERS}) o CROSS JOIN generate_series(1, {executed}) n), '2026-01-02 10:01Z')"
    )
}

/// What the order book says then. Its moment is as late as it has executed more.
fn report(executed: u64) -> String {
    format!(
        "SELECT * FROM mirror.sync_orders(1, (
             SELECT jsonb_agg(jsonb_build_object('orderid', 'o' || o, 'symbol', 'S', 'exchange', 'NSE', 'action', 'BUY',
                 'quantity', {EXECUTIONS}, 'pricetype', 'MARKET', 'filled_quantity', {executed},
                 'order_status', CASE {executed} WHEN {EXECUTIONS} THEN 'complete' ELSE 'open' END))
             FROM generate_series(1, {ORDERS}) o), '2026-01-02 10:00Z'::timestamptz + interval '{executed} s')"
    )
}

fn say(database: &Database, session: u64) -> Result<u64> {
    let (mut connection, mut random) = (database.connect()?, Random::new(session + 1));
    let mut booked = 0;
    for _ in 0..60 {
        let executed = random.below(EXECUTIONS) + 1;
        connection.run("BEGIN")?;
        let answers = match random.below(4) {
            0 => connection.lines(&poll(executed).replace("SELECT *", "SELECT action = 'inserted'"))?,
            1 => connection.lines(&report(executed).replace("SELECT *", "SELECT false"))?,
            _ => connection.lines(&push(random.below(ORDERS) + 1, executed))?,
        };
        let is_kept = random.percent(80);
        connection.run(if is_kept { "COMMIT" } else { "ROLLBACK" })?;
        if is_kept {
            booked += answers.iter().filter(|answer| *answer == "t").count() as u64;
        }
    }
    Ok(booked)
}

fn books(session: &mut Session) -> Result<Vec<String>> {
    session.lines(
        "SELECT concat_ws(' ', order_id, status, trim_scale(filled_quantity), trim_scale(average_price))
         FROM mirror.orders ORDER BY 1",
    )
}

#[test]
fn what_sixteen_sessions_push_and_poll_counts_once() -> Result<()> {
    let database = Database::fresh("mirror_executions")?;
    with_account(&database)?;
    let shared = &database;
    let booked: u64 = thread::scope(|scope| {
        let all: Vec<_> = (0..SESSIONS).map(|session| scope.spawn(move || say(shared, session))).collect();
        all.into_iter().map(|speaker| speaker.join().expect("no panic in a speaker")).sum::<Result<u64>>()
    })?;
    let mut session = database.connect()?;
    assert_eq!(session.number("SELECT count(*) FROM mirror.executions")?.unsigned_abs(), booked, "true was told once");
    session.run(&poll(EXECUTIONS))?;
    session.run(&report(EXECUTIONS))?;
    assert_eq!(session.number("SELECT count(*) FROM mirror.executions")?.unsigned_abs(), ORDERS * EXECUTIONS);
    let expected: Vec<String> = (1..=ORDERS).map(|order| format!("o{order} EXECUTED {EXECUTIONS} 110.5")).collect();
    assert_eq!(books(&mut session)?, expected);
    assert_eq!(session.lines("SELECT * FROM mirror_private.verify_books()")?, Vec::<String>::new());
    Ok(())
}

#[test]
fn executions_that_are_sent_again_after_a_crash_count_once() -> Result<()> {
    let scratch = Scratch::furnished("mirror_crash", "")?;
    let database = Database::on(&scratch.server, "mirror_crash")?;
    with_account(&database)?;
    let mut session = database.connect()?;
    session.run(&report(0))?;
    for number in 1..=7 {
        assert_eq!(session.lines(&push(1, number))?, ["t"]);
    }
    let before = books(&mut session)?;
    session.run("BEGIN")?;
    session.run(&push(1, 8))?;
    scratch.kill()?;
    scratch.resume()?;
    let mut session = database.connect()?;
    assert_eq!(books(&mut session)?, before, "what was answered is there, and nothing else");
    for number in 1..=8 {
        assert_eq!(session.lines(&push(1, number))?, [if number == 8 { "t" } else { "f" }]);
    }
    assert_eq!(books(&mut session)?[0], "o1 PARTIAL 8 104.5");
    Ok(())
}
