//! Commission is rounded for each fill, reserved for all of them at once: fills can round up to more than
//! was reserved. The house forgoes that dust; an order never takes more than it has locked.

use ids::OrderId;
use matching::{Rates, Side, Status};
use money::Money;

use crate::desk::{Desk, rate, units};

/// One tick × one lot is one unit and the rate is a half. User 1 bids 4 lots at 1 tick with every unit they
/// have: 4 and 2 for commission.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.market.rules.tick = units(1);
    desk.market.rules.lot = Money::whole(1);
    desk.rates = Rates { maker: rate(50_000_000), taker: rate(50_000_000) };
    desk.fund(1, units(0), units(6));
    let bid = desk.enter(1, Side::Buy, "0.00000001", "4");
    assert_eq!(bid.order.reserved, units(6));
    desk
}

/// User 2 sells one lot to the bid. Returns what the buyer paid on top and still locks.
fn hit(desk: &mut Desk) -> (i128, i128) {
    let sell = desk.enter(2, Side::Sell, "0.00000001", "1");
    let commission = desk.market.last_trades(&sell)[0].buyer_commission.units();
    (commission, desk.balances(1).1.locked.units())
}

#[test]
fn commission_ends_where_the_reserve_ends() {
    let mut desk = desk();
    let hits: Vec<_> = (0..4).map(|_| hit(&mut desk)).collect();
    assert_eq!(hits, [(1, 4), (1, 2), (0, 1), (0, 0)], "a half rounds up to one, as long as there is one");
    assert_eq!(desk.balances(1).1.available, units(0));
    let bid = desk.market.book.drain_changed()[0].order;
    assert_eq!((bid.id, bid.status, bid.reserved), (OrderId(1), Status::Filled, units(0)));
}

#[test]
fn an_amend_in_place_does_not_ask_for_the_dust_again() {
    let mut desk = desk();
    hit(&mut desk);
    // 3 lots would reserve 3 + 2; the order holds 4 and its owner has nothing else.
    let amended = desk.amend(OrderId(1), None, None).expect("accepted");
    assert_eq!((amended.order.reserved, amended.order.priority), (units(4), 1));
    let amended = desk.amend(OrderId(1), None, Some("3")).expect("accepted");
    assert_eq!(amended.order.reserved, units(3), "2 lots and 1 for commission");
    assert_eq!(desk.balances(1).1.available, units(1));
}
