//! A ticker writes nothing where nothing may be written, and begins where a standby is promoted; it keeps nobody from
//! dropping its database.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use client_tests::sequencer::{PRELOAD, Venue};
use client_tests::{Database, Result, Scratch};

use crate::misfire::{LAST, TICKING, caught_up, every_second_once, one_of_each};
use crate::schedules::{every_second, wait_for_runs};

/// The lines of a server's log that tell of more than its work, up to now.
fn complaints(scratch: &Scratch) -> Result<Vec<String>> {
    let log = fs::read_to_string(scratch.log())?;
    let is_one = |line: &&str| ["WARNING:", "ERROR:", "FATAL:", "PANIC:"].iter().any(|level| line.contains(level));
    Ok(log.lines().filter(is_one).map(str::to_owned).collect())
}

#[test]
fn a_standby_ticks_once_it_is_promoted_and_catches_up_as_its_schedules_say() -> Result<()> {
    let settings = format!("{PRELOAD}\n{TICKING}\nlog_min_messages = warning");
    let primary = Scratch::furnished("jobs_primary", &settings)?;
    let database = Database::on(&primary.server, "venue")?;
    let mut session = database.connect()?;
    one_of_each(&mut session)?;
    wait_for_runs(&mut session, 9)?;
    let standby = Scratch::standby(&primary.server, "jobs_standby", &settings)?;
    let mut copy = standby.server.connect("venue", "postgres")?;
    // The ticks of the primary arrive, and no process of ours works beside it.
    wait_for_runs(&mut copy, 9)?;
    let workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_bourse%'";
    assert_eq!(copy.number(workers)?, 0, "workers of ours on a standby");
    assert_eq!(copy.refused("SELECT * FROM jobs.tick()")?, "25006");
    let said = complaints(&standby)?;
    assert!(said.iter().all(|line| line.contains("read-only transaction")), "in the log of a standby: {said:?}");
    primary.kill()?;
    thread::sleep(Duration::from_secs(6));
    let last = copy.number(LAST)?;
    let promoted = Instant::now();
    copy.run("SELECT pg_promote()")?;
    copy.wait_for(&format!("SELECT ({LAST}) > {last}"))?;
    println!("the first tick {:?} after the promotion", promoted.elapsed());
    assert!(promoted.elapsed() < Duration::from_secs(40), "{:?}", promoted.elapsed());
    caught_up(&mut copy, last, 3)?;
    wait_for_runs(&mut copy, 9)?;
    every_second_once(&mut copy)
}

#[test]
fn a_ticker_at_work_does_not_hold_up_who_drops_its_database() -> Result<()> {
    let venue = Venue::open("jobs_dropped", TICKING)?;
    let mut session = venue.connect()?;
    every_second(&mut session, 5000)?;
    session.run(
        "INSERT INTO jobs.schedules (user_id, name, job_type, target, cron)
         SELECT id, 'waits', 'report', 'pnl', '@daily' FROM identity.users",
    )?;
    wait_for_runs(&mut session, 10_000)?;
    drop(session);
    let mut outside = venue.scratch.server.connect("postgres", "postgres")?;
    outside.wait_for(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'venue' AND backend_type = 'pg_bourse ticker'",
    )?;
    // It waits five seconds for who is connected, and is refused then.
    outside.run("DROP DATABASE venue")
}
