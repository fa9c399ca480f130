//! The uncrossing: everything that crosses trades at one price.

use ids::OrderId;

use super::cash::round;
use super::{Asset, Reference, TOO_MUCH, is_live, limit_of, lots_left, slice};
use crate::{CancelReason, OrderState, Side, Status};

impl Reference {
    /// Ends an auction: expired orders are cancelled, crossing orders trade at one price, stops are
    /// triggered. Returns the number of all trades.
    pub fn uncross(&mut self) -> usize {
        let before = self.trades.len();
        for order in self.orders.clone() {
            if is_live(&order) && self.is_over(&order) {
                self.end(order.id, CancelReason::Expired);
            }
        }
        let mut round = 0;
        while let Some((price, volume)) = self.auction_price() {
            // From the ninth time on the dearest bid counts: the price only moves up to it.
            let dearest = if round < 8 { price } else { limit_of(&self.side(Side::Buy)[0]) };
            let full = self.cannot_be_credited(dearest);
            if full.is_empty() {
                self.trade_all_at(price, volume);
                break;
            }
            full.into_iter().for_each(|id| self.end(id, CancelReason::Unsettleable));
            round += 1;
        }
        if self.trades.len() > before {
            self.enter_stops(self.steps);
        } else {
            self.look_at_the_last_trade_again();
        }
        self.trades.len() - before
    }

    /// Compared are the prices of the orders, by how much trades there and by how little is left over.
    fn auction_price(&self) -> Option<(i64, i128)> {
        let (bids, asks) = (self.side(Side::Buy), self.side(Side::Sell));
        let volume = |price: i64| wanted(&bids, price).min(offered(&asks, price));
        let left = |price: i64| wanted(&bids, price) - offered(&asks, price);
        let mut prices = candidates(&bids, &asks);
        let most = prices.iter().map(|p| volume(*p)).max()?;
        prices.retain(|p| volume(*p) == most);
        let least = prices.iter().map(|p| left(*p).abs()).min()?;
        prices.retain(|p| left(*p).abs() == least);
        let leaves_bids = prices.iter().copied().filter(|p| left(*p) > 0).max();
        let leaves_asks = prices.iter().copied().filter(|p| left(*p) < 0).min();
        let price = match (leaves_bids, leaves_asks) {
            (Some(highest), None) => highest,
            (None, Some(lowest)) => lowest,
            (Some(low), Some(high)) => self.last_price_within(low, high),
            (None, None) => self.last_price_within(*prices.iter().min()?, *prices.iter().max()?),
        };
        Some((price, most))
    }

    /// The last price, or the end of the range that is nearer to it; without a last price the lower end.
    fn last_price_within(&self, low: i64, high: i64) -> i64 {
        match self.last_price {
            Some(last) if last >= high => high,
            Some(last) if last >= low => last,
            _ => low,
        }
    }

    /// Of the orders that somebody's limit meets, earliest first: those that their owners' accounts, with all that
    /// the earlier ones bring, could not hold if they were filled at this price.
    fn cannot_be_credited(&self, price: i64) -> Vec<OrderId> {
        let (bids, asks) = (self.side(Side::Buy), self.side(Side::Sell));
        let met = |o: &&OrderState| match o.side {
            Side::Buy => asks.iter().any(|ask| limit_of(ask) <= limit_of(o)),
            Side::Sell => bids.iter().any(|bid| limit_of(bid) >= limit_of(o)),
        };
        let mut orders: Vec<_> = bids.iter().chain(&asks).filter(met).collect();
        orders.sort_by_key(|o| o.priority);
        let (mut holds, mut full) = (self.clone(), Vec::new());
        for order in orders {
            let value = self.worth(price, lots_left(order));
            let (asset, brings) = match order.side {
                Side::Buy => (Asset::Base, self.quantity(lots_left(order)).units()),
                Side::Sell => (Asset::Quote, value + 0.max(-round(value * i128::from(order.rates.maker.units())))),
            };
            let account = holds.account(order.user, asset);
            if account.available + account.locked + brings >= TOO_MUCH {
                full.push(order.id);
            } else {
                account.available += brings;
            }
        }
        full
    }

    fn trade_all_at(&mut self, price: i64, volume: i128) {
        let mut left = volume;
        while left > 0 {
            let (bid, ask) = (self.side(Side::Buy)[0], self.side(Side::Sell)[0]);
            let lots = lots_left(&bid).min(lots_left(&ask));
            let lots = i64::try_from(left).map_or(lots, |left| lots.min(left));
            left -= i128::from(lots);
            let (maker, taker) = if bid.priority < ask.priority { (bid, ask) } else { (ask, bid) };
            self.trade(maker.id, taker.id, lots, price);
            for id in [bid.id, ask.id] {
                let order = self.get_mut(id);
                if order.status == Status::Open {
                    order.visible = if order.visible > lots { order.visible - lots } else { slice(order) };
                }
            }
        }
    }
}

/// Every price at which somebody bids or offers and somebody else would take it.
#[must_use]
pub fn candidates(bids: &[OrderState], asks: &[OrderState]) -> Vec<i64> {
    let prices = bids.iter().chain(asks).map(limit_of);
    prices.filter(|price| wanted(bids, *price) > 0 && offered(asks, *price) > 0).collect()
}

/// What is bid for at a price: by those who would pay as much.
fn wanted(bids: &[OrderState], price: i64) -> i128 {
    bids.iter().filter(|o| limit_of(o) >= price).map(|o| i128::from(lots_left(o))).sum()
}

/// What is offered at a price: by those who would take as little.
fn offered(asks: &[OrderState], price: i64) -> i128 {
    asks.iter().filter(|o| limit_of(o) <= price).map(|o| i128::from(lots_left(o))).sum()
}
