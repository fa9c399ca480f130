//! Numbers at the edges, as text and in the driver's binary format: exact, or refused with a clear SQLSTATE.

use std::error::Error;

use client_tests::{Database, Failure, Result, Session};
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// A numeric as it travels in binary, untouched.
#[derive(Debug)]
struct Binary(Vec<u8>);

impl<'a> FromSql<'a> for Binary {
    fn from_sql(_: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }
    accepts!(NUMERIC);
}

impl ToSql for Binary {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
    accepts!(NUMERIC);
    to_sql_checked!();
}

/// How a number is handed over.
#[derive(Clone, Copy, Debug)]
enum Way {
    Text,
    Binary,
}

const WAYS: [Way; 2] = [Way::Text, Way::Binary];

fn open(name: &str) -> Result<(Session, i64)> {
    let mut session = Database::fresh(name)?.connect()?;
    let user = session.user("alice")?;
    Ok((session, user))
}

/// Calls a function with the one argument `$1`.
fn call(session: &mut Session, way: Way, function: &str, number: &str) -> Result<()> {
    let failed = |error: postgres::Error| Failure::of_statement(&format!("{function} with {number}"), &error);
    let client = session.client();
    match way {
        Way::Text => client.execute(&format!("SELECT {}", function.replace("$1", "$1::text::numeric")), &[&number]),
        Way::Binary => {
            let value: Binary = client.query_one("SELECT $1::text::numeric", &[&number]).map_err(failed)?.get(0);
            client.execute(&format!("SELECT {}", function.replace("$1", "$1::numeric")), &[&value])
        }
    }
    .map(drop)
    .map_err(failed)
}

fn refused(session: &mut Session, way: Way, function: &str, number: &str) -> Result<String> {
    match call(session, way, function, number) {
        Ok(()) => Err(Failure::new(format!("{function} took {number}, {way:?}"))),
        Err(Failure { sqlstate: Some(sqlstate), .. }) => Ok(sqlstate),
        Err(failure) => Err(failure),
    }
}

#[test]
fn deposits_at_the_edges_come_back_exactly() -> Result<()> {
    let (mut session, user) = open("amounts_edges")?;
    for (n, number) in ["0.00000001", "999999999999.99999999", "1e-8", "123456789012.00000001", "0.10000000000000000"]
        .iter()
        .enumerate()
    {
        for way in WAYS {
            let asset = format!("A{n}{}", if matches!(way, Way::Text) { "T" } else { "B" });
            call(&mut session, way, &format!("exchange.deposit({user}, '{asset}', $1)"), number)?;
            let held = session
                .line(&format!("SELECT amount = {number}, amount FROM exchange.assets WHERE symbol = '{asset}'"))?;
            assert!(held.starts_with("t|"), "{number}, {way:?}: {held}");
            let way_back = format!("exchange.withdraw({user}, '{asset}', $1)");
            call(&mut session, way, &way_back, number)?;
            assert_eq!(refused(&mut session, way, &way_back, "0.00000001")?, "23514");
        }
    }
    session.verify_is_empty()
}

#[test]
fn what_is_no_exact_amount_is_refused_everywhere() -> Result<()> {
    let (mut session, user) = open("amounts_refused")?;
    session.market("BTC-USD")?;
    session.fund(user, &[("USD", "1000"), ("BTC", "10")])?;
    session.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 1, 1)"))?;
    let before = client_tests::checksums(&mut session)?;
    for (number, sqlstate) in [
        ("NaN", "22023"),
        ("Infinity", "22023"),
        ("-Infinity", "22023"),
        ("0", "22023"),
        ("-0.00000001", "22023"),
        ("0.000000001", "22023"),
        ("1.123456789", "22023"),
        ("1000000000000", "22003"),
        ("-1000000000000", "22003"),
        ("1e300", "22003"),
        ("999999999999.999999999", "22023"),
    ] {
        for function in [
            format!("exchange.deposit({user}, 'USD', $1)"),
            format!("exchange.withdraw({user}, 'USD', $1)"),
            format!("exchange.place_order({user}, 'BTC-USD', 'buy', $1, 1)"),
            format!("exchange.place_order({user}, 'BTC-USD', 'sell', 1, $1)"),
            "exchange.amend_order(1, $1, 1)".into(),
            "exchange.amend_order(1, 1, $1)".into(),
        ] {
            for way in WAYS {
                assert_eq!(
                    refused(&mut session, way, &function, number)?,
                    sqlstate,
                    "{function} with {number}, {way:?}"
                );
            }
        }
    }
    assert_eq!(client_tests::checksums(&mut session)?, before);
    session.verify_is_empty()
}

#[test]
fn a_balance_does_not_grow_out_of_its_range() -> Result<()> {
    let (mut session, user) = open("amounts_overflow")?;
    session.market("BTC-USD")?;
    session.fund(user, &[("USD", "999999999999.99999999"), ("BTC", "1000000")])?;
    for way in WAYS {
        assert_eq!(refused(&mut session, way, &format!("exchange.deposit({user}, 'USD', $1)"), "0.00000001")?, "22003");
    }
    // A sale that would pay the seller more than a balance can hold is refused as a whole.
    let buyer = session.user("bob")?;
    session.fund(buyer, &[("USD", "999999999999")])?;
    session.run(&format!("SELECT exchange.place_order({buyer}, 'BTC-USD', 'buy', 100, 10)"))?;
    let before = client_tests::checksums(&mut session)?;
    assert_eq!(session.refused(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'sell', 100, 1)"))?, "22003");
    assert_eq!(client_tests::checksums(&mut session)?, before);
    session.verify_is_empty()
}

#[test]
fn an_order_of_the_smallest_and_of_the_largest_size_trades_exactly() -> Result<()> {
    let (mut session, seller) = open("amounts_orders")?;
    session.run(
        "SELECT exchange.create_market('TINY-USD', 'TINY', 'USD', 1, 0.00000001, maker_rate => 0, taker_rate => 0.5);
         SELECT exchange.create_market('BIG-USD', 'BIG', 'USD', 1, 1, maker_rate => 0, taker_rate => 0.5)",
    )?;
    let buyer = session.user("bob")?;
    session.fund(buyer, &[("USD", "999999999999.99999999")])?;
    session.fund(seller, &[("BIG", "600000000000"), ("TINY", "999999999999")])?;
    for (market, amount) in [("TINY-USD", "0.00000001"), ("BIG-USD", "600000000000")] {
        session.run(&format!("SELECT exchange.place_order({seller}, '{market}', 'sell', 1, {amount})"))?;
        session.run(&format!("SELECT exchange.place_order({buyer}, '{market}', 'buy', 1, {amount})"))?;
    }
    // Half of 1e-8 rounds away from zero.
    assert_eq!(
        session.lines("SELECT amount, commission FROM exchange.trades ORDER BY id")?,
        ["0.00000001|0.00000001", "600000000000.00000000|300000000000.00000000"]
    );
    // An order has at most 2^63 - 1 lots.
    let sell = |amount: &str| format!("SELECT exchange.place_order({seller}, 'TINY-USD', 'sell', 1, {amount})");
    session.run(&sell("92233720368.54775807"))?;
    assert_eq!(session.refused(&sell("92233720368.54775808"))?, "22003");
    // A level of the book may hold more than an order can.
    session.run(&sell("92233720368"))?;
    let carol = session.user("carol")?;
    session.fund(carol, &[("USD", "999999999999")])?;
    session.run(&format!("SELECT exchange.place_order({carol}, 'TINY-USD', 'buy', 1, 92233720368.5)"))?;
    session.verify_is_empty()
}
