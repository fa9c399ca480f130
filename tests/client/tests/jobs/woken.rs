//! A worker that listens is told of a run in milliseconds.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Result};
use postgres::fallible_iterator::FallibleIterator;

#[test]
fn a_worker_that_listens_starts_a_run_in_milliseconds() -> Result<()> {
    let database = Database::fresh("jobs_woken")?;
    let (mut listening, mut enqueuing) = (database.connect()?, database.connect()?);
    listening.run("LISTEN jobs_runs")?;
    let mut waits = Vec::new();
    thread::scope(|scope| -> Result<()> {
        let sent = scope.spawn(move || -> Result<Vec<Instant>> {
            (0..50)
                .map(|_| {
                    thread::sleep(Duration::from_millis(10));
                    let at = Instant::now();
                    enqueuing.run("SELECT jobs.enqueue('report', 'x')").map(|()| at)
                })
                .collect()
        });
        let mut starts = Vec::new();
        while starts.len() < 50 {
            let mut notifications = listening.client().notifications();
            let told = notifications.timeout_iter(Duration::from_secs(20)).next().expect("a connection");
            assert!(told.is_some(), "nobody has told of run {}", starts.len());
            drop(notifications);
            let claimed = listening.rows("SELECT run_id FROM jobs.claim('w', NULL, 10)")?;
            starts.extend(claimed.iter().map(|_| Instant::now()));
        }
        let sent = sent.join().expect("no panic")?;
        waits = starts.iter().zip(&sent).map(|(start, sent)| start.duration_since(*sent)).collect();
        Ok(())
    })?;
    waits.sort_unstable();
    println!("half of the runs started within {:?}", waits[25]);
    // Other tests are at work on the machine: this tells a notification from one that is lost, or comes late.
    assert!(waits[25] < Duration::from_secs(2), "half of the runs started after {:?} or later", waits[25]);
    Ok(())
}
