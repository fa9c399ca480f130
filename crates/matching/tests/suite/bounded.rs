//! One command does so much and no more: an order that needs more is refused, or cut off when it never rests; stops
//! that are left enter later.

use matching::bounds::{SLICES, STEPS};
use matching::{
    CancelReason, Market, MarketStatus, NewOrder, OrderType, Refusal, SelfTrade, Side, Status, Tape, TimeInForce, Trade,
};
use money::Money;
use proptest::prelude::*;

use crate::desk::{Desk, With, money};
use crate::draft::draft;
use crate::flow::settings;

/// One command takes five steps. Last price 100.
fn desk() -> Desk {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.market.steps = 5;
    desk
}

/// So many bids of a tenth at a price.
fn bids(desk: &mut Desk, price: &str, count: usize) {
    for _ in 0..count {
        desk.enter(3, Side::Buy, price, "0.1");
    }
}

/// Runs what is left until nothing is; returns how many commands that took.
fn run_out(desk: &mut Desk) -> usize {
    (1..100)
        .find(|_| desk.market.run_left(&mut desk.accounts) == 0 && desk.market.looked == desk.market.sequence)
        .expect("an end")
}

#[test]
fn an_iceberg_has_at_most_a_hundred_slices() {
    let mut desk = Desk::new();
    let fits = desk.limit(1, Side::Sell, "100", "1").shows("0.01");
    let id = desk.accept(&fits).order.id;
    let least = money("0.010001");
    let refusal = |amount| Refusal::TooManySlices { display: money("0.01"), amount: money(amount), least };
    let finer = desk.limit(1, Side::Sell, "100", "1.000001").shows("0.01");
    assert_eq!(desk.refuse(&finer), refusal("1.000001"));
    assert_eq!(desk.amend(id, None, Some("1.000001")), Err(refusal("1.000001")));
    let stop = desk.stop_limit(1, Side::Sell, "90", "90", "1.000001").shows("0.01");
    assert_eq!(desk.refuse(&stop), refusal("1.000001"));
    let smallest = desk.limit(1, Side::Sell, "100", "1.000001").shows("0.010001");
    assert!(desk.place(&smallest).is_ok(), "what the hint names does");
    assert_eq!(SLICES, 100);
}

#[test]
fn an_order_that_needs_more_steps_is_refused() {
    let mut desk = desk();
    bids(&mut desk, "99", 6);
    let sale = desk.limit(2, Side::Sell, "99", "0.500001");
    assert_eq!(desk.refuse(&sale), Refusal::TooManySteps { most: 5 });
    let kill = desk.limit(2, Side::Sell, "99", "0.6").until(TimeInForce::Fok);
    assert_eq!(desk.refuse(&kill), Refusal::TooManySteps { most: 5 });
    let market = NewOrder { time_in_force: TimeInForce::Fok, ..desk.market(2, Side::Sell, "0.6") };
    assert_eq!(desk.refuse(&market), Refusal::TooManySteps { most: 5 });
    let id = desk.enter(2, Side::Sell, "100", "0.6").order.id;
    assert_eq!(desk.amend(id, Some("99"), None), Err(Refusal::TooManySteps { most: 5 }));
    assert_eq!(desk.enter(2, Side::Sell, "99", "0.5").trades, 5);
    assert_eq!(STEPS, 10_000);
}

#[test]
fn an_order_that_never_rests_takes_what_one_command_may() {
    let orders: [fn(&mut Desk) -> NewOrder; 3] = [
        |desk| desk.limit(2, Side::Sell, "99", "0.9").until(TimeInForce::Ioc),
        |desk| desk.market(2, Side::Sell, "0.9"),
        |desk| NewOrder { time_in_force: TimeInForce::Ioc, ..desk.market(2, Side::Sell, "0.9") },
    ];
    for order in orders {
        let mut desk = desk();
        bids(&mut desk, "99", 8);
        let before = desk.balances(2);
        let order = order(&mut desk);
        let cut = desk.accept(&order);
        assert_eq!((cut.trades, cut.order.filled), (5, 500_000));
        assert_eq!((cut.order.status, cut.order.cancel_reason), (Status::Cancelled, Some(CancelReason::StepLimit)));
        let (base, quote) = desk.balances(2);
        assert_eq!((base.locked, quote.locked), (Money::ZERO, Money::ZERO));
        assert_eq!(
            (before.0.available - base.available, quote.available - before.1.available),
            (money("0.5"), money("49.5"))
        );
    }
}

#[test]
fn a_purchase_that_is_cut_off_pays_for_what_it_got() {
    for spends in [false, true] {
        let mut desk = desk();
        for _ in 0..8 {
            desk.enter(3, Side::Sell, "101", "0.1");
        }
        let before = desk.balances(2).1.available;
        let amount = (!spends).then(|| money("0.9"));
        let order = NewOrder { amount, quote_amount: spends.then(|| money("90")), ..desk.market(2, Side::Buy, "1") };
        let cut = desk.accept(&order).order;
        assert_eq!((cut.filled, cut.reserved), (500_000, Money::ZERO));
        // What it wanted was what it could get for its money: nothing is left of it.
        assert_eq!(cut.status, if spends { Status::Filled } else { Status::Cancelled });
        assert_eq!(before - desk.balances(2).1.available, money("50.5"));
    }
}

#[test]
fn an_order_that_meets_nothing_but_its_own_is_cut_off_too() {
    let mut desk = desk();
    bids(&mut desk, "99", 6);
    let sale = desk.limit(3, Side::Sell, "99", "1").until(TimeInForce::Ioc).mode(SelfTrade::CancelMaker);
    let cut = desk.accept(&sale).order;
    assert_eq!((cut.filled, cut.cancel_reason), (0, Some(CancelReason::StepLimit)));
    let again = desk.limit(3, Side::Sell, "99", "1").until(TimeInForce::Ioc).mode(SelfTrade::CancelMaker);
    assert_eq!(desk.accept(&again).order.cancel_reason, Some(CancelReason::Ioc), "one was left");
}

#[test]
fn cancels_and_decrements_are_steps() {
    for mode in [SelfTrade::CancelMaker, SelfTrade::Decrement] {
        let mut desk = desk();
        bids(&mut desk, "99", 6);
        let sale = desk.limit(3, Side::Sell, "99", "1").mode(mode);
        assert_eq!(desk.refuse(&sale), Refusal::TooManySteps { most: 5 });
    }
    let mut expired = desk();
    for _ in 0..6 {
        let dated = expired.limit(3, Side::Buy, "99", "0.1").gtd(10);
        expired.accept(&dated);
    }
    expired.market.now = 10;
    let sale = expired.limit(2, Side::Sell, "99", "1").post_only();
    assert_eq!(expired.refuse(&sale), Refusal::TooManySteps { most: 5 });
}

#[test]
fn stops_that_are_left_enter_with_the_commands_that_follow() {
    let mut desk = desk();
    bids(&mut desk, "99", 12);
    for _ in 0..8 {
        let stop = desk.stop(1, Side::Sell, "99", "0.1");
        desk.accept(&stop);
    }
    // One step for the trade, two for each stop that enters and trades: two stops.
    let set_off = desk.enter(2, Side::Sell, "99", "0.1");
    assert_eq!((set_off.trades, set_off.all_trades, desk.stops().len()), (1, 3, 6));
    assert_eq!(desk.market.looked, desk.market.sequence - 3);
    assert_eq!(run_out(&mut desk), 4);
    assert_eq!((desk.stops().len(), desk.trades().len()), (0, 9));
}

#[test]
fn a_new_stop_queues_behind_those_that_are_left() {
    let mut desk = desk();
    bids(&mut desk, "99", 12);
    let mut stops: Vec<i64> = Vec::new();
    for _ in 0..4 {
        let stop = desk.stop(1, Side::Sell, "99", "0.1");
        stops.push(desk.accept(&stop).order.id.0);
    }
    desk.enter(2, Side::Sell, "99", "0.1");
    let late = desk.stop(1, Side::Sell, "99.5", "0.1");
    let answer = desk.accept(&late);
    assert_eq!((answer.order.status, answer.trades), (Status::Pending, 0));
    run_out(&mut desk);
    stops.push(late.id.0);
    let takers: Vec<i64> = desk.trades()[1..].iter().map(|trade| trade.1).collect();
    assert_eq!(takers, stops);
}

#[test]
fn a_stop_with_more_in_its_way_than_a_command_does_goes_on() {
    for (price, kept) in [(None, 0), (Some("98"), 0)] {
        let mut desk = desk();
        bids(&mut desk, "99", 10);
        let stop = match price {
            None => desk.stop(1, Side::Sell, "99.5", "0.9"),
            Some(price) => desk.stop_limit(1, Side::Sell, "99.5", price, "0.9"),
        };
        desk.accept(&stop);
        desk.enter(2, Side::Sell, "99", "0.1");
        assert_eq!(desk.order(stop.id.0).filled, 0, "it waits for a command with all its steps");
        desk.market.run_left(&mut desk.accounts);
        let part = desk.order(stop.id.0);
        assert_eq!((part.status, part.filled), (Status::Pending, 400_000));
        assert_eq!(desk.balances(1).0.locked, money("0.5"));
        run_out(&mut desk);
        assert_eq!(desk.touched(stop.id.0).status, Status::Filled);
        assert_eq!(desk.stops().len(), kept);
    }
}

#[test]
fn a_stop_buy_in_parts_spends_what_it_has_locked() {
    let mut desk = desk();
    for _ in 0..12 {
        desk.enter(3, Side::Sell, "102", "0.1");
    }
    desk.enter(3, Side::Sell, "101", "0.1");
    let stop = desk.stop(1, Side::Buy, "101", "1");
    desk.accept(&stop);
    desk.enter(2, Side::Buy, "101", "0.1");
    run_out(&mut desk);
    let ended = desk.touched(stop.id.0);
    assert_eq!((ended.filled, ended.cancel_reason), (990_196, Some(CancelReason::Budget)));
    assert_eq!(desk.balances(1).1.locked, money("0"));
}

#[test]
fn a_fok_stop_is_not_filled_in_parts() {
    let mut desk = desk();
    bids(&mut desk, "99", 10);
    let stop = desk.stop(1, Side::Sell, "99", "0.9").until(TimeInForce::Fok);
    desk.accept(&stop);
    desk.enter(2, Side::Sell, "99", "0.1");
    run_out(&mut desk);
    assert_eq!(desk.touched(stop.id.0).cancel_reason, Some(CancelReason::FillOrKill));
    assert_eq!(desk.ids(Side::Buy).len(), 9);
}

#[test]
fn what_is_left_when_the_market_stops_waits_for_the_opening() {
    let mut desk = desk();
    bids(&mut desk, "99", 12);
    for _ in 0..4 {
        let stop = desk.stop(1, Side::Sell, "99", "0.1");
        desk.accept(&stop);
    }
    desk.enter(2, Side::Sell, "99", "0.1");
    desk.market.rules.status = MarketStatus::Halted;
    assert_eq!(desk.market.run_left(&mut desk.accounts), 0);
    desk.market.rules.status = MarketStatus::Open;
    assert_eq!(desk.market.uncross(&mut desk.accounts), 2);
    assert!(desk.stops().is_empty());
}

#[test]
fn a_trade_in_the_middle_of_a_sweep_triggers() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.enter(3, Side::Sell, "90", "1");
    desk.enter(3, Side::Sell, "101", "1");
    desk.enter(3, Side::Buy, "85", "5");
    let stop = desk.stop(1, Side::Sell, "92", "1");
    desk.accept(&stop);
    let sweep = desk.market(2, Side::Buy, "2");
    desk.accept(&sweep);
    assert_eq!(desk.touched(stop.id.0).status, Status::Filled);
}

#[test]
fn of_two_stops_the_one_that_an_earlier_trade_reached_enters_first() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    desk.enter(3, Side::Sell, "100.30", "1");
    desk.enter(3, Side::Sell, "100.36", "10");
    let mut place = |stop| {
        let new = desk.stop_limit(1, Side::Buy, stop, "101", "1");
        desk.accept(&new).order.id.0
    };
    let (later, first) = (place("100.34"), place("100.28"));
    desk.enter(2, Side::Buy, "101", "2");
    let takers: Vec<i64> = desk.trades()[2..].iter().map(|trade| trade.1).collect();
    assert_eq!(takers, [first, later]);
}

#[test]
fn a_trade_at_a_price_whose_stops_are_not_loaded_leaves_them() {
    let mut desk = Desk::without_fees();
    desk.last_price("100");
    bids(&mut desk, "99", 2);
    bids(&mut desk, "98", 2);
    let near = desk.stop(1, Side::Sell, "99", "0.1");
    desk.accept(&near);
    desk.market.known.sells_above = Some(9_800);
    let sale = desk.enter(2, Side::Sell, "98", "0.3");
    // The two trades at 99 trigger the one that is known; what the one at 98 triggers is not known.
    assert_eq!((sale.trades, sale.all_trades), (3, 4));
    assert_eq!(desk.market.looked, desk.market.sequence - 2);
}

#[test]
fn a_price_whose_stops_are_not_loaded_waits_where_none_at_all_is_loaded() {
    for (taker, price) in [(Side::Sell, "98"), (Side::Buy, "102")] {
        let mut desk = Desk::without_fees();
        desk.last_price("100");
        (desk.market.known.sells_above, desk.market.known.buys_below) = match taker {
            Side::Sell => (Some(9_800), None),
            Side::Buy => (None, Some(10_200)),
        };
        let inside = if taker == Side::Sell { "98.01" } else { "101.99" };
        for (at, left) in [(inside, 0), (price, 1)] {
            desk.enter(3, taker.opposite(), at, "0.1");
            desk.enter(2, taker, at, "0.1");
            assert_eq!(desk.market.sequence - desk.market.looked, left, "{taker:?} at {at}");
        }
    }
}

#[test]
fn the_queue_ends_where_no_stop_is_loaded() {
    let mut desk = desk();
    bids(&mut desk, "99", 12);
    for _ in 0..4 {
        let stop = desk.stop(1, Side::Sell, "99", "0.1");
        desk.accept(&stop);
    }
    assert_eq!((desk.market.book.has_stops(), desk.market.book.first_trigger()), (true, None));
    desk.enter(2, Side::Sell, "99", "0.1");
    let book = &desk.market.book;
    let trade = book.first_trigger().expect("more stops than steps");
    let first = book.next_triggered((trade + 1, i64::MIN)).expect("a stop");
    let priority = book.order(first).priority;
    assert_eq!(book.next_triggered((trade, priority)), None);
    assert_eq!(book.next_triggered((trade, priority + 1)), Some(first));
    assert!(!Desk::new().market.book.has_stops());
}

/// The trades of a flow of orders, whatever the bound: what is left is run out after each.
fn played(setting: &crate::flow::Setting, drafts: &[crate::draft::Draft], steps: usize) -> Vec<Trade> {
    let mut driver = crate::driver::Driver::new(crate::flow::Setting { steps, ..*setting });
    let mut trades = Vec::new();
    for (at, draft) in drafts.iter().enumerate() {
        let id = ids::OrderId(at as i64 + 1);
        let mut new = draft.order(id, setting, 0, setting.rates);
        if new.order_type != OrderType::Limit && new.stop_price.is_none() {
            new.time_in_force = TimeInForce::Ioc;
        }
        let market: &mut Market = &mut driver.market;
        // The order itself has all the steps it wants: only the stops are bounded.
        let _answer = market.place(&mut driver.accounts, &new);
        while market.looked < market.sequence && market.rules.status == MarketStatus::Open {
            market.run_left(&mut driver.accounts);
        }
        trades.extend(market.drain_trades());
    }
    trades
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Six steps are enough for each of these orders, not for what it sets off.
    #[test]
    fn a_split_cascade_makes_the_trades_of_a_whole_one(
        drafts in prop::collection::vec(draft(), 1..120),
        pick in prop::sample::select(vec!["default", "no fees", "rebate", "maker pays more"]),
    ) {
        let setting = settings().into_iter().find(|s| s.name == pick).expect("a setting");
        let drafts: Vec<_> = drafts.into_iter().map(|d| crate::draft::Draft { lots: d.lots.min(4), ..d }).collect();
        let (whole, split) = (played(&setting, &drafts, STEPS), played(&setting, &drafts, 12));
        prop_assert_eq!(whole, split);
    }

    /// The tape finds what looking at every trade finds.
    #[test]
    fn the_tape_finds_the_first_trade(
        prices in prop::collection::vec(1..20_i64, 0..40), from in -3..45_i64, stop in 0..21_i64, buys: bool,
    ) {
        let (tape, side) = (Tape::new(7, &prices), if buys { Side::Buy } else { Side::Sell });
        let reaches = |price: i64| if buys { price >= stop } else { price <= stop };
        let naive = (7..).zip(&prices).find(|(at, price)| *at >= from + 7 && reaches(**price)).map(|(at, _)| at);
        prop_assert_eq!(tape.first_reaching(from + 7, side, stop), naive);
    }
}
