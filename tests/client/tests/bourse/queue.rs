//! Workers at one queue through a server that crashes: nothing is lost, nothing is done twice but what a dead worker had
//! begun.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Result, Scratch, Session};

const ITEMS: i64 = 10_000;
const WORKERS: usize = 6;

/// `work` has a row for every time an item was worked on, committed before the item is completed, as a letter that has
/// been sent; `receipts` one that is committed together with the completion.
const TABLES: &str = "
    CREATE TABLE bourse.parcels (
        id bigint PRIMARY KEY, status text NOT NULL DEFAULT 'pending', priority smallint NOT NULL DEFAULT 0,
        claimable_at timestamptz DEFAULT clock_timestamp(), attempt integer NOT NULL DEFAULT 0,
        max_attempts integer NOT NULL DEFAULT 10, lease uuid, locked_by text, last_error text);
    CREATE INDEX ON bourse.parcels (priority, claimable_at, id) WHERE claimable_at IS NOT NULL;
    CREATE INDEX ON bourse.parcels (lease) WHERE lease IS NOT NULL;
    ALTER TABLE bourse.parcels OWNER TO bourse_owner;
    CREATE TABLE bourse.work (item bigint, attempt integer);
    CREATE TABLE bourse.receipts (item bigint PRIMARY KEY, attempt integer)";

/// What the lease of a batch holds, as SQL.
fn claim(worker: usize) -> String {
    format!("SELECT id, lease, attempt FROM bourse_private.queue_claim('bourse.parcels', 'worker {worker}', 20, '3 s')")
}

/// One batch: claimed, worked on, completed. False: there was nothing to do.
fn batch(session: &mut Session, worker: usize) -> Result<bool> {
    let items = session.rows(&claim(worker))?;
    let Some(first) = items.first() else { return Ok(false) };
    let worked = items.iter().map(|item| format!("({}, {})", item[0], item[2])).collect::<Vec<_>>().join(", ");
    session.run(&format!("INSERT INTO bourse.work VALUES {worked}"))?;
    session.run(&format!(
        "BEGIN; SELECT bourse_private.queue_complete('bourse.parcels', '{}', '{{{}}}');
         INSERT INTO bourse.receipts VALUES {worked}; COMMIT",
        first[1],
        items.iter().map(|item| item[0].as_str()).collect::<Vec<_>>().join(",")
    ))?;
    Ok(true)
}

/// Works until every item has ended; a connection that breaks is made anew.
fn work(database: &Database, worker: usize) -> Result<()> {
    let patience = Instant::now();
    let mut connection: Option<Session> = None;
    loop {
        if patience.elapsed() > Duration::from_secs(120) {
            return Err(Failure::new(format!("worker {worker} is not done after two minutes")));
        }
        let Some(mut session) = connection.take().or_else(|| database.connect().ok()) else {
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        match batch(&mut session, worker) {
            Ok(true) => connection = Some(session),
            Ok(false) => {
                match session.number("SELECT count(*) FROM bourse.parcels WHERE claimable_at IS NOT NULL") {
                    Ok(0) => return Ok(()),
                    Ok(_) => connection = Some(session),
                    // The server has gone.
                    Err(_) => (),
                }
                thread::sleep(Duration::from_millis(200));
            }
            // The server has gone, or the lease ended meanwhile: the batch is somebody else's.
            Err(failure)
                if failure.sqlstate.as_deref().is_none_or(|state| state == "55000" || state.starts_with("57P")) => {}
            Err(failure) => return Err(failure),
        }
    }
}

#[test]
fn what_a_killed_worker_had_begun_is_done_once_more_and_nothing_else() -> Result<()> {
    let scratch = Scratch::furnished("bourse_queue", "")?;
    let database = Database::on(&scratch.server, "queue")?;
    let mut session = database.connect()?;
    session.run(TABLES)?;
    session.run(&format!("INSERT INTO bourse.parcels (id) SELECT generate_series(1, {ITEMS})"))?;
    let mut victim = database.connect()?;
    let taken = victim.rows(&claim(0))?;
    assert_eq!(taken.len(), 20);
    victim.run(&format!(
        "INSERT INTO bourse.work SELECT id, attempt FROM bourse.parcels WHERE lease = '{}'",
        taken[0][1]
    ))?;
    thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (1..=WORKERS)
            .map(|n| {
                scope.spawn({
                    let database = &database;
                    move || work(database, n)
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(500));
        // The server ends every session when one is killed, and recovers.
        let pid = victim.number("SELECT pg_backend_pid()")?;
        scratch.kill_backend(pid)?;
        workers.into_iter().try_for_each(|worker| worker.join().expect("no panic in a worker"))
    })?;
    let mut session = database.connect()?;
    let ended = "SELECT status, count(*), count(lease) FROM bourse.parcels GROUP BY status";
    assert_eq!(session.lines(ended)?, [format!("completed|{ITEMS}|0")]);
    let receipts = "SELECT count(*), count(DISTINCT item) FROM bourse.receipts JOIN bourse.parcels p ON p.id = item AND p.attempt = receipts.attempt";
    assert_eq!(session.line(receipts)?, format!("{ITEMS}|{ITEMS}"), "one completion of each item, by its last holder");
    // Whoever was at work when the server went may have done his batch, and it is done again.
    let repeated = session.number("SELECT count(*) - count(DISTINCT item) FROM bourse.work")?;
    let attempts = session.number("SELECT sum(attempt - 1) FROM bourse.parcels")?;
    assert!((20..=attempts).contains(&repeated), "{repeated} items done again, {attempts} further attempts");
    assert!(attempts <= 20 * (WORKERS as i64 + 1) * 2, "{attempts} further attempts");
    assert_eq!(
        session.number(
            "SELECT count(*) FROM (SELECT item, attempt FROM bourse.work GROUP BY 1, 2 HAVING count(*) > 1) t"
        )?,
        0
    );
    Ok(())
}
