//! One engine, many doors: the same commands give the same trades, balances, book and refusals through each.

use client_tests::flow::{self, Command, Door, Flow, Order};
use client_tests::{Database, Random, Result, Session};

const DOORS: [Door; 5] = [Door::Function, Door::Insert, Door::Bulk(1), Door::Bulk(7), Door::Bulk(1000)];

/// Little money, so that some orders are refused for want of it.
fn open(name: &str, door: Door, markets: &[&str], users: usize) -> Result<(Session, Vec<i64>)> {
    let name = format!("doors_{name}_{door:?}").to_lowercase().replace(['(', ')'], "");
    let mut session = Database::fresh(&name)?.connect()?;
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

fn differing<'a>(a: &'a [String], b: &'a [String]) -> Vec<&'a String> {
    let only = |x: &'a [String], y: &'a [String]| x.iter().filter(|line| !y.contains(line)).collect::<Vec<_>>();
    [only(a, b), only(b, a)].concat().into_iter().take(12).collect()
}

/// The tables afterwards, and the index and SQLSTATE of each refused command.
type Outcome = (Vec<String>, Vec<(usize, String)>);

fn hold(name: &str, markets: &[&str], none: u64, seed: u64) -> Result<()> {
    let mut first: Option<Outcome> = None;
    for door in DOORS {
        let (mut session, users) = open(name, door, markets, 5)?;
        let commands = Flow { markets, users: &users, none }.commands(&mut Random::new(seed), 700);
        let refused = flow::send(&mut session, door, &commands)?;
        let state = flow::state(&mut session)?;
        session.verify_is_empty()?;
        let trades = state.iter().filter(|line| line.starts_with("trade ")).count();
        assert!(trades > 100 && refused.len() > 20, "{trades} trades, {} refusals prove too little", refused.len());
        let Some((expected, refusals)) = &first else {
            first = Some((state, refused));
            continue;
        };
        let other = refused.iter().zip(refusals).find(|(a, b)| a != b);
        assert_eq!((other, refused.len()), (None, refusals.len()), "{door:?} refuses otherwise, seed {seed}");
        assert_eq!(differing(&state, expected), [""; 0], "{door:?} differs, seed {seed}");
        assert_eq!(state, *expected, "{door:?} gives another order, seed {seed}");
    }
    Ok(())
}

#[test]
fn a_flow_with_self_trades_is_the_same_through_every_door() -> Result<()> {
    hold("self_trades", &["BTC-USD"], 100, 11)
}

#[test]
fn a_flow_without_self_trades_is_the_same_through_every_door() -> Result<()> {
    hold("cancel_taker", &["BTC-USD"], 0, 12)
}

#[test]
fn a_flow_over_two_markets_is_the_same_through_every_door() -> Result<()> {
    hold("markets", &["BTC-USD", "ETH-USD"], 50, 13)
}

/// A change that makes an order refusable.
type Fault = fn(&mut Order);

#[test]
fn every_door_refuses_with_the_same_sqlstate() -> Result<()> {
    let cases: [(&str, &str, Fault); 17] = [
        ("no such user", "42704", |o| o.user = 4_000_000),
        ("no such market", "42704", |o| o.symbol = "XXX-USD".into()),
        ("no such side", "22023", |o| o.side = "hold".into()),
        ("price zero", "22023", |o| o.price = "0".into()),
        ("price negative", "22023", |o| o.price = "-1".into()),
        ("amount zero", "22023", |o| o.amount = "0".into()),
        ("price off the tick", "22023", |o| o.price = "100.005".into()),
        ("amount off the lot", "22023", |o| o.amount = "0.0000015".into()),
        ("no money", "23514", |o| o.amount = "1000".into()),
        ("notional too large", "22003", |o| {
            o.price = "900000000000".into();
            o.amount = "900000000000".into();
        }),
        ("price too large", "22003", |o| o.price = "1000000000000".into()),
        ("client_order_id used", "23505", |o| o.client_id = "taken".into()),
        ("no such order type", "22023", |o| o.order_type = "guess".into()),
        ("no such time in force", "22023", |o| o.time_in_force = "never".into()),
        ("no such prevention", "22023", |o| o.prevention = "maybe".into()),
        ("a stop order", "0A000", |o| o.order_type = "stop".into()),
        ("a fok order", "0A000", |o| o.time_in_force = "fok".into()),
    ];
    let mut otherwise = Vec::new();
    for door in [Door::Function, Door::Insert, Door::Bulk(1), Door::Bulk(100)] {
        let (mut session, users) = open("refusals", door, &["BTC-USD"], 1)?;
        let good = Order {
            user: users[0],
            client_id: "taken".into(),
            symbol: "BTC-USD".into(),
            side: "buy".into(),
            price: "100".into(),
            amount: "1".into(),
            order_type: "limit".into(),
            time_in_force: "gtc".into(),
            prevention: "cancel_taker".into(),
        };
        let mut commands = vec![Command::New(good.clone())];
        for (n, (_, _, fault)) in cases.iter().enumerate() {
            let mut order = Order { client_id: format!("fault {n}"), amount: "2".into(), ..good.clone() };
            fault(&mut order);
            commands.push(Command::New(order));
        }
        let refused = flow::send(&mut session, door, &commands)?;
        for (n, (what, sqlstate, _)) in cases.iter().enumerate() {
            let given = refused.iter().find(|(index, _)| *index == n + 1).map(|(_, given)| given.as_str());
            if given != Some(sqlstate) {
                otherwise.push(format!("{door:?}, {what}: {sqlstate} expected, {given:?} given"));
            }
        }
        assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 1);
        session.verify_is_empty()?;
    }
    assert!(otherwise.is_empty(), "\n{}", otherwise.join("\n"));
    Ok(())
}
