//! A budget of which less is left than one lot costs: what cannot buy meets nobody.

use matching::{CancelReason, MarketStatus, NewOrder, OrderState, SelfTrade, Side, Status};

use crate::desk::{Desk, With, rate};

const MODES: [SelfTrade; 4] =
    [SelfTrade::CancelTaker, SelfTrade::CancelMaker, SelfTrade::CancelBoth, SelfTrade::Decrement];

/// User 2 offers 1 at 100, user 1 offers 1 at 101 and 1 at 102: orders 1, 2, 3. A lot is a millionth.
fn desk() -> Desk {
    let mut desk = Desk::without_fees();
    desk.enter(2, Side::Sell, "100", "1");
    desk.enter(1, Side::Sell, "101", "1");
    desk.enter(1, Side::Sell, "102", "1");
    desk
}

fn spend(desk: &mut Desk, budget: &str, mode: SelfTrade) -> OrderState {
    let buy: NewOrder = desk.market(1, Side::Buy, "1").spends(budget).mode(mode);
    desk.accept(&buy).order
}

#[test]
fn own_offers_that_it_cannot_buy_stay() {
    for mode in MODES {
        for budget in ["100", "100.00001", "100.00010099"] {
            let mut desk = desk();
            let bought = spend(&mut desk, budget, mode);
            assert_eq!((bought.filled, bought.status), (1_000_000, Status::Filled), "{budget}, {mode:?}");
            assert_eq!(desk.ids(Side::Sell), [2, 3], "{budget}, {mode:?}");
        }
    }
}

#[test]
fn what_still_pays_for_a_lot_meets_them() {
    let mut desk = desk();
    assert_eq!(spend(&mut desk, "100.000101", SelfTrade::CancelMaker).filled, 1_000_000);
    assert_eq!(desk.ids(Side::Sell), [3], "a lot at 101 could have been bought, at 102 none");
}

#[test]
fn commission_counts_as_cost() {
    let mut desk = desk();
    desk.rates.taker = rate(1_000_000);
    // 1 at 100 costs 101; a lot at 101 costs 0.00010201.
    assert_eq!(spend(&mut desk, "101.00010200", SelfTrade::CancelMaker).filled, 1_000_000);
    assert_eq!(desk.ids(Side::Sell), [2, 3]);
}

#[test]
fn a_budget_below_one_lot_ends_for_that_reason() {
    for mode in MODES {
        let mut desk = Desk::without_fees();
        desk.enter(1, Side::Sell, "1000000", "1");
        let nothing = spend(&mut desk, "0.5", mode);
        assert_eq!(
            (nothing.status, nothing.cancel_reason),
            (Status::Cancelled, Some(CancelReason::Budget)),
            "{mode:?}"
        );
        assert_eq!(desk.ids(Side::Sell), [1], "{mode:?}");
    }
}

#[test]
fn nor_does_it_end_what_has_expired() {
    let mut desk = Desk::without_fees();
    desk.enter(2, Side::Sell, "100", "1");
    let dated = desk.limit(2, Side::Sell, "101", "1").gtd(10);
    desk.accept(&dated);
    desk.market.now = 10;
    spend(&mut desk, "100.00001", SelfTrade::CancelTaker);
    assert_eq!(desk.ids(Side::Sell), [2]);
}

#[test]
fn nor_does_it_leave_the_band() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.enter(2, Side::Sell, "101", "1");
    desk.enter(2, Side::Sell, "104", "1");
    (desk.market.rules.price_band, desk.market.rules.band_halts) = (Some(rate(2_000_000)), true);
    spend(&mut desk, "101.00001", SelfTrade::CancelTaker);
    assert_eq!(desk.market.rules.status, MarketStatus::Open);
    spend(&mut desk, "0.000104", SelfTrade::CancelTaker);
    assert_eq!(desk.market.rules.status, MarketStatus::Halted, "one lot outside the band");
}

#[test]
fn a_stop_that_has_spent_its_reserve_meets_nobody_either() {
    for mode in MODES {
        let mut desk = Desk::without_fees();
        let stop = desk.stop(1, Side::Buy, "100", "2").mode(mode);
        let stop = desk.accept(&stop).order.id.0;
        // 200 are reserved, 0.00020049 of them left when it comes to its owner's offer: a lot there costs 0.000201.
        desk.enter(2, Side::Sell, "199.99", "1.000049");
        let own = desk.enter(1, Side::Sell, "201", "1").order.id.0;
        desk.enter(3, Side::Sell, "100", "1");
        desk.enter(2, Side::Buy, "100", "1");
        let ended = desk.touched(stop);
        assert_eq!((ended.filled, ended.cancel_reason), (1_000_049, Some(CancelReason::Budget)), "{mode:?}");
        assert_eq!(desk.ids(Side::Sell), [own], "{mode:?}");
    }
}
