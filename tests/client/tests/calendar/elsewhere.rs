//! Where nothing may be written, and where a statement has several processes.

use std::time::Duration;

use client_tests::{Database, Failure, Result, Scratch, Session};

use super::{ANSWERS, load};

/// Waits until a standby has what the primary has.
fn catch_up(primary: &mut Session, standby: &mut Session) -> Result<()> {
    let last = primary.line("SELECT pg_current_wal_lsn()")?;
    for _ in 0..1200 {
        if standby.line(&format!("SELECT pg_last_wal_replay_lsn() >= '{last}'"))? == "t" {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new("the standby does not catch up"))
}

#[test]
fn a_standby_answers_and_sees_the_next_holiday() -> Result<()> {
    let primary = Scratch::furnished("calendar_primary", "")?;
    let database = Database::on(&primary.server, "venue")?;
    let mut session = database.connect()?;
    load(&mut session)?;
    let standby = Scratch::standby(&primary.server, "calendar_standby", "")?;
    let mut copy = standby.server.connect("venue", "postgres")?;
    catch_up(&mut session, &mut copy)?;
    assert_eq!(copy.line(ANSWERS)?, session.line(ANSWERS)?);
    let asked = "SELECT calendar.is_open('ALL', '2024-08-05 12:00-04')";
    assert_eq!(copy.line(asked)?, "t");
    session.run("SELECT calendar.set_holiday('ALL', '2024-08-05', 'full_day')")?;
    catch_up(&mut session, &mut copy)?;
    assert_eq!(copy.line(asked)?, "f");
    let refused = copy.refused("SELECT calendar.set_holiday('ALL', '2024-08-06', 'full_day')")?;
    assert_eq!(refused, "25006");
    assert!(copy.lines("SELECT * FROM bourse.verify()")?.is_empty());
    Ok(())
}

#[test]
fn parallel_workers_see_what_the_transaction_has_changed() -> Result<()> {
    let database = Database::fresh("calendar_parallel")?;
    let mut session = database.connect()?;
    load(&mut session)?;
    session.run(
        "CREATE TABLE ticks AS SELECT t FROM generate_series(timestamptz '2024-01-02 00:00Z', '2024-12-30 00:00Z', \
         '5 minutes') t;
         ANALYZE ticks;
         SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
         SET max_parallel_workers_per_gather = 2",
    )?;
    let counted = "SELECT count(*) FROM ticks WHERE calendar.is_open('ALL', t)";
    let plan = session.lines(&format!("EXPLAIN {counted}"))?.join("\n");
    assert!(plan.contains("Workers Planned"), "no workers:\n{plan}");
    let before = session.number(counted)?;
    session.run("BEGIN; SELECT calendar.set_holiday('ALL', '2024-02-05', 'full_day')")?;
    // 09:30 to 16:00 without an hour.
    assert_eq!(session.number(counted)?, before - 66);
    session.run("ROLLBACK")?;
    assert_eq!(session.number(counted)?, before);
    // As many as a session keeps, and one more.
    session.run(
        "SELECT calendar.load_calendar(jsonb_set(calendar.export_calendar('ALL'), '{name}', to_jsonb('C' || n)))
         FROM generate_series(1, 33) n",
    )?;
    let all = "SELECT count(*) FROM generate_series(1, 33) n, \
               LATERAL (SELECT count(*) FROM ticks WHERE calendar.is_open('C' || n, t)) c (open) WHERE open = ";
    assert_eq!(session.number(&format!("{all}{before}"))?, 33);
    Ok(())
}
