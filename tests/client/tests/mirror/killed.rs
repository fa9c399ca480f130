//! Senders whose sessions end at any moment: between claiming and sending, between sending and saying so, in the midst
//! of saying so. Each order reaches its broker once, none is forgotten, and those of which nobody knows are told.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Random, Result, Session, setting};

const FOLLOWERS: u64 = 6;
const SENDERS: u64 = 3;
const LEASE: Duration = Duration::from_secs(1);

/// What each broker was sent: by its tag, how often.
type Sent = Mutex<BTreeMap<String, u64>>;

fn with_group(session: &mut Session, orders: u64) -> Result<()> {
    session.run(&format!(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, {FOLLOWERS} + 1) n;
         INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
         SELECT u.id, u.id, 'account', 'Zerodha' FROM identity.users u ORDER BY u.id;
         SELECT mirror.create_group(1, 'group', 1);
         SELECT mirror.share_group(1, n), mirror.add_follower(1, n) FROM generate_series(2, {FOLLOWERS} + 1) n"
    ))?;
    session.run(&format!(
        "INSERT INTO mirror.orders (id, account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                    price, product, status, placed_at)
         SELECT n, 1, 1, 'L' || n, 'NSE', 'TCS', 'BUY', 10, 'LIMIT', 100, 'MIS', 'OPEN',
                clock_timestamp() + n * interval '1 ms'
         FROM generate_series(1, {orders}) n"
    ))?;
    session.run(&format!("SELECT mirror.copy_order({orders})"))
}

/// Sends what it has claimed while its lease lasts; whether there was anything. An error is the end of the session.
fn send(session: &mut Session, sent: &Sent, random: &mut Random) -> Result<bool> {
    let since = Instant::now();
    let claimed = session.rows(&format!(
        "SELECT order_id, lease, request ->> 'tag' FROM mirror.claim_orders('sender', 3, '{} s')",
        LEASE.as_secs()
    ))?;
    for request in &claimed {
        let [order, lease, tag] = &request[..] else { unreachable!("three columns") };
        if since.elapsed() > LEASE / 2 {
            break;
        }
        if random.percent(10) {
            return Err(Failure::new("dies before it has sent"));
        }
        *sent.lock().expect("no panic beside").entry(tag.clone()).or_default() += 1;
        if random.percent(10) {
            return Err(Failure::new("dies before it has said so"));
        }
        match session.run(&format!("SELECT mirror.ack_order('{lease}', {order}, 'B' || {order})")) {
            Err(failure) if failure.is("55000") => (),
            other => other?,
        }
    }
    Ok(!claimed.is_empty())
}

fn keep_sending(database: &Database, sent: &Sent, number: u64, is_over: &AtomicBool) -> Result<()> {
    let mut random = Random::new(number);
    while !is_over.load(Ordering::Relaxed) {
        let mut session = database.connect()?;
        // Also while this is said it may be ended.
        let mut is_alive = session.run("SET application_name = 'sender'").is_ok();
        while is_alive && !is_over.load(Ordering::Relaxed) {
            match send(&mut session, sent, &mut random) {
                Ok(true) => (),
                Ok(false) => thread::sleep(Duration::from_millis(20)),
                Err(_) => is_alive = false,
            }
        }
    }
    Ok(())
}

fn keep_killing(database: &Database, killed: &AtomicU64, is_over: &AtomicBool) -> Result<()> {
    let mut session = database.connect()?;
    while !is_over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(40));
        let ended = session.number(
            "SELECT count(pg_terminate_backend(s.pid)) FROM (
                 SELECT pid FROM pg_stat_activity WHERE application_name = 'sender' AND datname = current_database()
                 ORDER BY random() LIMIT 1) s",
        )?;
        killed.fetch_add(ended.unsigned_abs(), Ordering::Relaxed);
    }
    Ok(())
}

/// Whoever looks at the brokers: what is unknown is found by its tag, or not there. How many there were.
fn resolve(session: &mut Session, sent: &Sent) -> Result<u64> {
    let unknown = session.rows(
        "SELECT o.id, o.tag FROM mirror.order_requests r JOIN mirror.copied_orders o ON o.id = r.order_id
         WHERE r.status = 'unknown'",
    )?;
    let told = session.number(
        "SELECT value::bigint FROM bourse.metrics() WHERE name = 'mirror_requests' AND labels ->> 'status' = 'unknown'",
    )?;
    assert!(told.unsigned_abs() >= unknown.len() as u64, "{told} are told, {} unknown", unknown.len());
    for order in &unknown {
        let found = sent.lock().expect("no panic beside").contains_key(&order[1]);
        let found = if found { format!("'B{}'", order[0]) } else { "NULL".to_owned() };
        session.run(&format!("SELECT mirror.resolve_order({}, {found})", order[0]))?;
    }
    Ok(unknown.len() as u64)
}

/// Until all is sent: the ticker of the platform takes requests from those who have gone, and somebody looks at the
/// brokers. How many were unknown.
fn watch(session: &mut Session, sent: &Sent) -> Result<u64> {
    let (mut unknown, began) = (0, Instant::now());
    while session.number("SELECT count(*) FROM mirror.order_requests WHERE status <> 'done'")? > 0 {
        session.run("SELECT mirror_private.on_tick()")?;
        unknown += resolve(session, sent)?;
        if began.elapsed() > Duration::from_secs(120) {
            let left = session.lines("SELECT status, count(*) FROM mirror.order_requests GROUP BY status")?;
            return Err(Failure::new(format!("still under way: {left:?}")));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(unknown)
}

#[test]
fn senders_that_are_killed_send_each_order_once() -> Result<()> {
    let orders = setting("BOURSE_SECONDS", 6) * 4;
    let database = Database::fresh("mirror_killed")?;
    let mut session = database.connect()?;
    with_group(&mut session, orders)?;
    let (sent, killed, is_over) = (Sent::default(), AtomicU64::new(0), AtomicBool::new(false));
    let unknown = thread::scope(|scope| -> Result<u64> {
        let (database, sent, killed, is_over) = (&database, &sent, &killed, &is_over);
        let mut threads = vec![scope.spawn(move || keep_killing(database, killed, is_over))];
        threads.extend((1..=SENDERS).map(|n| scope.spawn(move || keep_sending(database, sent, n, is_over))));
        let unknown = watch(&mut session, sent);
        is_over.store(true, Ordering::Relaxed);
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic in a thread"))?;
        unknown
    })?;
    let (sent, killed) = (sent.into_inner().expect("no panic beside"), killed.into_inner());
    let twice: Vec<_> = sent.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(sent.len() as u64, orders * FOLLOWERS, "each has reached its broker");
    let known = "SELECT count(*) FROM mirror.copied_orders WHERE status = 'open' AND broker_order_id = 'B' || id";
    assert_eq!(session.number(known)?.unsigned_abs(), orders * FOLLOWERS);
    assert_eq!(session.lines("SELECT * FROM mirror.verify()")?, [""; 0]);
    println!("{} orders, {killed} sessions killed, {unknown} unknown", sent.len());
    assert!(killed > 10 && unknown > 10, "{killed} killed, {unknown} unknown");
    Ok(())
}
