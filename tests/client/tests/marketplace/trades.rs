//! Sixteen sessions open, close, delete and roll back trades of the same subscriptions: no two lock each other out, and
//! the sums of subscriptions and bots are those of the trades that are there.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Random, Result, Session};

const SESSIONS: u64 = 16;
const SUBSCRIPTIONS: u64 = 12;
const LASTING: Duration = Duration::from_secs(4);

/// Three bots, twelve subscriptions of four users.
const PREPARED: &str = "
INSERT INTO identity.users (name, role) SELECT 'user ' || n, 'developer' FROM generate_series(1, 4) n;
SELECT marketplace.approve_bot(marketplace.submit_bot(1, 'bot ' || n, 'trades', 'TECHNICAL', NULL, '{}', '{}'))
FROM generate_series(1, 3) n;
SELECT (marketplace.subscribe(1 + n % 4, 1 + n % 3, 'mine', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')) IS NULL
FROM generate_series(1, 12) n";

/// Any trade of a subscription in this status.
fn some_trade(subscription: u64, status: &str) -> String {
    format!(
        "SELECT t.id FROM marketplace.trades t WHERE t.subscription_id = {subscription} AND t.status = '{status}'
         ORDER BY random() LIMIT 1"
    )
}

/// What somebody does next. What names several subscriptions names them in any order.
fn call(random: &mut Random) -> String {
    let one = 1 + random.below(SUBSCRIPTIONS);
    let other = 1 + random.below(SUBSCRIPTIONS);
    let price = 90 + random.below(20);
    // Months that have a partition, and some that have none.
    let month = format!("date_trunc('month', now()) - interval '{} months'", random.below(12));
    match random.below(10) {
        0 | 1 => format!(
            "INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, entry_time)
             VALUES ({one}, 'BUY', 1, 100, {month})"
        ),
        2..=4 => format!("SELECT marketplace.close_trade(({}), {price})", some_trade(one, "OPEN")),
        5 => format!("SELECT marketplace.delete_trade(({}), 'planned')", some_trade(one, "CLOSED")),
        6 => format!("SELECT marketplace.delete_trade(({}), 'planned')", some_trade(one, "OPEN")),
        7 => format!(
            "INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, exit_time,
                                             status, entry_time)
             VALUES ({one}, 'SELL', 1, 100, {price}, now(), 'CLOSED', {month}),
                    ({other}, 'SELL', 2, 100, {price}, now(), 'CLOSED', {month})"
        ),
        8 => format!(
            "UPDATE marketplace.trades SET exit_price = {price} WHERE status = 'CLOSED' AND id IN (({}), ({}))",
            some_trade(one, "CLOSED"),
            some_trade(other, "CLOSED")
        ),
        _ => "SELECT marketplace.refresh_statistics()".into(),
    }
}

/// Calls until time is over, every fourth in a transaction that goes back; how many have stayed, and how often it was
/// locked out.
fn work(session: &mut Session, random: &mut Random, began: Instant) -> Result<(u64, u64)> {
    let (mut done, mut deadlocks) = (0, 0);
    while began.elapsed() < LASTING {
        let goes_back = random.below(4) == 0;
        let outcome = session.run(&if goes_back { format!("BEGIN; {}; ROLLBACK", call(random)) } else { call(random) });
        match outcome {
            Ok(()) => done += u64::from(!goes_back),
            Err(failure) if failure.is("40P01") => deadlocks += 1,
            // There is no such trade, it has gone meanwhile, or was closed by another.
            Err(failure) if failure.is("22004") || failure.is("42704") || failure.is("55000") => {}
            Err(failure) => return Err(failure),
        }
        if goes_back {
            session.run("ROLLBACK")?;
        }
    }
    Ok((done, deadlocks))
}

#[test]
fn sums_are_those_of_the_trades_whatever_sixteen_sessions_do() -> Result<()> {
    let database = Database::fresh("marketplace_trades")?;
    let mut root = database.connect()?;
    root.run(PREPARED)?;
    let began = Instant::now();
    let (done, deadlocks) = thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS)
            .map(|seed| {
                let database = &database;
                scope.spawn(move || work(&mut database.connect()?, &mut Random::new(seed + 1), began))
            })
            .collect();
        sessions.into_iter().try_fold((0, 0), |sum: (u64, u64), session| {
            let (done, deadlocks) = session.join().expect("no panic in a session")?;
            Ok::<_, client_tests::Failure>((sum.0 + done, sum.1 + deadlocks))
        })
    })?;
    assert!(done > 100, "{done} calls");
    assert_eq!(deadlocks, 0, "sessions that each do one statement lock each other out");
    assert!(root.number("SELECT count(*) FROM marketplace.trades WHERE status = 'CLOSED'")? > 20);
    assert!(root.number("SELECT count(*) FROM marketplace.bot_sum_changes")? > 0);
    assert_eq!(root.lines("SELECT v::text FROM marketplace.verify() v")?, [""; 0]);
    assert_eq!(root.number("SELECT marketplace.refresh_statistics()")?, 0);
    assert_eq!(root.lines("SELECT i.issue FROM marketplace.integrity_check() i WHERE i.count > 0")?, [""; 0]);
    Ok(())
}

#[test]
fn who_keeps_a_transaction_open_stops_no_other_subscriber_of_the_bot() -> Result<()> {
    let database = Database::fresh("marketplace_open_transaction")?;
    let mut keeper = database.connect()?;
    keeper.run(PREPARED)?;
    let closed = |subscription: u64| {
        format!(
            "INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time,
                                             exit_time, status)
             VALUES ({subscription}, 'BUY', 1, 100, 110, '2026-03-01Z', '2026-03-02Z', 'CLOSED')"
        )
    };
    // So often that what it has changed is folded, too.
    keeper.run("BEGIN")?;
    (0..300).try_for_each(|_| keeper.run(&closed(3)))?;
    let mut other = database.connect()?;
    other.run("SET lock_timeout = '2s'")?;
    (0..300).try_for_each(|_| other.run(&closed(6)))?;
    assert_eq!(other.number("SELECT total_trades FROM marketplace.bot_totals(1)")?, 300);
    keeper.run("ROLLBACK")?;
    assert_eq!(other.number("SELECT total_trades FROM marketplace.bot_totals(1)")?, 300);
    assert!(other.number("SELECT count(*) FROM marketplace.bot_sum_changes")? < 600, "something was folded");
    assert_eq!(other.lines("SELECT v::text FROM marketplace.verify() v")?, [""; 0]);
    Ok(())
}
