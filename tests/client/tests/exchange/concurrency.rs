//! Many clients at once: no deadlock, no lost and no doubled order, money constant in every snapshot.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::load::{self, Acknowledged, Actor};
use client_tests::{Database, Failure, Result, setting};

/// What the clients know, and how often there were looks at the money, at all invariants, and acts of the house.
struct Report {
    acknowledged: Vec<Acknowledged>,
    looks: u64,
    verified: u64,
    house: u64,
}

fn trade(database: &Database, markets: &[&str], clients: usize, time: Duration) -> Result<Report> {
    let users = load::prepare(&mut database.connect()?, markets, clients)?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(database, &over));
        let verifier = scope.spawn(|| verify(database, &over));
        let house = scope.spawn(|| load::keep_house(database, markets, &over));
        let actors: Vec<_> = users
            .iter()
            .map(|user| {
                let (users, over) = (&users, &over);
                scope.spawn(move || -> Result<Acknowledged> {
                    let mut actor = Actor::new(database.connect_admin()?, *user, markets).among(users);
                    let start = Instant::now();
                    while start.elapsed() < time && !over.load(Ordering::Relaxed) {
                        actor.step().inspect_err(|_| over.store(true, Ordering::Relaxed))?;
                    }
                    Ok(actor.acknowledged)
                })
            })
            .collect();
        let ended: Vec<_> = actors.into_iter().map(|actor| actor.join().expect("no panic in a client")).collect();
        over.store(true, Ordering::Relaxed);
        let house = house.join().expect("no panic in the house")?;
        let acknowledged = ended.into_iter().collect::<Result<_>>()?;
        let looks = watcher.join().expect("no panic in the watcher")?;
        let verified = verifier.join().expect("no panic in the verifier")?;
        Ok(Report { acknowledged, looks, verified, house })
    })
}

/// Looks at all the money until it is over; how often.
fn watch(database: &Database, over: &AtomicBool) -> Result<u64> {
    let mut session = database.connect()?;
    let mut looks = 0;
    while !over.load(Ordering::Relaxed) {
        let lost = session.lines(load::MONEY)?;
        if !lost.is_empty() {
            over.store(true, Ordering::Relaxed);
            return Err(Failure::new(format!("money was made or lost: {lost:?}")));
        }
        looks += 1;
        thread::sleep(Duration::from_millis(25));
    }
    Ok(looks)
}

/// Looks at every invariant until it is over; how often.
fn verify(database: &Database, over: &AtomicBool) -> Result<u64> {
    let mut session = database.connect()?;
    let mut looks = 0;
    while !over.load(Ordering::Relaxed) {
        session.verify_is_empty().inspect_err(|_| over.store(true, Ordering::Relaxed))?;
        looks += 1;
        thread::sleep(Duration::from_millis(150));
    }
    Ok(looks)
}

fn hold(name: &str, markets: &[&str]) -> Result<()> {
    let clients = setting("BOURSE_CLIENTS", 8) as usize;
    let time = Duration::from_secs(setting("BOURSE_SECONDS", 3));
    let database = Database::fresh(name)?;
    let report = trade(&database, markets, clients, time)?;
    load::settle(&database, &report.acknowledged.iter().collect::<Vec<_>>())?;
    let mut session = database.connect()?;
    session.verify_is_empty()?;
    database.check_files()?;
    let trades = session.number("SELECT count(*) FROM exchange.trades")?;
    let orders: usize = report.acknowledged.iter().map(|a| a.orders.len() + a.bulk.len()).sum();
    let mut refused: BTreeMap<&str, u64> = BTreeMap::new();
    for (code, times) in report.acknowledged.iter().flat_map(|a| &a.refused) {
        *refused.entry(code).or_default() += times;
    }
    let Report { looks, verified, house, .. } = report;
    println!(
        "{name}: {clients} clients, {orders} orders, {trades} trades, refused {refused:?}, {looks} looks at the money, \
         {verified} times verify(), {house} acts of the house"
    );
    println!(
        "{:?}",
        session.lines("SELECT order_type, status, count(*) FROM exchange.orders GROUP BY 1, 2 ORDER BY 1, 2")?
    );
    // Hundreds; few where a disk stalls.
    assert!(orders > clients * 2, "{orders} orders are too few to prove anything");
    assert!(trades > 0, "no trade: nothing is proved");
    assert!(looks > 0 && verified > 0 && house > 0, "{looks} looks, {verified} times verify(), {house} acts");
    let deadlocks = session.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")?;
    assert_eq!(deadlocks, 0);
    Ok(())
}

#[test]
fn clients_of_one_market_lose_nothing() -> Result<()> {
    hold("concurrency_one_market", &["BTC-USD"])
}

#[test]
fn clients_of_many_markets_lose_nothing() -> Result<()> {
    let markets = ["AAA-USD", "BBB-USD", "CCC-USD", "DDD-USD", "EEE-USD", "FFF-USD", "GGG-USD", "HHH-USD"];
    hold("concurrency_many_markets", &markets)
}

#[test]
fn clients_of_markets_that_share_a_quote_lose_nothing() -> Result<()> {
    hold("concurrency_markets", &["BTC-USD", "ETH-USD", "LTC-USD"])
}

#[test]
fn many_users_get_their_first_balance_at_once() -> Result<()> {
    // Sellers who have never held USD sell in two markets at the same moment: both sessions make their USD row.
    let database = Database::fresh("concurrency_first_balance")?;
    let mut session = database.connect()?;
    let users = load::prepare(&mut session, &["BTC-USD", "ETH-USD"], 1)?;
    let sellers = (0..40).map(|n| {
        let user = session.user(&format!("seller {n}"))?;
        session.fund(user, &[("BTC", "1"), ("ETH", "1")])?;
        Ok(user)
    });
    let sellers = sellers.collect::<Result<Vec<i64>>>()?;
    for market in ["BTC-USD", "ETH-USD"] {
        session.run(&format!("SELECT exchange.place_order({}, '{market}', 'buy', 100, 40)", users[0]))?;
    }
    let barrier = std::sync::Barrier::new(2);
    thread::scope(|scope| {
        let sides: Vec<_> = ["BTC-USD", "ETH-USD"]
            .iter()
            .map(|market| {
                let (barrier, sellers, database) = (&barrier, &sellers, &database);
                scope.spawn(move || -> Result<()> {
                    let session = database.connect();
                    barrier.wait();
                    let mut session = session?;
                    sellers.iter().try_for_each(|user| {
                        session.run(&format!("SELECT exchange.place_order({user}, '{market}', 'sell', 100, 1)"))
                    })
                })
            })
            .collect();
        sides.into_iter().try_for_each(|side| side.join().expect("no panic"))
    })?;
    let paid = session.lines(
        "SELECT a.amount, count(*) FROM exchange.assets a JOIN identity.users u ON u.id = a.user_id
         WHERE u.name LIKE 'seller %' AND a.symbol = 'USD' GROUP BY a.amount",
    )?;
    assert_eq!(paid, ["197.00000000|40"]);
    session.verify_is_empty()
}

#[test]
fn rules_change_while_batches_of_several_markets_run() -> Result<()> {
    let database = Database::fresh("concurrency_rules")?;
    let mut session = database.connect()?;
    // In the table they stand in another order than that of their names.
    let markets = ["DDD-USD", "CCC-USD", "BBB-USD", "AAA-USD"];
    let user = load::prepare(&mut session, &markets, 1)?[0];
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let admin = scope.spawn(|| -> Result<u64> {
            let mut session = database.connect()?;
            let mut changed = 0;
            while !over.load(Ordering::Relaxed) {
                session.run("UPDATE exchange.markets SET max_open_orders = 1000")?;
                changed += 1;
            }
            Ok(changed)
        });
        let batches = (0..300).try_for_each(|_| {
            session.run(&format!(
                "INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount, time_in_force)
                 SELECT 'new', {user}, symbol, 'buy', 100, 1, 'ioc' FROM exchange.markets"
            ))?;
            session.run("CALL exchange.match_orders()")
        });
        over.store(true, Ordering::Relaxed);
        let changed = admin.join().expect("no panic in the admin")?;
        assert!(changed > 100, "{changed} changes prove too little");
        batches
    })?;
    session.verify_is_empty()
}

/// What these tests look for is found when it is there.
#[test]
fn planted_faults_are_seen() -> Result<()> {
    let database = Database::fresh("concurrency_faults")?;
    let mut session = database.connect()?;
    let users = load::prepare(&mut session, &["BTC-USD"], 1)?;
    let mut actor = Actor::new(database.connect_admin()?, users[0], &["BTC-USD"]);
    while actor.acknowledged.orders.len() < 3 {
        actor.step()?;
    }
    load::settle(&database, &[&actor.acknowledged])?;
    session.run("UPDATE exchange.assets SET amount = amount + 0.00000001 WHERE symbol = 'BTC'")?;
    assert_eq!(session.lines(load::MONEY)?, ["BTC|0.00000001"]);
    assert!(session.verify_is_empty().is_err());
    let id = *actor.acknowledged.orders.values().next().expect("an order");
    session.run(&format!("UPDATE exchange.orders SET client_order_id = 'other' WHERE id = {id}"))?;
    let said = load::settle(&database, &[&actor.acknowledged]).expect_err("a lost order").to_string();
    assert!(said.contains("2 things") && said.contains("other was never acknowledged"), "{said}");
    Ok(())
}
