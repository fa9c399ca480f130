//! Workers are killed at random, for seconds here and for minutes where `BOURSE_JOBS_SECONDS` says so; every effect is
//! there exactly once.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Random, Result, Session};

const WORKERS: usize = 4;

/// `effects` has a row for every run that was done, in the transaction that completes it.
const TABLES: &str =
    "CREATE TABLE public.effects (key text PRIMARY KEY, run_id bigint NOT NULL, attempt integer NOT NULL)";

/// How long the workers are killed for.
fn lasting() -> Duration {
    let seconds = std::env::var("BOURSE_JOBS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(6))
}

/// Claims a few runs, and completes them one by one, each with its effect; some it fails.
fn batch(session: &mut Session, worker: usize, random: &mut Random) -> Result<bool> {
    let runs = session.rows(&format!(
        "SELECT run_id, lease, task_params ->> 'key', attempt FROM jobs.claim('worker {worker}', NULL, 5, '1 s')"
    ))?;
    let found = !runs.is_empty();
    for run in runs {
        let [id, lease, key, attempt] = <[String; 4]>::try_from(run).expect("four columns");
        if random.percent(10) {
            thread::sleep(Duration::from_millis(random.below(300)));
        }
        let told = if random.percent(5) {
            session.run(&format!("SELECT jobs.fail('{lease}', {id}, 'chance', '10 ms')"))
        } else {
            session.run(&format!(
                "BEGIN; INSERT INTO public.effects VALUES ('{key}', {id}, {attempt});
                 SELECT jobs.complete('{lease}', '{{{id}}}'); COMMIT"
            ))
        };
        match told {
            Ok(()) => (),
            // The lease has ended meanwhile: the run is somebody else's.
            Err(failure) if failure.sqlstate.as_deref() == Some("55000") => session.run("ROLLBACK")?,
            // So it is, and he has been faster.
            Err(failure) if failure.sqlstate.as_deref() == Some("23505") => session.run("ROLLBACK")?,
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

fn work(database: &Database, worker: usize, is_over: &AtomicBool, patience: Duration) -> Result<()> {
    let mut random = Random::new(worker as u64 + 1);
    let (began, mut connection) = (Instant::now(), None::<Session>);
    loop {
        if began.elapsed() > patience {
            return Err(Failure::new(format!("worker {worker} is not done in time")));
        }
        let Some(mut session) = connection.take().or_else(|| database.connect().ok()) else { continue };
        match batch(&mut session, worker, &mut random) {
            Ok(true) => connection = Some(session),
            Ok(false) => {
                let left = "SELECT count(*) FROM jobs.schedule_runs WHERE claimable_at IS NOT NULL";
                match session.number(left) {
                    Ok(0) if is_over.load(Ordering::Relaxed) => return Ok(()),
                    Ok(_) => connection = Some(session),
                    Err(_) => (),
                }
                thread::sleep(Duration::from_millis(20));
            }
            // The server has ended the session.
            Err(failure) if failure.sqlstate.as_deref().is_none_or(|state| state.starts_with("57P")) => (),
            Err(failure) => return Err(failure),
        }
    }
}

/// Enqueues runs one by one and in bulk, some with a concurrency key. Returns how many.
fn enqueue(session: &mut Session, n: i64, random: &mut Random) -> Result<i64> {
    if random.percent(20) {
        return session.number(&format!(
            "SELECT count(*) FROM jobs.enqueue_many((SELECT jsonb_agg(jsonb_build_object('job_type', 'report', 'target', 'x',
                 'max_attempts', 100, 'task_params', jsonb_build_object('key', 'k' || n)))
             FROM generate_series({n}, {n} + 9) n))"
        ));
    }
    let key = if random.percent(30) { format!("'c{}'", random.below(3)) } else { "NULL".to_owned() };
    session.number(&format!(
        "SELECT count(jobs.enqueue('report', 'x', jsonb_build_object('key', 'k{n}'), concurrency_key => {key},
                                   max_attempts => 100))"
    ))
}

#[test]
fn workers_killed_at_random_lose_nothing_and_do_nothing_twice() -> Result<()> {
    let database = Database::fresh("jobs_killed")?;
    let mut session = database.connect()?;
    session.run(TABLES)?;
    let (is_over, made, lasting) = (AtomicBool::new(false), AtomicI64::new(0), lasting());
    thread::scope(|scope| -> Result<()> {
        let (database, is_over) = (&database, &is_over);
        let workers: Vec<_> = (0..WORKERS)
            .map(|n| scope.spawn(move || work(database, n, is_over, lasting + Duration::from_secs(60))))
            .collect();
        let mut random = Random::new(99);
        let began = Instant::now();
        while began.elapsed() < lasting {
            made.fetch_add(enqueue(&mut session, made.load(Ordering::Relaxed), &mut random)?, Ordering::Relaxed);
            if random.percent(3) {
                session.run(
                    "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
                     WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() ORDER BY random() LIMIT 1",
                )?;
            }
            thread::sleep(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
        workers.into_iter().try_for_each(|worker| worker.join().expect("no panic in a worker"))
    })?;
    let made = made.load(Ordering::Relaxed);
    assert!(made > 100, "{made} runs enqueued");
    assert_eq!(session.line("SELECT count(*), count(DISTINCT key) FROM public.effects")?, format!("{made}|{made}"));
    let ended = "SELECT status, count(*) FROM jobs.schedule_runs GROUP BY status";
    assert_eq!(session.lines(ended)?, [format!("completed|{made}")]);
    let last = "SELECT count(*) FROM public.effects e JOIN jobs.schedule_runs r ON r.id = e.run_id WHERE e.attempt <> r.attempt";
    assert_eq!(session.number(last)?, 0, "the effect is that of the attempt that has completed");
    let killed = "SELECT count(*) FROM jobs.schedule_runs WHERE error LIKE 'the lease of %'";
    assert!(session.number(killed)? > 0, "nobody died at work");
    assert_eq!(session.lines("SELECT * FROM jobs.verify()")?, Vec::<String>::new());
    Ok(())
}
