//! What a session knows of the front of the books in which it worked last.
//!
//! The index of a book keeps an entry for each order that was ever at its front, until nobody can see that order any
//! more: not before the transaction ends, and not while anybody holds an older snapshot. A scan from the front walks
//! over all of them, and so the n-th order would cost n. What is known here is where a scan may begin.
//!
//! It is never wrong: it holds for one *version* of the market's row, named by its place and by the transaction that
//! wrote it. Whatever changes a live order writes the market's row: the engine in every call that changes one, every
//! other writer by a trigger of `exchange.orders`. A version that was rolled back is never seen again, and neither
//! is what was learned with it. An order that is not found as it was known makes all be forgotten.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use ids::{IdMap, OrderId};
use matching::{OrderState, Rules, Side, Status};
use money::Money;

use crate::pg::scan::Key;
use crate::pg::table::Tid;

/// Beyond so many markets all are forgotten.
const MOST_MARKETS: usize = 256;
/// So many orders of a side are known at most.
const MOST_ORDERS: usize = 1000;

/// A version of a row: where it stands, and who wrote it.
pub type Version = (Tid, u32);

/// Where an order stands on its side of the book: the better price first, then the lower priority. The first
/// number is the price for offers, and its negative for bids.
pub type Position = (i128, i64);

thread_local! {
    static REMEMBERED: RefCell<HashMap<String, (Version, KnownFront)>> = RefCell::new(HashMap::new());
}

/// What is known of one market.
pub struct KnownFront {
    /// Its bids and its offers.
    sides: [Front; 2],
    /// That no stop waits.
    pub no_stops: bool,
}

impl Default for KnownFront {
    fn default() -> KnownFront {
        KnownFront { sides: [Front::new(Side::Buy), Front::new(Side::Sell)], no_stops: false }
    }
}

impl KnownFront {
    /// What this session remembers of a market, and takes out of its memory: an error on the way forgets it.
    pub fn recall(symbol: &str, version: Version) -> KnownFront {
        let taken = REMEMBERED.with_borrow_mut(|remembered| remembered.remove(symbol));
        taken.filter(|(of, _)| is_same(*of, version)).map(|(_, known)| known).unwrap_or_default()
    }

    /// What is known of the bids and of the offers, and whether it is known that no stop waits.
    pub fn parts(&mut self) -> ([&mut Front; 2], &mut bool) {
        (self.sides.each_mut(), &mut self.no_stops)
    }

    fn side(&mut self, side: Side) -> &mut Front {
        &mut self.sides[usize::from(side == Side::Sell)]
    }

    /// An order has changed, and its row stands there now.
    pub fn note(&mut self, order: &OrderState, rules: &Rules, tid: Tid) {
        self.no_stops &= order.status != Status::Pending;
        let front = self.side(order.side);
        match order.price.filter(|_| order.status == Status::Open && order.priority > 0) {
            Some(price) => front.set(order.id, front.position(rules.price(price), order.priority), tid),
            None => front.remove(order.id),
        }
    }

    /// Keeps what is known of a market as long as its row is this version.
    pub fn remember(mut self, symbol: &str, version: Version) {
        self.sides.iter_mut().for_each(Front::shorten);
        REMEMBERED.with_borrow_mut(|remembered| {
            if remembered.len() >= MOST_MARKETS {
                remembered.clear();
            }
            remembered.insert(symbol.to_owned(), (version, self));
        });
    }
}

fn is_same(a: Version, b: Version) -> bool {
    let place = |tid: Tid| (tid.ip_blkid.bi_hi, tid.ip_blkid.bi_lo, tid.ip_posid);
    (place(a.0), a.1) == (place(b.0), b.1)
}

/// What is known of one side: every live order up to a position, the horizon, and nothing behind it.
pub struct Front {
    side: Side,
    orders: BTreeMap<Position, (OrderId, Tid)>,
    positions: IdMap<OrderId, Position>,
    /// Nothing that is live and not among the orders stands before it.
    horizon: Position,
}

impl Front {
    /// Nothing known.
    pub fn new(side: Side) -> Front {
        Front { side, orders: BTreeMap::new(), positions: IdMap::default(), horizon: (i128::MIN, 0) }
    }

    /// Where an order of this side stands.
    pub fn position(&self, price: Money, priority: i64) -> Position {
        (if self.side == Side::Buy { -price.units() } else { price.units() }, priority)
    }

    /// Forgets what is known.
    pub fn forget(&mut self) {
        *self = Front::new(self.side);
    }

    /// The first known order behind a position, of those that cross a limit.
    pub fn next(&self, behind: Option<Position>, limit: Option<Money>) -> Option<(Position, OrderId, Tid)> {
        let from = behind.map_or((i128::MIN, i64::MIN), |(rank, priority)| (rank, priority + 1));
        let (at, (id, tid)) = self.orders.range(from..).next()?;
        limit.is_none_or(|limit| at.0 <= self.position(limit, 0).0).then_some((*at, *id, *tid))
    }

    /// The keys of the scans that read what stands behind the horizon, up to a limit.
    pub fn unknown<'a>(&self, symbol: &'a str, limit: Option<Money>) -> Vec<Vec<Key<'a>>> {
        let mut bound = vec![Key::Text(symbol)];
        bound.extend(limit.map(|limit| if self.side == Side::Buy { Key::AtLeast(limit) } else { Key::AtMost(limit) }));
        let (rank, priority) = self.horizon;
        if rank == i128::MIN {
            return vec![bound];
        }
        // The horizon behind everything is at no price.
        let Ok(price) = Money::from_units(if self.side == Side::Buy { -rank } else { rank }) else { return Vec::new() };
        if limit.is_some_and(|limit| rank > self.position(limit, 0).0) {
            return Vec::new();
        }
        let mut scans = Vec::new();
        if priority < i64::MAX {
            scans.push(vec![Key::Text(symbol), Key::Exactly(price), Key::From(priority)]);
        }
        if limit != Some(price) {
            bound.push(if self.side == Side::Buy { Key::Below(price) } else { Key::Above(price) });
            scans.push(bound);
        }
        scans
    }

    /// A scan behind the horizon has come to this order.
    pub fn saw(&mut self, price: Money, priority: i64, id: OrderId, tid: Tid) {
        let (rank, priority) = self.position(price, priority);
        self.horizon = (rank, priority + 1);
        self.set(id, (rank, priority), tid);
    }

    /// The scans behind the horizon have come to their end, at this limit.
    pub fn saw_all(&mut self, limit: Option<Money>) {
        let end = limit.map_or(i128::MAX, |limit| self.position(limit, 0).0);
        self.horizon = self.horizon.max((end, i64::MAX));
    }

    /// An order is live at this position, and its row stands there.
    pub fn set(&mut self, id: OrderId, position: Position, tid: Tid) {
        self.remove(id);
        if position < self.horizon {
            self.orders.insert(position, (id, tid));
            self.positions.insert(id, position);
        }
    }

    /// An order is not live any more.
    pub fn remove(&mut self, id: OrderId) {
        if let Some(position) = self.positions.remove(&id) {
            self.orders.remove(&position);
        }
    }

    /// Forgets the orders far from the front.
    fn shorten(&mut self) {
        let Some(end) = self.orders.keys().nth(MOST_ORDERS).copied() else { return };
        for (_, (id, _)) in self.orders.split_off(&end) {
            self.positions.remove(&id);
        }
        self.horizon = end;
    }
}
