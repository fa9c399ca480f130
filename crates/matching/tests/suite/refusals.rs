//! Every refusal by itself, the order in which they are looked for, and that a refused call changes nothing.

use ids::{OrderId, UserId};
use matching::{MarketStatus, NewOrder, Refusal, Side, TimeInForce};
use money::Money;

use crate::desk::{Desk, With, money, rate, units};

/// A desk with limits on everything, one offer of user 1 and one bid of user 2.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.market.rules.min_amount = Some(money("0.1"));
    desk.market.rules.max_amount = Some(money("1000000000"));
    desk.market.rules.min_notional = Some(money("1"));
    desk.enter(1, Side::Sell, "110", "1");
    desk.enter(2, Side::Buy, "90", "1");
    desk
}

/// What a limit buy of user 3 is refused with.
fn buy_refused(price: &str, amount: &str) -> Refusal {
    let mut desk = desk();
    let new = desk.limit(3, Side::Buy, price, amount);
    desk.refuse(&new)
}

#[test]
fn price_is_positive_and_on_the_tick() {
    assert_eq!(buy_refused("0", "1"), Refusal::PriceNotPositive(money("0")));
    assert_eq!(buy_refused("-1", "1"), Refusal::PriceNotPositive(money("-1")));
    let off = Refusal::OffTick { price: money("1.005"), tick: money("0.01") };
    assert_eq!(buy_refused("1.005", "1"), off);
    // i64::MAX ticks and one more.
    let mut desk = desk();
    desk.market.rules.tick = units(1);
    let new = desk.limit(3, Side::Buy, "92233720368.54775808", "1");
    assert_eq!(desk.refuse(&new), Refusal::Overflow);
}

#[test]
fn amount_is_positive_on_the_lot_and_within_limits() {
    assert_eq!(buy_refused("1", "0"), Refusal::AmountNotPositive(money("0")));
    assert_eq!(buy_refused("1", "-1"), Refusal::AmountNotPositive(money("-1")));
    let off = Refusal::OffLot { amount: money("1.0000005"), lot: money("0.000001") };
    assert_eq!(buy_refused("1", "1.0000005"), off);
    let mut desk = desk();
    desk.market.rules.lot = units(1);
    let new = desk.limit(3, Side::Buy, "1", "92233720368.54775808");
    assert_eq!(desk.refuse(&new), Refusal::Overflow);
    let below = Refusal::BelowMinimum { amount: money("0.099999"), minimum: money("0.1") };
    assert_eq!(buy_refused("1000", "0.099999"), below);
    let above = Refusal::AboveMaximum { amount: money("1000000000.000001"), maximum: money("1000000000") };
    assert_eq!(buy_refused("1", "1000000000.000001"), above);
}

#[test]
fn notional_and_reserve_fit_numeric_20_8() {
    assert_eq!(buy_refused("1000", "1000000000"), Refusal::Overflow);
    // The notional fits; with commission it does not. A sell needs no commission: only funds are short.
    assert_eq!(buy_refused("990", "1000000000"), Refusal::Overflow);
    let mut desk = desk();
    let sell = desk.limit(3, Side::Sell, "990", "1000000000");
    let funds =
        Refusal::InsufficientFunds { side: Side::Sell, needed: money("1000000000"), available: money("1000000") };
    assert_eq!(desk.refuse(&sell), funds);
    let below = Refusal::BelowMinimumNotional { notional: money("0.99"), minimum: money("1") };
    assert_eq!(buy_refused("0.99", "1"), below);
}

#[test]
fn funds_cover_the_reserve_to_the_last_unit() {
    let mut desk = desk();
    let buy = desk.limit(3, Side::Buy, "100", "1");
    desk.fund(3, money("0"), money("101.49999999"));
    let (needed, available) = (money("101.5"), money("101.49999999"));
    assert_eq!(desk.refuse(&buy), Refusal::InsufficientFunds { side: Side::Buy, needed, available });
    desk.fund(3, money("0"), needed);
    assert!(desk.place(&buy).is_ok());
    let sell = desk.limit(3, Side::Sell, "100", "1");
    let (needed, available) = (money("1"), money("0"));
    assert_eq!(desk.refuse(&sell), Refusal::InsufficientFunds { side: Side::Sell, needed, available });
}

#[test]
fn balances_have_room_for_what_they_receive() {
    let mut desk = desk();
    desk.fund(3, Money::MAX, money("1000"));
    let buy = desk.limit(3, Side::Buy, "110", "1");
    assert_eq!(desk.refuse(&buy), full("1"), "the taker's base");
    let below = desk.limit(3, Side::Buy, "109", "1");
    assert!(desk.place(&below).is_ok(), "nobody receives anything yet");
}

#[test]
fn fills_before_an_own_order_need_room_too() {
    let mut desk = desk();
    desk.fund(3, Money::MAX, money("1000"));
    desk.enter(3, Side::Sell, "111", "1");
    let buy = desk.limit(3, Side::Buy, "111", "2");
    assert_eq!(desk.refuse(&buy), full("1"));
}

#[test]
fn stop_price_and_display_obey_tick_and_lot() {
    let mut desk = desk();
    for (stop, refusal) in [
        ("0", Refusal::PriceNotPositive(money("0"))),
        ("1.005", Refusal::OffTick { price: money("1.005"), tick: money("0.01") }),
    ] {
        let new = desk.stop_limit(3, Side::Buy, stop, "100", "1");
        assert_eq!(desk.refuse(&new), refusal);
    }
    for (display, refusal) in [
        ("0", Refusal::AmountNotPositive(money("0"))),
        ("0.0000005", Refusal::OffLot { amount: money("0.0000005"), lot: money("0.000001") }),
        ("1.000001", Refusal::DisplayAboveAmount { display: money("1.000001"), amount: money("1") }),
    ] {
        let new = desk.limit(3, Side::Buy, "100", "1").shows(display);
        assert_eq!(desk.refuse(&new), refusal);
    }
    let whole = desk.limit(3, Side::Buy, "100", "1").shows("1");
    assert_eq!(desk.accept(&whole).order.visible, 1_000_000);
    let nothing = desk.market(3, Side::Buy, "1").spends("0");
    assert_eq!(desk.refuse(&nothing), Refusal::AmountNotPositive(money("0")));
}

#[test]
fn only_a_limit_price_has_a_minimum_notional() {
    let mut desk = desk();
    desk.market.rules.min_notional = Some(money("200"));
    let limit = desk.stop_limit(3, Side::Buy, "120", "199", "1");
    let below = Refusal::BelowMinimumNotional { notional: money("199"), minimum: money("200") };
    assert_eq!(desk.refuse(&limit), below);
    let stop = desk.stop(3, Side::Buy, "120", "1");
    assert!(desk.place(&stop).is_ok());
    let market = desk.market(3, Side::Buy, "1");
    assert!(desk.place(&market).is_ok());
}

#[test]
fn each_status_lets_through_what_it_should() {
    use MarketStatus::{Auction, CancelOnly, Closed, Halted, Open};
    for (status, orders, cancels) in [
        (Open, true, true),
        (Halted, false, false),
        (CancelOnly, false, true),
        (Auction, true, true),
        (Closed, false, false),
    ] {
        let mut desk = desk();
        desk.market.rules.status = status;
        let new = desk.limit(3, Side::Buy, "100", "1");
        let refusal = Refusal::MarketNotOpen(status);
        assert_eq!(desk.place(&new).err(), (!orders).then_some(refusal), "place while {status:?}");
        let amend = desk.amend(OrderId(1), None, Some("0.5"));
        assert_eq!(amend.err(), (!orders).then_some(refusal), "amend while {status:?}");
        assert_eq!(desk.cancel(OrderId(1)).err(), (!cancels).then_some(refusal), "cancel while {status:?}");
    }
}

#[test]
fn only_live_orders_are_cancelled_and_amended() {
    let mut desk = desk();
    desk.enter(3, Side::Buy, "110", "1");
    for id in [1, 3, 99] {
        assert_eq!(desk.cancel(OrderId(id)), Err(Refusal::OrderNotLive));
        assert_eq!(desk.amend(OrderId(id), None, Some("1")), Err(Refusal::OrderNotLive));
    }
    assert!(desk.cancel(OrderId(2)).is_ok());
    assert_eq!(desk.cancel(OrderId(2)), Err(Refusal::OrderNotLive));
}

/// Faults of a new order in the order in which they are looked for. Each row mends the fault before it,
/// so a row's refusal shows that it wins over all that follow.
#[test]
fn the_first_fault_is_the_one_reported() {
    let mut desk = desk();
    desk.market.rules.status = MarketStatus::Halted;
    desk.market.rules.price_band = Some(rate(10_000_000));
    desk.market.last_price = Some(12_000);
    desk.fund(3, Money::MAX, money("1"));
    let mut new = desk.stop_limit(3, Side::Buy, "0", "0", "0").shows("0.0000005").gtd(1).until(TimeInForce::Ioc);
    assert_eq!(desk.refuse(&new), Refusal::MarketNotOpen(MarketStatus::Halted));
    desk.market.rules.status = MarketStatus::Open;
    assert!(matches!(desk.refuse(&new), Refusal::Combination(_)));
    new = NewOrder { time_in_force: TimeInForce::Gtc, expires_at: None, ..new };
    let (tick, lot, low, high) = (money("0.01"), money("0.000001"), money("108"), money("132"));
    let far = money("922337203685.085");
    let rows = [
        ("0", "0", "0", "0.0000005", Refusal::PriceNotPositive(money("0"))),
        ("922337203685.085", "0", "0", "0.0000005", Refusal::OffTick { price: far, tick }),
        ("0.01", "-1", "0", "0.0000005", Refusal::PriceNotPositive(money("-1"))),
        ("0.01", "130", "0", "0.0000005", Refusal::AmountNotPositive(money("0"))),
        ("0.01", "130", "0.0000007", "0.0000005", Refusal::OffLot { amount: money("0.0000007"), lot }),
        ("0.01", "130", "0.01", "0.0000005", Refusal::BelowMinimum { amount: money("0.01"), minimum: money("0.1") }),
        ("0.01", "130", "0.1", "0.0000005", Refusal::OffLot { amount: money("0.0000005"), lot }),
        ("0.01", "130", "0.1", "0.2", Refusal::DisplayAboveAmount { display: money("0.2"), amount: money("0.1") }),
        ("0.01", "130", "0.1", "0.1", Refusal::BelowMinimumNotional { notional: money("0.001"), minimum: money("1") }),
        ("100", "130", "1", "0.1", Refusal::OutsideBand { price: money("100"), low: low.into(), high: high.into() }),
        ("110", "130", "1", "0.1", short("111.65", "1")),
    ];
    for (price, stop, amount, display, expected) in rows {
        new.price = Some(money(price));
        new.stop_price = Some(money(stop));
        new = NewOrder { amount: Some(money(amount)), display_amount: Some(money(display)), ..new };
        assert_eq!(desk.refuse(&new), expected);
    }
}

/// The base of a buyer who holds all that there can be.
fn full(brought: &str) -> Refusal {
    Refusal::BalanceFull { side: Side::Buy, held: Money::MAX.into(), brought: money(brought).into() }
}

fn short(needed: &str, available: &str) -> Refusal {
    Refusal::InsufficientFunds { side: Side::Buy, needed: money(needed), available: money(available) }
}

/// What is looked for last, once the terms are right: funds, what it may take, room.
#[test]
fn funds_come_before_the_book_and_room_comes_last() {
    let mut desk = desk();
    desk.fund(3, Money::MAX, money("1"));
    let post_only = desk.limit(3, Side::Buy, "110", "1").post_only();
    let kill = desk.limit(3, Side::Buy, "110", "2").until(TimeInForce::Fok);
    let enough = NewOrder { amount: Some(money("1")), ..kill };
    assert_eq!(desk.refuse(&post_only), short("111.65", "1"));
    assert_eq!(desk.refuse(&kill), short("223.3", "1"));
    desk.fund(3, Money::MAX, money("223.3"));
    assert_eq!(desk.refuse(&post_only), Refusal::WouldTake { best: money("110") });
    assert_eq!(desk.refuse(&kill), Refusal::FillOrKill { fillable: money("1"), amount: money("2") });
    assert_eq!(desk.refuse(&enough), full("1"), "no room for the base");
}

#[test]
fn an_order_without_any_balance_has_nothing_available() {
    let mut desk = desk();
    let mut new = desk.limit(3, Side::Sell, "100", "1");
    new.user = UserId(99);
    let (needed, available) = (money("1"), Money::ZERO);
    assert_eq!(desk.refuse(&new), Refusal::InsufficientFunds { side: Side::Sell, needed, available });
}
