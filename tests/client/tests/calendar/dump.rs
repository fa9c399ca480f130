//! Backups: what comes back is a calendar, whatever the order in which its rows come.

use std::path::PathBuf;

use client_tests::{Database, ROWS_ALONE, Result};

use super::{ANSWERS, load, rows};

const QUIET: [&str; 5] = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"];

fn file(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).to_string_lossy().into_owned()
}

/// Dumps with these options, and restores into a database; compares rows and answers.
fn comes_back(name: &str, options: &[&str], installed: bool) -> Result<()> {
    let from = Database::fresh(name)?;
    let mut before = from.connect()?;
    load(&mut before)?;
    let dump = file(&format!("{name}.sql"));
    from.program("pg_dump", &[options, &["-f", &dump]].concat())?;
    let restored = format!("{name}_restored");
    let to = if installed { Database::fresh(&restored)? } else { Database::empty(&from.server, &restored)? };
    to.program("psql", &[&QUIET[..], &[&dump]].concat())?;
    let mut after = to.connect()?;
    assert_eq!(rows(&mut after)?, rows(&mut before)?);
    assert_eq!(after.line(ANSWERS)?, before.line(ANSWERS)?);
    assert!(after.lines("SELECT * FROM bourse.verify()")?.is_empty());
    // And it goes on.
    after.run("SELECT calendar.set_holiday('ALL', '2024-08-05', 'full_day')")?;
    assert_eq!(after.line("SELECT calendar.is_open('ALL', '2024-08-05 12:00-04')")?, "f");
    Ok(())
}

#[test]
fn a_plain_dump_of_calendars_comes_back() -> Result<()> {
    comes_back("calendar_plain", &[], false)
}

#[test]
fn rows_of_calendars_come_back_with_triggers() -> Result<()> {
    comes_back("calendar_rows", &ROWS_ALONE, true)
}

#[test]
fn rows_of_calendars_come_back_without_triggers() -> Result<()> {
    comes_back("calendar_untriggered", &[&ROWS_ALONE[..], &["--disable-triggers"]].concat(), true)
}

#[test]
fn verify_names_a_calendar_that_cannot_be() -> Result<()> {
    let database = Database::fresh("calendar_broken")?;
    let mut session = database.connect()?;
    load(&mut session)?;
    // As a server with other zones would have it.
    session.run(
        "SET session_replication_role = replica;
         UPDATE calendar.trading_hours_templates SET timezone = 'Mars/Olympus';
         RESET session_replication_role",
    )?;
    let found = session.line("SELECT check_name, subject, actual FROM bourse.verify()")?;
    assert_eq!(found, "rows_are_a_calendar|ALL|time zone \"Mars/Olympus\" is not known to this server");
    assert_eq!(session.refused("SELECT calendar.is_open('ALL', '2024-08-05')")?, "55000");
    Ok(())
}
