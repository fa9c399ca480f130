//! The audit trail under many writers, with a sealer among them, and after a dump and restore.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use client_tests::{Database, Failure, Result, Session};

const WRITERS: usize = 16;
const TRANSACTIONS: usize = 25;

fn is_whole(session: &mut Session, anchor: Option<&str>) -> Result<()> {
    let argument = anchor.map_or_else(|| "NULL".to_owned(), |anchor| format!("'{anchor}'"));
    let wrong = session.lines(&format!("SELECT * FROM audit.verify({argument})"))?;
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(wrong.join("\n"))) }
}

/// Transactions of one to three changes and an activity; each third is rolled back.
fn write(database: &Database, user: i64) -> Result<()> {
    let mut session = database.connect()?;
    for round in 0..TRANSACTIONS {
        let change =
            format!("UPDATE identity.users SET developer_name = 'round {round}' || random() WHERE id = {user}");
        let changes = vec![change; 1 + round % 3].join(";");
        let end = if round % 3 == 2 { "ROLLBACK" } else { "COMMIT" };
        session.run(&format!("BEGIN; {changes}; SELECT audit.log_activity({user}, 'round'); {end}"))?;
    }
    Ok(())
}

#[test]
fn many_writers_and_a_sealer_leave_a_whole_trail() -> Result<()> {
    let database = Database::fresh("audit_writers")?;
    let mut root = database.connect()?;
    // A writer that waited for another, or for the sealer, would wait for longer than this.
    root.run("ALTER DATABASE audit_writers SET lock_timeout = '20s'")?;
    let users = (0..WRITERS).map(|n| root.user(&format!("writer {n}"))).collect::<Result<Vec<i64>>>()?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sealer = scope.spawn(|| -> Result<()> {
            let mut session = database.connect()?;
            while !over.load(Ordering::Relaxed) {
                session.number("SELECT audit.seal()")?;
                is_whole(&mut session, None)?;
            }
            Ok(())
        });
        let writers: Vec<_> = users.iter().map(|user| scope.spawn(|| write(&database, *user))).collect();
        let written: Result<Vec<()>> =
            writers.into_iter().map(|writer| writer.join().map_err(|_| Failure::new("a writer panicked"))?).collect();
        over.store(true, Ordering::Relaxed);
        let sealed = sealer.join().map_err(|_| Failure::new("the sealer panicked"))?;
        written.and(sealed)
    })?;
    let anchor = root.line("SELECT audit.head()")?;
    is_whole(&mut root, Some(&anchor))?;
    let committed = WRITERS * (0..TRANSACTIONS).filter(|round| round % 3 != 2).count();
    assert_eq!(root.number("SELECT count(*) FROM audit.activity_logs")?, i64::try_from(committed).unwrap());
    assert_eq!(
        root.number("SELECT sum(length) FROM audit.seals")?,
        root.number("SELECT (SELECT count(*) FROM audit.audit_logs) + count(*) FROM audit.activity_logs")?
    );
    Ok(())
}

#[test]
fn who_stays_open_keeps_neither_writers_nor_the_sealer() -> Result<()> {
    let database = Database::fresh("audit_open")?;
    let mut root = database.connect()?;
    let (first, second) = (root.user("stays open")?, root.user("does not")?);
    root.run("SET lock_timeout = '2s'")?;
    let change = |user: i64, to: &str| format!("UPDATE identity.users SET developer_name = '{to}' WHERE id = {user}");
    for held in [change(first, "open"), "SELECT audit.seal()".to_owned()] {
        let mut open = database.connect()?;
        open.run(&format!("BEGIN; {held}"))?;
        root.run(&change(second, "meanwhile"))?;
        root.run(&format!("SELECT audit.log_activity({second}, 'meanwhile')"))?;
        is_whole(&mut root, None)?;
        if held.starts_with("UPDATE") {
            assert!(root.number("SELECT audit.seal()")? > 0, "nothing that has ended is sealed");
        }
        open.run("COMMIT")?;
        let anchor = root.line("SELECT audit.head()")?;
        is_whole(&mut root, Some(&anchor))?;
    }
    Ok(())
}

#[test]
fn a_restored_trail_verifies_and_goes_on() -> Result<()> {
    let from = Database::fresh("audit_dumped")?;
    let mut session = from.connect()?;
    let (leaver, deleted, user) = (session.user("leaver")?, session.user("deleted")?, session.user("user")?);
    for person in [leaver, deleted, user] {
        session.run(&format!("SELECT audit.log_activity({person}, 'login', details => '{{\"amount\": 1.50}}')"))?;
    }
    session.run(&format!(
        "SELECT identity.erase_user({leaver}, 'asked'); DELETE FROM identity.users WHERE id = {deleted}"
    ))?;
    let anchor = session.line("SELECT audit.head()")?;
    session.run(&format!("UPDATE identity.users SET developer_name = 'not sealed' WHERE id = {user}"))?;
    let dump = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("audit.sql").to_string_lossy().into_owned();
    from.program("pg_dump", &["-f", &dump])?;
    let to = Database::empty(&from.server, "audit_restored")?;
    to.program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &dump])?;
    let mut restored = to.connect()?;
    restored.run("SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET bytea_output = 'escape'")?;
    is_whole(&mut restored, Some(&anchor))?;
    restored.run(&format!("UPDATE identity.users SET developer_name = 'restored' WHERE id = {user}"))?;
    is_whole(&mut restored, Some(&anchor))?;
    assert_eq!(restored.number("SELECT audit.seal()")?, 2);
    is_whole(&mut restored, Some(&anchor))
}
