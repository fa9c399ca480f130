//! While somebody holds an old snapshot, what has been claimed stays in the index as dead entries: claims do not walk over
//! all of them again each time, and overlook nothing for it.

use std::time::Instant;

use client_tests::{Database, Result, Session};

/// Claims and completes so many runs, ten at a time, in one session that remembers.
fn drain(session: &mut Session, batches: usize) -> Result<()> {
    for _ in 0..batches {
        session.run("SELECT jobs.complete(lease, array_agg(run_id)) FROM jobs.claim('w', NULL, 10) GROUP BY lease")?;
    }
    Ok(())
}

#[test]
fn a_held_snapshot_does_not_make_every_claim_walk_over_the_dead() -> Result<()> {
    let database = Database::fresh("jobs_front")?;
    let (mut holder, mut session) = (database.connect()?, database.connect()?);
    session.run(
        "INSERT INTO jobs.schedule_runs (job_type, scheduled_for) SELECT 'report', now() FROM generate_series(1, 22000)",
    )?;
    session.run("ANALYZE jobs.schedule_runs")?;
    holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs.schedule_runs")?;
    let began = Instant::now();
    drain(&mut session, 100)?;
    let first = began.elapsed();
    drain(&mut session, 1900)?;
    let began = Instant::now();
    drain(&mut session, 100)?;
    let last = began.elapsed();
    // Walking over 20,000 dead entries costs a claim as much as ten claims and completions.
    assert!(last < first * 4, "a thousand runs took {first:?} at first, and {last:?} behind 20,000 dead ones");
    // What comes in before the remembered place, and with a new priority, is found as well.
    session.run(
        "INSERT INTO jobs.schedule_runs (job_type, scheduled_for, claimable_at, priority)
         VALUES ('report', now(), now() - interval '1 hour', 0), ('report', now(), now() - interval '1 hour', -5)",
    )?;
    let left = "SELECT count(*) FROM jobs.schedule_runs WHERE claimable_at IS NOT NULL";
    let began = Instant::now();
    while session.number(left)? > 0 {
        drain(&mut session, 1)?;
        assert!(began.elapsed().as_secs() < 60, "{} runs are overlooked", session.number(left)?);
    }
    Ok(())
}

#[test]
fn a_claim_that_finds_nothing_has_looked_before_the_remembered_place() -> Result<()> {
    let database = Database::fresh("jobs_front_rest")?;
    let (mut holder, mut session) = (database.connect()?, database.connect()?);
    session.run(
        "INSERT INTO jobs.schedule_runs (job_type, scheduled_for) SELECT 'report', now() FROM generate_series(1, 2000)",
    )?;
    holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs.schedule_runs")?;
    drain(&mut session, 200)?;
    for round in 0..20 {
        assert_eq!(session.number("SELECT count(*) FROM jobs.claim('w', NULL, 10)")?, 0);
        session.run(
            "INSERT INTO jobs.schedule_runs (job_type, scheduled_for, claimable_at)
             VALUES ('report', now(), now() - interval '1 hour')",
        )?;
        let found = session.number("SELECT count(*) FROM jobs.claim('w', NULL, 10)")?;
        assert_eq!(found, 1, "in round {round}, and nobody wakes the worker again");
    }
    Ok(())
}
