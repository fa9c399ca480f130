//! A connection that breaks around its commit, and a retry: one effect through every door, where the order has a
//! client_order_id; two, where it has none.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use client_tests::door::Door;
use client_tests::flow::{ARGUMENTS, Order};
use client_tests::sequencer::Venue;
use client_tests::{Failure, Random, Result, Session, setting};

/// Doors, each with a market of its own.
const DOORS: [(Door, &str); 4] = [
    (Door::Function, "CALL-USD"),
    (Door::Insert, "ROW-USD"),
    (Door::Bulk(10), "BULK-USD"),
    (Door::Sequencer, "QUEUE-USD"),
];
/// Fewer broken connections prove nothing.
const ENOUGH: u32 = 8;
/// Between the commit and the moment in which the client is out of danger.
const AFTERWARDS: &str = "SELECT pg_sleep(0.002)";

struct Shop {
    venue: Venue,
    watcher: Session,
    user: i64,
}

fn open(name: &str) -> Result<Shop> {
    let venue = Venue::open(name, "bourse.drain_inbox = off")?;
    let mut watcher = venue.connect()?;
    let user = watcher.user("alice")?;
    watcher.fund(user, &[("USD", "100000000")])?;
    for (_, symbol) in DOORS {
        watcher.market(symbol)?;
        let base = symbol.trim_end_matches("-USD");
        watcher.fund(user, &[(base, "1000000")])?;
    }
    watcher.sequencer()?;
    Ok(Shop { venue, watcher, user })
}

/// The statement that places an order through a door.
fn statement(door: Door, order: &Order) -> String {
    match door {
        Door::Function => format!("SELECT {}", order.call()),
        Door::Insert => format!("{} ON CONFLICT (user_id, client_order_id) DO NOTHING", order.insert()),
        Door::Bulk(_) => format!(
            "INSERT INTO exchange.order_commands (action, {}) VALUES ('new', {})",
            ARGUMENTS.join(", "),
            order.literals()
        ),
        Door::Sequencer => format!("SELECT {}", order.submission()),
    }
}

/// Sends an order and waits for the answer. Whoever is called `victim` may be killed at any moment.
fn send(session: &mut Session, door: Door, order: &Order) -> Result<()> {
    let placed = statement(door, order);
    let transaction: &[&str] = &["BEGIN", &placed, "COMMIT"];
    // What the sequencer does is committed by itself.
    let own = if door == Door::Sequencer { &transaction[1..2] } else { transaction };
    session.run("SET application_name = 'victim'")?;
    own.iter().try_for_each(|sql| session.run(sql))?;
    session.run(AFTERWARDS)?;
    session.run("SET application_name = 'spared'")
}

/// Kills victims at random until told to stop.
fn kill(venue: &Venue, over: &AtomicBool, tries: &AtomicU32) -> Result<()> {
    let (mut session, mut random) = (venue.connect()?, Random::new(7));
    while !over.load(Ordering::Relaxed) {
        // Who has been hit gets more time: on a slow machine it would never come to its end.
        let longest = 20_000 << tries.load(Ordering::Relaxed).min(8);
        thread::sleep(Duration::from_micros(random.below(longest)));
        session.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'")?;
    }
    Ok(())
}

/// What was sent through one door.
struct Sent {
    orders: u32,
    broken: u32,
}

/// Places orders until so many have been placed and enough connections broken; each is sent again until it is answered.
fn place(venue: &Venue, user: i64, door: (Door, &str), rounds: u32, names: bool, tries: &AtomicU32) -> Result<Sent> {
    let (door, symbol) = door;
    let mut session = venue.connect()?;
    let mut sent = Sent { orders: 0, broken: 0 };
    // Every buyer finds a seller. On a fast machine it takes more of them.
    while sent.orders < rounds || sent.orders < 40 * rounds && (sent.broken < ENOUGH || !sent.orders.is_multiple_of(2))
    {
        let side = if sent.orders.is_multiple_of(2) { "buy" } else { "sell" };
        let order = Order::limit(user, &format!("{symbol} {}", sent.orders), symbol, side, "100", "1")
            .with("self_trade_prevention", "none");
        let order = if names { order } else { order.without("client_order_id") };
        for attempt in 0.. {
            tries.store(attempt, Ordering::Relaxed);
            match send(&mut session, door, &order) {
                Ok(()) => break,
                // 57P01: terminated by an administrator; no SQLSTATE: the connection was gone.
                Err(failure) if failure.is("57P01") || failure.sqlstate.is_none() => {
                    sent.broken += 1;
                    session = venue.connect()?;
                }
                Err(failure) => return Err(failure),
            }
        }
        sent.orders += 1;
    }
    Ok(sent)
}

/// The same beside somebody who kills; how many orders stand there then, and how many trades.
fn place_among_kills(shop: &mut Shop, door: (Door, &str), rounds: u32, names: bool) -> Result<(Sent, i64, i64)> {
    let (over, tries) = (AtomicBool::new(false), AtomicU32::new(0));
    let (venue, user) = (&shop.venue, shop.user);
    let sent = thread::scope(|scope| {
        let killer = scope.spawn(|| kill(venue, &over, &tries));
        let sent = place(venue, user, door, rounds, names, &tries);
        over.store(true, Ordering::Relaxed);
        killer.join().expect("no panic in the killer")?;
        sent
    })?;
    if sent.broken < ENOUGH {
        return Err(Failure::new(format!("only {} connections were broken: nothing is proved", sent.broken)));
    }
    shop.watcher.run("CALL exchange.match_orders()")?;
    let symbol = door.1;
    let count = |table: &str| format!("SELECT count(*) FROM exchange.{table} WHERE symbol = '{symbol}'");
    let (orders, trades) = (shop.watcher.number(&count("orders"))?, shop.watcher.number(&count("trades"))?);
    shop.watcher.verify_is_empty()?;
    Ok((sent, orders, trades))
}

#[test]
fn a_retry_after_a_broken_connection_has_one_effect_through_every_door() -> Result<()> {
    let mut shop = open("retries_named")?;
    let rounds = setting("BOURSE_RETRIES", 40) as u32;
    for door in DOORS {
        let (sent, orders, trades) = place_among_kills(&mut shop, door, rounds, true)?;
        println!("{:?}: {} connections broken around {} orders", door.0, sent.broken, sent.orders);
        assert_eq!((orders, trades), (sent.orders.into(), i64::from(sent.orders) / 2), "{:?}", door.0);
        another_body_is_refused(&mut shop, door)?;
    }
    Ok(())
}

/// A name stands for one order, whatever became of it.
fn another_body_is_refused(shop: &mut Shop, (door, symbol): (Door, &str)) -> Result<()> {
    let order = Order::limit(shop.user, &format!("{symbol} 0"), symbol, "buy", "100", "2");
    let sql = statement(door, &order);
    let code = if let Door::Bulk(_) = door {
        shop.watcher.run(&sql)?;
        shop.watcher.run("CALL exchange.match_orders()")?;
        shop.watcher.line("SELECT sqlstate FROM exchange.command_rejections")?
    } else {
        shop.watcher.refused(&sql)?
    };
    assert_eq!(code, "23505", "{door:?}");
    Ok(())
}

/// What makes the retries safe is the name alone.
#[test]
fn a_retry_of_an_order_without_a_name_has_two_effects() -> Result<()> {
    let mut shop = open("retries_nameless")?;
    for door in DOORS {
        let (sent, orders, _) = place_among_kills(&mut shop, door, 40, false)?;
        println!("{:?}: {orders} orders of {} that were meant", door.0, sent.orders);
        assert!(orders > sent.orders.into(), "{:?}: {} broken and no order twice", door.0, sent.broken);
    }
    Ok(())
}
