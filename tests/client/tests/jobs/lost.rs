//! A claim alone does not wait for the disk. A crash of the server may take it away, and nothing is lost: the run waits
//! again, and its lease counts for nothing. Whatever else is written in its transaction waits for the disk as always.

use std::thread;
use std::time::Duration;

use client_tests::{Database, Result, Scratch, Session};

const CLAIM: &str = "SELECT count(*) FROM jobs.claim('w', '{plain}')";
const LAST: &str = "SELECT count(*) FROM jobs.claim('w', '{once}')";
const KEYED: &str = "SELECT count(*) FROM jobs.claim('w', '{keyed}')";
/// A session is no longer young then.
const YOUTH: Duration = Duration::from_millis(1100);

/// Whether the commit of a statement, or of the last of several, is on disk when it has returned.
fn waits(watcher: &mut Session, session: &mut Session, sql: &str) -> Result<bool> {
    let before = watcher.line("SELECT pg_current_wal_insert_lsn()")?;
    session.run(sql)?;
    watcher.number(&format!("SELECT (pg_current_wal_flush_lsn() > '{before}')::int")).map(|is_on_disk| is_on_disk == 1)
}

/// The same of something that need not wait: others of the server write to the disk, too.
fn always_waits(watcher: &mut Session, session: &mut Session, sql: &str) -> Result<bool> {
    for _ in 0..5 {
        if !waits(watcher, session, sql)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A server with runs, whose log is written by those alone who wait for it.
fn server(name: &str) -> Result<(Scratch, Database)> {
    let scratch = Scratch::furnished(name, "autovacuum = off\nbourse.ticker = off\n")?;
    let database = Database::on(&scratch.server, "lost")?;
    let mut session = database.connect()?;
    session.run(
        "CREATE TABLE public.mine (id bigint);
         INSERT INTO jobs.schedule_runs (job_type) SELECT 'plain' FROM generate_series(1, 100);
         INSERT INTO jobs.schedule_runs (job_type, max_attempts) SELECT 'once', 1 FROM generate_series(1, 9);
         INSERT INTO jobs.schedule_runs (job_type, concurrency_key) SELECT 'keyed', n::text FROM generate_series(1, 9) n",
    )?;
    stop_the_writers(&scratch, &mut session)?;
    Ok((scratch, database))
}

/// And those who write pages: they have the log written up to them first.
fn stop_the_writers(scratch: &Scratch, session: &mut Session) -> Result<()> {
    for kind in ["walwriter", "background writer", "checkpointer"] {
        let pid = session.number(&format!("SELECT pid FROM pg_stat_activity WHERE backend_type = '{kind}'"))?;
        scratch.signal("-STOP", pid)?;
    }
    Ok(())
}

#[test]
fn only_a_transaction_that_claims_and_does_nothing_else_does_not_wait() -> Result<()> {
    let (scratch, database) = server("jobs_waits")?;
    let (mut watcher, mut session) = (database.connect()?, database.connect()?);
    // What brings the server down at once is known to have been begun.
    let mut young = false;
    for _ in 0..5 {
        young |= waits(&mut watcher, &mut database.connect()?, CLAIM)?;
    }
    assert!(young, "the first claims of a session do not wait");
    thread::sleep(YOUTH);
    assert!(!always_waits(&mut watcher, &mut session, CLAIM)?, "a claim waits");
    let block = format!("BEGIN; {CLAIM}; {CLAIM}; COMMIT");
    assert!(!always_waits(&mut watcher, &mut session, &block)?, "two claims wait");
    for other in [
        "INSERT INTO public.mine SELECT run_id FROM jobs.claim('w', '{plain}')",
        &format!("BEGIN; INSERT INTO public.mine VALUES (1); {CLAIM}; COMMIT"),
        &format!("BEGIN; {CLAIM}; INSERT INTO public.mine VALUES (1); COMMIT"),
        "SELECT jobs.complete(lease, ARRAY[run_id]) FROM jobs.claim('w', '{plain}')",
        "SELECT count(*) FROM jobs.complete_and_claim(
             (SELECT lease FROM jobs.schedule_runs WHERE status = 'running' AND job_type = 'plain' LIMIT 1), NULL, 'w',
             '{plain}')",
        // Two of a key would run at a time.
        KEYED,
        // It would be done once more than it may.
        LAST,
        "INSERT INTO public.mine VALUES (2)",
    ] {
        assert!(waits(&mut watcher, &mut session, other)?, "{other} does not wait");
    }
    assert_eq!(session.line("SHOW synchronous_commit")?, "on");
    scratch.kill()
}

/// Claims five runs, whereupon the server dies; what the claim has said.
fn claim_and_crash(scratch: &Scratch, database: &Database) -> Result<Vec<String>> {
    let mut session = database.connect()?;
    stop_the_writers(scratch, &mut session)?;
    thread::sleep(YOUTH);
    session.run("INSERT INTO public.mine SELECT run_id FROM jobs.claim('kept', '{plain}', 3, '1 hour')")?;
    let claimed = session.rows("SELECT min(lease::text), array_agg(run_id) FROM jobs.claim('lost', '{plain}', 5)")?;
    scratch.kill()?;
    scratch.resume()?;
    Ok(claimed[0].clone())
}

#[test]
fn a_claim_that_a_crash_takes_away_loses_nothing() -> Result<()> {
    let (scratch, database) = server("jobs_lost")?;
    let held = |lost: &[String]| format!("SELECT count(*) FROM jobs.schedule_runs WHERE lease = '{}'", lost[0]);
    let (mut crashes, mut lost) = (1, claim_and_crash(&scratch, &database)?);
    // Some other process of the server may have written to the disk in between.
    while crashes < 5 && database.connect()?.number(&held(&lost))? > 0 {
        (crashes, lost) = (crashes + 1, claim_and_crash(&scratch, &database)?);
    }
    let mut session = database.connect()?;
    assert_eq!(session.number(&held(&lost))?, 0, "what was claimed alone has not happened");
    let kept = "SELECT count(*) FROM jobs.schedule_runs r JOIN public.mine m ON m.id = r.id WHERE r.status = 'running'";
    assert_eq!(session.number(kept)?, 3 * crashes, "what was written beside has");
    let late = session.run(&format!("SELECT jobs.complete('{}', '{}')", lost[0], lost[1]));
    assert_eq!(late.expect_err("a lost lease").sqlstate.as_deref(), Some("55000"));
    let again =
        session.rows("SELECT max(attempt), array_agg(run_id) FROM jobs.claim('again', '{plain}', 5)")?.remove(0);
    assert_eq!(again, ["1", lost[1].as_str()], "the same runs, as if nobody had had them");
    session.run("SELECT jobs.complete(lease, array_agg(run_id)) FROM jobs.claim('w', NULL, 200) GROUP BY lease")?;
    assert_eq!(session.lines("SELECT * FROM jobs.verify()")?, Vec::<String>::new());
    let left = session.number("SELECT count(*) FROM jobs.schedule_runs WHERE status = 'pending'")?;
    assert_eq!(left, 0, "runs that nobody is handed");
    Ok(())
}
