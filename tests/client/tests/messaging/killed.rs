//! Workers are killed at random, for seconds here and for minutes where `BOURSE_MESSAGING_SECONDS` says so; every
//! delivery is booked exactly once, and none is lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Random, Result, Session};

const WORKERS: usize = 4;
const CHANNELS: [&str; 2] = ["email", "sms"];

/// `sent` has a row for every delivery, in the transaction that acknowledges it. One of the channels has buckets.
const TABLES: &str = "CREATE TABLE public.sent (key text, channel text, attempt integer NOT NULL,
                                                PRIMARY KEY (key, channel));
                      INSERT INTO messaging.channel_configs (channel, rate_limit_per_minute, channel_limit_per_minute)
                      VALUES ('sms', 1000000, 1000000)";

/// How long the workers are killed for.
fn lasting() -> Duration {
    let seconds = std::env::var("BOURSE_MESSAGING_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(6))
}

/// Claims a few messages, and sends them one by one; some it fails.
fn batch(session: &mut Session, worker: usize, channel: &str, random: &mut Random) -> Result<bool> {
    let messages = session.rows(&format!(
        "SELECT message_id, lease, content ->> 'key', attempt
         FROM messaging.claim('worker {worker}', '{channel}', 5, '1 s')"
    ))?;
    let found = !messages.is_empty();
    for message in messages {
        let [id, lease, key, attempt] = <[String; 4]>::try_from(message).expect("four columns");
        if random.percent(10) {
            thread::sleep(Duration::from_millis(random.below(300)));
        }
        let told = match random.percent(5) {
            true => session.run(&format!("SELECT messaging.fail('{lease}', {id}, 'chance', '10 ms')")),
            false => session.run(&format!(
                "BEGIN; INSERT INTO public.sent VALUES ('{key}', '{channel}', {attempt});
                 SELECT messaging.ack('{lease}', {id}); COMMIT"
            )),
        };
        match told {
            Ok(()) => (),
            // The lease has ended meanwhile, and somebody else may have been faster.
            Err(failure) if matches!(failure.sqlstate.as_deref(), Some("55000" | "23505")) => {
                session.run("ROLLBACK")?
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

fn work(database: &Database, worker: usize, is_over: &AtomicBool, patience: Duration) -> Result<()> {
    let (began, mut connection, mut random) = (Instant::now(), None::<Session>, Random::new(worker as u64 + 1));
    let channel = CHANNELS[worker % CHANNELS.len()];
    loop {
        if began.elapsed() > patience {
            return Err(Failure::new(format!("worker {worker} is not done in time")));
        }
        let Some(mut session) = connection.take().or_else(|| database.connect().ok()) else { continue };
        match batch(&mut session, worker, channel, &mut random) {
            Ok(true) => connection = Some(session),
            Ok(false) => {
                let left = "SELECT count(*) FROM messaging.deliveries WHERE claimable_at IS NOT NULL";
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

/// Enqueues messages, and kills somebody now and then. Returns how many there are.
fn disturb(session: &mut Session, lasting: Duration) -> Result<i64> {
    let (mut random, began, mut made) = (Random::new(99), Instant::now(), 0);
    while began.elapsed() < lasting {
        // Every message is sent twice, as by somebody who has not heard that it was taken.
        session.run(&format!(
            "SELECT messaging.enqueue_message('note', '{{email,sms}}', '{{\"key\": \"k{made}\"}}', 'chat:1',
                                              max_retries => 99, idempotency_key => 'k{made}')
             FROM generate_series(1, 2)"
        ))?;
        made += 1;
        if random.percent(3) {
            session.run(
                "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
                 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() ORDER BY random() LIMIT 1",
            )?;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(made)
}

#[test]
fn workers_killed_at_random_lose_no_delivery_and_book_none_twice() -> Result<()> {
    let database = Database::fresh("messaging_killed")?;
    let mut session = database.connect()?;
    session.run(TABLES)?;
    let (is_over, lasting) = (AtomicBool::new(false), lasting());
    let made = thread::scope(|scope| -> Result<i64> {
        let (database, is_over) = (&database, &is_over);
        let workers: Vec<_> = (0..WORKERS)
            .map(|n| scope.spawn(move || work(database, n, is_over, lasting + Duration::from_secs(60))))
            .collect();
        let made = disturb(&mut session, lasting)?;
        is_over.store(true, Ordering::Relaxed);
        workers.into_iter().try_for_each(|worker| worker.join().expect("no panic in a worker")).map(|()| made)
    })?;
    assert!(made > 100, "{made} messages enqueued");
    let twice = 2 * made;
    assert_eq!(session.number("SELECT count(*) FROM public.sent")?, twice, "each by both channels");
    let ended = "SELECT status, count(*) FROM messaging.messages GROUP BY status";
    assert_eq!(session.lines(ended)?, [format!("DELIVERED|{made}")]);
    let told = "SELECT count(*) FROM messaging.delivery_status s
                JOIN messaging.messages m ON m.id = s.message_id JOIN public.sent e ON e.key = m.content ->> 'key'
                    AND e.channel = s.channel AND e.attempt = s.attempt WHERE s.status = 'DELIVERED'";
    assert_eq!(session.number(told)?, twice, "what was sent is the attempt that was acknowledged");
    let gaps = "SELECT count(*) FROM (SELECT FROM messaging.delivery_status GROUP BY message_id, channel
                                      HAVING max(attempt) <> count(*)) g";
    assert_eq!(session.number(gaps)?, 0, "every attempt has its row");
    let killed = "SELECT count(*) FROM messaging.delivery_status WHERE error_message LIKE 'the lease of %'";
    assert!(session.number(killed)? > 0, "nobody died at work");
    assert_eq!(session.lines("SELECT * FROM messaging.verify()")?, Vec::<String>::new());
    Ok(())
}
