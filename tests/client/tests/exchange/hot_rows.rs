//! The n-th call costs what the first did: in one transaction, and while somebody holds an old snapshot. What is counted
//! is index entries that were walked, and pages of tables that were looked at, not time. And what a session knows of a book never shows in what happens.

use client_tests::{Database, Failure, Random, Result, Session};

/// Entries of the exchange's indexes that this transaction has read.
const WALKED: &str = "SELECT sum(pg_stat_get_xact_tuples_returned(c.oid))::bigint FROM pg_class c
                      WHERE c.relkind = 'i' AND c.relnamespace = 'exchange'::regnamespace";

/// Pages of the exchange's tables that this transaction has looked at.
const LOOKED_AT: &str = "SELECT sum(pg_stat_get_xact_blocks_fetched(c.oid))::bigint FROM pg_class c
                         WHERE c.relkind = 'r' AND c.relnamespace = 'exchange'::regnamespace";

/// Changes of rows of markets that this transaction had to write to another page.
const MOVED: &str = "SELECT pg_stat_get_xact_tuples_updated(c) - pg_stat_get_xact_tuples_hot_updated(c)
                     FROM (VALUES ('exchange.markets'::regclass)) m (c)";

fn open(name: &str) -> Result<(Database, Session, i64)> {
    let database = Database::fresh(name)?;
    let mut session = database.connect()?;
    session.run("SET synchronous_commit = off")?;
    session.market("BTC-USD")?;
    let users = [session.user("ann")?, session.user("bob")?];
    for user in users {
        session.fund(user, &[("USD", "100000000"), ("BTC", "1000000")])?;
    }
    // Something far from the market, that no call reaches.
    for (side, price) in [("buy", 10), ("sell", 900)] {
        session.run(&format!("SELECT exchange.place_order({}, 'BTC-USD', '{side}', {price}, 1)", users[0]))?;
    }
    Ok((database, session, users[0]))
}

/// What call number `i` asks for.
const WAYS: [(&str, &str); 4] = [
    ("pairs at one price", "exchange.place_order($1 + i % 2, 'BTC-USD', CASE i % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 100, 1)"),
    (
        "pairs at many prices",
        "exchange.place_order($1 + i % 2, 'BTC-USD', CASE i % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 100 + (i / 2 * 37) % 50, 1)",
    ),
    (
        "placed, cancelled, met by nothing",
        "CASE i % 3 WHEN 1 THEN (exchange.place_order($1, 'BTC-USD', 'buy', 100 + i % 7, 1, client_order_id => 'c' || i)).id
         WHEN 2 THEN (exchange.cancel_order($1, 'c' || (i - 1))).id
         ELSE (exchange.place_order($1 + 1, 'BTC-USD', 'sell', 50, 1, time_in_force => 'ioc')).id END",
    ),
    ("resting only", "exchange.place_order($1, 'BTC-USD', 'buy', 100 + i % 50, 1)"),
];

#[test]
fn in_one_transaction_the_last_calls_walk_no_further_than_the_first() -> Result<()> {
    for (n, (way, call)) in WAYS.into_iter().enumerate() {
        let (_, mut session, user) = open(&format!("hot_rows_transaction_{n}"))?;
        session.run("BEGIN")?;
        let mut walked = |from: u32, to: u32| -> Result<i64> {
            let before = session.number(WALKED)?;
            let call = call.replace("$1", &user.to_string());
            session.run(&format!("SELECT count({call}) FROM generate_series({from}, {to}) i"))?;
            Ok(session.number(WALKED)? - before)
        };
        let first = walked(1, 300)?;
        walked(301, 6000)?;
        let last = walked(6001, 6300)?;
        println!("{way}: {first} entries in the first 300 calls, {last} in the last");
        assert!(last <= first * 2 + 600, "{way}: {first}, then {last}");
        session.run("COMMIT")?;
        session.verify_is_empty()?;
    }
    Ok(())
}

/// A row that moves to another page gets new entries in its indexes: nothing is looked for among those that it has.
#[test]
fn in_one_transaction_the_last_calls_look_at_no_more_pages_than_the_first() -> Result<()> {
    let (_, mut session, user) = open("hot_rows_pages")?;
    session.run("BEGIN")?;
    let call = WAYS[0].1.replace("$1", &user.to_string());
    let mut looked_at = |from: u32, to: u32| -> Result<i64> {
        let before = session.number(LOOKED_AT)?;
        session.run(&format!("SELECT count({call}) FROM generate_series({from}, {to}) i"))?;
        Ok(session.number(LOOKED_AT)? - before)
    };
    let first = looked_at(1, 500)?;
    looked_at(501, 10_000)?;
    let last = looked_at(10_001, 10_500)?;
    println!("{first} pages in the first 500 calls, {last} in the last");
    assert!(2 * last <= 3 * first, "{first}, then {last}");
    session.run("COMMIT")?;
    session.verify_is_empty()
}

/// Nothing scans an index to find it, so nothing else frees the room of its old versions. A transaction of another test
/// keeps them too: of some rounds one must do without another page.
#[test]
fn the_row_of_a_market_stays_on_its_page() -> Result<()> {
    let (_, mut session, user) = open("hot_rows_moved")?;
    let call = WAYS[0].1.replace("$1", &user.to_string());
    for _ in 0..200 {
        let mut moved = 0;
        for i in 0..200 {
            session.run("BEGIN")?;
            let before = session.number(MOVED)?;
            session.run(&format!("SELECT {call} FROM (VALUES ({i})) v (i)"))?;
            moved += session.number(MOVED)? - before;
            session.run("COMMIT")?;
        }
        if moved == 0 {
            return Ok(());
        }
    }
    Err(Failure::new("the row of a market moves on and on"))
}

#[test]
fn while_a_snapshot_is_held_the_last_calls_walk_no_further_than_the_first() -> Result<()> {
    for (n, (way, call)) in WAYS.into_iter().enumerate() {
        let (database, mut session, user) = open(&format!("hot_rows_snapshot_{n}"))?;
        let mut reader = database.connect()?;
        reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM exchange.markets")?;
        let mut walked = |from: u32, to: u32| -> Result<i64> {
            let mut sum = 0;
            for i in from..=to {
                let call = call.replace("$1", &user.to_string());
                session.run("BEGIN")?;
                let before = session.number(WALKED)?;
                session.run(&format!("SELECT {call} FROM (VALUES ({i})) v (i)"))?;
                sum += session.number(WALKED)? - before;
                session.run("COMMIT")?;
            }
            Ok(sum)
        };
        let first = walked(1, 150)?;
        walked(151, 2000)?;
        let last = walked(2001, 2150)?;
        println!("{way}: {first} entries in the first 150 calls, {last} in the last");
        assert!(last <= first * 2 + 300, "{way}: {first}, then {last}");
        reader.run("ROLLBACK")?;
        session.verify_is_empty()?;
    }
    Ok(())
}

/// The order that must be met next: best price, then lowest priority.
fn best(session: &mut Session, side: &str) -> Result<i64> {
    let direction = if side == "buy" { "DESC" } else { "" };
    session.number(&format!(
        "SELECT coalesce((SELECT id FROM exchange.orders WHERE side = '{side}' AND status = 'open'
                          ORDER BY price {direction}, priority LIMIT 1), 0)"
    ))
}

/// Takes from a side, and looks whether the right order was met.
fn take(session: &mut Session, user: i64, side: &str) -> Result<()> {
    let expected = best(session, side)?;
    let taker = if side == "buy" { "sell" } else { "buy" };
    let id = session.number(&format!(
        "SELECT id FROM exchange.place_order({user}, 'BTC-USD', '{taker}', NULL, 0.3, order_type => 'market',
                                                   time_in_force => 'ioc')"
    ))?;
    let met = session.number(&format!(
        "SELECT coalesce((SELECT {side}_order_id FROM exchange.trades WHERE {taker}_order_id = {id}
                          ORDER BY sequence LIMIT 1), 0)"
    ))?;
    if met == expected { Ok(()) } else { Err(Failure::new(format!("met {met}, not {expected}, of side {side}"))) }
}

/// By hand, as an owner may: the first and the last of the orders at the best price change places.
fn swap(session: &mut Session, side: &str) -> Result<()> {
    let first = best(session, side)?;
    session.run(&format!(
        "UPDATE exchange.orders o SET priority = CASE o.id WHEN f.id THEN l.priority ELSE f.priority END
         FROM exchange.orders f, LATERAL (SELECT * FROM exchange.orders WHERE side = f.side AND price = f.price
                                          AND status = 'open' ORDER BY priority DESC LIMIT 1) l
         WHERE f.id = {first} AND f.id <> l.id AND o.id IN (f.id, l.id)"
    ))
}

/// Sessions that take turns, transactions and savepoints that are undone, orders that the owner revives by hand.
#[test]
fn a_taker_meets_the_best_order_whatever_was_undone_before() -> Result<()> {
    let (database, first, user) = open("hot_rows_undone")?;
    let mut sessions = [first, database.connect()?];
    let mut random = Random::new(26);
    for round in 0..250 {
        let session = &mut sessions[random.below(2) as usize];
        let ends = if random.percent(60) { "COMMIT" } else { "ROLLBACK" };
        session.run("BEGIN")?;
        for _ in 0..random.below(6) + 1 {
            let side = if random.percent(50) { "buy" } else { "sell" };
            let saved = random.percent(40);
            if saved {
                session.run("SAVEPOINT s")?;
            }
            match random.below(10) {
                0..=3 => {
                    let price = if side == "buy" { 95 + random.below(8) } else { 103 + random.below(8) };
                    let shown = if random.percent(20) { ", display_amount => 0.2" } else { "" };
                    session
                        .run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', '{side}', {price}, 1{shown})"))?;
                }
                4..=6 => take(session, user + 1, side)?,
                7 | 8 => {
                    let id = best(session, side)?;
                    session.run(&format!("SELECT exchange.cancel_order({id}) WHERE {id} > 0"))?;
                }
                _ => swap(session, side)?,
            }
            if saved {
                session.run(if random.percent(50) { "ROLLBACK TO s" } else { "RELEASE s" })?;
            }
        }
        session.run(ends).map_err(|e| Failure::new(format!("round {round}: {e}")))?;
    }
    sessions[0].verify_is_empty()
}

/// What an owner writes by hand is seen by a session that knew the book before.
#[test]
fn an_order_that_is_moved_by_hand_is_met_where_it_stands() -> Result<()> {
    let (database, mut session, user) = open("hot_rows_by_hand")?;
    let place = |session: &mut Session, price: u32| {
        session.number(&format!("SELECT id FROM exchange.place_order({user}, 'BTC-USD', 'buy', {price}, 1)"))
    };
    let ids = [place(&mut session, 100)?, place(&mut session, 100)?, place(&mut session, 100)?];
    take(&mut session, user + 1, "buy")?;
    swap(&mut database.connect()?, "buy")?;
    take(&mut session, user + 1, "buy")?;
    assert_eq!(best(&mut session, "buy")?, ids[2]);
    Ok(())
}

#[test]
fn a_rule_of_one_of_20_000_markets_is_changed() -> Result<()> {
    let (_, mut session, user) = open("hot_rows_markets")?;
    session.run(
        "INSERT INTO exchange.markets (symbol, base, quote, tick_size, lot_size, maker_rate, taker_rate)
         SELECT 'N' || i || '-USD', 'N' || i, 'USD', 0.01, 0.000001, 0, 0 FROM generate_series(1, 20000) i",
    )?;
    session.run("UPDATE exchange.markets SET price_band = 0.1 WHERE symbol = 'N17-USD'")?;
    session.run("UPDATE exchange.markets SET price_band = 0.2")?;
    session.run(&format!("SELECT exchange.place_order({user}, 'N17-USD', 'buy', 1, 1)"))?;
    session.verify_is_empty()
}
