//! Icebergs: the book shows a slice; whoever shows a new one goes to the end of the queue.

use ids::OrderId;
use matching::{Side, Status};

use crate::desk::{Desk, With, money};

/// Offers at 100: an iceberg of 1 that shows 0.3, then 0.5 of user 3.
fn desk() -> Desk {
    let mut desk = Desk::new();
    let iceberg = desk.limit(1, Side::Sell, "100", "1").shows("0.3");
    desk.accept(&iceberg);
    desk.enter(3, Side::Sell, "100", "0.5");
    desk
}

#[test]
fn it_locks_everything_and_shows_a_slice() {
    let desk = desk();
    let iceberg = desk.order(1);
    assert_eq!((iceberg.visible, iceberg.remaining(), iceberg.reserved), (300_000, 1_000_000, money("1")));
}

#[test]
fn within_its_slice_it_keeps_its_place() {
    let mut desk = desk();
    desk.enter(2, Side::Buy, "100", "0.2");
    assert_eq!((desk.order(1).visible, desk.order(1).priority, desk.ids(Side::Sell)), (100_000, 1, vec![1, 2]));
}

#[test]
fn a_new_slice_goes_to_the_end() {
    let mut desk = desk();
    desk.enter(2, Side::Buy, "100", "0.3");
    let iceberg = desk.order(1);
    // The buyer came third; the slice that it used up made way for the fourth.
    assert_eq!((iceberg.visible, iceberg.remaining(), iceberg.priority), (300_000, 700_000, 4));
    assert_eq!((desk.ids(Side::Sell), desk.market.priority), (vec![2, 1], 4));
}

#[test]
fn a_large_order_meets_slice_after_slice() {
    let mut desk = desk();
    let taken = desk.enter(2, Side::Buy, "100", "1.45");
    let expected = [
        (1, 3, 10_000, 300_000),
        (2, 3, 10_000, 500_000),
        (1, 3, 10_000, 300_000),
        (1, 3, 10_000, 300_000),
        (1, 3, 10_000, 50_000),
    ];
    assert_eq!(desk.trades(), expected);
    assert_eq!((taken.trades, taken.order.priority), (5, 3), "it took its priority before its fills");
    let iceberg = desk.order(1);
    assert_eq!((iceberg.visible, iceberg.remaining(), iceberg.priority), (50_000, 50_000, 6), "the last is smaller");
}

#[test]
fn two_icebergs_take_turns() {
    let mut desk = Desk::new();
    for (user, shown) in [(1, "0.1"), (3, "0.2")] {
        let iceberg = desk.limit(user, Side::Sell, "100", "0.4").shows(shown);
        desk.accept(&iceberg);
    }
    desk.enter(2, Side::Buy, "100", "0.8");
    let lots: Vec<_> = desk.trades().iter().map(|t| (t.0, t.3)).collect();
    let expected = [(1, 100_000), (2, 200_000), (1, 100_000), (2, 200_000), (1, 100_000), (1, 100_000)];
    assert_eq!(lots, expected);
}

#[test]
fn the_better_level_is_used_up_before_the_next() {
    let mut desk = desk();
    desk.enter(3, Side::Sell, "101", "1");
    desk.enter(2, Side::Buy, "101", "2");
    let makers: Vec<_> = desk.trades().iter().map(|t| (t.0, t.2)).collect();
    assert_eq!(makers, [(1, 10_000), (2, 10_000), (1, 10_000), (1, 10_000), (1, 10_000), (3, 10_100)]);
}

#[test]
fn what_arrives_trades_whole_and_rests_as_a_slice() {
    let mut desk = desk();
    let bid = desk.limit(2, Side::Buy, "100", "2").shows("0.9");
    let taken = desk.accept(&bid).order;
    assert_eq!((taken.filled, taken.visible), (1_500_000, 500_000), "less left than it would show");
    let bid = desk.limit(2, Side::Buy, "99", "2").shows("0.9");
    assert_eq!(desk.accept(&bid).order.visible, 900_000);
}

#[test]
fn ended_it_shows_nothing() {
    let mut desk = desk();
    let cancelled = desk.cancel(OrderId(1)).expect("live").order;
    assert_eq!((cancelled.visible, desk.balances(1).0.locked), (0, money("0")));
    desk.enter(2, Side::Buy, "100", "0.5");
    let filled = desk.touched(2);
    assert_eq!((filled.status, filled.visible), (Status::Filled, 0));
}
