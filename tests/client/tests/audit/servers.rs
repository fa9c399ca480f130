//! A trail that moves from server to server: what was written stays good, and nothing can be written for a server on which
//! the database does not live.

use std::path::PathBuf;

use client_tests::{Database, Failure, Result, Scratch, Session};

fn findings(session: &mut Session, anchor: &str) -> Result<Vec<String>> {
    session.lines(&format!("SELECT DISTINCT check_name FROM audit.verify('{anchor}') ORDER BY 1"))
}

fn is_whole(session: &mut Session, anchor: &str) -> Result<()> {
    let wrong = findings(session, anchor)?;
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(wrong.join(", "))) }
}

/// The database as a dump brings it to another server.
fn moved(from: &Database, to: &Database) -> Result<Session> {
    let dump = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("moved.sql").to_string_lossy().into_owned();
    from.program("pg_dump", &["-f", &dump])?;
    to.program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &dump])?;
    to.connect()
}

/// A row of the trail that nobody has written, with hashes that fit.
fn forge(session: &mut Session, cluster: &str, transaction: i64, at: &str) -> Result<()> {
    session.run(&format!(
        "INSERT INTO audit.audit_logs (id, action, table_name, \"timestamp\", cluster, transaction_id, position,
             values_salt, values_digest, origin_salt, origin_digest, hash)
         SELECT i, 'UPDATE', 'exchange.markets', {at}, {cluster}, {transaction}, 1, s, v, s, o,
                audit_private.log_hash(NULL, {cluster}, {transaction}, 1, i, NULL, NULL, 'UPDATE', 'exchange.markets', NULL, {at}, v, o)
         FROM (SELECT nextval('audit.audit_logs_id_seq') AS i, s, audit_private.values_digest(s, NULL, NULL) AS v,
                      audit_private.origin_digest(s, NULL, NULL, NULL) AS o FROM gen_random_uuid() s) f"
    ))
}

/// A change that is sealed, and one that is not yet. The anchor.
fn live(session: &mut Session, name: &str) -> Result<String> {
    session.user(&format!("{name}, sealed"))?;
    let anchor = session.line("SELECT audit.head()")?;
    session.user(&format!("{name}, not sealed"))?;
    Ok(anchor)
}

#[test]
fn a_trail_that_moves_away_and_back_again_verifies() -> Result<()> {
    let here = Database::fresh("audit_moves")?;
    let mut session = here.connect()?;
    let anchor = live(&mut session, "here")?;
    let own = session.line("SELECT system_identifier FROM pg_control_system()")?;

    let scratch = Scratch::start("audit_servers")?;
    let there = Database::empty(&scratch.server, "audit_moved")?;
    let mut moved_there = moved(&here, &there)?;
    is_whole(&mut moved_there, &anchor)?;
    moved_there.user("there, before the first seal")?;
    is_whole(&mut moved_there, &anchor)?;
    let second = live(&mut moved_there, "there")?;
    is_whole(&mut moved_there, &anchor)?;
    is_whole(&mut moved_there, &second)?;
    // What is put into the past of the server before comes too late, whatever its number and time.
    moved_there.run("BEGIN")?;
    forge(&mut moved_there, &own, 4_000_000_000, "now()")?;
    assert_eq!(findings(&mut moved_there, &second)?, ["chain_is_of_its_server"]);
    moved_there.run("ROLLBACK")?;

    let back = Database::empty(&here.server, "audit_moves_back")?;
    let mut moved_back = moved(&there, &back)?;
    is_whole(&mut moved_back, &second)?;
    let third = live(&mut moved_back, "back")?;
    for anchor in [&anchor, &second, &third] {
        is_whole(&mut moved_back, anchor)?;
    }
    assert_eq!(moved_back.number("SELECT count(*) FROM audit.seals WHERE log = 'clusters'")?, 3);
    forge(&mut moved_back, "4711", 5, "'2026-01-01'::timestamptz")?;
    moved_back.number("SELECT audit.seal()")?;
    assert_eq!(findings(&mut moved_back, &anchor)?, ["chain_is_of_its_server"]);
    Ok(())
}
