//! Ticks are enqueued once, whoever enqueues them, and whatever becomes of him.

use std::time::{Duration, Instant};

use client_tests::sequencer::Venue;
use client_tests::{Database, Result, Session};

/// The schedules of which some second has no run, from the first that has one to the last, or two.
pub const IRREGULAR: &str = "
    SELECT count(*) FROM (
        SELECT FROM jobs.schedule_runs WHERE job_id IS NOT NULL GROUP BY job_id
        HAVING count(*) <> extract(epoch FROM max(scheduled_for) - min(scheduled_for)) + 1
            OR count(DISTINCT scheduled_for) <> count(*)) s";

pub fn every_second(session: &mut Session, schedules: usize) -> Result<()> {
    session.run(&format!(
        "WITH owner AS (INSERT INTO identity.users (name) VALUES ('scheduling') RETURNING id)
         INSERT INTO jobs.schedules (user_id, name, job_type, target, cron, misfire, overlap)
         SELECT o.id, n, 'report', 'pnl', '* * * * * *', 'all', 'allow' FROM owner o, generate_series(1, {schedules}) n"
    ))
}

pub fn wait_for_runs(session: &mut Session, more: i64) -> Result<()> {
    let before = session.number("SELECT count(*) FROM jobs.schedule_runs")?;
    session.wait_for(&format!("SELECT count(*) >= {} FROM jobs.schedule_runs", before + more)).map(drop)
}

#[test]
fn a_ticker_that_is_ended_is_back_in_seconds_and_nothing_is_lost() -> Result<()> {
    let venue = Venue::open("jobs_ticker", "bourse.ticker = on\nbourse.ticker_interval = '50ms'")?;
    let mut session = venue.connect()?;
    every_second(&mut session, 3)?;
    wait_for_runs(&mut session, 6)?;
    let ticker = "SELECT pid FROM bourse.workers() WHERE kind = 'ticker' AND database = current_database()";
    for _ in 0..2 {
        let ended = session.number(ticker)?;
        let at = Instant::now();
        session.run(&format!("SELECT pg_terminate_backend({ended})"))?;
        session.wait_for(&format!(
            "SELECT bool_or(pid <> {ended} AND state = 'working') FROM ({ticker}) w JOIN bourse.workers() USING (pid)"
        ))?;
        assert!(at.elapsed() < Duration::from_secs(40), "{:?}", at.elapsed());
        wait_for_runs(&mut session, 6)?;
    }
    assert_eq!(session.number(IRREGULAR)?, 0);
    // A schedule whose runs cannot be made is marked, and the ticker goes on.
    session.run("ALTER TABLE jobs.schedule_runs ADD CONSTRAINT full_up CHECK (false) NOT VALID")?;
    session.wait_for("SELECT bool_and(problem LIKE '%full_up%' AND next_run_at IS NULL) FROM jobs.schedules")?;
    assert_eq!(session.number("SELECT count(*) FROM bourse.chores WHERE name = 'jobs'")?, 0);
    session.run("ALTER TABLE jobs.schedule_runs DROP CONSTRAINT full_up")?;
    session.run("UPDATE jobs.schedules SET enabled = false")?;
    session.run("TRUNCATE jobs.schedule_runs; UPDATE jobs.schedules SET enabled = true")?;
    wait_for_runs(&mut session, 6)?;
    assert_eq!(session.number(IRREGULAR)?, 0);
    session.verify_is_empty()
}

#[test]
fn several_who_tick_at_the_same_time_enqueue_each_tick_once() -> Result<()> {
    let database = Database::fresh("jobs_schedulers")?;
    let mut session = database.connect()?;
    every_second(&mut session, 200)?;
    let until = Instant::now() + Duration::from_secs(5);
    let ticks = |mut session: Session| -> Result<i64> {
        let mut enqueued = 0;
        while Instant::now() < until {
            enqueued += session.number("SELECT count(*) FROM jobs.tick(batch => 30)")?;
        }
        Ok(enqueued)
    };
    let sessions: Vec<Session> = (0..4).map(|_| database.connect()).collect::<Result<_>>()?;
    let enqueued: Result<Vec<i64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = sessions.into_iter().map(|session| scope.spawn(move || ticks(session))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a session that ticks")).collect()
    });
    let enqueued = enqueued?;
    assert!(enqueued.iter().all(|count| *count > 0), "{enqueued:?}");
    assert_eq!(session.number("SELECT count(*) FROM jobs.schedule_runs")?, enqueued.iter().sum::<i64>());
    assert_eq!(session.number(IRREGULAR)?, 0);
    Ok(())
}
