//! Stops: they wait for the last price, and enter one after the other.

use ids::OrderId;
use matching::{CancelReason, MarketStatus, Refusal, SelfTrade, Side, Status, TimeInForce};
use money::Money;

use crate::desk::{Desk, With, money, rate, units};

/// No fees, last price 100, user 3 bids 1 at each of 99, 98, 97 and offers 1 at each of 101, 102, 103:
/// orders 3 to 8.
fn desk() -> Desk {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    for price in ["99", "98", "97"] {
        desk.enter(3, Side::Buy, price, "1");
    }
    for price in ["101", "102", "103"] {
        desk.enter(3, Side::Sell, price, "1");
    }
    desk
}

#[test]
fn it_waits_outside_the_book_and_locks() {
    let mut desk = Desk::new();
    desk.last_price("100");
    let quote = desk.balances(1).1.available;
    let buy = desk.stop(1, Side::Buy, "110", "1");
    let order = desk.accept(&buy).order;
    assert_eq!((order.status, order.priority, order.reserved), (Status::Pending, 3, money("111.65")));
    assert_eq!(desk.balances(1).1.available, units(quote.units() - money("111.65").units()));
    let sell = desk.stop_limit(1, Side::Sell, "90", "89", "2");
    assert_eq!(desk.accept(&sell).order.reserved, money("2"));
    let limit = desk.stop_limit(1, Side::Buy, "110", "105", "1");
    assert_eq!(desk.accept(&limit).order.reserved, money("106.575"), "its limit counts, not its stop");
    assert_eq!((desk.ids(Side::Buy), desk.ids(Side::Sell), desk.stops()), (vec![], vec![], vec![3, 4, 5]));
    desk.enter(2, Side::Buy, "109", "1");
    assert_eq!(desk.enter(3, Side::Sell, "109", "1").all_trades, 1, "nobody has met the stops");
}

#[test]
fn it_needs_funds_while_it_waits() {
    let mut desk = Desk::new();
    desk.fund(1, money("1"), money("111.64"));
    let buy = desk.stop(1, Side::Buy, "110", "1");
    let refusal = Refusal::InsufficientFunds { side: Side::Buy, needed: money("111.65"), available: money("111.64") };
    assert_eq!(desk.refuse(&buy), refusal);
}

#[test]
fn the_last_price_triggers_it_when_it_reaches_the_stop() {
    for (side, stop, hit, triggered) in [
        (Side::Buy, "101", "101", true),
        (Side::Buy, "101.01", "101", false),
        (Side::Sell, "99", "99", true),
        (Side::Sell, "98.99", "99", false),
    ] {
        let mut desk = desk();
        let new = desk.stop(1, side, stop, "0.5");
        assert_eq!(desk.accept(&new).order.status, Status::Pending);
        let taken = desk.enter(2, side, hit, "0.5");
        assert_eq!((taken.trades, taken.all_trades), (1, if triggered { 2 } else { 1 }), "{side:?} {stop}");
        assert_eq!(desk.stops().is_empty(), triggered);
    }
}

#[test]
fn it_is_triggered_at_once_when_the_last_price_is_there_already() {
    for (side, stop, price) in [(Side::Buy, "100", 10_100), (Side::Sell, "100", 9_900), (Side::Sell, "101", 9_900)] {
        let mut desk = desk();
        let new = desk.stop(1, side, stop, "0.5");
        let taken = desk.accept(&new);
        assert_eq!((taken.trades, taken.all_trades, taken.order.status == Status::Pending), (1, 1, false));
        assert_eq!(desk.trades()[0].2, price);
    }
}

#[test]
fn without_a_last_price_nothing_is_triggered() {
    let mut desk = Desk::new();
    desk.enter(3, Side::Sell, "100", "1");
    let new = desk.stop(1, Side::Buy, "0.01", "0.5");
    assert_eq!(desk.accept(&new).order.status, Status::Pending);
}

#[test]
fn a_triggered_buy_spends_no_more_than_it_has_locked() {
    let mut desk = desk();
    desk.fund(1, money("0"), money("101"));
    // 101 for one at its stop price: 1 at 101 uses it all up.
    let all = desk.stop(1, Side::Buy, "101", "1");
    desk.accept(&all);
    desk.enter(2, Side::Buy, "101", "0.5");
    let stopped = desk.touched(all.id.0);
    // 0.5 at 101, and 50.5 more buy 0.495098 at 102.
    assert_eq!((stopped.filled, stopped.cancel_reason), (995_098, Some(CancelReason::Budget)));
    let (base, quote) = desk.balances(1);
    assert_eq!((base.available, quote.available, quote.locked), (money("0.995098"), money("0.000004"), money("0")));
}

#[test]
fn a_triggered_sell_that_finds_too_little_is_cancelled() {
    let mut desk = desk();
    let sell = desk.stop(1, Side::Sell, "99", "5");
    desk.accept(&sell);
    desk.enter(2, Side::Sell, "99", "0.5");
    let stopped = desk.touched(sell.id.0);
    assert_eq!((stopped.filled, stopped.cancel_reason), (2_500_000, Some(CancelReason::NoLiquidity)));
    assert_eq!((desk.balances(1).0.locked, desk.ids(Side::Buy)), (money("0"), vec![]));
}

#[test]
fn a_triggered_stop_limit_rests_at_its_price_as_the_last_one_there() {
    let mut desk = desk();
    let sell = desk.stop_limit(1, Side::Sell, "99", "98.5", "1").shows("0.2");
    desk.accept(&sell);
    desk.enter(1, Side::Sell, "98.5", "2");
    let order = desk.order(sell.id.0);
    assert_eq!((order.status, order.filled, order.visible), (Status::Open, 0, 200_000));
    assert_eq!((order.priority, desk.market.priority), (11, 11), "a new one");
    assert_eq!(desk.ids(Side::Sell)[..2], [10, 9], "behind the order that triggered it");
    let amended = desk.amend(sell.id, Some("98"), None).expect("an ordinary order now");
    assert_eq!(amended.trades, 1);
}

#[test]
fn those_triggered_together_enter_in_the_order_of_their_arrival() {
    let mut desk = desk();
    for (user, stop) in [(1, "101"), (2, "100.5"), (1, "101")] {
        let new = desk.stop(user, Side::Buy, stop, "0.1");
        desk.accept(&new);
    }
    desk.enter(2, Side::Buy, "101", "0.1");
    let takers: Vec<_> = desk.trades().iter().map(|t| t.1).collect();
    assert_eq!(takers, [12, 9, 10, 11]);
}

#[test]
fn what_a_stop_triggers_waits_behind_those_triggered_before() {
    let mut desk = desk();
    // The first two are triggered at 99; the first one's trades reach 97 and trigger the third, which is older
    // than the second.
    let mut place = |stop, amount| {
        let new = desk.stop(1, Side::Sell, stop, amount);
        desk.accept(&new).order.id.0
    };
    let (third, first, second) = (place("98", "0.1"), place("99", "1.8"), place("99", "0.1"));
    let hit = desk.enter(2, Side::Sell, "99", "0.5");
    assert_eq!((hit.trades, hit.all_trades), (1, 6));
    assert_eq!(desk.market.last_trades(&hit).len(), 1);
    let trades = desk.trades();
    assert_eq!(trades[0].1, hit.order.id.0, "its own come first");
    let takers: Vec<_> = trades[1..].iter().map(|t| (t.1, t.2)).collect();
    assert_eq!(takers, [(first, 9_900), (first, 9_800), (first, 9_700), (second, 9_700), (third, 9_700)]);
}

#[test]
fn once_triggered_it_enters_even_when_the_price_has_gone_back() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.enter(3, Side::Sell, "101", "0.1");
    desk.enter(3, Side::Buy, "99", "1");
    desk.enter(3, Side::Sell, "102", "1");
    let sell = desk.stop(1, Side::Sell, "98", "0.5");
    let buy = desk.stop(2, Side::Buy, "101", "0.5");
    let back = desk.stop(1, Side::Sell, "99", "0.1");
    let late = desk.stop_limit(2, Side::Buy, "101", "90", "0.5");
    for new in [&sell, &buy, &back, &late] {
        desk.accept(new);
    }
    desk.enter(1, Side::Buy, "101", "0.1");
    // 101 triggers both buys; the first trades at 102.
    assert_eq!(desk.trades(), [(3, 10, 10_100, 100_000), (5, 7, 10_200, 495_098)]);
    assert_eq!((desk.order(late.id.0).status, desk.stops()), (Status::Open, vec![6, 8]));
}

#[test]
fn the_order_reported_is_as_the_call_leaves_it() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.enter(3, Side::Sell, "95", "0.1");
    let stop = desk.stop(1, Side::Sell, "96", "0.2");
    desk.accept(&stop);
    // It takes 0.1 and rests; the trade triggers the stop, which sells to it.
    let bid = desk.enter(2, Side::Buy, "95", "0.5");
    assert_eq!((bid.trades, bid.all_trades, bid.order.filled), (1, 2, 300_000));
    assert_eq!(desk.market.last_trades(&bid)[0].taker, bid.order.id);
}

#[test]
fn only_an_open_market_triggers() {
    let mut desk = desk();
    desk.market.rules.status = MarketStatus::Auction;
    let stop = desk.stop(1, Side::Buy, "100", "0.5");
    assert_eq!(desk.accept(&stop).order.status, Status::Pending);
    desk.market.rules.status = MarketStatus::Open;
    // The auction has no trade, but its end looks at the stops.
    assert_eq!(desk.market.uncross(&mut desk.accounts), 1);
    assert_eq!(desk.stops(), [0; 0]);
}

#[test]
fn a_stop_that_was_left_behind_comes_after_the_arriving_one() {
    let mut desk = desk();
    desk.market.rules.status = MarketStatus::Auction;
    let left = desk.stop(1, Side::Sell, "102", "0.5");
    desk.accept(&left);
    // Opened without the uncrossing: the stop is still there.
    desk.market.rules.status = MarketStatus::Open;
    let new = desk.stop(2, Side::Buy, "100", "0.25");
    let outcome = desk.accept(&new);
    assert_eq!((outcome.trades, outcome.all_trades), (1, 2));
    let own: Vec<_> = desk.market.last_trades(&outcome).iter().map(|t| t.taker).collect();
    assert_eq!(own, [new.id]);
}

#[test]
fn what_would_be_refused_on_arrival_cancels_it() {
    let mut desk = desk();
    let kill = desk.stop(1, Side::Sell, "99", "5").until(TimeInForce::Fok);
    let post = desk.stop_limit(1, Side::Sell, "99", "97", "1").post_only();
    let dated = desk.stop_limit(1, Side::Sell, "99", "97", "1").gtd(10);
    let ioc = desk.stop_limit(1, Side::Sell, "99", "99", "1").until(TimeInForce::Ioc);
    for new in [&kill, &post, &dated, &ioc] {
        assert_eq!(desk.accept(new).order.status, Status::Pending);
    }
    desk.market.now = 10;
    assert_eq!(desk.enter(2, Side::Sell, "99", "0.5").all_trades, 2);
    let changed = desk.market.book.drain_changed();
    let reason = |id: OrderId| changed.iter().find(|c| c.order.id == id).and_then(|c| c.order.cancel_reason);
    assert_eq!(reason(kill.id), Some(CancelReason::FillOrKill));
    assert_eq!(reason(post.id), Some(CancelReason::PostOnly));
    assert_eq!(reason(dated.id), Some(CancelReason::Expired));
    assert_eq!(reason(ioc.id), Some(CancelReason::Ioc));
    assert_eq!(desk.balances(1).0.locked, money("0"));
    assert_eq!(desk.order(3 + 1).filled, 0, "98 was not touched");
}

#[test]
fn a_triggered_fok_that_can_be_filled_is() {
    let mut desk = desk();
    let kill = desk.stop(1, Side::Sell, "99", "2.5").until(TimeInForce::Fok);
    desk.accept(&kill);
    desk.enter(2, Side::Sell, "99", "0.5");
    assert_eq!(desk.touched(kill.id.0).status, Status::Filled);
}

#[test]
fn a_triggered_stop_obeys_its_self_trade_mode_and_the_band() {
    let mut desk = desk();
    let own = desk.stop(3, Side::Sell, "99", "0.5").mode(SelfTrade::CancelMaker);
    let sell = desk.stop(1, Side::Sell, "98.5", "1");
    desk.accept(&own);
    desk.accept(&sell);
    desk.market.rules.price_band = Some(rate(1_000_000));
    desk.enter(2, Side::Sell, "99", "0.5");
    // Around 99 the band ends at 98.01: the own bid at 99 goes, the one at 98 is out of reach.
    assert_eq!(desk.touched(own.id.0).cancel_reason, Some(CancelReason::PriceBand));
    assert_eq!((desk.ids(Side::Buy), desk.stops()), (vec![4, 5], vec![sell.id.0]));
}

#[test]
fn a_waiting_stop_is_cancelled_and_amended_in_place() {
    let mut desk = desk();
    desk.fund(1, money("10"), money("1000"));
    let stop = desk.stop(1, Side::Buy, "110", "1");
    let limit = desk.stop_limit(1, Side::Buy, "110", "111", "1");
    desk.accept(&stop);
    desk.accept(&limit);
    let more = desk.amend(stop.id, None, Some("3")).expect("accepted").order;
    assert_eq!((more.priority, more.amount, more.visible, more.reserved), (9, 3_000_000, 3_000_000, money("330")));
    let other = desk.amend(limit.id, Some("120"), Some("0.5")).expect("accepted").order;
    assert_eq!((other.priority, other.price, other.reserved), (10, Some(12_000), money("60")));
    assert_eq!(desk.balances(1).1.locked, money("390"));
    assert!(matches!(desk.amend(stop.id, Some("109"), None), Err(Refusal::Combination(_))));
    let short = Refusal::InsufficientFunds { side: Side::Buy, needed: money("770"), available: money("610") };
    assert_eq!(desk.amend(stop.id, None, Some("10")), Err(short));
    let gone = desk.cancel(stop.id).expect("live").order;
    assert_eq!((gone.status, gone.cancel_reason), (Status::Cancelled, Some(CancelReason::User)));
    assert_eq!((desk.balances(1).1.locked, desk.stops()), (money("60"), vec![limit.id.0]));
}

#[test]
fn an_amend_that_trades_triggers() {
    let mut desk = desk();
    let stop = desk.stop(1, Side::Buy, "101", "0.5");
    desk.accept(&stop);
    let bid = desk.enter(2, Side::Buy, "90", "0.5").order.id;
    let amended = desk.amend(bid, Some("101"), None).expect("accepted");
    assert_eq!((amended.trades, amended.all_trades), (1, 2));
}

#[test]
fn a_trade_at_the_highest_price_there_is_triggers() {
    let mut desk = Desk::without_fees();
    (desk.market.rules.tick, desk.market.rules.lot) = (units(1), Money::whole(1));
    for user in 1..=3 {
        desk.fund(user, money("10"), Money::whole(200_000_000_000));
    }
    let stop = desk.stop(3, Side::Buy, "5", "1");
    desk.accept(&stop);
    desk.enter(2, Side::Sell, "92233720368.54775807", "1");
    desk.enter(1, Side::Buy, "92233720368.54775807", "1");
    assert_eq!(desk.market.last_price, Some(i64::MAX));
    assert_eq!(desk.stops(), [0; 0]);
}
