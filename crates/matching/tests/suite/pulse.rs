//! Every loop that may be long asks now and then whether to go on: once in 256 turns, not in each of them.

use std::cell::Cell;

use matching::{MarketStatus, Side};

use crate::desk::{Desk, With};

thread_local!(static BEATS: Cell<usize> = const { Cell::new(0) });

fn desk() -> Desk {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.market.pulse = || BEATS.set(BEATS.get() + 1);
    desk
}

fn bids(desk: &mut Desk, count: usize) {
    for _ in 0..count {
        desk.enter(3, Side::Buy, "99", "0.001");
    }
    assert_eq!(BEATS.get(), 0);
}

#[test]
fn planning_and_trading_ask() {
    let mut desk = desk();
    bids(&mut desk, 2_000);
    desk.enter(2, Side::Sell, "99", "2");
    assert_eq!(BEATS.get(), 7 + 7);
}

#[test]
fn an_expiry_asks() {
    let mut desk = desk();
    for _ in 0..300 {
        let bid = desk.limit(3, Side::Buy, "99", "0.001").gtd(5);
        desk.accept(&bid);
    }
    desk.market.now = 5;
    assert_eq!((desk.market.expire(&mut desk.accounts), BEATS.get()), (300, 1));
}

#[test]
fn an_uncrossing_asks_while_it_looks_for_room_and_while_it_trades() {
    let mut desk = desk();
    desk.market.rules.status = MarketStatus::Auction;
    bids(&mut desk, 300);
    desk.enter(2, Side::Sell, "99", "0.3");
    desk.market.rules.status = MarketStatus::Open;
    assert_eq!((desk.market.uncross(&mut desk.accounts), BEATS.get()), (300, 1 + 1));
}

#[test]
fn a_cascade_asks() {
    let mut desk = desk();
    desk.enter(3, Side::Buy, "99", "1");
    for _ in 0..300 {
        let stop = desk.stop(1, Side::Sell, "99", "0.001");
        desk.accept(&stop);
    }
    let sale = desk.enter(2, Side::Sell, "99", "0.001");
    assert_eq!((sale.all_trades, BEATS.get()), (301, 1));
}
