//! The clock of the server is set on, and back, by an hour, while it runs: libfaketime. Sessions tick here, and no process
//! of ours: what the postmaster of PostgreSQL 15 starts in a signal handler goes by the clock of the machine.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use client_tests::{Database, Result, Scratch, Session};

use crate::misfire::{LAST, caught_up, every_second_once, one_of_each};
use crate::schedules::wait_for_runs;

const HOUR: i64 = 3600;

fn open(name: &str) -> Result<(Scratch, Database)> {
    let scratch = Scratch::with_clock(name, "log_min_messages = warning")?;
    let database = Database::on(&scratch.server, "venue")?;
    Ok((scratch, database))
}

/// Says that it is over when it goes, also by a panic: who waits for it would wait for ever.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Works while two sessions tick.
fn beside_two_schedulers(database: &Database, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| {
        let scheduler = || -> Result<()> {
            let mut session = database.connect()?;
            while !is_over.load(Ordering::Relaxed) {
                session.run("SELECT * FROM jobs.tick()")?;
                thread::sleep(Duration::from_millis(40));
            }
            Ok(())
        };
        let schedulers = [scope.spawn(scheduler), scope.spawn(scheduler)];
        let over = Over(is_over);
        let worked = work();
        drop(over);
        schedulers.into_iter().try_for_each(|thread| thread.join().expect("no panic in a scheduler"))?;
        worked
    })
}

/// On by an hour, in which nobody has ticked, and back; then on again, to a little before where it was.
fn steps(scratch: &Scratch, session: &mut Session, from: i64) -> Result<()> {
    let last = session.number(LAST)?;
    scratch.set_clock(from + HOUR)?;
    session.wait_for("SELECT max(scheduled_for) > clock_timestamp() - interval '1 minute' FROM jobs.schedule_runs")?;
    caught_up(session, last, HOUR - 60)?;
    wait_for_runs(session, 9)?;
    every_second_once(session)?;
    scratch.set_clock(from)?;
    thread::sleep(Duration::from_millis(500));
    let last = session.number(LAST)?;
    thread::sleep(Duration::from_secs(3));
    assert_eq!(session.number(LAST)?, last, "enqueued by a clock that was set back");
    scratch.set_clock(from + HOUR - 5)?;
    wait_for_runs(session, 9)?;
    every_second_once(session)
}

#[test]
fn a_clock_that_is_set_on_and_back_loses_no_tick_and_doubles_none() -> Result<()> {
    let (scratch, database) = open("jobs_clock")?;
    let mut session = database.connect()?;
    one_of_each(&mut session)?;
    beside_two_schedulers(&database, || {
        wait_for_runs(&mut session, 9)?;
        steps(&scratch, &mut session, 0)?;
        steps(&scratch, &mut session, HOUR)?;
        // What is enqueued for now is no later for what waits until the clock comes by.
        scratch.set_clock(0)?;
        let made = session.number("SELECT jobs.enqueue('alert', 'now')")?;
        assert_eq!(session.lines("SELECT run_id FROM jobs.claim('w', '{alert}')")?, [made.to_string()]);
        Ok(())
    })?;
    assert_eq!(session.lines("SELECT * FROM jobs.verify()")?, Vec::<String>::new());
    let log = fs::read_to_string(scratch.log())?;
    let complaints: Vec<&str> = log.lines().filter(|line| !line.contains(" LOG: ")).collect();
    assert_eq!(complaints, Vec::<&str>::new());
    Ok(())
}

/// Enqueues a run and has a worker claim it for 30 s; its id and lease.
fn claimed(session: &mut Session, worker: &str) -> Result<(String, String)> {
    session.run("SELECT jobs.enqueue('report', 'pnl')")?;
    let run = session.rows(&format!("SELECT run_id, lease FROM jobs.claim('{worker}', NULL)"))?.remove(0);
    let [id, lease] = <[String; 2]>::try_from(run).expect("two columns");
    Ok((id, lease))
}

#[test]
fn a_lease_ends_when_the_clock_says_so_and_a_heartbeat_gives_it_by_the_new_time() -> Result<()> {
    let (scratch, database) = open("jobs_lease")?;
    let (mut session, mut other) = (database.connect()?, database.connect()?);
    let claim = "SELECT run_id FROM jobs.claim('other', NULL)";
    let remains = "SELECT claimable_at - clock_timestamp() BETWEEN interval '25 s' AND interval '30 s'
                   FROM jobs.schedule_runs WHERE id = ";
    // On by an hour: it is over, the next claim has the run, and the first worker's word counts for nothing.
    let (id, lease) = claimed(&mut session, "first")?;
    scratch.set_clock(HOUR)?;
    assert_eq!(session.refused(&format!("SELECT * FROM jobs.heartbeat('{lease}')"))?, "55000");
    assert_eq!(other.lines(claim)?, [id.as_str()]);
    assert_eq!(session.refused(&format!("SELECT jobs.complete('{lease}', '{{{id}}}')"))?, "55000");
    assert_eq!(other.line("SELECT jobs.complete(lease) FROM jobs.schedule_runs WHERE lease IS NOT NULL")?, "1");
    // Back by an hour: nobody else has it, and a sign of life makes it thirty seconds of the new time.
    let (id, lease) = claimed(&mut session, "first")?;
    scratch.set_clock(0)?;
    assert_eq!(other.lines(claim)?, Vec::<String>::new());
    assert_eq!(session.line(&format!("{remains}{id}"))?, "f");
    assert_eq!(session.lines(&format!("SELECT run_id FROM jobs.heartbeat('{lease}')"))?, [id.as_str()]);
    assert_eq!(session.line(&format!("{remains}{id}"))?, "t");
    assert_eq!(session.line(&format!("SELECT jobs.complete('{lease}')"))?, "1");
    // Of a worker who died before it was set back: when the clock is there again.
    scratch.set_clock(HOUR)?;
    let (id, _) = claimed(&mut session, "dead")?;
    scratch.set_clock(0)?;
    assert_eq!(other.lines(claim)?, Vec::<String>::new());
    scratch.set_clock(HOUR + 31)?;
    assert_eq!(other.lines(claim)?, [id.as_str()]);
    assert_eq!(session.lines("SELECT * FROM jobs.verify()")?, Vec::<String>::new());
    Ok(())
}
