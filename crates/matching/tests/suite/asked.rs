//! What a caller asks of rules, trades and books.

use ids::UserId;
use matching::{Market, Outcome, Rules, Side, Status, Tape, Trade};
use money::{MAX, ONE};

use crate::desk::{Desk, money, open_rules, rate, units};
use crate::driver::{BASE, QUOTE};

#[test]
fn a_notional_is_exact_where_tick_times_lot_is_a_whole_unit_that_fits() {
    let exact = |tick, lot| Rules::exact(units(tick), units(lot));
    for (tick, lot) in [(1, ONE), (ONE, 1), (1_000_000, 100), (MAX, ONE)] {
        assert!(exact(tick, lot), "{tick} × {lot}");
    }
    for (tick, lot) in [(1_000_000, 99), (0, ONE), (ONE, 0), (-1, -ONE), (-ONE, 1), (MAX, 2 * ONE), (MAX, MAX)] {
        assert!(!exact(tick, lot), "{tick} × {lot}");
    }
}

#[test]
fn a_last_price_between_two_ticks_is_cut_off() {
    assert_eq!(open_rules(units(1_000_000), units(100)).whole_ticks(money("1.019")), 101);
    assert_eq!(open_rules(units(1), units(ONE)).whole_ticks(units(MAX)), i64::MAX);
}

#[test]
fn a_trade_tells_who_bought_and_who_sold_and_what_each_paid() {
    for taker in [Side::Buy, Side::Sell] {
        let mut desk = Desk::with_rates(rate(1_000_000), rate(2_000_000));
        let resting = desk.enter(1, taker.opposite(), "100", "1").order.id;
        let arriving = desk.enter(2, taker, "100", "1").order.id;
        let trade = desk.market.drain_trades()[0];
        let (bought, sold) = if taker == Side::Buy { (arriving, resting) } else { (resting, arriving) };
        assert_eq!((trade.buy_order(), trade.sell_order()), (bought, sold));
        assert_eq!((trade.commission(taker), trade.commission(taker.opposite())), (money("2"), money("1")));
    }
}

/// What a stop of somebody else does with others is not of the order that has triggered it.
#[test]
fn own_trades_are_those_as_taker_and_those_with_a_stop_that_was_triggered() {
    let mut desk = Desk::without_fees();
    desk.last_price("101");
    let other = desk.enter(1, Side::Buy, "99", "1").order.id;
    let ask = desk.enter(1, Side::Sell, "100", "1").order.id;
    let stop = desk.stop(3, Side::Sell, "100", "2");
    desk.accept(&stop);
    let bid = desk.enter(2, Side::Buy, "100", "2");
    let met = |trades: Vec<&Trade>| trades.iter().map(|t| (t.maker, t.taker)).collect::<Vec<_>>();
    let all = desk.market.last_trades(&Outcome { trades: 3, ..bid }).iter().collect();
    assert_eq!(met(all), [(ask, bid.order.id), (bid.order.id, stop.id), (other, stop.id)]);
    let own = desk.market.own_trades(&bid).collect();
    assert_eq!(met(own), [(ask, bid.order.id), (bid.order.id, stop.id)]);
}

#[test]
fn a_tape_tells_its_lowest_and_highest_price() {
    assert_eq!(Tape::new(1, &[5, 3, 9]).prices(), Some((3, 9)));
    assert_eq!(Tape::new(1, &[]).prices(), None);
}

#[test]
fn the_live_orders_of_a_user_are_counted_until_they_end() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    let count = |desk: &Desk| [1, 2].map(|user| desk.market.book.live_of(UserId(user)));
    let bid = desk.enter(1, Side::Buy, "98", "1").order.id;
    let stop = desk.stop(1, Side::Sell, "90", "1");
    desk.accept(&stop);
    assert_eq!(count(&desk), [2, 0]);
    desk.amend(bid, Some("99"), None).expect("amended");
    desk.cancel(stop.id).expect("cancelled");
    assert_eq!(count(&desk), [1, 0]);
    desk.enter(2, Side::Sell, "99", "3");
    assert_eq!(count(&desk), [0, 1]);
}

#[test]
fn a_stop_that_was_left_is_loaded_with_its_trade_and_enters() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    let bid = desk.enter(3, Side::Buy, "99", "1").order;
    let stop = desk.stop(1, Side::Sell, "99", "0.5");
    let stop = desk.accept(&stop).order;
    let mut market = Market::new(desk.market.rules, BASE, QUOTE, desk.market.priority, 7, Some(9_900));
    market.looked = 6;
    market.load(&mut desk.accounts, bid);
    market.load_triggered(&mut desk.accounts, stop, 7);
    assert_eq!((market.book.first_trigger(), market.book.live_of(UserId(1))), (Some(7), 1));
    assert_eq!(market.run_left(&mut desk.accounts), 1);
    assert_eq!((market.looked, market.drain_trades()[0].taker), (8, stop.id));
}

#[test]
fn an_order_that_has_ended_is_there_until_it_is_drained() {
    let mut desk = Desk::without_fees();
    let id = desk.enter(1, Side::Buy, "99", "1").order.id;
    desk.cancel(id).expect("cancelled");
    let book = &mut desk.market.book;
    assert_eq!((book.get(id).map(|order| order.status), book.find(id)), (Some(Status::Cancelled), None));
    book.drain_changed();
    assert_eq!(book.get(id), None);
}
