//! While somebody holds an old snapshot, what has been claimed stays in the index as dead entries: claims do not walk over
//! all of them again each time, and overlook nothing for it.

use std::time::Instant;

use client_tests::{Database, Result, Session};

const CLAIM: &str = "SELECT jobs.complete(lease, array_agg(run_id)) FROM jobs.claim('w', NULL, 10) GROUP BY lease";

/// Claims and completes so many runs, ten at a time, in one session that remembers.
fn drain(session: &mut Session, batches: usize) -> Result<()> {
    (0..batches).try_for_each(|_| session.run(CLAIM))
}

/// How many pages a claim of ten runs and their completion visit: the least of twenty, for one in a while looks at all.
fn pages(session: &mut Session) -> Result<u64> {
    let mut least = u64::MAX;
    for _ in 0..20 {
        let plan = session.lines(&format!("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) {CLAIM}"))?;
        let hits = plan.iter().find_map(|line| line.split_once("shared hit=")).expect("pages were visited").1;
        let hits = hits.split(' ').next().expect("a number");
        least = least.min(hits.parse().expect("a number"));
    }
    Ok(least)
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
    drain(&mut session, 20)?;
    let first = pages(&mut session)?;
    drain(&mut session, 1960)?;
    let last = pages(&mut session)?;
    // Who walks over the dead entries visits their pages.
    assert!(last < first * 2, "a claim visited {first} pages at first, and {last} behind 20,000 dead entries");
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
