//! Fill or kill: everything at once, or a refusal that changes nothing.

use ids::OrderId;
use matching::{NewOrder, Refusal, SelfTrade, Side, Status, TimeInForce};

use crate::desk::{Desk, With, money, rate};

fn killed(fillable: &str, amount: &str) -> Refusal {
    Refusal::FillOrKill { fillable: money(fillable), amount: money(amount) }
}

/// Offers of user 1: one each at 100 and 101.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.enter(1, Side::Sell, "100", "1");
    desk.enter(1, Side::Sell, "101", "1");
    desk
}

fn kill(desk: &mut Desk, user: i64, price: &str, amount: &str) -> NewOrder {
    desk.limit(user, Side::Buy, price, amount).until(TimeInForce::Fok)
}

#[test]
fn all_or_nothing_over_several_levels() {
    let mut desk = desk();
    let too_much = kill(&mut desk, 2, "101", "2.000001");
    assert_eq!(desk.refuse(&too_much), killed("2", "2.000001"));
    let too_cheap = kill(&mut desk, 2, "100.99", "2");
    assert_eq!(desk.refuse(&too_cheap), killed("1", "2"));
    let right = kill(&mut desk, 2, "101", "2");
    let taken = desk.accept(&right);
    assert_eq!((taken.order.status, taken.trades, desk.ids(Side::Sell)), (Status::Filled, 2, vec![]));
}

#[test]
fn a_market_order_may_be_killed_too() {
    let mut desk = desk();
    let buy = desk.market(2, Side::Buy, "3").until(TimeInForce::Fok);
    assert_eq!(desk.refuse(&buy), killed("2", "3"));
    let buy = desk.market(2, Side::Buy, "2").until(TimeInForce::Fok);
    assert_eq!(desk.accept(&buy).order.status, Status::Filled);
}

#[test]
fn hidden_quantity_counts() {
    let mut desk = Desk::new();
    let iceberg = desk.limit(1, Side::Sell, "100", "1").shows("0.1");
    desk.accept(&iceberg);
    let buy = kill(&mut desk, 2, "100", "1");
    let taken = desk.accept(&buy);
    assert_eq!((taken.order.status, taken.trades), (Status::Filled, 10));
}

#[test]
fn expired_makers_do_not_count_and_stay_when_it_is_killed() {
    let mut desk = Desk::new();
    let dated = desk.limit(1, Side::Sell, "100", "1").gtd(10);
    desk.accept(&dated);
    desk.enter(1, Side::Sell, "100", "1");
    desk.market.now = 10;
    let buy = kill(&mut desk, 2, "100", "1.5");
    assert_eq!(desk.refuse(&buy), killed("1", "1.5"));
    assert_eq!(desk.ids(Side::Sell), [1, 2]);
    let buy = kill(&mut desk, 2, "100", "1");
    assert_eq!(desk.accept(&buy).order.status, Status::Filled);
    assert_eq!(desk.ids(Side::Sell), [0; 0], "the expired one was in the way");
}

#[test]
fn own_orders_do_not_count() {
    use SelfTrade::{CancelBoth, CancelMaker, CancelTaker, Decrement, None};
    // User 1 offers 1 at 100, user 3 offers 1 at 101: what can user 1 buy at 101?
    for (mode, amount, refusal) in [
        (None, "2", Option::None),
        (CancelTaker, "1", Some("0")),
        (CancelBoth, "1", Some("0")),
        (CancelMaker, "1", Option::None),
        (CancelMaker, "1.5", Some("1")),
        // The own order takes one off, so never all of it trades.
        (Decrement, "2", Some("1")),
        (Decrement, "1", Some("0")),
    ] {
        let mut desk = Desk::new();
        desk.enter(1, Side::Sell, "100", "1");
        desk.enter(3, Side::Sell, "101", "1");
        let buy = kill(&mut desk, 1, "101", amount).mode(mode);
        match refusal {
            Some(fillable) => assert_eq!(desk.refuse(&buy), killed(fillable, amount), "{mode:?}"),
            Option::None => assert_eq!(desk.accept(&buy).order.status, Status::Filled, "{mode:?}"),
        }
    }
}

#[test]
fn an_own_order_behind_the_last_fill_is_not_reached() {
    let mut desk = desk();
    let own = desk.limit(2, Side::Sell, "100", "1");
    desk.accept(&own);
    let buy = kill(&mut desk, 2, "101", "1");
    assert_eq!(desk.accept(&buy).order.status, Status::Filled);
    assert!(desk.cancel(OrderId(3)).is_ok());
}

#[test]
fn what_lies_outside_the_band_does_not_count() {
    let mut desk = desk();
    desk.market.rules.price_band = Some(rate(500_000));
    desk.market.rules.band_halts = true;
    desk.market.last_price = Some(10_000);
    let buy = kill(&mut desk, 2, "101", "1.5");
    assert_eq!(desk.refuse(&buy), killed("1", "1.5"));
}
