//! An auction: orders collect, then everything that crosses trades at one price.

use matching::{CancelReason, MarketStatus, Refusal, SelfTrade, Side, Status, TimeInForce};

use crate::desk::{Desk, With, money, rate};

/// A market in an auction, without fees.
pub fn auction() -> Desk {
    let mut desk = Desk::without_fees();
    desk.market.rules.status = MarketStatus::Auction;
    desk
}

/// Ends the auction: (maker, taker, price, lots) of its trades.
pub fn uncross(desk: &mut Desk) -> Vec<(i64, i64, i64, i64)> {
    desk.market.rules.status = MarketStatus::Open;
    let trades = desk.market.uncross(&mut desk.accounts);
    let made = desk.trades();
    assert_eq!(made.len(), trades);
    made
}

/// The price of an auction between bids and offers of (price, amount), by users 1 and 2.
pub fn price(last: Option<&str>, bids: &[(&str, &str)], asks: &[(&str, &str)]) -> Option<i64> {
    let mut desk = auction();
    desk.market.last_price = last.map(|p| desk.market.rules.ticks(money(p)).expect("on the tick"));
    for (price, amount) in bids {
        desk.enter(1, Side::Buy, price, amount);
    }
    for (price, amount) in asks {
        desk.enter(2, Side::Sell, price, amount);
    }
    uncross(&mut desk).first().map(|t| t.2)
}

#[test]
fn nothing_trades_before_its_end() {
    let mut desk = auction();
    desk.enter(1, Side::Buy, "101", "1");
    let ask = desk.enter(2, Side::Sell, "99", "1");
    assert_eq!((ask.order.status, ask.all_trades, ask.order.priority), (Status::Open, 0, 2));
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        let bid = desk.limit(1, Side::Buy, "101", "1").until(time_in_force);
        assert_eq!(desk.refuse(&bid), Refusal::MarketNotOpen(MarketStatus::Auction));
    }
    assert!(desk.cancel(ask.order.id).is_ok());
    assert_eq!(uncross(&mut desk), []);
}

#[test]
fn without_a_crossing_nothing_trades() {
    assert_eq!(price(None, &[("99", "1")], &[("100", "1")]), None);
    assert_eq!(price(None, &[("99", "1")], &[]), None);
    assert_eq!(price(None, &[], &[]), None);
}

#[test]
fn the_price_maximises_the_volume() {
    // At 100 two trade, at 101 one, at 99 one.
    let bids = [("101", "1"), ("100", "1"), ("99", "5")];
    let asks = [("99", "1"), ("100", "1"), ("101", "5")];
    assert_eq!(price(Some("99"), &bids, &asks), Some(10_000));
}

#[test]
fn then_the_least_surplus_decides() {
    // 1 trades at 100 and at 102; at 100 two are bid, at 102 one.
    let bids = [("102", "1"), ("100", "1")];
    assert_eq!(price(Some("100"), &bids, &[("100", "1")]), Some(10_200));
    // Mirrored: at 100 two are offered... at 98 one.
    assert_eq!(price(Some("100"), &[("100", "1")], &[("98", "1"), ("100", "1")]), Some(9_800));
}

#[test]
fn then_what_is_left_over_presses() {
    for last in [None, Some("1"), Some("100"), Some("101"), Some("500")] {
        assert_eq!(price(last, &[("102", "2")], &[("98", "1")]), Some(10_200), "bids are left: {last:?}");
        assert_eq!(price(last, &[("102", "1")], &[("98", "2")]), Some(9_800), "offers are left: {last:?}");
        // Between 99 and 101 nothing would be left, but nobody stands there; of those who do, 101 leaves the least.
        let (bids, asks) = ([("102", "1"), ("99", "1")], [("98", "1"), ("101", "0.5")]);
        assert_eq!(price(last, &bids, &asks), Some(10_100), "{last:?}");
    }
}

#[test]
fn then_the_last_price_moved_into_the_range() {
    let (bids, asks) = ([("102", "40")], [("98", "40")]);
    for (last, expected) in
        [("100", 10_000), ("98.01", 9_801), ("98", 9_800), ("97.99", 9_800), ("102", 10_200), ("500", 10_200)]
    {
        assert_eq!(price(Some(last), &bids, &asks), Some(expected), "last price {last}");
    }
    assert_eq!(price(None, &bids, &asks), Some(9_800), "without one: the lowest");
}

#[test]
fn the_range_ends_where_the_other_side_presses() {
    // 100 trade from 190 to 210. Up to 199 bids are left, from 202 on offers.
    let (bids, asks) = ([("210", "1"), ("199", "1")], [("190", "1"), ("202", "1")]);
    for (last, expected) in [("195", 19_900), ("199.5", 19_950), ("200", 20_000), ("205", 20_200)] {
        assert_eq!(price(Some(last), &bids, &asks), Some(expected), "last price {last}");
    }
    assert_eq!(price(None, &bids, &asks), Some(19_900));
}

#[test]
fn prices_as_far_apart_as_can_be() {
    let mut desk = auction();
    (desk.market.rules.tick, desk.market.rules.lot) = (money("0.00000001"), money("1"));
    desk.fund(1, money("0"), money("100000000000"));
    desk.enter(1, Side::Buy, "92233720368.54775807", "1");
    desk.enter(2, Side::Sell, "0.00000001", "1");
    desk.market.last_price = Some(4_000_000_000_000_000_000);
    assert_eq!(uncross(&mut desk), [(1, 2, 4_000_000_000_000_000_000, 1)]);
}

#[test]
fn the_best_price_and_the_earlier_order_come_first() {
    let mut desk = auction();
    desk.enter(1, Side::Buy, "100", "1");
    desk.enter(3, Side::Buy, "101", "1");
    desk.enter(1, Side::Buy, "100", "1");
    desk.enter(2, Side::Sell, "100", "1");
    desk.enter(2, Side::Sell, "99", "1.5");
    // 2.5 at 100. Of each pair the later order took.
    let expected =
        [(2, 5, 10_000, 1_000_000), (1, 5, 10_000, 500_000), (1, 4, 10_000, 500_000), (3, 4, 10_000, 500_000)];
    assert_eq!(uncross(&mut desk), expected);
    assert_eq!((desk.ids(Side::Buy), desk.ids(Side::Sell)), (vec![3], vec![]));
    assert_eq!(desk.order(3).remaining(), 500_000);
}

#[test]
fn makers_and_takers_pay_their_own_rates_at_the_one_price() {
    let mut desk = Desk::new();
    desk.rates.maker = rate(1_000_000);
    desk.fund(1, money("0"), money("205"));
    desk.market.rules.status = MarketStatus::Auction;
    desk.enter(1, Side::Buy, "102", "1");
    desk.enter(2, Side::Sell, "100", "1");
    desk.market.last_price = Some(10_000);
    desk.market.rules.status = MarketStatus::Open;
    assert_eq!(desk.market.uncross(&mut desk.accounts), 1);
    let trade = desk.market.drain_trades()[0];
    assert_eq!((trade.maker.0, trade.taker.0, trade.taker_side), (1, 2, Side::Sell));
    assert_eq!((trade.buyer_commission, trade.seller_commission), (money("1"), money("1.5")));
    assert_eq!(desk.balances(1).1.available, money("104"), "101 paid, the rest released");
    assert_eq!((desk.market.last_price, desk.market.sequence), (Some(10_000), 1));
}

#[test]
fn own_orders_trade_whatever_their_mode() {
    let mut desk = auction();
    for (side, mode) in [(Side::Buy, SelfTrade::CancelBoth), (Side::Sell, SelfTrade::CancelTaker)] {
        let new = desk.limit(1, side, "100", "1").mode(mode);
        desk.accept(&new);
    }
    assert_eq!(uncross(&mut desk), [(1, 2, 10_000, 1_000_000)]);
}

#[test]
fn icebergs_bring_their_hidden_quantity() {
    let mut desk = auction();
    let iceberg = desk.limit(1, Side::Sell, "100", "1").shows("0.3");
    desk.accept(&iceberg);
    desk.enter(3, Side::Sell, "100", "1");
    desk.enter(2, Side::Buy, "100", "0.4");
    assert_eq!(uncross(&mut desk), [(1, 3, 10_000, 400_000)], "not slice by slice");
    let left = desk.order(1);
    assert_eq!((left.visible, left.remaining(), left.priority), (300_000, 600_000, 1), "a new slice, the old place");
    desk.enter(2, Side::Buy, "100", "0.1");
    assert_eq!(desk.order(1).visible, 200_000);
}

#[test]
fn a_slice_that_is_not_used_up_goes_on() {
    let mut desk = auction();
    let iceberg = desk.limit(1, Side::Sell, "100", "1").shows("0.3");
    desk.accept(&iceberg);
    desk.enter(2, Side::Buy, "100", "0.1");
    uncross(&mut desk);
    assert_eq!(desk.order(1).visible, 200_000);
}

#[test]
fn expired_orders_end_first() {
    let mut desk = auction();
    let dated = desk.limit(1, Side::Buy, "102", "5").gtd(10);
    desk.accept(&dated);
    desk.enter(1, Side::Buy, "100", "1");
    desk.enter(2, Side::Sell, "99", "1");
    desk.market.now = 10;
    assert_eq!(uncross(&mut desk), [(2, 3, 9_900, 1_000_000)]);
    assert_eq!(desk.touched(1).cancel_reason, Some(CancelReason::Expired));
    assert_eq!(desk.balances(1).1.locked, money("0"));
}

#[test]
fn its_price_triggers_stops() {
    let mut desk = auction();
    desk.enter(1, Side::Buy, "100", "1");
    desk.enter(2, Side::Sell, "100", "2");
    let stop = desk.stop(3, Side::Buy, "100", "0.5");
    assert_eq!(desk.accept(&stop).order.status, Status::Pending);
    assert_eq!(uncross(&mut desk), [(1, 2, 10_000, 1_000_000), (2, 3, 10_000, 500_000)]);
}

#[test]
fn sequences_go_on() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.market.rules.status = MarketStatus::Auction;
    desk.enter(1, Side::Buy, "100", "1");
    desk.enter(2, Side::Sell, "100", "1");
    desk.market.rules.status = MarketStatus::Open;
    desk.market.uncross(&mut desk.accounts);
    assert_eq!(desk.market.drain_trades()[0].sequence, 2);
    assert_eq!(desk.market.uncross(&mut desk.accounts), 0, "there is no more");
}
