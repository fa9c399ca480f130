//! Market orders: they take what is there, at any price, and never rest.

use ids::OrderId;
use matching::{CancelReason, Refusal, Side, Status, TimeInForce};

use crate::desk::{Desk, With, money};

/// Offers of user 1: one each at 100 and 101.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.enter(1, Side::Sell, "100", "1");
    desk.enter(1, Side::Sell, "101", "1");
    desk
}

#[test]
fn a_market_buy_takes_the_best_first_and_pays_exactly_that() {
    let mut desk = desk();
    desk.fund(2, money("0"), money("152.7575"));
    let buy = desk.market(2, Side::Buy, "1.5");
    let taken = desk.accept(&buy);
    assert_eq!((taken.order.status, taken.order.price, taken.order.reserved), (Status::Filled, None, money("0")));
    assert_eq!(desk.trades(), [(1, 3, 10_000, 1_000_000), (2, 3, 10_100, 500_000)]);
    let (base, quote) = desk.balances(2);
    assert_eq!((base.available, quote.available, quote.locked), (money("1.5"), money("0"), money("0")));
}

#[test]
fn a_market_buy_needs_what_its_fills_cost() {
    let mut desk = desk();
    desk.fund(2, money("0"), money("152.75749999"));
    let buy = desk.market(2, Side::Buy, "1.5");
    let (needed, available) = (money("152.7575"), money("152.75749999"));
    assert_eq!(desk.refuse(&buy), Refusal::InsufficientFunds { side: Side::Buy, needed, available });
    // What nobody offers costs nothing.
    desk.fund(2, money("0"), money("204.015"));
    let buy = desk.market(2, Side::Buy, "1000");
    let taken = desk.accept(&buy).order;
    assert_eq!((taken.filled, taken.cancel_reason), (2_000_000, Some(CancelReason::NoLiquidity)));
    assert_eq!(desk.balances(2).1.available, money("0"));
}

#[test]
fn a_market_sell_locks_its_quantity_and_gets_the_rest_back() {
    let mut desk = Desk::new();
    desk.enter(1, Side::Buy, "100", "1");
    desk.enter(1, Side::Buy, "0.01", "1");
    desk.fund(2, money("2.9"), money("0"));
    let sell = desk.market(2, Side::Sell, "3");
    let (needed, available) = (money("3"), money("2.9"));
    assert_eq!(desk.refuse(&sell), Refusal::InsufficientFunds { side: Side::Sell, needed, available });
    desk.fund(2, money("3"), money("0"));
    let sold = desk.accept(&sell).order;
    assert_eq!(
        (sold.filled, sold.status, sold.cancel_reason),
        (2_000_000, Status::Cancelled, Some(CancelReason::NoLiquidity))
    );
    let (base, quote) = desk.balances(2);
    assert_eq!((base.available, base.locked, quote.available), (money("1"), money("0"), money("98.50985")));
}

#[test]
fn without_anybody_there_it_is_accepted_and_cancelled() {
    for time_in_force in [TimeInForce::Gtc, TimeInForce::Ioc] {
        let mut desk = Desk::new();
        let buy = desk.market(1, Side::Buy, "1").until(time_in_force);
        let nothing = desk.accept(&buy);
        assert_eq!((nothing.order.filled, nothing.order.priority, nothing.trades), (0, 1, 0));
        assert_eq!(nothing.order.cancel_reason, Some(CancelReason::NoLiquidity));
        assert_eq!(desk.balances(1).1.available, money("1000000"));
        assert_eq!(desk.ids(Side::Buy), [0; 0]);
    }
}

#[test]
fn a_quote_amount_is_spent_to_the_last_lot() {
    let mut desk = desk();
    desk.fund(2, money("0"), money("152"));
    let buy = desk.market(2, Side::Buy, "1").spends("152");
    let taken = desk.accept(&buy).order;
    // 101.5 for the first; 50.5 buy 0.49261 at 101: one lot more would cost 50.50001667.
    assert_eq!((taken.filled, taken.amount), (1_492_610, 1_492_610));
    assert_eq!(desk.balances(2).1.available, money("0.00008585"));
    assert_eq!(desk.ids(Side::Sell), [2]);
}

#[test]
fn a_quote_amount_may_be_spent_exactly() {
    let mut desk = desk();
    desk.fund(2, money("0"), money("101.5"));
    let buy = desk.market(2, Side::Buy, "1").spends("101.5");
    assert_eq!(desk.accept(&buy).order.filled, 1_000_000);
    assert_eq!(desk.balances(2).1.available, money("0"));
    // One unit less buys one lot less.
    let mut desk = self::desk();
    let buy = desk.market(2, Side::Buy, "1").spends("101.49999999");
    assert_eq!(desk.accept(&buy).order.filled, 999_999);
}

#[test]
fn a_quote_amount_counts_its_commission_fill_by_fill() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.enter(1, Side::Sell, "0.01", "0.000033");
    }
    // Each fill costs 33 units and 0.495 of commission: nothing, three times; together it would be one.
    let buy = desk.market(2, Side::Buy, "1").spends("0.00000099");
    assert_eq!(desk.accept(&buy).order.filled, 99);
}

#[test]
fn a_quote_amount_that_buys_no_lot_is_cancelled() {
    let mut desk = Desk::new();
    desk.enter(1, Side::Sell, "1000000", "1");
    let buy = desk.market(2, Side::Buy, "1").spends("1.01499999");
    let nothing = desk.accept(&buy).order;
    assert_eq!((nothing.amount, nothing.filled, nothing.status), (0, 0, Status::Cancelled));
    assert_eq!(nothing.cancel_reason, Some(CancelReason::Budget));
    let buy = desk.market(2, Side::Buy, "1").spends("1.015");
    assert_eq!(desk.accept(&buy).order.filled, 1);
}

#[test]
fn what_a_quote_amount_could_not_spend_stays_available() {
    let mut desk = desk();
    desk.fund(2, money("0"), money("204.015"));
    // More than there is: only what is bought must be there.
    let buy = desk.market(2, Side::Buy, "1").spends("1000000");
    assert_eq!(desk.accept(&buy).order.filled, 2_000_000);
    assert_eq!(desk.balances(2).1.available, money("0"));
    let buy = desk.market(2, Side::Buy, "1").spends("1000000");
    assert_eq!(desk.accept(&buy).order.cancel_reason, Some(CancelReason::NoLiquidity));
}

#[test]
fn a_market_order_is_no_longer_live() {
    let mut desk = desk();
    let buy = desk.market(2, Side::Buy, "0.5");
    desk.accept(&buy);
    assert_eq!(desk.cancel(OrderId(3)), Err(Refusal::OrderNotLive));
    assert_eq!(desk.amend(OrderId(3), None, Some("1")), Err(Refusal::OrderNotLive));
}

/// Found by a division, not by taking off one lot after the other of a million millions.
#[test]
fn what_a_budget_buys_of_a_large_offer_is_known_at_once() {
    let mut desk = Desk::without_fees();
    desk.enter(1, Side::Sell, "999999", "1000000");
    let order = desk.market(2, Side::Buy, "1").spends("999999");
    assert_eq!(desk.accept(&order).order.filled, 1_000_000);
}
