//! The price band: no trade too far from the last one.

use ids::OrderId;
use matching::{CancelReason, MarketStatus, Refusal, Side, Status};

use crate::desk::{Desk, With, money, rate, units};

/// Last price 100, a band of 2 %: 98 to 102. User 3 offers 1 at 101, 102, 103 and bids 1 at 98, 97: orders 3 to 7,
/// placed before the band.
fn desk(halts: bool) -> Desk {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    for (side, price) in
        [(Side::Sell, "101"), (Side::Sell, "102"), (Side::Sell, "103"), (Side::Buy, "98"), (Side::Buy, "97")]
    {
        desk.enter(3, side, price, "1");
    }
    desk.market.rules.price_band = Some(rate(2_000_000));
    desk.market.rules.band_halts = halts;
    desk
}

#[test]
fn a_price_outside_is_refused() {
    let mut desk = desk(false);
    let (low, high) = (money("98"), money("102"));
    for price in ["97.99", "102.01"] {
        for side in [Side::Buy, Side::Sell] {
            let limit = desk.limit(1, side, price, "1");
            assert_eq!(
                desk.refuse(&limit),
                Refusal::OutsideBand { price: money(price), low: low.into(), high: high.into() }
            );
            let stop = desk.stop_limit(1, side, "100", price, "1");
            assert_eq!(
                desk.refuse(&stop),
                Refusal::OutsideBand { price: money(price), low: low.into(), high: high.into() }
            );
        }
    }
    for price in ["98", "102"] {
        let limit = desk.limit(1, Side::Buy, price, "0.1");
        assert!(desk.place(&limit).is_ok(), "{price}");
    }
}

#[test]
fn its_edges_are_rounded_inwards() {
    let mut desk = Desk::without_fees();
    desk.last_price("0.99");
    desk.market.rules.price_band = Some(rate(2_000_000));
    // 0.9702 to 1.0098.
    for (price, inside) in [("0.97", false), ("0.98", true), ("1", true), ("1.01", false)] {
        let limit = desk.limit(1, Side::Buy, price, "1");
        assert_eq!(desk.place(&limit).is_ok(), inside, "{price}");
    }
}

#[test]
fn without_a_last_price_there_is_no_band() {
    let mut desk = Desk::new();
    desk.market.rules.price_band = Some(rate(0));
    desk.enter(1, Side::Sell, "100", "1");
    desk.enter(2, Side::Buy, "100", "1");
    let limit = desk.limit(1, Side::Buy, "100.01", "1");
    assert!(matches!(desk.refuse(&limit), Refusal::OutsideBand { .. }));
}

#[test]
fn a_market_order_stops_at_the_edge() {
    for halts in [false, true] {
        let mut desk = desk(halts);
        let buy = desk.market(1, Side::Buy, "3");
        let order = desk.accept(&buy).order;
        assert_eq!((order.filled, order.cancel_reason), (2_000_000, Some(CancelReason::PriceBand)));
        let status = if halts { MarketStatus::Halted } else { MarketStatus::Open };
        assert_eq!(desk.market.rules.status, status);
        assert_eq!(desk.ids(Side::Sell), [5]);
    }
}

#[test]
fn filled_inside_it_halts_nothing() {
    let mut desk = desk(true);
    let buy = desk.market(1, Side::Buy, "2");
    assert_eq!(desk.accept(&buy).order.status, Status::Filled);
    assert_eq!(desk.market.rules.status, MarketStatus::Open);
}

#[test]
fn where_the_band_halts_a_limit_order_stops_at_the_edge_and_does_not_rest() {
    let mut desk = desk(true);
    let sell = desk.limit(1, Side::Sell, "97", "3");
    let order = desk.accept(&sell).order;
    assert_eq!((order.filled, order.cancel_reason), (1_000_000, Some(CancelReason::PriceBand)));
    assert_eq!((desk.market.rules.status, desk.balances(1).0.locked), (MarketStatus::Halted, units(0)));
    // One that meets nobody outside rests, however far away.
    let mut desk = self::desk(true);
    let sell = desk.limit(1, Side::Sell, "200", "3");
    assert_eq!(desk.accept(&sell).order.status, Status::Open);
}

#[test]
fn the_band_of_an_order_is_that_of_its_arrival() {
    let mut desk = desk(true);
    // After the trade at 102 the band reaches 104.04, but not for the order that made it.
    let buy = desk.limit(1, Side::Buy, "103", "2.5");
    assert_eq!(desk.accept(&buy).order.filled, 2_000_000);
    desk.market.rules.status = MarketStatus::Open;
    let buy = desk.limit(1, Side::Buy, "103", "0.5");
    assert_eq!(desk.accept(&buy).order.status, Status::Filled);
}

#[test]
fn a_halt_stops_the_cascade() {
    let mut desk = desk(true);
    for _ in 0..2 {
        let stop = desk.stop(2, Side::Buy, "101", "0.5");
        desk.accept(&stop);
    }
    let buy = desk.market(1, Side::Buy, "3");
    assert_eq!(desk.accept(&buy).all_trades, 2);
    assert_eq!(desk.stops(), [8, 9]);
}

#[test]
fn an_amend_obeys_the_band_when_it_changes_the_price() {
    let mut desk = desk(false);
    assert!(matches!(desk.amend(OrderId(7), Some("97.5"), None), Err(Refusal::OutsideBand { .. })));
    assert!(desk.amend(OrderId(7), None, Some("0.5")).is_ok(), "it was there before the band");
    assert!(desk.amend(OrderId(7), Some("98"), None).is_ok());
}

#[test]
fn an_expired_maker_outside_is_none() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    let far = desk.limit(3, Side::Sell, "103", "1").gtd(10);
    desk.accept(&far);
    desk.market.rules.price_band = Some(rate(2_000_000));
    desk.market.rules.band_halts = true;
    desk.market.now = 10;
    let buy = desk.market(1, Side::Buy, "1");
    assert_eq!(desk.accept(&buy).order.cancel_reason, Some(CancelReason::NoLiquidity));
}
