//! Rebates: a negative maker rate is paid out of the taker's commission, never by the house.

use matching::{Rates, Side, Trade};

use crate::desk::{Desk, money, rate};

fn desk(maker: i64, taker: i64) -> Desk {
    Desk::with_rates(rate(maker), rate(taker))
}

fn commissions(trade: &Trade) -> (String, String) {
    (trade.buyer_commission.to_string(), trade.seller_commission.to_string())
}

/// One at 100: the maker sells, then the maker buys.
fn traded(maker: i64, taker: i64) -> [(String, String); 2] {
    [Side::Sell, Side::Buy].map(|side| {
        let mut desk = desk(maker, taker);
        desk.enter(1, side, "100", "1");
        let taken = desk.enter(2, side.opposite(), "100", "1");
        commissions(&desk.market.last_trades(&taken)[0])
    })
}

#[test]
fn the_maker_is_paid_and_the_taker_pays() {
    let [sold, bought] = traded(-500_000, 1_000_000);
    assert_eq!(sold, ("1".into(), "-0.5".into()));
    assert_eq!(bought, ("-0.5".into(), "1".into()));
}

#[test]
fn the_house_never_pays() {
    let [sold, bought] = traded(-2_000_000, 1_000_000);
    assert_eq!(sold, ("1".into(), "-1".into()));
    assert_eq!(bought, ("-1".into(), "1".into()));
    let [sold, bought] = traded(-2_000_000, 0);
    assert_eq!((sold, bought), (("0".into(), "0".into()), ("0".into(), "0".into())));
}

#[test]
fn a_rebate_is_rounded_half_away_from_zero() {
    let mut desk = desk(-50_000_000, 100_000_000);
    desk.enter(1, Side::Sell, "0.01", "0.000001");
    let taken = desk.enter(2, Side::Buy, "0.01", "0.000001");
    assert_eq!(commissions(&desk.market.last_trades(&taken)[0]), ("0.00000001".into(), "-0.00000001".into()));
}

#[test]
fn a_buyer_that_rests_reserves_for_the_taker_rate_and_gets_it_back() {
    let mut desk = desk(-500_000, 1_000_000);
    desk.fund(1, money("0"), money("101"));
    assert_eq!(desk.enter(1, Side::Buy, "100", "1").order.reserved, money("101"));
    desk.enter(2, Side::Sell, "100", "1");
    let (base, quote) = desk.balances(1);
    assert_eq!((base.available, quote.available, quote.locked), (money("1"), money("1.5"), money("0")));
    let (_, quote) = desk.balances(2);
    assert_eq!(quote.available, money("1000099"));
}

#[test]
fn a_partly_filled_buyer_keeps_what_the_rest_needs() {
    let mut desk = desk(-500_000, 1_000_000);
    desk.fund(1, money("0"), money("202"));
    desk.enter(1, Side::Buy, "100", "2");
    desk.enter(2, Side::Sell, "100", "1");
    let (_, quote) = desk.balances(1);
    assert_eq!((quote.available, quote.locked), (money("1.5"), money("101")));
}

#[test]
fn each_order_has_the_rates_it_came_with() {
    let mut desk = desk(-500_000, 1_000_000);
    desk.enter(1, Side::Sell, "100", "1");
    desk.rates = Rates { maker: rate(0), taker: rate(300_000) };
    let taken = desk.enter(2, Side::Buy, "100", "1");
    // Half a percent, but the taker pays less than that.
    assert_eq!(commissions(&desk.market.last_trades(&taken)[0]), ("0.3".into(), "-0.3".into()));
}
