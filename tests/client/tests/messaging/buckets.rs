//! Sixteen workers take from one bucket, which never gives a token too many, in no stretch of time however short.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Result, Session};

const WORKERS: usize = 16;
const LASTING: Duration = Duration::from_secs(3);
const HOLDS: i64 = 5;
const A_MINUTE: i64 = 6000;

/// What has come in so many microseconds.
fn came(microseconds: i64) -> f64 {
    microseconds as f64 * A_MINUTE as f64 / 60e6
}

/// Every stretch from one grant to another has at most as many as the bucket holds, and what comes in that time.
fn require_within(grants: &[i64]) {
    for (first, from) in grants.iter().enumerate() {
        for (given, to) in (1..).zip(&grants[first..]) {
            let most = HOLDS as f64 + came(to - from) + 1e-6;
            assert!(f64::from(given) <= most, "{given} tokens in {} us, which bring {}", to - from, came(to - from));
        }
    }
}

/// What all workers have brought together, and how long they were at it, in microseconds.
fn all_at_once<T: Send>(
    database: &Database,
    work: impl Fn(&mut Session, &mut Vec<T>) -> Result<()> + Sync,
) -> Result<(Vec<T>, i64)> {
    let began = Instant::now();
    thread::scope(|scope| {
        let worker = || -> Result<Vec<T>> {
            let (mut session, mut brought) = (database.connect()?, Vec::new());
            while began.elapsed() < LASTING {
                work(&mut session, &mut brought)?;
            }
            Ok(brought)
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.join().expect("no panic in a worker")?);
        }
        Ok((all, i64::try_from(began.elapsed().as_micros()).expect("seconds")))
    })
}

#[test]
fn sixteen_workers_get_no_token_too_many_from_one_bucket() -> Result<()> {
    let database = Database::fresh("messaging_bucket")?;
    database.connect()?.run(&format!("SELECT messaging.set_rate_limit('ann', 'sms', {HOLDS}, {A_MINUTE})"))?;
    let (mut grants, lasted) = all_at_once(&database, |session, grants| {
        // The row is held until the transaction ends: its time is that of the grant.
        let granted = session.line("BEGIN; SELECT granted FROM messaging.take_tokens('ann', 'sms')")?;
        if granted == "t" {
            let at = "SELECT (extract(epoch FROM last_refill) * 1000000)::bigint FROM messaging.rate_limits";
            grants.push(session.number(at)?);
        }
        session.run("COMMIT")
    })?;
    grants.sort_unstable();
    require_within(&grants);
    // It gives them, too: not all, for on a busy machine it may be full for a while.
    assert!(grants.len() as f64 > 0.3 * came(lasted), "{} tokens in {lasted} us", grants.len());
    Ok(())
}

#[test]
fn sixteen_workers_claim_no_more_than_a_channel_takes() -> Result<()> {
    let database = Database::fresh("messaging_channel_bucket")?;
    let mut session = database.connect()?;
    session.run(&format!(
        "SELECT messaging.set_rate_limit('*', 'sms', {HOLDS}, {A_MINUTE});
         SELECT count(messaging.enqueue_message('note', '{{sms}}', '{{}}', 'chat:' || n))
         FROM generate_series(1, 1000) n"
    ))?;
    let (claimed, lasted) = all_at_once(&database, |session, claimed| {
        claimed.extend(session.lines("SELECT message_id FROM messaging.claim('w', 'sms', 3)")?);
        Ok(())
    })?;
    let count = claimed.len();
    assert!(count as f64 <= HOLDS as f64 + came(lasted), "{count} messages in {lasted} us");
    assert!(count as f64 > 0.3 * came(lasted), "{count} messages in {lasted} us");
    let mut once = claimed;
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), count, "each is claimed once");
    Ok(())
}

/// However a transaction is undone, what it has taken is there again: all of the bucket, and not a token more.
#[test]
fn what_is_undone_gives_its_tokens_back() -> Result<()> {
    let database = Database::fresh("messaging_undone")?;
    let mut session = database.connect()?;
    session.run(&format!(
        "SELECT messaging.set_rate_limit('chat:1', 'sms', {HOLDS}, 1);
         SELECT count(messaging.enqueue_message('note', '{{sms}}', '{{}}', 'chat:1')) FROM generate_series(1, {HOLDS})"
    ))?;
    let take = format!("SELECT granted FROM messaging.take_tokens('chat:1', 'sms', {HOLDS})");
    let claim = "SELECT count(*) FROM messaging.claim('w', 'sms')";
    session.run(&format!("BEGIN; {take}; ROLLBACK"))?;
    session.run(&format!("BEGIN; SAVEPOINT s; {take}; ROLLBACK TO s; COMMIT"))?;
    session.run(&format!("BEGIN; {claim}; ROLLBACK"))?;
    let mut killed = database.connect()?;
    let pid = killed.number("SELECT pg_backend_pid()")?;
    assert_eq!(killed.line(&format!("BEGIN; {take}"))?, "t");
    session.run(&format!("SELECT pg_terminate_backend({pid}, 60000)"))?;
    assert_eq!(session.number(claim)?, HOLDS, "all that there were");
    assert_eq!(session.line("SELECT granted FROM messaging.take_tokens('chat:1', 'sms')")?, "f");
    Ok(())
}
