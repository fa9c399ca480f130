//! What a migration leaves to be done to rows: batches that each commit, whose session may die.

use std::thread;

use client_tests::{Database, Result, Scratch, Session};

/// A table of ours with so many rows, and what a migration to come would declare about it.
fn planted(session: &mut Session, rows: u32, statement: &str) -> Result<()> {
    session.run(&format!(
        "SET ROLE bourse_owner;
         CREATE TABLE exchange.planted (id bigint PRIMARY KEY, n integer NOT NULL DEFAULT 0, note text);
         RESET ROLE;
         -- With holes.
         INSERT INTO exchange.planted (id) SELECT 3 * i FROM generate_series(1, {rows}) i;
         ALTER TABLE exchange.planted ADD CONSTRAINT note_given CHECK (note IS NOT NULL) NOT VALID;
         INSERT INTO bourse.data_migrations (version, table_name, statement, must_be_empty, validation)
         VALUES ('exchange/0014_order_book_view', 'exchange.planted', $p${statement}$p$,
                 'SELECT FROM exchange.planted WHERE note IS NULL',
                 'ALTER TABLE exchange.planted VALIDATE CONSTRAINT note_given')"
    ))
}

const FILL: &str = "UPDATE exchange.planted SET n = n + 1, note = 'x' WHERE id > $1 AND id <= $2";

fn progress(session: &mut Session) -> Result<String> {
    let of_it = "version = 'exchange/0014_order_book_view'";
    session.line(&format!("SELECT state, done, total FROM bourse.migration_states() WHERE {of_it}"))
}

fn sums(session: &mut Session) -> Result<String> {
    session.line("SELECT count(*), min(n), max(n), count(note) FROM exchange.planted")
}

#[test]
fn a_killed_data_migration_goes_on_and_does_nothing_twice() -> Result<()> {
    let scratch = Scratch::furnished("data_killed", "")?;
    let database = Database::on(&scratch.server, "data_killed")?;
    let mut session = database.connect()?;
    planted(&mut session, 1000, FILL)?;
    for done in [20, 40, 60] {
        // The batch after these stands at a row that another session holds.
        let mut holder = database.connect()?;
        let held = 3 * (done + 5);
        holder.run(&format!("BEGIN; SELECT FROM exchange.planted WHERE id = {held} FOR UPDATE"))?;
        let mut worker = database.connect_admin()?;
        let pid = worker.number("SELECT pg_backend_pid()")?;
        let called = thread::spawn(move || worker.run("CALL bourse.migrate_data(10)"));
        session.wait_for(&format!("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = {pid}"))?;
        scratch.kill_backend(pid)?;
        called.join().expect("no panic").expect_err("its session was killed");
        session = database.connect()?;
        assert_eq!(progress(&mut session)?, format!("unfinished|{done}|1000"));
        let changed = session.number("SELECT count(*) FROM exchange.planted WHERE n = 1")?;
        assert_eq!(changed, done, "progress is what is done");
    }
    session.run("CALL bourse.migrate_data(batch_size => 300)")?;
    assert_eq!(sums(&mut session)?, "1000|1|1|1000");
    assert_eq!(progress(&mut session)?, "applied|1000|1000");
    let valid = "SELECT convalidated FROM pg_constraint WHERE conname = 'note_given'";
    assert_eq!(session.line(valid)?, "t");
    session.run("CALL bourse.migrate_data()")?;
    assert_eq!(sums(&mut session)?, "1000|1|1|1000");
    session.verify_is_empty()
}

#[test]
fn two_at_once_take_turns() -> Result<()> {
    let database = Database::fresh("data_turns")?;
    let mut session = database.connect()?;
    planted(&mut session, 500, FILL)?;
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let mut worker = database.connect_admin()?;
            Ok(thread::spawn(move || worker.run("CALL bourse.migrate_data(7)")))
        })
        .collect::<Result<_>>()?;
    for call in calls {
        call.join().expect("no panic")?;
    }
    assert_eq!(sums(&mut session)?, "500|1|1|500");
    assert_eq!(progress(&mut session)?, "applied|500|500");
    Ok(())
}

#[test]
fn the_next_migrations_of_the_schema_wait_for_its_rows() -> Result<()> {
    let database = Database::fresh("data_waits")?;
    let mut session = database.connect()?;
    planted(&mut session, 10, FILL)?;
    session.run(
        "DROP VIEW exchange.ledger_entries;
         DELETE FROM bourse.schema_migrations WHERE version = 'exchange/0015_ledger_entries'",
    )?;
    for dry_run in [true, false] {
        assert_eq!(session.refused(&format!("SELECT bourse.migrate({dry_run})"))?, "55000");
    }
    // What is before it runs, and it is told what waits.
    session.run(
        "DROP VIEW exchange.order_book_view;
         DELETE FROM bourse.schema_migrations WHERE version = 'exchange/0014_order_book_view'",
    )?;
    let told = session.line("SELECT bourse.migrate()")?;
    assert!(told.starts_with("applied exchange/0014_order_book_view; migration exchange/0015"), "{told}");
    session.run("CALL bourse.migrate_data()")?;
    assert_eq!(session.line("SELECT bourse.migrate()")?, "applied exchange/0015_ledger_entries");
    Ok(())
}

#[test]
fn rows_that_were_missed_are_found_before_the_end() -> Result<()> {
    let database = Database::fresh("data_missed")?;
    let mut session = database.connect()?;
    planted(&mut session, 100, "UPDATE exchange.planted SET note = 'x' WHERE id > $1 AND id <= $2 AND id <> 30")?;
    assert_eq!(session.refused("CALL bourse.migrate_data()")?, "23514");
    assert_eq!(session.line("SELECT passes, finished_at IS NULL FROM bourse.data_migrations")?, "3|t");
    session
        .run(&format!("UPDATE bourse.data_migrations SET statement = $p${FILL}$p$, passes = 0, started_at = NULL"))?;
    session.run("CALL bourse.migrate_data()")?;
    assert_eq!(session.line("SELECT count(*) FROM exchange.planted WHERE note IS NULL")?, "0");
    Ok(())
}
