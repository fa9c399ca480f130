//! Sixteen sessions subscribe, pause, resume, cancel and expire with the same bots at once, and take things back: the
//! counts of subscribers are those of the rows, one trial is one trial, and nobody waits for ever.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Random, Result, Session};

const SESSIONS: u64 = 16;
const USERS: u64 = 6;
const BOTS: u64 = 3;
const LASTING: Duration = Duration::from_secs(4);

/// What somebody does next.
fn call(random: &mut Random) -> String {
    let (user, bot) = (2 + random.below(USERS), 1 + random.below(BOTS));
    let some = format!("(SELECT id FROM marketplace.subscriptions WHERE user_id = {user} ORDER BY random() LIMIT 1)");
    let subscribe = |more: &str| {
        format!(
            "SELECT (marketplace.subscribe({user}, {bot}, 'x', 'BINANCE', 'BTC/USDT', '1m', '{{}}', '{{}}'{more})).id"
        )
    };
    let what = match random.below(10) {
        0 | 1 => subscribe(""),
        2 => subscribe(", trial_hours => 0.1"),
        3 => subscribe(&format!(", client_id => 'c{}'", random.below(5))),
        4 => format!("SELECT marketplace.pause_subscription({some})"),
        5 => format!("SELECT marketplace.resume_subscription({some})"),
        6 => format!("SELECT marketplace.cancel_subscription({some}, {})", random.percent(50)),
        7 => format!(
            "UPDATE marketplace.subscriptions SET expires_at = clock_timestamp() WHERE id = {some} AND NOT is_trial"
        ),
        8 => "SELECT marketplace.expire_subscriptions(5)".into(),
        _ => "SELECT count(*) FROM marketplace.claim_runs('w', 5)".into(),
    };
    let end = if random.percent(20) { "ROLLBACK" } else { "COMMIT" };
    format!("BEGIN; {what}; {end}")
}

fn work(session: &mut Session, random: &mut Random, began: Instant) -> Result<u64> {
    let mut done = 0;
    while began.elapsed() < LASTING {
        match session.run(&call(random)) {
            Ok(()) => done += 1,
            // Not in its status, had a trial, another request by that name, no subscription yet.
            Err(failure) if ["55000", "23505", "22004"].iter().any(|state| failure.is(state)) => {
                session.run("ROLLBACK")?
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(done)
}

#[test]
fn sixteen_sessions_subscribe_to_the_same_bots() -> Result<()> {
    let database = Database::fresh("marketplace_subscribers")?;
    let mut root = database.connect()?;
    root.run(&format!(
        "INSERT INTO identity.users (id, name, role) SELECT n, 'user ' || n, 'developer' FROM generate_series(1, {USERS} + 1) n;
         SELECT count(marketplace.submit_bot(1, 'bot ' || n, 'x', 'TECHNICAL', NULL, '{{}}', '{{}}'))
         FROM generate_series(1, {BOTS}) n;
         SELECT marketplace.approve_bot(id) FROM marketplace.bots"
    ))?;
    let began = Instant::now();
    let done: u64 = thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS)
            .map(|seed| {
                let database = &database;
                scope.spawn(move || work(&mut database.connect()?, &mut Random::new(seed + 1), began))
            })
            .collect();
        sessions.into_iter().map(|session| session.join().expect("no panic in a session")).sum::<Result<u64>>()
    })?;
    assert!(done > 100, "{done} calls");
    let steps = "SELECT count(DISTINCT event) FROM marketplace.subscription_events";
    assert!(root.number(steps)? >= 5, "every step has been taken");
    // Whoever found the row of a bot locked has left his change beside it; the next sweep adds it.
    root.run("SELECT marketplace.expire_subscriptions(1000)")?;
    let counted = "SELECT bool_and(b.total_subscribers = (SELECT count(*) FROM marketplace.subscriptions s
                       WHERE s.bot_id = b.id AND s.status = 'ACTIVE')) AND sum(b.total_subscribers) > 0
                   FROM marketplace.bots b";
    assert_eq!(root.line(counted)?, "t");
    let trials = "SELECT count(*) = count(DISTINCT (user_id, bot_id)) AND count(*) BETWEEN 2 AND 18
                  FROM marketplace.subscriptions WHERE is_trial";
    assert_eq!(root.line(trials)?, "t");
    // Each event goes on where the one before it has ended.
    let broken =
        "SELECT count(*) FROM (SELECT e.*, lag(e.new_status) OVER (PARTITION BY e.subscription_id ORDER BY e.id)
                      AS before FROM marketplace.subscription_events e) e
                  WHERE e.old_status IS DISTINCT FROM e.before";
    assert_eq!(root.number(broken)?, 0);
    assert_eq!(root.number("SELECT marketplace.refresh_statistics()")?, 0, "nothing has drifted");
    assert_eq!(root.lines("SELECT v::text FROM marketplace.verify() v")?, Vec::<String>::new());
    // A user goes with all of it, and the counts go down.
    root.run("SELECT identity.erase_user(3, 'asked'); SELECT marketplace.expire_subscriptions(1000)")?;
    assert_eq!(root.line(counted)?, "t");
    Ok(())
}
