//! The example of the manual, to the last digit.

use ids::OrderId;
use matching::{Side, Status, Trade};

use crate::desk::{Desk, money, rate};

/// Seller 1 offers 2 at 100 and 1 at 101; buyer 2 takes 2.5 at 101.
fn example() -> Desk {
    let mut desk = Desk::new();
    desk.fund(1, money("3"), money("0"));
    desk.fund(2, money("0"), money("1000"));
    desk.enter(1, Side::Sell, "100", "2");
    desk.enter(1, Side::Sell, "101", "1");
    let taken = desk.enter(2, Side::Buy, "101", "2.5");
    assert_eq!((taken.trades, taken.order.status, taken.order.reserved), (2, Status::Filled, money("0")));
    desk
}

#[test]
fn balances_of_the_worked_example() {
    let desk = example();
    let (base, quote) = desk.balances(2);
    assert_eq!((base.available, base.locked), (money("2.5"), money("0")));
    assert_eq!((quote.available, quote.locked), (money("745.7425"), money("0")), "paid 254.2575");
    let (base, quote) = desk.balances(1);
    assert_eq!((base.available, base.locked), (money("0"), money("0.5")));
    assert_eq!((quote.available, quote.locked), (money("246.7425"), money("0")));
}

#[test]
fn trades_of_the_worked_example() {
    let mut desk = example();
    let trade = |sequence, maker, price, amount, commission| Trade {
        sequence,
        maker: OrderId(maker),
        taker: OrderId(3),
        taker_side: Side::Buy,
        price,
        amount,
        buyer_commission: money(commission),
        seller_commission: money(commission),
    };
    // 6 and 1.515 in all: half from each side.
    let expected = [trade(1, 1, 10_000, 2_000_000, "3"), trade(2, 2, 10_100, 500_000, "0.7575")];
    assert_eq!(desk.market.drain_trades(), expected);
    let left: Vec<_> = desk.queue(Side::Sell).iter().map(|o| (o.id.0, o.filled, o.reserved)).collect();
    assert_eq!(left, [(2, 500_000, money("0.5"))]);
}

#[test]
fn a_buy_locks_its_notional_and_the_larger_commission() {
    let mut desk = Desk::new();
    let resting = desk.enter(2, Side::Buy, "101", "2.5");
    assert_eq!(resting.order.reserved, money("256.2875"));
    desk.rates.maker = rate(2_000_000);
    assert_eq!(desk.enter(2, Side::Buy, "101", "2.5").order.reserved, money("257.55"));
    desk.rates.taker = rate(4_000_000);
    assert_eq!(desk.enter(2, Side::Buy, "101", "2.5").order.reserved, money("262.6"));
    // The first two keep the rates they were accepted with.
    desk.enter(1, Side::Sell, "101", "5");
    let commissions: Vec<_> =
        desk.market.drain_trades().iter().map(|t| (t.buyer_commission, t.seller_commission)).collect();
    assert_eq!(commissions, [(money("3.7875"), money("10.1")), (money("5.05"), money("10.1"))]);
}

#[test]
fn an_improvement_is_released_at_the_fill() {
    let mut desk = Desk::new();
    desk.fund(2, money("0"), money("203"));
    desk.enter(1, Side::Sell, "50", "1");
    let taken = desk.enter(2, Side::Buy, "100", "2");
    assert_eq!(taken.order.reserved, money("101.5"), "what the rest needs and no more");
    let (_, quote) = desk.balances(2);
    assert_eq!((quote.available, quote.locked), (money("50.75"), money("101.5")));
}
