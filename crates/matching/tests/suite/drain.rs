//! What a caller writes down after a batch, and that the same flow gives the same bytes.
//!
//! The oracle drains at random moments too; here the shapes are pinned by hand.

use std::cell::RefCell;

use ids::OrderId;
use matching::{Side, Status};

use crate::desk::Desk;
use crate::driver::Driver;
use crate::oracle::check;

#[test]
fn an_order_touched_often_is_handed_over_once() {
    let mut desk = Desk::new();
    desk.enter(1, Side::Sell, "100", "3");
    for _ in 0..3 {
        desk.enter(2, Side::Buy, "100", "0.5");
    }
    desk.amend(OrderId(1), Some("101"), None).expect("accepted");
    let changed = desk.market.book.drain_changed();
    let rows: Vec<_> = changed.iter().map(|c| (c.order.id.0, c.is_new, c.order.status)).collect();
    let filled = |id| (id, true, Status::Filled);
    assert_eq!(rows.len(), 4);
    assert!(rows.contains(&(1, true, Status::Open)) && [2, 3, 4].iter().all(|id| rows.contains(&filled(*id))));
    let first = changed.iter().find(|c| c.order.id == OrderId(1)).expect("touched").order;
    assert_eq!((first.price, first.filled, first.priority), (Some(10_100), 1_500_000, 5));
    assert!(desk.market.book.drain_changed().is_empty());
}

#[test]
fn an_order_seen_before_is_not_new() {
    let mut desk = Desk::new();
    desk.enter(1, Side::Sell, "100", "1");
    desk.enter(1, Side::Sell, "100", "1");
    desk.market.book.drain_changed();
    desk.cancel(OrderId(1)).expect("live");
    let rows: Vec<_> =
        desk.market.book.drain_changed().iter().map(|c| (c.order.id.0, c.is_new, c.order.status)).collect();
    assert_eq!(rows, [(1, false, Status::Cancelled)], "only what was touched");
    assert_eq!(desk.ids(Side::Sell), [2]);
}

#[test]
fn balances_are_handed_over_once_in_order() {
    let mut desk = Desk::new();
    desk.enter(2, Side::Sell, "100", "1");
    desk.enter(1, Side::Buy, "100", "1");
    let rows = desk.accounts.drain_changed();
    let keys: Vec<_> = rows.iter().map(|(user, asset, _)| (user.0, asset.0)).collect();
    assert_eq!(keys, [(1, 0), (1, 1), (2, 0), (2, 1)]);
    assert!(desk.accounts.drain_changed().is_empty());
}

/// Replaying what was drained, whenever it was drained, gives the book, the trades and the balances:
/// [`Driver::drain`] compares them. Here after every single operation and once at the end.
#[test]
fn a_call_hands_over_what_its_stops_have_done() {
    let mut desk = Desk::new();
    desk.enter(1, Side::Buy, "100", "1");
    let stop = desk.stop(2, Side::Sell, "100", "0.5");
    desk.accept(&stop);
    desk.market.book.drain_changed();
    desk.enter(3, Side::Sell, "100", "0.25");
    let changed = desk.market.book.drain_changed();
    let rows: Vec<_> = changed.iter().map(|c| (c.order.id.0, c.is_new, c.order.status, c.order.filled)).collect();
    let expected =
        [(1, false, Status::Open, 750_000), (3, true, Status::Filled, 250_000), (2, false, Status::Filled, 500_000)];
    assert_eq!(rows, expected);
}

/// Replaying what was drained, whenever it was drained, gives the book, the trades and the balances:
/// [`Driver::drain`] compares them. Here after every single operation and once at the end.
#[test]
fn replaying_what_was_drained_gives_the_book() {
    for often in [true, false] {
        check(1_500, |setting, ops| {
            let mut driver = Driver::new(setting);
            for op in ops {
                driver.step(op);
                if often {
                    driver.drain();
                }
            }
            driver.drain();
        });
    }
}

#[test]
fn the_same_flow_gives_the_same_bytes() {
    let bytes = || {
        let all = RefCell::new(String::new());
        check(1_500, |setting, ops| {
            let mut driver = Driver::new(setting);
            driver.log = Some(String::new());
            for op in ops {
                driver.step(op);
            }
            driver.drain();
            all.borrow_mut().push_str(&driver.log.unwrap_or_default());
        });
        all.into_inner()
    };
    let first = bytes();
    assert!(first.len() > 100_000);
    assert!(first == bytes(), "the second run differs");
}
