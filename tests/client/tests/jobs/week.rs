//! Schedules of every second for a week: what has ended costs ticks, claims and completions nothing, and where a schedule
//! keeps only failures, it leaves nothing.

use std::time::{Duration, Instant};

use client_tests::{Database, Result, Session};

const WEEK: i64 = 7 * 24 * 3600;
const ROUNDS: i64 = 200;

/// Those of the two schedules: the platform's own are due, too, and nobody takes their runs.
const TICK: &str = "SELECT count(*) FROM jobs.tick((SELECT min(next_run_at) FROM jobs.schedules)) t
    JOIN jobs.schedules s ON s.id = t.schedule_id WHERE s.user_id IS NOT NULL";
const CLAIM: &str = "SELECT coalesce(sum(c.done), 0) FROM (
    SELECT jobs.complete(lease, array_agg(run_id)) AS done FROM jobs.claim('w', NULL, 10) GROUP BY lease) c";

/// So many seconds: both are due, claimed and completed.
fn rounds(session: &mut Session) -> Result<Duration> {
    let began = Instant::now();
    for _ in 0..ROUNDS {
        let answers = session.lines(&format!("{TICK}; {CLAIM}"))?;
        let [ticked, done] = <[String; 2]>::try_from(answers).expect("two answers");
        assert_eq!(ticked, "2", "runs of one second");
        let (mut done, claimed) = (done.parse::<i64>().expect("a number"), Instant::now());
        // The runs of the platform stand at the front, and new ones right behind them. While an ANALYZE keeps what has
        // ended in the index, a claim goes on where the last one was, and may find what stands before that a little
        // later: a twentieth of a second. A run that waits keeps the next tick of its schedule from being enqueued, so
        // both are claimed before the next second is.
        while done < 2 {
            assert!(claimed.elapsed() < Duration::from_secs(10), "{done} of the runs of one second found");
            done += session.number(CLAIM)?;
        }
    }
    Ok(began.elapsed())
}

#[test]
fn a_week_of_every_second_costs_the_next_tick_nothing() -> Result<()> {
    let database = Database::fresh("jobs_week")?;
    let mut session = database.connect()?;
    session.run(
        "WITH owner AS (INSERT INTO identity.users (name) VALUES ('scheduling') RETURNING id)
         INSERT INTO jobs.schedules (user_id, name, job_type, target, cron, keep_only_failures)
         SELECT o.id, k, 'report', 'pnl', '* * * * * *', k = 'failures' FROM owner o, unnest('{all,failures}'::text[]) k;
         SET ROLE bourse_owner;
         UPDATE jobs.schedules SET next_run_at = date_trunc('second', now()) - interval '1 hour';
         RESET ROLE",
    )?;
    rounds(&mut session)?;
    let new = rounds(&mut session)?;
    session.run(&format!(
        "SET session_replication_role = replica;
         INSERT INTO jobs.schedule_runs (job_type, job_id, user_id, status, claimable_at, scheduled_for, finished_at)
         SELECT s.job_type, s.id, s.user_id, 'completed', NULL, t, t
         FROM jobs.schedules s, generate_series(s.next_run_at - interval '8 days', s.next_run_at, '1 s') t
         WHERE s.name = 'all' LIMIT {WEEK};
         RESET session_replication_role"
    ))?;
    session.run("VACUUM (ANALYZE) jobs.schedule_runs")?;
    let after_a_week = rounds(&mut session)?;
    println!("{ROUNDS} seconds of two schedules took {new:?}, after a week {after_a_week:?}");
    assert!(after_a_week < new * 3, "{after_a_week:?} after a week, {new:?} before");
    let kept = "SELECT s.name, count(r.id) FROM jobs.schedules s LEFT JOIN jobs.schedule_runs r ON r.job_id = s.id
                WHERE s.user_id IS NOT NULL GROUP BY s.name ORDER BY s.name";
    assert_eq!(session.lines(kept)?, [format!("all|{}", WEEK + 3 * ROUNDS), "failures|0".to_owned()]);
    Ok(())
}
