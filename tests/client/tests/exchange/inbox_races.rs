//! Commands that come while the inbox is drained.

use std::thread;

use client_tests::{Database, Result, Session};

/// A session none of whose statements waits for ever.
fn connect(database: &Database) -> Result<Session> {
    let mut session = database.connect()?;
    session.run("SET statement_timeout = '60s'")?;
    Ok(session)
}

/// A command that takes the next id.
fn command(session: &mut Session, user: i64, name: &str) -> Result<()> {
    session.run(&format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         VALUES ('new', {user}, 'BTC-USD', '{name}', 'buy', 90, 1)"
    ))
}

/// Whether a session waits for a lock. Other tests of the suite's server have locks of their own.
fn waits_for_a_lock(pid: i64) -> String {
    format!("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND pid = {pid}")
}

/// A command with a lower id is committed between the try that fails and the refusal.
#[test]
fn only_the_command_that_fails_is_refused() -> Result<()> {
    let database = Database::fresh("inbox_races_refused")?;
    let mut session = connect(&database)?;
    let user = client_tests::load::prepare(&mut session, &["BTC-USD"], 1)?[0];
    session.picky_index("exchange.orders", "poison%")?;
    let (mut holder, mut late, mut drain) = (connect(&database)?, connect(&database)?, connect(&database)?);
    let pid = drain.number("SELECT pg_backend_pid()")?;
    holder.run("BEGIN; SELECT exchange.expire_orders('BTC-USD')")?;
    late.run("BEGIN")?;
    command(&mut late, user, "good")?;
    command(&mut session, user, "poison")?;
    thread::scope(|scope| {
        let drained = scope.spawn(move || drain.run("CALL exchange.match_orders()"));
        session.wait_for(&waits_for_a_lock(pid))?;
        late.run("COMMIT")?;
        holder.run("COMMIT")?;
        drained.join().expect("no panic")
    })?;
    session.run("CALL exchange.match_orders()")?;
    assert_eq!(session.lines("SELECT client_order_id FROM exchange.orders")?, ["good"]);
    assert_eq!(session.lines("SELECT client_order_id FROM exchange.command_rejections")?, ["poison"]);
    session.verify_is_empty()
}
