//! Every refusal by itself, the order in which they are looked for, and that a refused call changes nothing.

use matching::money::MAX;
use matching::{MarketStatus, Money, NewOrder, OrderId, OrderType, Refusal, SelfTrade, Side, TimeInForce, UserId};

use crate::desk::{Desk, money};

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

fn refused(desk: &mut Desk, new: &NewOrder) -> Refusal {
    let before = desk.snapshot();
    let refusal = desk.place(new).expect_err("refused");
    assert_eq!(desk.snapshot(), before);
    refusal
}

/// What a limit buy of user 3 is refused with.
fn buy_refused(price: &str, amount: &str) -> Refusal {
    let mut desk = desk();
    let new = desk.limit(3, Side::Buy, price, amount);
    refused(&mut desk, &new)
}

#[test]
fn price_is_positive_and_on_the_tick() {
    assert_eq!(buy_refused("0", "1"), Refusal::PriceNotPositive(money("0")));
    assert_eq!(buy_refused("-1", "1"), Refusal::PriceNotPositive(money("-1")));
    let off = Refusal::OffTick { price: money("1.005"), tick: money("0.01") };
    assert_eq!(buy_refused("1.005", "1"), off);
    // i64::MAX ticks and one more.
    assert_eq!(buy_refused("92233720368547758.08", "1"), Refusal::Overflow);
}

#[test]
fn amount_is_positive_on_the_lot_and_within_limits() {
    assert_eq!(buy_refused("1", "0"), Refusal::AmountNotPositive(money("0")));
    assert_eq!(buy_refused("1", "-1"), Refusal::AmountNotPositive(money("-1")));
    let off = Refusal::OffLot { amount: money("1.0000005"), lot: money("0.000001") };
    assert_eq!(buy_refused("1", "1.0000005"), off);
    assert_eq!(buy_refused("1", "9223372036854.775808"), Refusal::Overflow);
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
    assert_eq!(refused(&mut desk, &sell), funds);
    let below = Refusal::BelowMinimumNotional { notional: money("0.99"), minimum: money("1") };
    assert_eq!(buy_refused("0.99", "1"), below);
}

#[test]
fn funds_cover_the_reserve_to_the_last_unit() {
    let mut desk = desk();
    let buy = desk.limit(3, Side::Buy, "100", "1");
    desk.fund(3, money("0"), money("101.49999999"));
    let (needed, available) = (money("101.5"), money("101.49999999"));
    assert_eq!(refused(&mut desk, &buy), Refusal::InsufficientFunds { side: Side::Buy, needed, available });
    desk.fund(3, money("0"), needed);
    assert!(desk.place(&buy).is_ok());
    let sell = desk.limit(3, Side::Sell, "100", "1");
    let (needed, available) = (money("1"), money("0"));
    assert_eq!(refused(&mut desk, &sell), Refusal::InsufficientFunds { side: Side::Sell, needed, available });
}

#[test]
fn balances_have_room_for_what_they_receive() {
    let mut desk = desk();
    desk.fund(3, Money(MAX), money("1000"));
    let buy = desk.limit(3, Side::Buy, "110", "1");
    assert_eq!(refused(&mut desk, &buy), Refusal::Overflow, "the taker's base");
    desk.fund(1, money("0"), Money(MAX));
    desk.fund(3, money("0"), money("1000"));
    assert_eq!(refused(&mut desk, &buy), Refusal::Overflow, "the maker's quote");
    let below = desk.limit(3, Side::Buy, "109", "1");
    assert!(desk.place(&below).is_ok(), "nobody receives anything yet");
}

#[test]
fn fills_before_an_own_order_need_room_too() {
    let mut desk = desk();
    desk.fund(3, Money(MAX), money("1000"));
    desk.enter(3, Side::Sell, "111", "1");
    let buy = desk.limit(3, Side::Buy, "111", "2");
    assert_eq!(refused(&mut desk, &buy), Refusal::Overflow);
}

#[test]
fn what_is_not_supported_says_which_argument() {
    let mut desk = desk();
    let good = desk.limit(3, Side::Buy, "100", "1");
    for order_type in [OrderType::Market, OrderType::Stop, OrderType::StopLimit] {
        assert_eq!(refused(&mut desk, &NewOrder { order_type, ..good }), Refusal::NotSupported("order_type"));
    }
    for time_in_force in [TimeInForce::Fok, TimeInForce::Gtd] {
        assert_eq!(refused(&mut desk, &NewOrder { time_in_force, ..good }), Refusal::NotSupported("time_in_force"));
    }
    for self_trade in [SelfTrade::CancelMaker, SelfTrade::CancelBoth, SelfTrade::Decrement] {
        let expected = Refusal::NotSupported("self_trade_prevention");
        assert_eq!(refused(&mut desk, &NewOrder { self_trade, ..good }), expected);
    }
}

#[test]
fn each_status_lets_through_what_it_should() {
    use MarketStatus::{Auction, CancelOnly, Closed, Halted, Open};
    for (status, orders, cancels) in [
        (Open, true, true),
        (Halted, false, false),
        (CancelOnly, false, true),
        (Auction, false, true),
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
    desk.fund(3, Money(MAX), money("1"));
    let mut new = desk.limit(3, Side::Buy, "0", "0");
    new.order_type = OrderType::Market;
    assert_eq!(refused(&mut desk, &new), Refusal::MarketNotOpen(MarketStatus::Halted));
    desk.market.rules.status = MarketStatus::Open;
    assert_eq!(refused(&mut desk, &new), Refusal::NotSupported("order_type"));
    new.order_type = OrderType::Limit;
    let (tick, lot) = (money("0.01"), money("0.000001"));
    let needed = money("111.65");
    let rows = [
        ("0", "0", Refusal::PriceNotPositive(money("0"))),
        ("92233720368547758.085", "0", Refusal::OffTick { price: money("92233720368547758.085"), tick }),
        ("92233720368547758.08", "0", Refusal::Overflow),
        ("0.01", "0", Refusal::AmountNotPositive(money("0"))),
        ("0.01", "0.0000005", Refusal::OffLot { amount: money("0.0000005"), lot }),
        ("0.01", "0.01", Refusal::BelowMinimum { amount: money("0.01"), minimum: money("0.1") }),
        ("0.01", "0.1", Refusal::BelowMinimumNotional { notional: money("0.001"), minimum: money("1") }),
        ("110", "1", Refusal::InsufficientFunds { side: Side::Buy, needed, available: money("1") }),
    ];
    for (price, amount, expected) in rows {
        (new.price, new.amount) = (money(price), money(amount));
        assert_eq!(refused(&mut desk, &new), expected);
    }
    desk.fund(3, Money(MAX), needed);
    assert_eq!(refused(&mut desk, &new), Refusal::Overflow, "no room for the base");
}

#[test]
fn an_order_without_any_balance_has_nothing_available() {
    let mut desk = desk();
    let mut new = desk.limit(3, Side::Sell, "100", "1");
    new.user = UserId(99);
    let (needed, available) = (money("1"), Money::ZERO);
    assert_eq!(refused(&mut desk, &new), Refusal::InsufficientFunds { side: Side::Sell, needed, available });
}
