//! Which arguments go together.

use matching::{MarketStatus, NewOrder, OrderType, Refusal, Side, TimeInForce};

use crate::desk::{Desk, With, money};

use OrderType::{Limit, Market, Stop, StopLimit};
use TimeInForce::{Fok, Gtc, Gtd, Ioc};

/// A correct order of this type; everybody has funds, nobody is there, so nothing trades.
fn order(desk: &mut Desk, order_type: OrderType) -> NewOrder {
    match order_type {
        Limit => desk.limit(1, Side::Buy, "100", "1"),
        Market => desk.market(1, Side::Buy, "1"),
        Stop => desk.stop(1, Side::Buy, "110", "1"),
        StopLimit => desk.stop_limit(1, Side::Buy, "110", "111", "1"),
    }
}

/// Whether an order is accepted, without trades or killed for want of them, or blamed for its arguments.
fn goes_together(order_type: OrderType, change: impl Fn(NewOrder) -> NewOrder) -> bool {
    let mut desk = Desk::new();
    let new = change(order(&mut desk, order_type));
    match desk.place(&new) {
        Ok(_) | Err(Refusal::FillOrKill { .. }) => true,
        Err(Refusal::Combination(_) | Refusal::Missing(_)) => false,
        Err(other) => panic!("{new:?}: {other:?}"),
    }
}

/// For which types, in the order limit, market, stop, stop_limit.
fn types(change: impl Fn(NewOrder) -> NewOrder) -> [bool; 4] {
    [Limit, Market, Stop, StopLimit].map(|order_type| goes_together(order_type, &change))
}

#[test]
fn times_in_force() {
    assert_eq!(types(|new| new.until(Gtc)), [true; 4]);
    assert_eq!(types(|new| new.until(Ioc)), [true; 4]);
    assert_eq!(types(|new| new.until(Fok)), [true; 4]);
    assert_eq!(types(|new| new.gtd(10)), [true, false, false, true]);
    assert_eq!(types(|new| new.until(Gtd)), [false; 4], "gtd has no end");
    for time_in_force in [Gtc, Ioc, Fok] {
        let dated = |new: NewOrder| NewOrder { expires_at: Some(10), ..new }.until(time_in_force);
        assert_eq!(types(dated), [false; 4], "an end without gtd");
    }
}

#[test]
fn post_only_and_display_need_an_order_that_can_rest() {
    for time_in_force in [Gtc, Gtd, Ioc, Fok] {
        let end = (time_in_force == Gtd).then_some(10);
        let rests = matches!(time_in_force, Gtc | Gtd);
        let dated = |new: NewOrder| NewOrder { expires_at: end, ..new }.until(time_in_force);
        assert_eq!(types(|new| dated(new).post_only()), [rests, false, false, rests], "{time_in_force:?}");
        assert_eq!(types(|new| dated(new).shows("0.5")), [rests, false, false, rests], "{time_in_force:?}");
        assert_eq!(types(|new| dated(new).shows("0.5").post_only()), [rests, false, false, rests]);
    }
}

#[test]
fn prices() {
    assert_eq!(types(|new| NewOrder { price: Some(money("100")), ..new }), [true, false, false, true]);
    assert_eq!(types(|new| NewOrder { price: None, ..new }), [false, true, true, false]);
    assert_eq!(types(|new| NewOrder { stop_price: Some(money("110")), ..new }), [false, false, true, true]);
    assert_eq!(types(|new| NewOrder { stop_price: None, ..new }), [true, true, false, false]);
}

#[test]
fn amounts() {
    assert_eq!(types(|new| NewOrder { amount: None, ..new }), [false; 4]);
    assert_eq!(types(|new| new.spends("10")), [false, true, false, false]);
    assert_eq!(types(|new| NewOrder { side: Side::Sell, ..new.spends("10") }), [false; 4], "only to buy");
    assert_eq!(types(|new| new.spends("10").until(Ioc)), [false, true, false, false]);
    assert_eq!(types(|new| new.spends("10").until(Fok)), [false; 4]);
    assert_eq!(types(|new| NewOrder { quote_amount: Some(money("10")), ..new }), [false; 4], "both");
}

#[test]
fn what_is_missing_is_named() {
    let mut desk = Desk::new();
    let limit = order(&mut desk, Limit);
    assert_eq!(desk.refuse(&NewOrder { price: None, ..limit }), Refusal::Missing("price"));
    assert_eq!(desk.refuse(&NewOrder { amount: None, ..limit }), Refusal::Missing("amount"));
    let stop = order(&mut desk, Stop);
    assert_eq!(desk.refuse(&NewOrder { stop_price: None, ..stop }), Refusal::Missing("stop_price"));
    assert_eq!(desk.refuse(&limit.until(Gtd)), Refusal::Missing("expires_at"));
    let market = order(&mut desk, Market);
    assert_eq!(desk.refuse(&NewOrder { amount: None, ..market }), Refusal::Missing("amount"));
}

#[test]
fn an_auction_takes_what_can_wait_for_it() {
    let taken = |change: &dyn Fn(NewOrder) -> NewOrder| {
        [Limit, Market, Stop, StopLimit].map(|order_type| {
            let mut desk = Desk::new();
            desk.market.rules.status = MarketStatus::Auction;
            let new = change(order(&mut desk, order_type));
            match desk.place(&new) {
                Ok(outcome) => outcome.order.status.is_live(),
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::MarketNotOpen(MarketStatus::Auction));
                    false
                }
            }
        })
    };
    assert_eq!(taken(&|new| new), [true, false, true, true]);
    assert_eq!(taken(&|new| new.until(Ioc)), [false; 4]);
    assert_eq!(taken(&|new| new.until(Fok)), [false; 4]);
    assert_eq!(taken(&|new| new.post_only()), [false; 4]);
}
