//! What becomes of ticks that nobody has enqueued: one schedule of every second for each way to treat them.

use client_tests::{Result, Session};

/// A ticker that hurries.
pub const TICKING: &str = "bourse.ticker = on\nbourse.ticker_interval = '50ms'";

/// The last run; 0: none.
pub const LAST: &str = "SELECT coalesce(max(id), 0) FROM jobs.schedule_runs";

/// The three schedules, each by the name of what it does.
pub fn one_of_each(session: &mut Session) -> Result<()> {
    session.run(
        "WITH owner AS (INSERT INTO identity.users (name) VALUES ('scheduling') RETURNING id)
         INSERT INTO jobs.schedules (user_id, name, job_type, target, cron, misfire, grace, max_catch_up, overlap)
         SELECT o.id, m, 'report', 'pnl', '* * * * * *', m, '2 s', 10000, 'allow'
         FROM owner o, unnest('{skip,once,all}'::text[]) m",
    )
}

/// Fails unless the tick after this run that has enqueued the most has done with what was missed as the schedules say,
/// and at least so many seconds were missed. It is one transaction, so as late for each of the three.
pub fn caught_up(session: &mut Session, last: i64, missed: i64) -> Result<()> {
    session.run(&format!(
        "DROP TABLE IF EXISTS caught_up;
         CREATE TEMP TABLE caught_up AS
         SELECT r.job_snapshot ->> 'name' AS misfire, r.scheduled_for FROM jobs.schedule_runs r
         WHERE r.xmin = (SELECT xmin FROM jobs.schedule_runs WHERE id > {last}
                         GROUP BY xmin ORDER BY count(*) DESC LIMIT 1)"
    ))?;
    let ticks = |misfire: &str| format!("SELECT scheduled_for FROM caught_up WHERE misfire = '{misfire}'");
    let (skip, once, all) = (ticks("skip"), ticks("once"), ticks("all"));
    let late = format!("{all} EXCEPT {skip}");
    let counted = session.number(&format!("SELECT count(*) FROM ({late}) t"))?;
    assert!(counted >= missed, "{counted} seconds were missed, not {missed}");
    let in_time = session.number(&format!("SELECT count(*) FROM ({skip}) t"))?;
    assert!((1..=3).contains(&in_time), "{in_time} ticks were no later than grace");
    let of_once = session.lines(&format!("{once} EXCEPT {skip}"))?;
    assert_eq!(of_once, session.lines(&format!("SELECT max(scheduled_for) FROM ({late}) t"))?, "once: the last one");
    Ok(())
}

/// Fails unless each second from the first to the last has one run of the schedule that leaves none out, and no other
/// has two of one second.
pub fn every_second_once(session: &mut Session) -> Result<()> {
    let of_all = "SELECT count(*), extract(epoch FROM max(scheduled_for) - min(scheduled_for))::bigint + 1
                  FROM jobs.schedule_runs WHERE job_snapshot ->> 'name' = 'all'";
    let of_all = session.rows(of_all)?.remove(0);
    assert_eq!(of_all[0], of_all[1], "runs, and seconds");
    let twice =
        "SELECT count(*) - count(DISTINCT (job_id, scheduled_for)) FROM jobs.schedule_runs WHERE job_id IS NOT NULL";
    assert_eq!(session.number(twice)?, 0, "runs of a second that had one");
    Ok(())
}
