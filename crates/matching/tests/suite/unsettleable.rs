//! An order whose owner's account cannot hold what a trade brings leaves the book; the others trade.

use ids::OrderId;
use matching::{CancelReason, MarketStatus, Refusal, Side, Status};
use money::{MAX, Money};

use crate::desk::{Desk, With, money, units};

/// User 1 holds so much base that 1 more fits, and bids 2 at 101; user 3 bids 2 at 100.
fn desk() -> Desk {
    let mut desk = Desk::without_fees();
    desk.fund(1, units(MAX - money("1").units()), money("1000"));
    desk.enter(1, Side::Buy, "101", "2");
    desk.enter(3, Side::Buy, "100", "2");
    desk
}

fn ended(desk: &mut Desk, id: i64) -> Option<CancelReason> {
    desk.touched(id).cancel_reason
}

#[test]
fn a_maker_that_cannot_be_credited_leaves_and_the_next_trades() {
    let mut desk = desk();
    let sale = desk.enter(2, Side::Sell, "100", "1.5");
    assert_eq!((sale.order.status, desk.trades()), (Status::Filled, vec![(2, 3, 10_000, 1_500_000)]));
    assert_eq!(ended(&mut desk, 1), Some(CancelReason::Unsettleable));
    assert_eq!(desk.balances(1).1.locked, money("0"));
}

#[test]
fn as_long_as_it_fits_it_trades() {
    let mut desk = desk();
    desk.enter(2, Side::Sell, "100", "1");
    assert_eq!((desk.trades(), desk.order(1).status), (vec![(1, 3, 10_100, 1_000_000)], Status::Open));
    desk.enter(2, Side::Sell, "101", "0.000001");
    assert_eq!(ended(&mut desk, 1), Some(CancelReason::Unsettleable));
}

#[test]
fn what_the_same_order_has_given_before_counts() {
    let mut desk = Desk::without_fees();
    desk.fund(1, units(MAX - money("1").units()), money("1000"));
    for price in ["102", "101"] {
        desk.enter(1, Side::Buy, price, "0.6");
    }
    desk.enter(3, Side::Buy, "100", "1");
    desk.enter(2, Side::Sell, "100", "1.6");
    assert_eq!(desk.trades(), [(1, 4, 10_200, 600_000), (3, 4, 10_000, 1_000_000)]);
    assert_eq!(ended(&mut desk, 2), Some(CancelReason::Unsettleable));
}

#[test]
fn the_slices_of_an_iceberg_are_credited_one_by_one() {
    let mut desk = Desk::without_fees();
    desk.fund(1, units(MAX - money("1").units()), money("1000"));
    let iceberg = desk.limit(1, Side::Buy, "101", "3").shows("0.6");
    desk.accept(&iceberg);
    desk.enter(3, Side::Buy, "100", "1");
    desk.enter(2, Side::Sell, "100", "1.2");
    assert_eq!(desk.trades(), [(1, 3, 10_100, 600_000), (2, 3, 10_000, 600_000)]);
    assert_eq!(ended(&mut desk, 1), Some(CancelReason::Unsettleable));
}

#[test]
fn a_seller_is_credited_in_quote() {
    let mut desk = Desk::without_fees();
    desk.fund(1, money("10"), units(MAX - money("50").units()));
    desk.enter(1, Side::Sell, "100", "1");
    desk.enter(3, Side::Sell, "101", "1");
    desk.enter(2, Side::Buy, "101", "1");
    assert_eq!(desk.trades(), [(2, 3, 10_100, 1_000_000)]);
    assert_eq!(ended(&mut desk, 1), Some(CancelReason::Unsettleable));
}

#[test]
fn every_way_to_arrive_passes_it() {
    let mut market = desk();
    let sale = market.market(2, Side::Sell, "1.5");
    assert_eq!(market.accept(&sale).order.status, Status::Filled);
    let mut killed = desk();
    let fok = killed.limit(2, Side::Sell, "100", "2").until(matching::TimeInForce::Fok);
    assert_eq!(killed.accept(&fok).order.status, Status::Filled);
    let mut post = desk();
    let rests = post.limit(2, Side::Sell, "101", "1.5").post_only();
    assert_eq!(post.accept(&rests).order.status, Status::Open);
    assert_eq!(ended(&mut post, 1), Some(CancelReason::Unsettleable));
    let mut amended = desk();
    amended.enter(2, Side::Sell, "102", "1.5");
    assert_eq!(amended.amend(OrderId(3), Some("100"), None).expect("accepted").trades, 1);
}

#[test]
fn an_order_that_cannot_be_credited_itself_is_refused() {
    let mut desk = desk();
    desk.fund(2, money("10"), Money::MAX);
    let sale = desk.limit(2, Side::Sell, "100", "1");
    let (held, brought) = (Money::MAX, money("101"));
    assert_eq!(
        desk.refuse(&sale),
        Refusal::BalanceFull { side: Side::Sell, held: held.into(), brought: brought.into() }
    );
}

#[test]
fn what_users_pay_themselves_they_can_hold() {
    let mut desk = Desk::without_fees();
    desk.fund(1, Money::MAX, money("1000"));
    let sale = desk.limit(1, Side::Sell, "100", "1").mode(matching::SelfTrade::None);
    desk.accept(&sale);
    let buy = desk.limit(1, Side::Buy, "100", "1").mode(matching::SelfTrade::None);
    assert_eq!(desk.accept(&buy).trades, 1);
    assert_eq!(desk.balances(1).0.available, Money::MAX);
}

#[test]
fn a_stop_that_cannot_be_credited_ends_and_the_others_enter() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.enter(3, Side::Buy, "99", "2");
    desk.fund(1, money("10"), Money::MAX);
    let full = desk.stop(1, Side::Sell, "99", "1");
    let other = desk.stop(2, Side::Sell, "99", "0.5");
    desk.accept(&full);
    desk.accept(&other);
    desk.enter(2, Side::Sell, "99", "0.1");
    let reasons: Vec<_> = desk
        .market
        .book
        .drain_changed()
        .iter()
        .map(|c| (c.order.id.0, c.order.status, c.order.cancel_reason))
        .collect();
    assert!(reasons.contains(&(4, Status::Cancelled, Some(CancelReason::Unsettleable))), "{reasons:?}");
    assert!(reasons.contains(&(5, Status::Filled, None)), "{reasons:?}");
}

#[test]
fn an_auction_opens_without_it() {
    let mut desk = Desk::without_fees();
    desk.market.rules.status = MarketStatus::Auction;
    desk.fund(1, Money::MAX, money("1000"));
    desk.enter(1, Side::Buy, "102", "1");
    desk.enter(3, Side::Buy, "101", "1");
    desk.enter(2, Side::Sell, "100", "1");
    desk.market.rules.status = MarketStatus::Open;
    assert_eq!(desk.market.uncross(&mut desk.accounts), 1);
    assert_eq!(desk.trades(), [(2, 3, 10_000, 1_000_000)]);
    assert_eq!(ended(&mut desk, 1), Some(CancelReason::Unsettleable));
}

#[test]
fn a_bid_far_above_the_others_drives_no_seller_out_of_an_auction() {
    let mut desk = Desk::without_fees();
    desk.market.rules.status = MarketStatus::Auction;
    desk.fund(2, Money::whole(1_000_000), money("0"));
    desk.fund(1, money("0"), Money::whole(900_000_000_000));
    desk.enter(2, Side::Sell, "100", "1000000");
    desk.enter(1, Side::Buy, "10000000", "0.000001");
    desk.enter(3, Side::Buy, "100", "5000");
    desk.market.rules.status = MarketStatus::Open;
    assert_eq!(desk.market.uncross(&mut desk.accounts), 2);
    assert_eq!(desk.order(1).status, Status::Open);
}
