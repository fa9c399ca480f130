//! Self-trade prevention: what happens when an order reaches one of its own user.

use ids::OrderId;
use matching::{CancelReason, SelfTrade, Side, Status};

use crate::desk::{Desk, With, money};

/// Offers at 100: 0.5 of user 3, 1 of user 1; at 101: 1 of user 3. Orders 1, 2, 3.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.enter(3, Side::Sell, "100", "0.5");
    desk.enter(1, Side::Sell, "100", "1");
    desk.enter(3, Side::Sell, "101", "1");
    desk
}

/// User 1 buys at 101: (makers met, filled, amount, reason), and the offers that are left.
fn buys(mode: SelfTrade, amount: &str) -> (Vec<i64>, i64, i64, Option<CancelReason>, Vec<i64>) {
    let mut desk = desk();
    let buy = desk.limit(1, Side::Buy, "101", amount).mode(mode);
    let order = desk.accept(&buy).order;
    let makers = desk.trades().iter().map(|t| t.0).collect();
    assert_eq!(desk.balances(1).1.locked, order.reserved);
    (makers, order.filled, order.amount, order.cancel_reason, desk.ids(Side::Sell))
}

#[test]
fn the_five_modes() {
    let taker = Some(CancelReason::SelfTradeTaker);
    assert_eq!(buys(SelfTrade::None, "2"), (vec![1, 2, 3], 2_000_000, 2_000_000, None, vec![3]));
    assert_eq!(buys(SelfTrade::CancelTaker, "2"), (vec![1], 500_000, 2_000_000, taker, vec![2, 3]));
    assert_eq!(buys(SelfTrade::CancelMaker, "2"), (vec![1, 3], 1_500_000, 2_000_000, None, vec![]));
    assert_eq!(buys(SelfTrade::CancelBoth, "2"), (vec![1], 500_000, 2_000_000, taker, vec![3]));
    assert_eq!(buys(SelfTrade::Decrement, "2"), (vec![1, 3], 1_000_000, 1_000_000, None, vec![3]));
}

#[test]
fn an_own_order_that_is_not_reached_is_left_alone() {
    for mode in [SelfTrade::CancelTaker, SelfTrade::CancelMaker, SelfTrade::CancelBoth, SelfTrade::Decrement] {
        assert_eq!(buys(mode, "0.5"), (vec![1], 500_000, 500_000, None, vec![2, 3]), "{mode:?}");
    }
}

#[test]
fn a_decremented_pair_shrinks_by_the_smaller() {
    let taker = Some(CancelReason::SelfTradeTaker);
    // The arriving order has 0.7 left and the resting one 1: the arriving one ends, its amount as it was.
    assert_eq!(buys(SelfTrade::Decrement, "1.2"), (vec![1], 500_000, 1_200_000, taker, vec![2, 3]));
    // Both have 1 left: both end.
    assert_eq!(buys(SelfTrade::Decrement, "1.5"), (vec![1], 500_000, 1_500_000, taker, vec![3]));
}

#[test]
fn a_decremented_maker_keeps_its_place_and_locks_less() {
    let mut desk = Desk::new();
    let iceberg = desk.limit(1, Side::Sell, "100", "1").shows("0.3");
    desk.accept(&iceberg);
    desk.enter(3, Side::Sell, "100", "1");
    let buy = desk.limit(1, Side::Buy, "100", "0.8").mode(SelfTrade::Decrement);
    assert_eq!(desk.accept(&buy).order.status, Status::Cancelled);
    let maker = desk.order(1);
    // Hidden quantity counts; what is left is less than a slice.
    assert_eq!((maker.amount, maker.visible, maker.reserved, maker.priority), (200_000, 200_000, money("0.2"), 1));
    assert_eq!((desk.balances(1).0.locked, desk.ids(Side::Sell)), (money("0.2"), vec![1, 2]));
    let shrink = desk.market.drain_shrinks()[0];
    assert_eq!((shrink.id, shrink.old_amount, shrink.new_amount), (OrderId(1), 1_000_000, 200_000));
}

#[test]
fn a_decremented_maker_is_cancelled_when_nothing_is_left() {
    let mut desk = desk();
    let buy = desk.limit(1, Side::Buy, "101", "2").mode(SelfTrade::Decrement);
    let order = desk.accept(&buy).order;
    assert_eq!((order.amount, order.status), (1_000_000, Status::Filled));
    let shrinks = desk.market.drain_shrinks();
    let rows: Vec<_> = shrinks.iter().map(|s| (s.id.0, s.old_amount, s.new_amount, s.filled, s.sequence)).collect();
    assert_eq!(rows, [(4, 2_000_000, 1_000_000, 500_000, 1)], "after the first trade");
    let maker = desk.touched(2);
    assert_eq!((maker.amount, maker.cancel_reason), (1_000_000, Some(CancelReason::SelfTradeMaker)));
    assert_eq!(desk.balances(1).0.locked, money("0"));
}

#[test]
fn a_decremented_buy_releases_what_it_no_longer_needs() {
    let mut desk = Desk::new();
    desk.enter(1, Side::Sell, "100", "1");
    let buy = desk.limit(1, Side::Buy, "100", "1.5").mode(SelfTrade::Decrement);
    let order = desk.accept(&buy).order;
    assert_eq!((order.status, order.remaining(), order.reserved), (Status::Open, 500_000, money("50.75")));
    assert_eq!(desk.balances(1).1.locked, money("50.75"));
}

#[test]
fn market_orders_decrement_too_unless_they_have_no_quantity() {
    let mut desk = desk();
    let buy = desk.market(1, Side::Buy, "2").mode(SelfTrade::Decrement);
    let order = desk.accept(&buy).order;
    assert_eq!((order.filled, order.amount, order.status), (1_000_000, 1_000_000, Status::Filled));
    let mut desk = self::desk();
    let buy = desk.market(1, Side::Buy, "2").spends("1000").mode(SelfTrade::Decrement);
    assert_eq!(desk.accept(&buy).order.filled, 500_000, "it stops like cancel_taker");
    assert_eq!(desk.ids(Side::Sell), [2, 3]);
    let mut desk = Desk::new();
    desk.enter(1, Side::Buy, "100", "1");
    let sell = desk.market(1, Side::Sell, "1.5").mode(SelfTrade::Decrement);
    let order = desk.accept(&sell).order;
    assert_eq!((order.amount, order.cancel_reason), (500_000, Some(CancelReason::NoLiquidity)));
    assert_eq!(desk.balances(1).0.locked, money("0"));
}

#[test]
fn the_mode_of_the_arriving_order_decides() {
    let mut desk = Desk::new();
    let ask = desk.limit(1, Side::Sell, "100", "1").mode(SelfTrade::CancelBoth);
    desk.accept(&ask);
    let buy = desk.limit(1, Side::Buy, "100", "1").mode(SelfTrade::None);
    assert_eq!(desk.accept(&buy).trades, 1);
}
