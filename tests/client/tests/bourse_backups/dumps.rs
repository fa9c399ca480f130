//! Dumps in every format come back beside a sequencer, which leaves alone what is half there.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use client_tests::sequencer::Venue;
use client_tests::{Database, ROWS_ALONE, Result, Session};

use crate::whole::{contents, goes_on, lived_in, same, valid};

const QUIET: [&str; 5] = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"];
/// So many commands wait in the inbox of what is dumped.
const WAITING: i64 = 7;

/// A place for a dump, which a dump from before does not stand in.
fn place(name: &str) -> Result<String> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.is_dir() {
        fs::remove_dir_all(&path)?;
    }
    Ok(path.to_string_lossy().into_owned())
}

/// A venue that was paused with commands in its inbox, and what stands in it.
fn paused(name: &str) -> Result<(Venue, Vec<String>)> {
    let venue = Venue::open(name, "max_worker_processes = 24")?;
    lived_in(&venue.database)?;
    venue.database.login("dumper", "bourse_backup")?;
    let mut session = venue.connect()?;
    session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
    session.run(&format!(
        "SELECT bourse.pause();
         INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         SELECT 'new', 1, 'ETH-USD', 'waits ' || n, 'buy', 1, 1 FROM generate_series(1, {WAITING}) n"
    ))?;
    let before = contents(&mut session)?;
    Ok((venue, before))
}

/// What waited is carried out once, after the pause and not before.
fn resumes(session: &mut Session) -> Result<()> {
    assert_eq!(session.number("SELECT count(*) FROM exchange.order_commands")?, WAITING);
    session.run("SELECT bourse.resume()")?;
    session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
    let placed = "SELECT count(*) FROM exchange.orders WHERE client_order_id LIKE 'waits %'";
    assert_eq!(session.number(placed)?, WAITING);
    goes_on(session)
}

#[test]
fn dumps_of_every_format_come_back() -> Result<()> {
    let (venue, before) = paused("dumps_formats")?;
    let dump = |format: &[&str], file: &str| {
        let options = ["-U", "dumper", "--role=bourse_backup", "-f", file];
        venue.database.program("pg_dump", &[&options[..], format].concat())
    };
    let (plain, custom, folder) = (place("whole.sql")?, place("whole.dump")?, place("whole.folder")?);
    dump(&["-Fp"], &plain)?;
    dump(&["-Fc"], &custom)?;
    dump(&["-Fd", "-j4"], &folder)?;
    for (name, program, arguments) in [
        ("plain", "psql", [&QUIET[..], &[&plain]].concat()),
        ("custom", "pg_restore", vec!["--exit-on-error", &custom]),
        ("directory", "pg_restore", vec!["-j4", "--exit-on-error", &folder]),
    ] {
        let to = Database::empty(&venue.scratch.server, name)?;
        to.program(program, &arguments)?;
        let mut session = to.connect()?;
        session.wait_for("SELECT state = 'paused' FROM exchange.sequencer_status()")?;
        same(&contents(&mut session)?, &before)?;
        resumes(&mut session)?;
    }
    Ok(())
}

/// The lines that tell of tables which bring rows of their own, or were left out.
fn of_rows_alone(lines: Vec<String>) -> Vec<String> {
    let own = [
        "bourse.chores",
        "bourse.schema_migrations",
        "bourse.policies",
        "jobs.schedules",
        "marketplace.bot_categories",
    ];
    let own = own.iter().chain(&["marketplace.billing_settings", "mirror.brokers", "audit."]);
    let own: Vec<&&str> = own.collect();
    lines.into_iter().filter(|line| !own.iter().any(|name| line.starts_with(**name))).collect()
}

/// Half of the rows, then the others: between the two nobody touches them, for as long as it takes.
#[test]
fn a_database_that_is_half_restored_is_left_alone() -> Result<()> {
    let (venue, before) = paused("dumps_rows")?;
    let (folder, list) = (place("rows.folder")?, place("rows.list")?);
    let rows = ["-U", "dumper", "--role=bourse_backup", "-Fd", "-j4", "-f", &folder];
    venue.database.program("pg_dump", &[&rows[..], &ROWS_ALONE, &["-T", "bourse.chores"]].concat())?;
    let to = Database::on(&venue.scratch.server, "rows")?;
    let mut session = to.connect()?;
    session.sequencer()?;
    session.run("SELECT bourse.pause(); SELECT * FROM bourse.maintain()")?;
    let listed = client_tests::finish(venue.scratch.server.program("pg_restore").args(["-l", &folder]))?;
    let entries: Vec<&str> = listed.lines().filter(|line| !line.starts_with(';')).collect();
    let is_inbox = |line: &&&str| line.contains(" order_commands ");
    let inbox: Vec<&str> = entries.iter().filter(is_inbox).copied().collect();
    let others: Vec<&str> = entries.iter().filter(|line| !is_inbox(line)).copied().collect();
    assert!(!inbox.is_empty(), "no inbox in {entries:?}");
    let (half, rest) = others.split_at(others.len() / 2);
    let restore = |part: &[&str]| -> Result<()> {
        fs::write(&list, part.join("\n"))?;
        let options = ["--data-only", "--disable-triggers", "--exit-on-error", "-L", &list, &folder];
        to.program("pg_restore", &options).map(drop)
    };
    restore(&[&inbox[..], half].concat())?;
    thread::sleep(Duration::from_secs(2));
    assert_eq!(session.number("SELECT count(*) FROM exchange.order_commands")?, WAITING);
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id LIKE 'waits %'")?, 0);
    assert!(valid(&mut session).is_err(), "half of the rows are taken for all");
    restore(rest)?;
    same(&of_rows_alone(contents(&mut session)?), &of_rows_alone(before))?;
    resumes(&mut session)
}
