//! The price of an auction against brute force: every tick is tried by really matching at it.

use std::cmp::Reverse;

use matching::reference::candidates;
use matching::{MarketStatus, Side};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::desk::Desk;
use crate::oracle::runner;

/// (price in ticks, lots) of each order.
type Orders = Vec<(i64, i64)>;

/// What trades at a price, found by letting pair after pair trade; and bids − asks there.
fn matched_at(price: i64, bids: &Orders, asks: &Orders) -> (i64, i64) {
    let mut wanted: Vec<i64> = bids.iter().filter(|(p, _)| *p >= price).map(|(_, lots)| *lots).collect();
    let mut offered: Vec<i64> = asks.iter().filter(|(p, _)| *p <= price).map(|(_, lots)| *lots).collect();
    let mut traded = 0;
    while let (Some(bid), Some(ask)) = (wanted.last_mut(), offered.last_mut()) {
        let lots = (*bid).min(*ask);
        traded += lots;
        *bid -= lots;
        *ask -= lots;
        wanted.retain(|left| *left > 0);
        offered.retain(|left| *left > 0);
    }
    (traded, wanted.iter().sum::<i64>() - offered.iter().sum::<i64>())
}

/// The best of all limit prices, and the most that any tick at all would trade.
fn brute_force(last: Option<i64>, bids: &Orders, asks: &Orders) -> (Option<i64>, i64) {
    let most = (0..=30).map(|tick| matched_at(tick, bids, asks).0).max().unwrap_or(0);
    let prices = bids.iter().chain(asks).map(|(price, _)| *price);
    let best = prices.filter(|p| matched_at(*p, bids, asks).0 > 0).max_by_key(|price| {
        let (traded, surplus) = matched_at(*price, bids, asks);
        let away = last.map_or(0, |last| (last - price).abs());
        (traded, Reverse(surplus.abs()), Reverse(away), Reverse(*price))
    });
    (best, most)
}

/// An auction of these orders: its price, what traded, and what is left on each side.
fn auction(last: Option<i64>, bids: &Orders, asks: &Orders) -> (Option<i64>, i64, Desk) {
    let mut desk = Desk::without_fees();
    desk.market.rules.status = MarketStatus::Auction;
    desk.market.last_price = last;
    for (user, side, orders) in [(1, Side::Buy, bids), (2, Side::Sell, asks)] {
        for (price, lots) in orders {
            let mut new = desk.limit(user, side, "1", "1");
            new.price = Some(desk.market.rules.price(*price));
            new.amount = Some(desk.market.rules.quantity(*lots));
            // Every other order hides all but one lot.
            new.display_amount = (lots % 2 == 0).then_some(desk.market.rules.lot);
            desk.accept(&new);
        }
    }
    desk.market.rules.status = MarketStatus::Open;
    desk.market.uncross(&mut desk.accounts);
    let trades = desk.market.drain_trades();
    let price = trades.first().map(|t| t.price);
    assert!(trades.iter().all(|t| Some(t.price) == price), "one price for everybody");
    (price, trades.iter().map(|t| t.amount).sum(), desk)
}

fn orders() -> impl Strategy<Value = Orders> {
    vec((1..=30_i64, 1..=6_i64), 0..8)
}

#[test]
fn brute_force_finds_no_better_price() {
    let flows = (proptest::option::of(1..=30_i64), orders(), orders());
    let result = runner(100_000).run(&flows, |(last, bids, asks)| {
        let (best, most) = brute_force(last, &bids, &asks);
        let (price, traded, desk) = auction(last, &bids, &asks);
        prop_assert_eq!((price, traded), (best, most));
        // Whoever is left does not cross.
        prop_assert!(candidates(&desk.queue(Side::Buy), &desk.queue(Side::Sell)).is_empty());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
