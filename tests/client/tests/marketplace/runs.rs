//! Sixteen workers run the same subscriptions, some of them die at it, and the server is killed with -9: at any moment a
//! subscription is run by one worker at most, what a dead one held comes to another when its lease has lapsed, and every
//! subscription runs again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Random, Result, Scratch, Session};

const WORKERS: u64 = 16;
const SUBSCRIPTIONS: i64 = 400;

/// `works` has a row for each run that somebody is at; its key is what two workers at once would hit. `done` counts.
const SETUP: &str = "
    INSERT INTO identity.users (id, name, role) VALUES (1, 'dora', 'developer'), (2, 'ann', 'trader');
    SELECT marketplace.submit_bot(1, 'grid', 'Buys low', 'TECHNICAL', NULL, '{}', '{}');
    SELECT marketplace.approve_bot(1);
    CREATE TABLE public.works (subscription_id bigint PRIMARY KEY, worker text NOT NULL, held_until timestamptz NOT NULL);
    CREATE TABLE public.done (subscription_id bigint PRIMARY KEY, runs bigint NOT NULL DEFAULT 0);
    SELECT count(marketplace.subscribe(2, 1, 'n' || n, 'BINANCE', 'BTC/USDT', '1d', '{}', '{}'))
    FROM generate_series(1, 400) n;
    INSERT INTO public.done (subscription_id) SELECT id FROM marketplace.subscriptions;
    UPDATE marketplace.runs SET claimable_at = now() - interval '1 hour', next_run_at = now() - interval '1 hour'";

/// What has run is due again at once, so that the workers have something to do.
const AGAIN: &str = "UPDATE marketplace.runs
    SET claimable_at = now() - interval '1 s', next_run_at = now() - interval '1 s'
    WHERE lease IS NULL AND claimable_at > now()";

/// Whether the server has ended the session, or is not there.
fn is_end(failure: &Failure) -> bool {
    failure.sqlstate.as_deref().is_none_or(|state| state.starts_with("57P"))
}

/// Claims a few and runs them, each with an effect in the transaction that finishes it. A mortal worker leaves some of
/// them as they are. How many it has finished.
fn run_some(session: &mut Session, worker: u64, random: &mut Random, is_mortal: bool) -> Result<u64> {
    // A row of `works` that somebody else has until later is one that is run by two.
    let claimed = session.rows(&format!(
        "BEGIN;
         CREATE TEMP TABLE IF NOT EXISTS mine (id bigint, lease uuid, until timestamptz); TRUNCATE mine;
         INSERT INTO mine SELECT subscription_id, lease_id, lease_until FROM marketplace.claim_runs('w{worker}', 5, '1 s');
         INSERT INTO public.works AS w SELECT id, 'w{worker}', until FROM mine
         ON CONFLICT (subscription_id) DO UPDATE SET worker = excluded.worker, held_until = excluded.held_until
         WHERE w.held_until <= clock_timestamp();
         COMMIT;
         SELECT id, lease, (SELECT worker FROM public.works w WHERE w.subscription_id = m.id) FROM mine m"
    ))?;
    let mut finished = 0;
    for run in claimed {
        let [id, lease, holder] = <[String; 3]>::try_from(run).expect("three columns");
        assert_eq!(holder, format!("w{worker}"), "subscription {id} is run by two workers");
        if is_mortal && random.percent(10) {
            // Dead, for all the others know.
            continue;
        }
        let told = session.run(&format!(
            "BEGIN; SELECT marketplace.finish_run({id}, '{lease}');
             UPDATE public.done SET runs = runs + 1 WHERE subscription_id = {id};
             DELETE FROM public.works WHERE subscription_id = {id} AND worker = 'w{worker}'; COMMIT"
        ));
        match told {
            Ok(()) => finished += 1,
            // The lease has lapsed: it is somebody else's now.
            Err(failure) if failure.is("55000") => session.run("ROLLBACK")?,
            Err(failure) => return Err(failure),
        }
    }
    Ok(finished)
}

/// Works until it is told to go home, in one session after the other.
fn work(database: &Database, worker: u64, is_over: &AtomicBool) -> Result<u64> {
    let (mut random, mut finished, mut connection) = (Random::new(worker + 1), 0, None::<Session>);
    while !is_over.load(Ordering::Relaxed) {
        let Some(mut session) = connection.take().or_else(|| database.connect().ok()) else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        match run_some(&mut session, worker, &mut random, worker.is_multiple_of(4)) {
            Ok(0) => thread::sleep(Duration::from_millis(20)),
            Ok(some) => finished += some,
            Err(failure) if is_end(&failure) => continue,
            Err(failure) => return Err(failure),
        }
        connection = Some(session);
    }
    Ok(finished)
}

/// Has all come again and again, and kills a process of the server with -9 now and then, which ends all of them.
fn kill(scratch: &Scratch, database: &Database, is_over: &AtomicBool) -> Result<u32> {
    let (began, mut crashes) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(9) {
        thread::sleep(Duration::from_millis(300));
        let Ok(mut session) = database.connect() else { continue };
        if session.run(AGAIN).is_err() || began.elapsed() < Duration::from_secs(3) * (crashes + 1) {
            continue;
        }
        let other = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND backend_type = 'client backend' LIMIT 1";
        for pid in session.rows(other)? {
            crashes += u32::from(scratch.kill_backend(pid[0].parse().expect("a number")).is_ok());
        }
    }
    is_over.store(true, Ordering::Relaxed);
    Ok(crashes)
}

#[test]
fn sixteen_workers_run_each_subscription_once_at_a_time_though_some_die() -> Result<()> {
    let scratch = Scratch::furnished("marketplace_runs", "")?;
    let database = Database::on(&scratch.server, "venue")?;
    database.connect()?.run(SETUP)?;
    let is_over = AtomicBool::new(false);
    let (finished, crashes) = thread::scope(|scope| -> Result<_> {
        let (database, is_over) = (&database, &is_over);
        let workers: Vec<_> = (0..WORKERS).map(|n| scope.spawn(move || work(database, n, is_over))).collect();
        let crashes = kill(&scratch, database, is_over);
        is_over.store(true, Ordering::Relaxed);
        let finished =
            workers.into_iter().map(|worker| worker.join().expect("no panic in a worker")).sum::<Result<u64>>();
        Ok((finished?, crashes?))
    })?;
    scratch.wait()?;
    let mut root = database.connect()?;
    // What was told to have ended has had its effect; a crash may have kept the answer from its worker.
    let done = root.number("SELECT sum(runs)::bigint FROM public.done")?;
    assert!(
        done >= i64::try_from(finished).expect("no more than that") && crashes > 0,
        "{done} of {finished}, {crashes}"
    );
    assert_eq!(root.number("SELECT count(*) FROM public.done WHERE runs = 0")?, 0, "subscriptions that never ran");
    assert_eq!(root.number("SELECT count(*) FROM marketplace.subscriptions")?, SUBSCRIPTIONS);
    // Those whose workers have died so often that they are in ERROR have been run, too; all others come to somebody.
    thread::sleep(Duration::from_millis(1100));
    root.run(AGAIN)?;
    let left = root.number("SELECT count(*) FROM marketplace.claim_runs('last', 1000)")?;
    root.run("SELECT marketplace_private.record_failures(1000)")?;
    let failed = root.number("SELECT count(*) FROM marketplace.subscriptions WHERE status = 'ERROR'")?;
    println!("{finished} runs, {crashes} crashes, {failed} have lost their workers too often");
    assert_eq!(left + failed, SUBSCRIPTIONS);
    assert_eq!(root.lines("SELECT v::text FROM marketplace.verify() v")?, Vec::<String>::new());
    Ok(())
}
