//! A leader and three followers at brokers that drop, double and reorder what they tell, go silent, and lose answers;
//! senders that die between sending and saying so; outages of the leader's account, as planned. In the end everything
//! is there once. `BOURSE_SECONDS=3600` for the long one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Random, Result, Session, setting};

use crate::outages;
use crate::simulated::{Broker, SYMBOLS};

/// The leader's account, and those that may stand in for it; the followers' ones.
pub const LEADERS: [i64; 3] = [1, 2, 3];
const FOLLOWERS: [i64; 3] = [11, 12, 13];
/// In percent: reports that are lost, told twice, told late; requests and answers that are lost, and refusals.
const DROPPED: u64 = 20;
const DOUBLED: u64 = 20;
const DELAYED: u64 = 20;
const LOST: u64 = 4;
const REFUSED: u64 = 3;
const LEASE: Duration = Duration::from_secs(4);

const SETUP: &str = "
    INSERT INTO identity.users (id, name) VALUES (1, 'leader'), (11, 'ann'), (12, 'ben'), (13, 'cleo');
    INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker, is_primary)
    VALUES (1, 1, 'main', 'Zerodha', true), (2, 1, 'second', 'Upstox', false), (3, 1, 'third', 'Dhan', false),
           (11, 11, 'anns', 'Zerodha', true), (12, 12, 'bens', 'Fyers', true), (13, 13, 'cleos', 'Upstox', true);
    SELECT mirror.set_instrument('NSE', s, 1, 0.05) FROM unnest('{INFY,TCS,SBIN}'::text[]) s;
    SELECT mirror.create_group(1, 'all', 1);
    SELECT mirror.share_group(1, u) FROM unnest('{11,12,13}'::bigint[]) u;
    SELECT mirror.add_follower(1, 11), mirror.add_follower(1, 12, 'multiplier', 2),
           mirror.add_follower(1, 13, 'multiplier', 0.5, max_quantity => 40);";

/// What all threads share.
struct Scene<'a> {
    database: &'a Database,
    broker: &'a Mutex<Broker>,
    is_over: &'a AtomicBool,
}

impl Scene<'_> {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Broker) -> T) -> T {
        act(&mut self.broker.lock().expect("no panic beside"))
    }
}

/// The leader orders at his broker, changes his mind, cancels.
fn lead(broker: &mut Broker, random: &mut Random) {
    let (account, open) = (LEADERS[0], broker.open_orders(LEADERS[0]));
    match (random.below(10), random.pick(&open)) {
        (0..=2, _) => {
            let symbol = random.pick(&SYMBOLS).copied().unwrap_or_default();
            let side = if random.percent(50) { "BUY" } else { "SELL" };
            broker.place(account, None, symbol, side, 1 + random.below(30).cast_signed());
        }
        (3, Some(id)) => {
            broker.modify(account, id, 1 + random.below(40).cast_signed());
        }
        (4, Some(id)) => {
            broker.cancel(account, id);
        }
        _ => (),
    }
}

/// The calls that tell of an account, as it is now.
fn reports(session: &mut Session, scene: &Scene<'_>, account: i64) -> Result<Vec<String>> {
    scene.with(|broker| {
        // Nothing happens between the look at the clock and the look at the books.
        let at = session.line("SELECT clock_timestamp()")?;
        let books = [("sync_orders", broker.order_book(account)), ("sync_positions", broker.position_book(account))];
        let call = |(name, book)| format!("count(*) FROM mirror.{name}({account}, '{book}', '{at}', 'kite')");
        let told = books.map(call);
        let executions = broker.take_untold(account);
        Ok(told.into_iter().chain(executions.iter().map(|execution| execution.call(account))).collect())
    })
}

/// Tells the platform. A trade of an order that was made larger has to wait for the book that says so.
fn tell(session: &mut Session, call: String, late: &mut Vec<String>) -> Result<()> {
    match session.run(&format!("SELECT {call}")) {
        Err(failure) if failure.is("22023") && call.starts_with("mirror.record_execution") => late.push(call),
        other => return other,
    }
    Ok(())
}

/// The brokers trade, and tell of it as well as they can; what they have not told in the end.
fn play(scene: &Scene<'_>) -> Result<Vec<String>> {
    let (mut session, mut random) = (scene.database.connect()?, Random::new(1));
    let mut late: Vec<String> = Vec::new();
    while scene.goes_on() {
        scene.with(|broker| {
            lead(broker, &mut random);
            broker.trade(&mut random, 30);
        });
        for account in [LEADERS[0]].iter().chain(&FOLLOWERS) {
            if random.percent(50) {
                continue;
            }
            for call in reports(&mut session, scene, *account)? {
                // Trades are pushed until they are taken; books come again.
                let is_book = call.starts_with("count");
                if is_book && random.percent(DROPPED) {
                    continue;
                }
                if random.percent(DELAYED) {
                    late.push(call);
                    continue;
                }
                for _ in 0..=u64::from(random.percent(DOUBLED)) {
                    tell(&mut session, call.clone(), &mut late)?;
                }
            }
        }
        if late.len() > 5 {
            let call = late.swap_remove(random.below(late.len() as u64) as usize);
            tell(&mut session, call, &mut late)?;
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(late)
}

/// Copies what has changed of the leader's orders, and settles what followers' brokers have told.
fn copy(session: &mut Session, since: &str) -> Result<()> {
    session.run(&format!(
        "SELECT count(*) FROM (SELECT o.id FROM mirror.orders o WHERE o.account_id = 1 AND o.updated_at > {since}
                               ORDER BY o.id) o CROSS JOIN LATERAL mirror.copy_order(o.id)"
    ))?;
    session.run("SELECT mirror.settle_copies()")
}

/// A sender has not said how it went: the broker is asked for the tag.
fn resolve(session: &mut Session, scene: &Scene<'_>) -> Result<()> {
    let unknown = session.rows(
        "SELECT o.id, o.tag FROM mirror.order_requests r JOIN mirror.copied_orders o ON o.id = r.order_id
         WHERE r.status = 'unknown'",
    )?;
    for order in unknown {
        let found = scene.with(|broker| broker.find(&order[1]));
        let found = found.map_or_else(|| "NULL".to_owned(), |id| format!("'{id}'"));
        session.run(&format!("SELECT mirror.resolve_order({}, {found})", order[0]))?;
    }
    Ok(())
}

fn keep_copying(scene: &Scene<'_>) -> Result<()> {
    let mut session = scene.database.connect()?;
    while scene.goes_on() {
        copy(&mut session, "clock_timestamp() - interval '3 seconds'")?;
        resolve(&mut session, scene)?;
        thread::sleep(Duration::from_millis(30));
    }
    Ok(())
}

/// Gives one request to the broker: what to answer the platform, if the sender lives to do so. Nothing is sent when less
/// than half of the lease is left: it may have ended when the broker has it, and the order have been sent again.
fn give(scene: &Scene<'_>, request: &[String], at: Instant, random: &mut Random, faults: u64) -> Option<String> {
    let [order, lease, account, action, tag, id, symbol, side, quantity] = <&[String; 9]>::try_from(request).ok()?;
    let (account, quantity) = (account.parse().ok()?, quantity.parse().ok()?);
    if faults > 0 && random.percent(LOST) {
        return None;
    }
    if faults > 0 && random.percent(REFUSED) {
        let again = if random.percent(70) { "'50 ms'" } else { "NULL" };
        return Some(format!("mirror.reject_order('{lease}', {order}, 'the broker is busy', {again})"));
    }
    let taken = scene.with(|broker| {
        (at.elapsed() < LEASE / 2).then(|| match action.as_str() {
            "new" => Some(broker.place(account, Some(tag), symbol, side, quantity)),
            "modify" => broker.modify(account, id, quantity).then(|| id.clone()),
            _ => broker.cancel(account, id).then(|| id.clone()),
        })
    })?;
    if faults > 0 && random.percent(LOST) {
        return None;
    }
    Some(match taken {
        Some(id) => format!("mirror.ack_order('{lease}', {order}, '{id}')"),
        None => format!("mirror.reject_order('{lease}', {order}, 'it has ended')"),
    })
}

/// Claims and sends; whether there was anything.
fn send(session: &mut Session, scene: &Scene<'_>, sender: u64, random: &mut Random, faults: u64) -> Result<bool> {
    let at = Instant::now();
    let claimed = session.rows(&format!(
        "SELECT c.order_id, c.lease, c.account_id, c.request ->> 'action', c.request ->> 'tag',
                c.request ->> 'broker_order_id', c.request ->> 'symbol', c.request ->> 'side',
                trunc((c.request ->> 'quantity')::numeric)
         FROM mirror.claim_orders('sender {sender}', 5, '{} s') c",
        LEASE.as_secs()
    ))?;
    for request in &claimed {
        if let Some(answer) = give(scene, request, at, random, faults) {
            match session.run(&format!("SELECT {answer}")) {
                // Its lease has ended: it is looked for by its tag.
                Err(failure) if failure.is("55000") => (),
                other => other?,
            }
        }
    }
    Ok(!claimed.is_empty())
}

fn keep_sending(scene: &Scene<'_>, sender: u64) -> Result<()> {
    let (mut session, mut random) = (scene.database.connect()?, Random::new(10 + sender));
    while scene.goes_on() {
        if !send(&mut session, scene, sender, &mut random, 1)? {
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// Everybody says all they know, nothing is lost any more, until nothing is under way.
fn settle(scene: &Scene<'_>, mut late: Vec<String>) -> Result<()> {
    let (mut session, mut random) = (scene.database.connect()?, Random::new(99));
    let under_way = "SELECT (SELECT count(*) FROM mirror.order_requests
                             WHERE status IN ('waiting', 'sending', 'unknown'))
                            + (SELECT count(*) FROM mirror.copied_orders WHERE status IN ('queued', 'open'))";
    scene.with(|broker| {
        for id in broker.open_orders(LEADERS[0]) {
            broker.cancel(LEADERS[0], &id);
        }
    });
    let (mut quiet, mut rounds) = (0, 0);
    while quiet < 3 {
        rounds += 1;
        if rounds > 300 {
            let left = session.lines(
                "SELECT r.action, r.status, r.last_error, o.status, o.effect, o.quantity, o.filled_quantity
                 FROM mirror.order_requests r JOIN mirror.copied_orders o ON o.id = r.order_id
                 WHERE r.status IN ('waiting', 'sending', 'unknown') OR o.status IN ('queued', 'open') LIMIT 10",
            )?;
            return Err(Failure::new(format!("still under way: {left:?}")));
        }
        scene.with(|broker| broker.trade(&mut random, 100));
        for account in [LEADERS[0]].iter().chain(&FOLLOWERS) {
            for call in reports(&mut session, scene, *account)? {
                tell(&mut session, call, &mut late)?;
            }
        }
        for call in std::mem::take(&mut late) {
            tell(&mut session, call, &mut late)?;
        }
        copy(&mut session, if rounds == 1 { "'-infinity'" } else { "clock_timestamp() - interval '10 minutes'" })?;
        // What has filled late, or was not taken back, is closed: nothing is left of what the leader has left.
        session.run("SELECT mirror.close_orphans(1)")?;
        resolve(&mut session, scene)?;
        while send(&mut session, scene, 9, &mut random, 0)? {}
        quiet = if session.number(under_way)? == 0 && late.is_empty() { quiet + 1 } else { 0 };
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// What brokers know and the platform does not, or otherwise.
fn differences(session: &mut Session, broker: &Broker) -> Result<Vec<String>> {
    let mut found = session.lines("SELECT * FROM mirror.reconcile(1)")?;
    found.extend(session.lines("SELECT * FROM mirror.verify()")?);
    found.extend(session.lines("SELECT v::text FROM bourse.verify() v")?);
    for account in [LEADERS[0]].iter().chain(&FOLLOWERS) {
        let known = session.lines(&format!(
            "SELECT o.order_id, trim_scale(o.filled_quantity) FROM mirror.all_orders o WHERE o.account_id = {account}"
        ))?;
        let orders = broker.orders(*account);
        let told: Vec<String> = orders.iter().map(|order| format!("{}|{}", order.id, Broker::filled(order))).collect();
        found.extend(told.iter().filter(|line| !known.contains(line)).map(|line| format!("{account} lacks {line}")));
        let mut tags: Vec<&String> = orders.iter().filter_map(|order| order.tag.as_ref()).collect();
        let sent = tags.len();
        tags.sort();
        tags.dedup();
        if tags.len() < sent {
            found.push(format!("{account} was sent {} orders twice", sent - tags.len()));
        }
    }
    Ok(found)
}

#[test]
fn everything_is_there_once_whatever_the_brokers_tell() -> Result<()> {
    let lasting = Duration::from_secs(setting("BOURSE_SECONDS", 20));
    let database = Database::fresh("mirror_broker")?;
    let mut session = database.connect()?;
    session.run(SETUP)?;
    outages::connect(&mut session)?;
    let (broker, is_over) = (Mutex::new(Broker::default()), AtomicBool::new(false));
    let scene = Scene { database: &database, broker: &broker, is_over: &is_over };
    let (planned, late) = thread::scope(|scope| -> Result<(u64, Vec<String>)> {
        let scene = &scene;
        let (playing, mut threads) = (scope.spawn(|| play(scene)), vec![scope.spawn(|| keep_copying(scene))]);
        threads.extend((1..=2).map(|sender| scope.spawn(move || keep_sending(scene, sender))));
        let planned = outages::play(&database, lasting);
        is_over.store(true, Ordering::Relaxed);
        let late = playing.join().expect("no panic at the brokers")?;
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic in a thread"))?;
        Ok((planned?, late))
    })?;
    settle(&scene, late)?;
    let broker = broker.lock().expect("no panic beside");
    assert_eq!(differences(&mut session, &broker)?, Vec::<String>::new());
    outages::check(&mut session, planned)?;
    let sent: usize = FOLLOWERS.iter().map(|account| broker.orders(*account).len()).sum();
    let of_leader = broker.orders(LEADERS[0]).len();
    println!("{of_leader} orders led to {sent}, {planned} outages, {lasting:?}");
    assert!(of_leader > 20 && sent > of_leader / 2, "{of_leader} orders led to {sent}");
    assert!(planned > 1, "{planned} outages");
    Ok(())
}
