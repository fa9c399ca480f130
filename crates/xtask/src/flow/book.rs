//! What the sender of a flow knows about its own orders: which are open, and how much is filled.
//!
//! A message names an order's new *open* quantity, the exchange wants the new *total*; the
//! difference is what is filled so far. A client learns that from its fills. Here the flow runs
//! through a plain price-time book, so that a translation needs no database.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// The side of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Pays quote, gets base.
    Buy,
    /// Pays base, gets quote.
    Sell,
}

/// An open order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// Its side.
    pub side: Side,
    /// Its price in ticks.
    pub price: u32,
    /// What is not filled yet, in lots.
    pub open: u32,
    /// What is filled already, in lots.
    pub filled: u32,
}

/// The open orders of one market in price-time order.
#[derive(Default)]
pub struct Book {
    bids: BTreeMap<u32, VecDeque<u32>>,
    asks: BTreeMap<u32, VecDeque<u32>>,
    orders: HashMap<u32, Resting>,
}

impl Book {
    /// The open order of this name.
    pub fn get(&self, order: u32) -> Option<&Resting> {
        self.orders.get(&order)
    }

    /// Takes an order off the book.
    pub fn remove(&mut self, order: u32) -> Option<Resting> {
        let resting = self.orders.remove(&order)?;
        let levels = self.levels(resting.side);
        if let Some(queue) = levels.get_mut(&resting.price) {
            queue.retain(|name| *name != order);
            if queue.is_empty() {
                levels.remove(&resting.price);
            }
        }
        Some(resting)
    }

    /// Matches an order and lets its rest stand, unless it is immediate-or-cancel.
    pub fn enter(&mut self, order: u32, mut taker: Resting, ioc: bool) {
        while taker.open > 0 {
            let Some((price, maker)) = self.best_against(taker.side) else {
                break;
            };
            let crosses = match taker.side {
                Side::Buy => price <= taker.price,
                Side::Sell => price >= taker.price,
            };
            if !crosses {
                break;
            }
            self.fill(maker, &mut taker);
        }
        if taker.open > 0 && !ioc {
            let queue = self.levels(taker.side).entry(taker.price).or_default();
            queue.push_back(order);
            self.orders.insert(order, taker);
        }
    }

    /// Best bid and offer and the number of open orders, as in the benchmark's bbo files.
    #[cfg(test)]
    pub fn summary(&self) -> String {
        let level = |best: Option<(&u32, &VecDeque<u32>)>| match best {
            Some((price, queue)) => {
                let open: u32 = queue.iter().map(|order| self.orders[order].open).sum();
                format!("{price},{open}")
            }
            None => ",0".to_owned(),
        };
        let bid = level(self.bids.last_key_value());
        let ask = level(self.asks.first_key_value());
        format!("{bid},{ask},{}", self.orders.len())
    }

    fn fill(&mut self, maker: u32, taker: &mut Resting) {
        let Some(resting) = self.orders.get_mut(&maker) else {
            return;
        };
        let quantity = taker.open.min(resting.open);
        for order in [resting, taker] {
            order.open -= quantity;
            order.filled += quantity;
        }
        if self.get(maker).is_some_and(|order| order.open == 0) {
            self.remove(maker);
        }
    }

    fn best_against(&self, side: Side) -> Option<(u32, u32)> {
        let (price, queue) = match side {
            Side::Buy => self.asks.first_key_value(),
            Side::Sell => self.bids.last_key_value(),
        }?;
        Some((*price, *queue.front()?))
    }

    fn levels(&mut self, side: Side) -> &mut BTreeMap<u32, VecDeque<u32>> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(side: Side, price: u32, open: u32) -> Resting {
        Resting { side, price, open, filled: 0 }
    }

    #[test]
    fn the_best_price_is_filled_first_and_the_oldest_at_one_price() {
        let mut book = Book::default();
        book.enter(1, order(Side::Sell, 101, 5), false);
        book.enter(2, order(Side::Sell, 100, 5), false);
        book.enter(3, order(Side::Sell, 100, 5), false);
        book.enter(4, order(Side::Buy, 101, 7), false);
        assert!(book.get(2).is_none());
        assert_eq!(book.get(3).map(|o| (o.open, o.filled)), Some((3, 2)));
        assert_eq!(book.get(1).map(|o| o.open), Some(5));
        assert!(book.get(4).is_none());
    }

    #[test]
    fn the_rest_of_an_ioc_order_does_not_stand() {
        let mut book = Book::default();
        book.enter(1, order(Side::Buy, 100, 5), false);
        book.enter(2, order(Side::Sell, 100, 8), true);
        assert!(book.get(1).is_none() && book.get(2).is_none());
        book.enter(3, order(Side::Sell, 100, 8), false);
        assert_eq!(book.remove(3).map(|o| o.open), Some(8));
        assert!(book.remove(3).is_none());
    }
}
