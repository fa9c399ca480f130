//! The price of an auction against brute force: prices are tried by really matching at them.

use std::collections::BTreeSet;

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

/// The prices at which somebody bids or offers and as much trades, and as little is left, as at any other of them; what
/// is left, bids − asks; lowest first.
fn tied(bids: &Orders, asks: &Orders) -> Vec<(i64, i64)> {
    let limits: BTreeSet<i64> = bids.iter().chain(asks).map(|(price, _)| *price).collect();
    let rank = |(_, (traded, left)): &(i64, (i64, i64))| (*traded, -left.abs());
    let all: Vec<_> = limits.into_iter().map(|price| (price, matched_at(price, bids, asks))).collect();
    let Some(best) = all.iter().map(rank).max().filter(|(traded, _)| *traded > 0) else { return Vec::new() };
    all.into_iter().filter(|limit| rank(limit) == best).map(|(price, (_, left))| (price, left)).collect()
}

/// The price by the words of the manual.
fn by_hand(last: Option<i64>, bids: &Orders, asks: &Orders) -> Option<i64> {
    let tied = tied(bids, asks);
    let prices = |keep: fn(i64) -> bool| tied.iter().filter(move |(_, left)| keep(*left)).map(|(price, _)| *price);
    let (bid_left, ask_left) = (prices(|left| left > 0).max(), prices(|left| left < 0).min());
    let (lowest, highest) = match (bid_left, ask_left) {
        (Some(highest), None) => return Some(highest),
        (None, Some(lowest)) => return Some(lowest),
        (Some(bids), Some(asks)) => (bids, asks),
        (None, None) => (prices(|_| true).min()?, prices(|_| true).max()?),
    };
    match last {
        Some(last) if last > highest => Some(highest),
        Some(last) if last > lowest => Some(last),
        _ => Some(lowest),
    }
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

/// How far prices lie apart: next to each other, or farther than a loop over the ticks could go.
const GAPS: [i64; 3] = [1, 3, 100_000_000];

/// A last price, bids and offers at so many prices, each this many ticks from the next.
fn book() -> impl Strategy<Value = (i64, Option<i64>, Orders, Orders)> {
    let sizes = (prop::sample::select(vec![1, 2, 4, 30_i64]), prop::sample::select(GAPS.to_vec()), 1..=6_i64);
    sizes.prop_flat_map(|(prices, gap, lots)| {
        let orders = || vec(((1..=prices).prop_map(move |at| at * gap), 1..=lots), 0..8);
        (Just(gap), proptest::option::of(1..=(prices + 1) * gap), orders(), orders())
    })
}

#[test]
fn brute_force_finds_no_better_price() {
    let result = runner(1_000_000).run(&book(), |(gap, last, bids, asks)| {
        let (price, traded, desk) = auction(last, &bids, &asks);
        prop_assert_eq!(price, by_hand(last, &bids, &asks));
        // No price at all trades more, whether an order stands there or not.
        let every = (0..=31 * gap).step_by(if gap > 3 { gap as usize / 2 } else { 1 });
        let most = every.map(|tick| matched_at(tick, &bids, &asks).0).max().unwrap_or(0);
        prop_assert_eq!((traded, traded), (most, price.map_or(0, |price| matched_at(price, &bids, &asks).0)));
        // Whoever is left does not cross.
        prop_assert!(candidates(&desk.queue(Side::Buy), &desk.queue(Side::Sell)).is_empty());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
