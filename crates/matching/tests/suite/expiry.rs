//! Good till date: the clock is an argument, and an order whose time has come trades no more.

use ids::OrderId;
use matching::{CancelReason, MarketStatus, Refusal, Side};

use crate::desk::{Desk, With, money};

#[test]
fn it_must_end_after_now() {
    let mut desk = Desk::new();
    desk.market.now = 10;
    for expires_at in [-1, 9, 10] {
        let bid = desk.limit(1, Side::Buy, "100", "1").gtd(expires_at);
        assert_eq!(desk.refuse(&bid), Refusal::Expired { expires_at, now: 10 });
    }
    let bid = desk.limit(1, Side::Buy, "100", "1").gtd(11);
    assert_eq!(desk.accept(&bid).order.terms.expires_at, Some(11));
}

#[test]
fn at_its_time_it_is_cancelled_instead_of_hit() {
    let mut desk = Desk::new();
    let ask = desk.limit(1, Side::Sell, "100", "1").gtd(10);
    desk.accept(&ask);
    desk.market.now = 9;
    assert_eq!(desk.enter(2, Side::Buy, "100", "0.25").trades, 1);
    desk.market.now = 10;
    let bid = desk.enter(2, Side::Buy, "100", "0.25");
    assert_eq!((bid.trades, bid.order.priority, desk.ids(Side::Buy)), (0, 3, vec![3]));
    let ended = desk.touched(1);
    assert_eq!((ended.cancel_reason, ended.filled), (Some(CancelReason::Expired), 250_000));
    assert_eq!(desk.balances(1).0.locked, money("0"));
}

#[test]
fn what_is_not_met_is_left_to_expire() {
    let mut desk = Desk::new();
    for price in ["100", "101", "102"] {
        let ask = desk.limit(1, Side::Sell, price, "1").gtd(10);
        desk.accept(&ask);
    }
    desk.enter(1, Side::Sell, "100", "1");
    desk.market.now = 10;
    desk.enter(2, Side::Buy, "101", "1");
    // The order was filled before it came to 101.
    assert_eq!(desk.ids(Side::Sell), [2, 3]);
    assert_eq!(desk.market.expire(&mut desk.accounts), 2);
    assert_eq!(desk.ids(Side::Sell), [0; 0]);
}

#[test]
fn expire_ends_open_and_waiting_orders_in_any_status() {
    for status in [MarketStatus::Open, MarketStatus::Halted, MarketStatus::Auction, MarketStatus::Closed] {
        let mut desk = Desk::new();
        let bid = desk.limit(1, Side::Buy, "100", "1").gtd(10);
        let stop = desk.stop_limit(1, Side::Buy, "110", "111", "1").gtd(10);
        let later = desk.limit(1, Side::Buy, "100", "1").gtd(11);
        for new in [&bid, &stop, &later] {
            desk.accept(new);
        }
        desk.enter(1, Side::Buy, "100", "1");
        desk.market.rules.status = status;
        desk.market.now = 9;
        assert_eq!(desk.market.expire(&mut desk.accounts), 0);
        desk.market.now = 10;
        assert_eq!(desk.market.expire(&mut desk.accounts), 2);
        assert_eq!((desk.ids(Side::Buy), desk.stops()), (vec![3, 4], vec![]));
        assert_eq!(desk.balances(1).1.locked, money("203"));
        assert_eq!(desk.touched(2).cancel_reason, Some(CancelReason::Expired));
    }
}

#[test]
fn until_it_is_swept_away_it_can_be_cancelled() {
    let mut desk = Desk::new();
    let bid = desk.limit(1, Side::Buy, "100", "1").gtd(10);
    desk.accept(&bid);
    desk.market.now = 20;
    let ended = desk.cancel(OrderId(1)).expect("live").order;
    assert_eq!(ended.cancel_reason, Some(CancelReason::User));
}
