//! Amending: who keeps the place in the queue, what is reserved, and what trades.

use ids::OrderId;
use matching::{CancelReason, MarketStatus, Refusal, SelfTrade, Side, Status};

use crate::desk::{Desk, With, money, rate};

/// Bids 1, 2 and 3 of users 1, 2 and 3: one each at 100.
fn queue() -> Desk {
    let mut desk = Desk::new();
    for user in 1..=3 {
        desk.enter(user, Side::Buy, "100", "1");
    }
    desk
}

#[test]
fn less_at_the_same_price_keeps_its_place() {
    let mut desk = queue();
    let amended = desk.amend(OrderId(1), Some("100"), Some("0.4")).expect("accepted");
    assert_eq!((amended.order.priority, amended.order.reserved), (1, money("40.6")));
    assert_eq!(desk.ids(Side::Buy), [1, 2, 3]);
    let (_, quote) = desk.balances(1);
    assert_eq!(quote.locked, money("40.6"));
    assert_eq!(desk.market.priority, 3, "no priority was given");
}

#[test]
fn nothing_new_keeps_its_place() {
    let mut desk = queue();
    let before = desk.snapshot();
    desk.amend(OrderId(1), None, None).expect("accepted");
    desk.amend(OrderId(1), Some("100"), Some("1")).expect("accepted");
    assert_eq!(desk.snapshot(), before);
}

#[test]
fn more_goes_to_the_end() {
    let mut desk = queue();
    let amended = desk.amend(OrderId(1), None, Some("1.000001")).expect("accepted");
    assert_eq!(amended.order.priority, 4);
    assert_eq!(desk.ids(Side::Buy), [2, 3, 1]);
}

#[test]
fn another_price_goes_to_the_end_of_its_level() {
    let mut desk = queue();
    desk.enter(1, Side::Buy, "99", "1");
    desk.amend(OrderId(1), Some("99"), Some("0.5")).expect("accepted");
    assert_eq!(desk.ids(Side::Buy), [2, 3, 4, 1]);
    desk.amend(OrderId(1), Some("100"), None).expect("accepted");
    assert_eq!(desk.ids(Side::Buy), [2, 3, 1, 4], "back, and last");
    desk.amend(OrderId(3), Some("100.01"), None).expect("accepted");
    assert_eq!(desk.ids(Side::Buy), [3, 2, 1, 4]);
}

#[test]
fn a_better_price_trades_at_the_makers_price() {
    let mut desk = queue();
    desk.fund(1, money("10"), money("0"));
    desk.enter(1, Side::Sell, "105", "0.4");
    let amended = desk.amend(OrderId(2), Some("110"), None).expect("accepted");
    assert_eq!((amended.trades, amended.order.filled, amended.order.priority), (1, 400_000, 5));
    assert_eq!(amended.order.reserved, money("66.99"), "0.6 × 110 × 1.015");
    let trade = desk.market.last_trades(&amended)[0];
    assert_eq!((trade.maker, trade.taker, trade.price), (OrderId(4), OrderId(2), 10_500));
    assert_eq!(trade.buyer_commission, money("0.63"));
}

#[test]
fn the_total_counts_what_has_traded() {
    let mut desk = queue();
    desk.enter(3, Side::Sell, "100", "0.3");
    let filled = money("0.3");
    for amount in ["0.3", "0.2"] {
        let refusal = Refusal::AmountNotAboveFilled { amount: money(amount), filled };
        assert_eq!(desk.amend(OrderId(1), None, Some(amount)), Err(refusal));
    }
    let amended = desk.amend(OrderId(1), None, Some("0.300001")).expect("accepted");
    assert_eq!((amended.order.remaining(), amended.order.priority), (1, 1));
}

#[test]
fn only_the_difference_must_be_available() {
    let mut desk = Desk::new();
    desk.fund(1, money("0"), money("203"));
    desk.enter(1, Side::Buy, "100", "1");
    let refusal =
        Refusal::InsufficientFunds { side: Side::Buy, needed: money("101.5001015"), available: money("101.5") };
    let before = desk.snapshot();
    assert_eq!(desk.amend(OrderId(1), None, Some("2.000001")), Err(refusal));
    assert_eq!(desk.snapshot(), before);
    desk.amend(OrderId(1), None, Some("2")).expect("accepted");
    let (_, quote) = desk.balances(1);
    assert_eq!((quote.available, quote.locked), (money("0"), money("203")));
    desk.amend(OrderId(1), Some("50"), None).expect("a lower price frees funds");
    let (_, quote) = desk.balances(1);
    assert_eq!((quote.available, quote.locked), (money("101.5"), money("101.5")));
}

#[test]
fn new_terms_obey_the_rules_of_the_market() {
    let mut desk = queue();
    desk.market.rules.min_amount = Some(money("0.5"));
    let refusal = Refusal::BelowMinimum { amount: money("0.4"), minimum: money("0.5") };
    assert_eq!(desk.amend(OrderId(1), None, Some("0.4")), Err(refusal));
    assert_eq!(desk.amend(OrderId(1), Some("0"), None), Err(Refusal::PriceNotPositive(money("0"))));
}

#[test]
fn an_amended_order_obeys_its_own_self_trade_mode() {
    for (self_trade, status, trades) in
        [(SelfTrade::CancelTaker, Status::Cancelled, 0), (SelfTrade::None, Status::Filled, 1)]
    {
        let mut desk = Desk::new();
        desk.enter(1, Side::Sell, "101", "1");
        let mut bid = desk.limit(1, Side::Buy, "100", "1");
        bid.self_trade = self_trade;
        desk.place(&bid).expect("accepted");
        let amended = desk.amend(OrderId(2), Some("101"), None).expect("accepted");
        assert_eq!((amended.order.status, amended.trades), (status, trades));
        let stopped = (trades == 0).then_some(CancelReason::SelfTradeTaker);
        assert_eq!(amended.order.cancel_reason, stopped);
        assert_eq!(desk.ids(Side::Buy), [0; 0]);
    }
}

#[test]
fn an_order_whose_time_has_come_is_not_amended() {
    let mut desk = Desk::new();
    let bid = desk.limit(1, Side::Buy, "100", "1").gtd(10);
    desk.accept(&bid);
    desk.market.now = 10;
    assert_eq!(desk.amend(OrderId(1), None, Some("0.5")), Err(Refusal::OrderNotLive));
    desk.market.now = 9;
    assert!(desk.amend(OrderId(1), None, Some("0.5")).is_ok());
}

#[test]
fn an_iceberg_keeps_its_slice() {
    let mut desk = Desk::new();
    let bid = desk.limit(1, Side::Buy, "100", "1").shows("0.3");
    desk.accept(&bid);
    desk.enter(2, Side::Sell, "100", "0.1");
    let less = desk.amend(OrderId(1), None, Some("0.9")).expect("accepted").order;
    assert_eq!((less.visible, less.remaining(), less.priority), (200_000, 800_000, 1), "in place: no new slice");
    let least = desk.amend(OrderId(1), None, Some("0.25")).expect("accepted").order;
    assert_eq!((least.visible, least.remaining()), (150_000, 150_000), "never more than there is");
    let more = desk.amend(OrderId(1), None, Some("2")).expect("accepted").order;
    assert_eq!((more.visible, more.remaining(), more.terms.display), (300_000, 1_900_000, Some(300_000)));
}

#[test]
fn a_post_only_order_that_would_take_stays_as_it_is() {
    let mut desk = queue();
    desk.enter(1, Side::Sell, "101", "1");
    let bid = desk.limit(2, Side::Buy, "99", "1").post_only();
    desk.accept(&bid);
    let before = desk.snapshot();
    let refusal = Refusal::WouldTake { best: money("101") };
    assert_eq!(desk.amend(bid.id, Some("101"), None), Err(refusal));
    assert_eq!(desk.snapshot(), before);
    assert_eq!(desk.amend(bid.id, Some("100.99"), None).expect("accepted").trades, 0);
}

#[test]
fn an_amend_in_an_auction_never_trades() {
    let mut desk = queue();
    desk.enter(1, Side::Sell, "101", "1");
    desk.market.rules.status = MarketStatus::Auction;
    let amended = desk.amend(OrderId(2), Some("101"), Some("2")).expect("accepted");
    assert_eq!((amended.order.status, amended.all_trades, amended.order.priority), (Status::Open, 0, 5));
    assert_eq!((desk.ids(Side::Buy), desk.ids(Side::Sell)), (vec![2, 1, 3], vec![4]));
}

#[test]
fn an_amended_order_keeps_the_rates_it_was_accepted_with() {
    let mut desk = queue();
    desk.rates = matching::Rates { maker: rate(5_000_000), taker: rate(5_000_000) };
    let amended = desk.amend(OrderId(1), None, Some("2")).expect("accepted");
    assert_eq!(amended.order.reserved, money("203"));
}
