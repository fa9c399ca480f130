//! Two schedulers and four workers are killed at random, for seconds here and for as long as `BOURSE_SECONDS` says; every
//! effect is there exactly once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Random, Result, Scratch, Session, setting};

use crate::schedules::IRREGULAR;

const SCHEDULERS: usize = 2;
const WORKERS: usize = 4;
/// Every so often a process of the server is killed with -9, which ends all of them.
const CRASHES: Duration = Duration::from_secs(4);

/// `effects` has a row for every run that was done, in the transaction that completes it: of a run that was enqueued by
/// its key, of a tick by its schedule and time.
const SETUP: &str = "
    CREATE TABLE public.effects (key text PRIMARY KEY, run_id bigint NOT NULL, attempt integer NOT NULL);
    WITH owner AS (INSERT INTO identity.users (name) VALUES ('scheduling') RETURNING id)
    INSERT INTO jobs.schedules (user_id, name, job_type, target, cron, misfire, overlap, max_attempts, max_catch_up)
    SELECT o.id, n, 'report', 'pnl', '* * * * * *', 'all', CASE n % 2 WHEN 0 THEN 'allow' ELSE 'queue' END, 100, 1000
    FROM owner o, generate_series(1, 6) n";

/// Whether the server has ended the session, or is not there.
fn is_end(failure: &Failure) -> bool {
    failure.sqlstate.as_deref().is_none_or(|state| state.starts_with("57P"))
}

/// Takes steps until one says that there are no more, each in the session of the one before unless that has ended.
fn in_mortal_sessions(
    database: &Database,
    longest: Duration,
    mut step: impl FnMut(&mut Session) -> Result<bool>,
) -> Result<()> {
    let (began, mut connection) = (Instant::now(), None::<Session>);
    while began.elapsed() < longest {
        let Some(mut session) = connection.take().or_else(|| database.connect().ok()) else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        match step(&mut session) {
            Ok(true) => connection = Some(session),
            Ok(false) => return Ok(()),
            Err(failure) if is_end(&failure) => (),
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::new(format!("not done after {longest:?}")))
}

/// Claims a few runs, and completes them one by one, each with its effect; some it fails. Whether there were any.
fn batch(session: &mut Session, worker: usize, random: &mut Random) -> Result<bool> {
    let runs = session.rows(&format!(
        "SELECT c.run_id, c.lease, coalesce(c.task_params ->> 'key', r.job_id || ' at ' || r.scheduled_for), c.attempt
         FROM jobs.claim('worker {worker}', NULL, 5, '1 s') c JOIN jobs.schedule_runs r ON r.id = c.run_id"
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
            // The lease has ended meanwhile: the run is somebody else's. Or so it is, and he has been faster.
            Err(failure) if failure.is("55000") || failure.is("23505") => session.run("ROLLBACK")?,
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

/// One step of a worker, who goes home when nothing more is enqueued and nothing is left.
fn work(session: &mut Session, worker: usize, random: &mut Random, is_all: &AtomicBool) -> Result<bool> {
    let is_all = is_all.load(Ordering::Relaxed);
    if batch(session, worker, random)? {
        return Ok(true);
    }
    thread::sleep(Duration::from_millis(20));
    let left = "SELECT count(*) FROM jobs.schedule_runs WHERE claimable_at IS NOT NULL";
    Ok(!is_all || session.number(left)? > 0)
}

/// Enqueues runs one by one and in bulk, some with a concurrency key; how many.
fn enqueue(session: &mut Session, n: i64, random: &mut Random) -> Result<i64> {
    if random.percent(20) {
        return session.number(&format!(
            "SELECT count(*) FROM jobs.enqueue_many((SELECT jsonb_agg(jsonb_build_object('job_type', 'report', 'target', 'x',
                 'max_attempts', 100, 'task_params', jsonb_build_object('key', 'k' || n)))
             FROM generate_series({n}, {n} + 9) n))"
        ));
    }
    let key = if random.percent(20) { format!("'c{}'", random.below(10)) } else { "NULL".to_owned() };
    session.number(&format!(
        "SELECT count(jobs.enqueue('report', 'x', jsonb_build_object('key', 'k{n}'), concurrency_key => {key},
                                   max_attempts => 100))"
    ))
}

/// The keys of the runs that the server has said it has.
fn enqueue_all(database: &Database, longest: Duration, is_over: &AtomicBool) -> Result<Vec<String>> {
    let (mut random, mut next, mut known) = (Random::new(99), 0, Vec::new());
    in_mortal_sessions(database, longest, |session| {
        // Keys of which nobody has heard are not used again.
        let n = next;
        next += 10;
        let made = enqueue(session, n, &mut random)?;
        known.extend((n..n + made).map(|n| format!("k{n}")));
        // Half as many as the workers do.
        thread::sleep(Duration::from_millis(20));
        Ok(!is_over.load(Ordering::Relaxed))
    })?;
    Ok(known)
}

/// Ends sessions at random, and now and then all of them; how often each.
fn kill(scratch: &Scratch, database: &Database, lasting: Duration) -> Result<(u32, u32)> {
    let (mut random, mut ended, mut crashes, began) = (Random::new(7), 0, 0, Instant::now());
    let other = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND backend_type = 'client backend' ORDER BY random() LIMIT 1";
    in_mortal_sessions(database, lasting + CRASHES * 5, |session| {
        thread::sleep(Duration::from_millis(50 + random.below(200)));
        if began.elapsed() > CRASHES * (crashes + 1) {
            for pid in session.rows(&format!("SELECT pid {other}"))? {
                // It may have gone meanwhile.
                crashes += u32::from(scratch.kill_backend(pid[0].parse().expect("a number")).is_ok());
            }
        } else {
            session.run(&format!("SELECT pg_terminate_backend(pid) {other}"))?;
            ended += 1;
        }
        Ok(began.elapsed() < lasting)
    })?;
    Ok((ended, crashes))
}

#[test]
fn schedulers_and_workers_killed_at_random_lose_nothing_and_do_nothing_twice() -> Result<()> {
    let scratch = Scratch::furnished("jobs_killed", "")?;
    let database = Database::on(&scratch.server, "venue")?;
    database.connect()?.run(SETUP)?;
    let lasting = Duration::from_secs(setting("BOURSE_SECONDS", 6));
    let longest = lasting + Duration::from_secs(90);
    let (is_over, is_all) = (AtomicBool::new(false), AtomicBool::new(false));
    let (known, (ended, crashes)) = thread::scope(|scope| -> Result<_> {
        let (database, is_over, is_all) = (&database, &is_over, &is_all);
        let tick = move |session: &mut Session| {
            session.run("SELECT * FROM jobs.tick()")?;
            thread::sleep(Duration::from_millis(20));
            Ok(!is_over.load(Ordering::Relaxed))
        };
        let workers = (0..WORKERS).map(|n| {
            let mut random = Random::new(n as u64 + 1);
            scope.spawn(move || in_mortal_sessions(database, longest, |session| work(session, n, &mut random, is_all)))
        });
        let workers: Vec<_> = workers.collect();
        let schedulers = (0..SCHEDULERS).map(|_| scope.spawn(move || in_mortal_sessions(database, longest, tick)));
        let schedulers: Vec<_> = schedulers.collect();
        let enqueuer = scope.spawn(move || enqueue_all(database, longest, is_over));
        let killed = kill(&scratch, database, lasting);
        is_over.store(true, Ordering::Relaxed);
        let ticked = schedulers.into_iter().try_for_each(|thread| thread.join().expect("no panic in a scheduler"));
        let known = enqueuer.join().expect("no panic in who enqueues");
        is_all.store(true, Ordering::Relaxed);
        let worked = workers.into_iter().try_for_each(|worker| worker.join().expect("no panic in a worker"));
        let worked = worked.map_err(|failure| Failure::new(format!("{failure}\n{}", left(database))));
        worked.and(ticked).and(Ok((known?, killed?)))
    })?;
    let mut session = database.connect()?;
    is_done_once(&mut session, &known)?;
    let counts = "SELECT count(*) || ' runs done, ' || count(job_id) || ' of them ticks; '
                  || count(*) FILTER (WHERE attempt > 1) || ' took more than one attempt' FROM jobs.schedule_runs";
    println!("{ended} sessions ended, {crashes} crashes, {}", session.line(counts)?);
    assert!(crashes > 0 && ended > 10 && known.len() > 100, "{ended} ended, {crashes} crashes, {} runs", known.len());
    Ok(())
}

/// What nobody has done.
fn left(database: &Database) -> String {
    let waiting =
        "SELECT status, claimable_at = 'infinity' AS parked, count(*), min(claimable_at), max(attempt), min(id)
                   FROM jobs.schedule_runs WHERE claimable_at IS NOT NULL OR status = 'failed' GROUP BY 1, 2";
    database.connect().and_then(|mut session| session.lines(waiting)).unwrap_or_default().join("\n")
}

fn is_done_once(session: &mut Session, known: &[String]) -> Result<()> {
    assert_eq!(session.lines("SELECT DISTINCT status FROM jobs.schedule_runs")?, ["completed"]);
    let other = "SELECT count(*) FROM jobs.schedule_runs r FULL JOIN public.effects e ON e.run_id = r.id AND e.attempt = r.attempt
                 WHERE r.id IS NULL OR e.run_id IS NULL";
    assert_eq!(session.number(other)?, 0, "each run has its effect, that of the attempt that has completed");
    session.run("CREATE TEMP TABLE known (key text)")?;
    session.copy_in("COPY known FROM STDIN", known)?;
    let lost = "SELECT count(*) FROM known k WHERE NOT EXISTS (SELECT FROM public.effects e WHERE e.key = k.key)";
    assert_eq!(session.number(lost)?, 0, "runs that the server had said it has");
    assert_eq!(session.number(IRREGULAR)?, 0, "seconds without a run, or with two");
    let ticks = "SELECT count(DISTINCT job_id), min(scheduled_for) < max(scheduled_for) FROM jobs.schedule_runs
                 WHERE job_id IS NOT NULL";
    assert_eq!(session.line(ticks)?, "6|t");
    let lapsed = "SELECT count(*) FROM jobs.schedule_runs WHERE error LIKE 'the lease of %'";
    assert!(session.number(lapsed)? > 0, "nobody died at work");
    assert_eq!(session.lines("SELECT * FROM jobs.verify()")?, Vec::<String>::new());
    Ok(())
}
