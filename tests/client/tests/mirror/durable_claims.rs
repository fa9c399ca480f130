//! What a sender was handed he sends. The claim is safe before he is told, however carelessly his session commits: else a
//! crash would take it away, and the next sender would send the order again.

use std::thread;

use client_tests::{Database, Result, Scratch, Session};

/// Orders of a leader, with a request each in the outbox of his follower.
fn with_requests(session: &mut Session) -> Result<()> {
    session.run(
        "INSERT INTO identity.users (id, name) VALUES (1, 'lea'), (2, 'ann');
         INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
         SELECT u.id, u.id, 'account', 'Zerodha' FROM identity.users u;
         SELECT mirror.create_group(1, 'group', 1), mirror.share_group(1, 2), mirror.add_follower(1, 2);
         INSERT INTO mirror.orders (id, account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                    price, product, status, placed_at)
         SELECT n, 1, 1, 'L' || n, 'NSE', 'TCS', 'BUY', 10, 'LIMIT', 100, 'MIS', 'OPEN',
                clock_timestamp() + n * interval '1 ms'
         FROM generate_series(1, 2) n;
         SELECT mirror.copy_order(2)",
    )
}

#[test]
fn a_claim_waits_for_the_standby_that_its_session_would_not_wait_for() -> Result<()> {
    let scratch = Scratch::furnished("durable_claims", "")?;
    let database = Database::on(&scratch.server, "durable_claims")?;
    let mut session = database.connect()?;
    with_requests(&mut session)?;
    let mut sender = database.connect()?;
    sender.run("SET synchronous_commit = local")?;
    let pid = sender.number("SELECT pg_backend_pid()")?;
    // A standby that does not come.
    session.run("SET synchronous_commit = local")?;
    session.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")?;
    session.run("SELECT pg_reload_conf()")?;
    session.wait_for("SELECT current_setting('synchronous_standby_names') = 'nobody'")?;
    let asked = thread::spawn(move || {
        let claimed = sender.lines("SELECT order_id FROM mirror.claim_orders('sender')");
        (claimed, sender)
    });
    session.wait_for(&format!("SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = {pid}"))?;
    session.run("ALTER SYSTEM RESET synchronous_standby_names")?;
    session.run("SELECT pg_reload_conf()")?;
    let (claimed, mut sender) = asked.join().expect("no panic");
    assert_eq!(claimed?.len(), 2);
    assert_eq!(sender.line("SHOW synchronous_commit")?, "local", "what the session says stays said");
    Ok(())
}

#[test]
fn a_claim_is_there_after_a_crash_though_its_session_does_not_wait_for_the_disk() -> Result<()> {
    let scratch = Scratch::furnished("crashed_claims", "autovacuum = off\nbourse.ticker = off\n")?;
    let database = Database::on(&scratch.server, "crashed_claims")?;
    let mut session = database.connect()?;
    with_requests(&mut session)?;
    // Nobody writes the log but who waits for it.
    for kind in ["walwriter", "background writer", "checkpointer"] {
        let pid = session.number(&format!("SELECT pid FROM pg_stat_activity WHERE backend_type = '{kind}'"))?;
        scratch.signal("-STOP", pid)?;
    }
    let mut sender = database.connect()?;
    sender.run("SET synchronous_commit = off")?;
    assert_eq!(sender.lines("SELECT order_id FROM mirror.claim_orders('sender', 10, '1 second')")?.len(), 2);
    scratch.kill()?;
    scratch.resume()?;
    let mut session = database.connect()?;
    session.wait_for("SELECT bool_and(lease_ends < clock_timestamp()) FROM mirror.order_requests")?;
    let again = session.lines("SELECT order_id FROM mirror.claim_orders('another')")?;
    assert_eq!(again, [""; 0], "sent once, and handed out again");
    assert_eq!(session.number("SELECT count(*) FROM mirror.order_requests WHERE status = 'unknown'")?, 2);
    Ok(())
}
