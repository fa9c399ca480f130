//! One engine, many doors: the same commands give the same trades, balances, book and refusals through each.

use client_tests::door::{self, Door, Refusals};
use client_tests::flow::{Command, Flow, Order, SMALL};
use client_tests::sequencer::PRELOAD;
use client_tests::{Database, Random, Result, Scratch, Session};

const DOORS: [Door; 6] =
    [Door::Function, Door::Insert, Door::Bulk(1), Door::Bulk(7), Door::Bulk(1000), Door::Sequencer];

/// A server with sequencers; what they commit need not be durable here.
fn preloaded(name: &str) -> Result<Scratch> {
    Scratch::furnished(&format!("doors_{name}"), &format!("{PRELOAD}\nsynchronous_commit = off"))
}

/// Little money, so that some orders are refused for want of it.
fn open(preloaded: &Scratch, name: &str, door: Door, markets: &[&str], users: usize) -> Result<(Session, Vec<i64>)> {
    let name = format!("doors_{name}_{door:?}").to_lowercase().replace(['(', ')'], "");
    let database = match door {
        Door::Sequencer => Database::on(&preloaded.server, &name)?,
        _ => Database::fresh(&name)?,
    };
    let mut session = database.connect()?;
    // Crashes are tested elsewhere.
    session.run("SET synchronous_commit = off")?;
    markets.iter().try_for_each(|market| session.market(market))?;
    let mut ids = Vec::new();
    for n in 0..users {
        let user = session.user(&format!("trader {n}"))?;
        session.fund(user, &[("USD", "2500.5"), ("BTC", "25"), ("ETH", "25")])?;
        ids.push(user);
    }
    Ok((session, ids))
}

/// The tables afterwards, and what was refused.
type Outcome = (Vec<String>, Refusals);

/// Sends one random flow through every door, each time into a database of the same rules.
fn hold(name: &str, flow: Flow<'_>, rules: &str, seed: u64) -> Result<()> {
    let mut first: Option<Outcome> = None;
    let sequenced = preloaded(name)?;
    for door in DOORS {
        let (mut session, users) = open(&sequenced, name, door, flow.markets, 6)?;
        session.run(rules)?;
        let commands = Flow { users: &users, ..flow }.commands(&mut Random::new(seed), 850, &[]);
        let refused = door::send(&mut session, door, &commands)?;
        let state = door::state(&mut session)?;
        session.verify_is_empty()?;
        let trades = state.iter().filter(|line| line.starts_with("trade ")).count();
        assert!(trades > 100 && refused.len() > 20, "{trades} trades, {} refusals prove too little", refused.len());
        let Some((expected, refusals)) = &first else {
            first = Some((state, refused));
            continue;
        };
        let other = refused.iter().zip(refusals).find(|(a, b)| a != b);
        let other = other.map(|(a, b)| format!("{b:?} expected, {a:?} found, {:?}", commands[a.0.min(b.0)]));
        assert_eq!((other, refused.len()), (None, refusals.len()), "{door:?} refuses otherwise, seed {seed}");
        assert_eq!(door::differing(expected, &state).concat(), "", "{door:?} differs, seed {seed}");
        assert!(state == *expected, "{door:?} gives another order, seed {seed}");
    }
    Ok(())
}

#[test]
fn a_flow_of_every_order_type_is_the_same_through_every_door() -> Result<()> {
    hold("types", SMALL, "", 11)
}

#[test]
fn a_flow_with_self_trades_is_the_same_through_every_door() -> Result<()> {
    hold("self_trades", Flow { preventions: &["none"], house: false, ..SMALL }, "", 12)
}

#[test]
fn a_flow_over_two_markets_is_the_same_through_every_door() -> Result<()> {
    hold("markets", Flow { markets: &["BTC-USD", "ETH-USD"], ..SMALL }, "", 13)
}

#[test]
fn a_flow_with_bands_limits_and_fee_groups_is_the_same_through_every_door() -> Result<()> {
    let rules = "UPDATE exchange.markets SET price_band = 0.02, band_action = 'halt', max_open_orders = 12,
                     maker_rate = -0.0025, taker_rate = 0.004, min_notional = 5;
                 INSERT INTO exchange.fee_groups SELECT id, 'friends' FROM identity.users WHERE id % 2 = 0;
                 INSERT INTO exchange.fee_schedules VALUES ('friends', '*', 0.001, 0.00000003)";
    hold("rules", SMALL, rules, 14)
}

#[test]
fn a_flow_in_a_band_that_refuses_is_the_same_through_every_door() -> Result<()> {
    let rules = "UPDATE exchange.markets SET price_band = 0.015, maker_rate = 0, taker_rate = 0";
    hold("band", SMALL, rules, 15)
}

/// A change that makes an order refusable.
type Fault = fn(Order) -> Order;

const FAULTS: &[(&str, &str, Fault)] = &[
    ("no such user", "42704", |o| o.with("user_id", 4_000_000)),
    ("no such market", "42704", |o| o.with("symbol", "XXX-USD")),
    ("no such side", "22023", |o| o.with("side", "hold")),
    ("price zero", "22023", |o| o.with("price", 0)),
    ("price negative", "22023", |o| o.with("price", -1)),
    ("price missing", "22004", |o| o.without("price")),
    ("amount zero", "22023", |o| o.with("amount", 0)),
    ("amount missing", "22004", |o| o.without("amount")),
    ("amount is NaN", "22023", |o| o.with("amount", "NaN")),
    ("price off the tick", "22023", |o| o.with("price", "100.005")),
    ("amount off the lot", "22023", |o| o.with("amount", "0.0000015")),
    ("no money", "23514", |o| o.with("amount", 1000)),
    ("notional too large", "22003", |o| o.with("price", "900000000000").with("amount", "900000000000")),
    ("price too large", "22003", |o| o.with("price", "1000000000000")),
    ("client_order_id used", "23505", |o| o.with("client_order_id", "taken")),
    ("client_order_id too long", "22023", |o| o.with("client_order_id", "x".repeat(65))),
    ("no such order type", "22023", |o| o.with("order_type", "guess")),
    ("no such time in force", "22023", |o| o.with("time_in_force", "never")),
    ("no such prevention", "22023", |o| o.with("self_trade_prevention", "maybe")),
    ("a stop without stop_price", "22004", |o| o.with("order_type", "stop").without("price")),
    ("a stop with a price", "22023", |o| o.with("order_type", "stop").with("stop_price", 120)),
    ("a stop limit without stop_price", "22004", |o| o.with("order_type", "stop_limit")),
    ("a limit with stop_price", "22023", |o| o.with("stop_price", 120)),
    ("a stop off the tick", "22023", |o| o.with("order_type", "stop").without("price").with("stop_price", "120.001")),
    ("a negative stop", "22023", |o| o.with("order_type", "stop_limit").with("stop_price", -120)),
    ("a market order with a price", "22023", |o| o.with("order_type", "market")),
    ("a market order of nothing", "22004", |o| o.with("order_type", "market").without("price").without("amount")),
    ("a market order of both", "22023", |o| o.with("order_type", "market").without("price").with("quote_amount", 5)),
    ("a negative budget", "22023", |o| {
        o.with("order_type", "market").without("price").without("amount").with("quote_amount", -5)
    }),
    ("a market sell with a budget", "22023", |o| {
        o.with("order_type", "market").without("price").without("amount").with("quote_amount", 5).with("side", "sell")
    }),
    ("a limit with a budget", "22023", |o| o.with("quote_amount", 5)),
    ("a fok order that cannot fill", "P0001", |o| o.with("time_in_force", "fok")),
    ("a fok order that shows less", "22023", |o| o.with("time_in_force", "fok").with("display_amount", 1)),
    ("a post-only order that takes", "P0001", |o| o.with("post_only", true).with("price", 110)),
    ("a post-only market order", "22023", |o| o.with("order_type", "market").without("price").with("post_only", true)),
    ("more shown than there is", "22023", |o| o.with("display_amount", 3)),
    ("nothing shown", "22023", |o| o.with("display_amount", 0)),
    ("gtd without an end", "22004", |o| o.with("time_in_force", "gtd")),
    ("an end without gtd", "22023", |o| o.with("expires_at", "2100-01-01")),
    ("an end that is over", "22023", |o| o.with("time_in_force", "gtd").with("expires_at", "2020-01-01")),
];

/// Sends one order with each fault through every door; the answers that are otherwise.
fn refusals(name: &str, status: &str, faults: &[(&str, &str, Fault)]) -> Result<Vec<String>> {
    let mut otherwise = Vec::new();
    let sequenced = preloaded(name)?;
    for door in [Door::Function, Door::Insert, Door::Bulk(1), Door::Bulk(100), Door::Sequencer] {
        let (mut session, users) = open(&sequenced, name, door, &["BTC-USD"], 2)?;
        session.run(&format!("SELECT exchange.place_order({}, 'BTC-USD', 'sell', 110, 1)", users[1]))?;
        let good = Order::limit(users[0], "taken", "BTC-USD", "buy", "100", "1");
        session.run(&format!("SELECT {}", good.call()))?;
        session.run(&format!("SELECT exchange.set_market_status('BTC-USD', '{status}')"))?;
        let order = |(n, fault): (usize, &(&str, &str, Fault))| {
            let order = good.clone().with("client_order_id", format!("fault {n}")).with("amount", 2);
            Command::New(fault.2(order))
        };
        let commands: Vec<Command> = faults.iter().enumerate().map(order).collect();
        let refused = door::send(&mut session, door, &commands)?;
        for (n, (what, sqlstate, _)) in faults.iter().enumerate() {
            let given = refused.iter().find(|(index, _)| *index == n).map_or("nothing", |(_, given)| given);
            if given != *sqlstate {
                otherwise.push(format!("\n{door:?}, {what}: {sqlstate} expected, {given} given"));
            }
        }
        let orders = session.number("SELECT count(*) FROM exchange.orders")?;
        if orders != 2 {
            otherwise.push(format!("\n{door:?}: {} were placed", orders - 2));
        }
        session.verify_is_empty()?;
    }
    Ok(otherwise)
}

#[test]
fn every_door_refuses_with_the_same_sqlstate() -> Result<()> {
    assert_eq!(refusals("refusals", "open", FAULTS)?.concat(), "");
    Ok(())
}

#[test]
fn every_door_looks_at_the_market_status_first() -> Result<()> {
    let faults: &[(&str, &str, Fault)] = &[
        ("nothing wrong", "55000", |o| o),
        ("price zero", "55000", |o| o.with("price", 0)),
        ("no money", "55000", |o| o.with("amount", 1000)),
        ("no such side", "22023", |o| o.with("side", "hold")),
        ("no such user", "42704", |o| o.with("user_id", 4_000_000)),
    ];
    assert_eq!(refusals("status", "halted", faults)?.concat(), "");
    Ok(())
}
