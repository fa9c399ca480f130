//! A claim that takes no token does not wait for the disk, for nobody is the worse for it if a crash takes it away. Whatever
//! else is written waits: tokens that a crash gave back would be spent twice.

use std::thread;
use std::time::Duration;

use client_tests::{Database, Result, Scratch, Session};

/// A session is no longer young then.
const YOUTH: Duration = Duration::from_millis(1100);

/// Whether the commit of a statement, or of the last of several, is on disk when it has returned.
fn waits(watcher: &mut Session, session: &mut Session, sql: &str) -> Result<bool> {
    let before = watcher.line("SELECT pg_current_wal_insert_lsn()")?;
    session.run(sql)?;
    watcher.number(&format!("SELECT (pg_current_wal_flush_lsn() > '{before}')::int")).map(|is_on_disk| is_on_disk == 1)
}

#[test]
fn only_a_claim_that_takes_no_token_does_not_wait_for_the_disk() -> Result<()> {
    let scratch = Scratch::furnished("messaging_waits", "autovacuum = off\nbourse.ticker = off\n")?;
    let database = Database::on(&scratch.server, "waits")?;
    let (mut watcher, mut session) = (database.connect()?, database.connect()?);
    session.run(
        "INSERT INTO messaging.channel_configs (channel, rate_limit_per_minute) VALUES ('limited', 100);
         SELECT messaging.enqueue_message('note', ARRAY[channel], '{}', 'chat:1', expires_at => expires_at)
         FROM generate_series(1, 20), (VALUES ('plain', NULL::timestamptz), ('limited', NULL), ('late', now() + '1 s'))
             c (channel, expires_at);
         SELECT messaging.enqueue_message('note', '{once}', '{}', 'chat:1', max_retries => 0)",
    )?;
    // Nobody writes the log but who waits for it.
    for kind in ["walwriter", "background writer", "checkpointer"] {
        let pid = session.number(&format!("SELECT pid FROM pg_stat_activity WHERE backend_type = '{kind}'"))?;
        scratch.signal("-STOP", pid)?;
    }
    thread::sleep(YOUTH);
    let claim = |channel| format!("SELECT count(*) FROM messaging.claim('w', '{channel}', 1)");
    let mut never = true;
    // Others of the server write to the disk, too.
    for _ in 0..5 {
        never &= waits(&mut watcher, &mut session, &claim("plain"))?;
    }
    assert!(!never, "a claim waits");
    for told in [
        &claim("limited"),
        // A last attempt is counted.
        &claim("once"),
        // What it ends nobody else tells of.
        &claim("late"),
        "SELECT messaging.ack(lease, message_id) FROM messaging.claim('w', 'plain', 1)",
        "SELECT messaging.fail(lease, message_id, 'no') FROM messaging.claim('w', 'plain', 1)",
    ] {
        assert!(waits(&mut watcher, &mut session, told)?, "{told} does not wait");
    }
    scratch.kill()
}
