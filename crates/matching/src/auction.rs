//! The uncrossing that ends an auction: one price for everybody.

use ids::IdMap;
use money::{Money, Sum};

use crate::book::Place;
use crate::{AccountSlot, Accounts, CancelReason, Market, OrderState, Side, Status};

/// How often the price of an auction is found anew because orders have left that could not be settled at it.
/// After that, what could not be settled at the best bid leaves: no price is higher.
const ROUNDS: usize = 8;

/// The price of an auction and what trades at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clearing {
    /// The price in ticks.
    pub price: i64,
    /// The volume in lots.
    pub volume: i128,
}

/// What meets at a price.
struct Crossing {
    price: i64,
    volume: i128,
    /// What is bid for and not offered; negative: offered and not bid for.
    surplus: i128,
}

impl Crossing {
    /// The smaller, the better.
    fn rank(&self) -> (i128, i128) {
        (-self.volume, self.surplus.abs())
    }
}

/// Where the price of an auction lies among prices that are equally good, lowest first. Bids that are left over press
/// it to the highest of theirs, offers to the lowest of theirs.
fn range(tied: &[Crossing]) -> (i64, i64) {
    // The higher the price, the less is bid for and the more is offered: bids are left at the lower ones.
    let bid_left = tied.partition_point(|crossing| crossing.surplus > 0);
    let no_ask_left = tied.partition_point(|crossing| crossing.surplus >= 0);
    (tied[bid_left.saturating_sub(1)].price, tied[no_ask_left.min(tied.len() - 1)].price)
}

impl Market {
    /// Trades everything that crosses at one price ([`Market::clearing`]). Expired orders end first, and those that
    /// could not be settled; the stops that the last price triggers enter last. Self-trade prevention does not apply.
    /// Returns how many trades there were.
    pub fn uncross(&mut self, accounts: &mut Accounts) -> usize {
        let made = self.trades.len();
        self.expire(accounts);
        if let Some(clearing) = self.settleable_clearing(accounts) {
            self.match_at(accounts, clearing);
        }
        // Stops have collected that no trade will look at any more: the last one looks again.
        if let Some(last) = self.last_price.filter(|_| self.trades.len() == made) {
            self.reach(last, self.sequence);
        }
        self.run_stops(accounts, self.steps);
        self.trades.len() - made
    }

    /// The price and volume at which everybody can be credited; who cannot leaves the book.
    fn settleable_clearing(&mut self, accounts: &mut Accounts) -> Option<Clearing> {
        for round in 0.. {
            let clearing = self.clearing()?;
            let dearest = if round < ROUNDS { clearing.price } else { self.book.best(Side::Buy)? };
            let full = self.unsettleable(accounts, dearest);
            if full.is_empty() {
                return Some(clearing);
            }
            for place in full {
                self.end(accounts, place, CancelReason::Unsettleable);
            }
        }
        None
    }

    /// The orders that cross, by priority, whose fill in full at this price could not be credited to their owners,
    /// after those before them have been.
    fn unsettleable(&self, accounts: &Accounts, price: i64) -> Vec<Place> {
        let (Some(bid), Some(ask)) = (self.book.best(Side::Buy), self.book.best(Side::Sell)) else { return Vec::new() };
        let crossing = |side: Side, limit: i64| {
            let crosses = move |place: &Place| self.book.order(*place).price.is_some_and(|p| side.crosses(p, limit));
            self.book.queue(side).take_while(crosses)
        };
        let mut orders: Vec<Place> = crossing(Side::Buy, ask).chain(crossing(Side::Sell, bid)).collect();
        let credits = |order: &OrderState| match order.side {
            Side::Buy => self.rules.quantity(order.remaining()).into(),
            Side::Sell => self.received(order, price),
        };
        let (mut given, mut full): (IdMap<AccountSlot, Sum>, Vec<Place>) = (IdMap::default(), Vec::new());
        orders.sort_unstable_by_key(|place| self.book.order(*place).priority);
        for (at, place) in orders.into_iter().enumerate() {
            let (order, owner) = (self.book.order(place), self.book.owner(place));
            let slot = if order.side == Side::Buy { owner.base } else { owner.quote };
            let (sum, credit) = (given.entry(slot).or_default(), credits(order));
            if (accounts.total(slot) + *sum + credit).money().is_err() {
                full.push(place);
            } else {
                *sum += credit;
            }
            self.beat(at);
        }
        full
    }

    /// What the rest of a sell brings at a price: with a rebate, if it has one. It was admitted at its limit: at a
    /// better price it may be worth more than an account can hold.
    fn received(&self, order: &OrderState, price: i64) -> Sum {
        let worth = self.rules.worth(price, order.remaining());
        let commission = worth.money().map_or(Money::ZERO, |value| value.commission(order.rates.maker));
        worth - commission.min(Money::ZERO)
    }

    /// The price and volume at which the book would uncross now. Of the prices at which somebody stands: those at
    /// which most trades; of them those that leave the least over; of them the one to which what is left over presses.
    /// Where it presses from both sides, or nothing is left over, the last price decides, moved in between.
    #[must_use]
    pub fn clearing(&self) -> Option<Clearing> {
        let (bids, asks) = (self.levels(Side::Buy), self.levels(Side::Sell));
        let (best_bid, best_ask) = (bids.first()?.0, asks.first()?.0);
        let mut prices: Vec<i64> = bids.iter().chain(&asks).map(|(price, _)| *price).collect();
        prices.retain(|price| (best_ask..=best_bid).contains(price));
        prices.sort_unstable();
        prices.dedup();
        let meet = |price: i64| {
            let bought = total(&bids, bids.partition_point(|(bid, _)| *bid >= price));
            let sold = total(&asks, asks.partition_point(|(ask, _)| *ask <= price));
            Crossing { price, volume: bought.min(sold), surplus: bought - sold }
        };
        let mut tied: Vec<Crossing> = prices.into_iter().map(meet).collect();
        let best = tied.iter().map(Crossing::rank).min()?;
        tied.retain(|crossing| crossing.rank() == best);
        let (low, high) = range(&tied);
        // As much trades at every price of the range as at its ends, whether an order stands there or not.
        let price = self.last_price.map_or(low, |last| last.clamp(low, high));
        Some(Clearing { price, volume: -best.0 })
    }

    /// The quantity up to each price of a side, best first, hidden parts included.
    fn levels(&self, side: Side) -> Vec<(i64, i128)> {
        let mut levels: Vec<(i64, i128)> = Vec::new();
        for order in self.book.queue(side).map(|place| self.book.order(place)) {
            let (price, lots) = (order.price.unwrap_or_default(), i128::from(order.remaining()));
            match levels.last_mut() {
                Some((last, sum)) if *last == price => *sum += lots,
                last => {
                    let before = last.map_or(0, |(_, sum)| *sum);
                    levels.push((price, before + lots));
                }
            }
        }
        levels
    }

    fn match_at(&mut self, accounts: &mut Accounts, clearing: Clearing) {
        let (mut left, mut pairs) = (clearing.volume, 0);
        while left > 0 {
            self.beat(pairs);
            pairs += 1;
            let (Some(bid), Some(ask)) = (self.first(Side::Buy), self.first(Side::Sell)) else { return };
            let (mut buy, mut sell) = (*self.book.order(bid), *self.book.order(ask));
            let lots = buy.remaining().min(sell.remaining()).min(i64::try_from(left).unwrap_or(i64::MAX));
            let (buyer, seller) = ((&mut buy, self.book.owner(bid)), (&mut sell, self.book.owner(ask)));
            // Of the two, the later one took.
            let (taker, maker) = if buyer.0.priority < seller.0.priority { (seller, buyer) } else { (buyer, seller) };
            self.trade(accounts, taker, maker, clearing.price, lots);
            left -= i128::from(lots);
            for (place, mut order) in [(bid, buy), (ask, sell)] {
                order.visible = if order.visible > lots { order.visible - lots } else { order.slice() };
                if order.remaining() == 0 {
                    order.status = Status::Filled;
                }
                self.book.change(place, |o| *o = order);
            }
        }
    }

    fn first(&self, side: Side) -> Option<Place> {
        self.book.queue(side).next()
    }
}

/// The quantity of the first `count` levels.
fn total(levels: &[(i64, i128)], count: usize) -> i128 {
    count.checked_sub(1).map_or(0, |last| levels[last].1)
}
