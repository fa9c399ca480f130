//! One side of a book, or the stops on one side, read as far as they are needed, each row once.

use std::collections::{BTreeMap, HashSet};

use ids::{IdMap, OrderId, UserId};
use matching::Side;
use money::{Money, Sum};

use super::demand::{Arrival, Demand};
use super::fields::orders;
use super::front::{Front, Position};
use super::rows::OrderRow;
use crate::pg::scan::{Cursor, Key, Row};
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

/// What decides how far a side is read.
pub struct Until<'a> {
    /// Orders that may be cancelled or amended before anything arrives: their quantity does not count.
    pub named: &'a HashSet<OrderId>,
    /// Users whose orders may be cancelled by self-trade prevention: their quantity does not count.
    pub cancelling: &'a HashSet<UserId>,
    /// The time.
    pub now: Timestamp,
    /// How many rows at least, and at most.
    pub rows: (usize, usize),
}

/// One side of a book, best price first: the orders that are known where they stand, then those behind them through
/// the index.
pub struct Depth<'a> {
    side: Side,
    symbol: &'a str,
    front: &'a mut Front,
    demand: Option<Demand>,
    /// The known orders that have been read: the last position, and their ids.
    behind: Option<Position>,
    told: Vec<OrderId>,
    /// The scans that are left, once the known orders are read.
    scans: Option<std::vec::IntoIter<Vec<Key<'a>>>>,
    cursor: Option<Cursor>,
    begun: bool,
    /// The first order whose price nothing that arrives reaches.
    ahead: Option<OrderRow>,
    rows: usize,
    last: Option<Money>,
    /// Whether the scan has come to its end.
    all: bool,
    /// The limit, when the scan goes no further.
    limit: Option<Money>,
    /// What the orders of each user have been counted for, as value and as quantity.
    counted: IdMap<UserId, (Sum, Sum)>,
}

impl<'a> Depth<'a> {
    /// Nothing read yet.
    pub fn new(side: Side, symbol: &'a str, front: &'a mut Front, demand: Option<Demand>) -> Depth<'a> {
        Depth {
            side,
            symbol,
            front,
            demand,
            behind: None,
            told: Vec::new(),
            scans: None,
            cursor: None,
            begun: false,
            ahead: None,
            rows: 0,
            last: None,
            all: false,
            limit: None,
            counted: IdMap::default(),
        }
    }

    /// Whether anything is to be read.
    pub fn is_wanted(&self) -> bool {
        self.demand.is_some()
    }

    /// One more arriving order.
    pub fn add(&mut self, arrival: &Arrival) {
        self.demand = Some(Demand::with(self.demand, arrival));
    }

    /// All of it that crosses a limit.
    pub fn take_all(&mut self, limit: Option<Money>) {
        self.demand = Some(Demand { limit, amount: Sum::MOST, value: Sum::ZERO });
    }

    /// Orders of this user may turn out to be cancelled: what they were counted for is wanted again.
    pub fn discount(&mut self, user: UserId) {
        if let (Some((value, amount)), Some(demand)) = (self.counted.remove(&user), &mut self.demand) {
            demand.value += value;
            demand.amount += amount;
        }
    }

    /// Reads on until the orders read could fill the whole demand, or the next one is beyond its limit. `grows`: more
    /// may arrive later, with other limits. Returns the first and the last price that was read.
    pub fn read(
        &mut self,
        table: &mut Table,
        into: &mut BTreeMap<OrderId, OrderRow>,
        until: &Until<'_>,
        grows: bool,
    ) -> Option<(Money, Money)> {
        let demand = self.demand.as_ref()?;
        let mut range: Option<(Money, Money)> = None;
        if !self.begun {
            (self.begun, self.limit) = (true, demand.limit.filter(|_| !grows));
        }
        while !self.is_enough(until.rows) {
            let Some(order) = self.next(table) else { break };
            let price = order.price();
            if !self.crosses(price) {
                self.ahead = Some(order);
                break;
            }
            range = Some((range.map_or(price, |(first, _)| first), price));
            self.count(&order, price, until);
            into.insert(order.id, order);
        }
        range
    }

    /// The worst price up to which everything has been read; none: all of it has. In ticks of this size.
    pub fn loaded(&self, tick: Money) -> Option<i64> {
        let ticks = |price: Money| i64::try_from(price.units() / tick.units()).unwrap_or(i64::MAX);
        let better = |price: Money| if self.side == Side::Buy { ticks(price) + 1 } else { ticks(price) - 1 };
        match (&self.demand, &self.ahead) {
            (None, _) => None,
            (Some(_), Some(ahead)) => ahead.ticket.body.price.map(better),
            (Some(_), None) if self.all => self.limit.map(ticks),
            (Some(_), None) => self.last.map(better),
        }
    }

    /// Ends the scan.
    pub fn close(&mut self, table: &mut Table) {
        if let Some(cursor) = self.cursor.take() {
            cursor.close(table);
        }
    }

    fn is_enough(&self, (least, most): (usize, usize)) -> bool {
        let is_filled = self.demand.is_none_or(|d| d.amount <= Sum::ZERO && d.value <= Sum::ZERO);
        self.all || (is_filled && self.rows >= least) || self.rows >= most
    }

    fn next(&mut self, table: &mut Table) -> Option<OrderRow> {
        if let Some(order) = self.ahead.take() {
            return Some(order);
        }
        let order = self.known(table).or_else(|| self.unknown(table));
        self.all = order.is_none();
        order
    }

    /// The next of the orders that are known where they stand. One that is not as it was known makes all be forgotten:
    /// then the scans begin at the front.
    fn known(&mut self, table: &mut Table) -> Option<OrderRow> {
        if self.scans.is_some() {
            return None;
        }
        if let Some((position, id, tid)) = self.front.next(self.behind, self.limit) {
            let is_it = |row: &Row<'_>| {
                row.some_int(orders::at::id) == Some(id.0) && row.some_text(orders::at::status) == Some("open")
            };
            let stands = |order: &OrderRow| self.front.position(order.price(), order.priority) == position;
            if let Some(order) = table.find_at(tid, is_it, OrderRow::read).filter(stands) {
                self.behind = Some(position);
                self.told.push(id);
                return Some(order);
            }
            self.front.forget();
        } else {
            self.told.clear();
        }
        self.scans = Some(self.front.unknown(self.symbol, self.limit).into_iter());
        None
    }

    /// The next order behind the known ones. One that a plain INSERT has stored and that is not placed yet is none.
    fn unknown(&mut self, table: &mut Table) -> Option<OrderRow> {
        while !self.all {
            if let Some(cursor) = &mut self.cursor {
                let placed = |row: &Row<'_>| (orders::of(row).priority() > 0).then(|| OrderRow::read(row));
                if let Some(found) = cursor.next(table, placed) {
                    let Some(order) = found else { continue };
                    self.front.saw(order.price(), order.priority, order.id, order.tid);
                    if !self.told.contains(&order.id) {
                        return Some(order);
                    }
                    continue;
                }
                self.close(table);
            }
            let Some(keys) = self.scans.as_mut().and_then(Iterator::next) else {
                self.front.saw_all(self.limit);
                return None;
            };
            let index = table.index(book_index(self.side));
            self.cursor = Some(table.cursor(index, &keys, false));
        }
        None
    }

    fn crosses(&self, price: Money) -> bool {
        let limit = self.demand.and_then(|demand| demand.limit);
        limit.is_none_or(|limit| if self.side == Side::Buy { price >= limit } else { price <= limit })
    }

    /// Takes what an order can fill off the demand.
    fn count(&mut self, order: &OrderRow, price: Money, until: &Until<'_>) {
        (self.rows, self.last) = (self.rows + 1, Some(price));
        let user = order.ticket.user;
        let leaves = until.named.contains(&order.id) || until.cancelling.contains(&user);
        let Some(demand) = self.demand.as_mut().filter(|_| !leaves && !order.has_expired(until.now)) else { return };
        let shown = order.shown();
        let (value, amount) = self.counted.entry(user).or_default();
        // A budget buys most where it is cheapest: at the front.
        if demand.value > Sum::ZERO {
            let worth = price.mul_div(shown, Money::whole(1)).unwrap_or(Money::MAX);
            demand.value -= worth;
            *value += worth;
        } else {
            demand.amount -= shown;
            *amount += shown;
        }
    }
}

/// The stops on one side, nearest trigger first.
pub struct WaitingStops {
    side: Side,
    cursor: Option<Cursor>,
    /// The first row that was not within reach.
    ahead: Option<OrderRow>,
    rows: usize,
    /// The trigger of the first stop that was within reach and not read, because enough were.
    pub unread: Option<Money>,
}

impl WaitingStops {
    /// Nothing read yet.
    pub fn new(side: Side) -> WaitingStops {
        WaitingStops { side, cursor: None, ahead: None, rows: 0, unread: None }
    }

    /// Reads on while trades within these prices trigger them, up to so many in all.
    pub fn read(&mut self, symbol: &str, table: &mut Table, (low, high): (Money, Money), most: usize) -> Vec<OrderRow> {
        let mut found = Vec::new();
        while self.unread.is_none() {
            let Some(order) = self.next(symbol, table) else { break };
            let stop = order.stop_price();
            let reached = if self.side == Side::Buy { stop <= high } else { stop >= low };
            if !reached {
                self.ahead = Some(order);
                break;
            }
            if self.rows >= most {
                self.unread = Some(stop);
                break;
            }
            self.rows += 1;
            found.push(order);
        }
        found
    }

    /// Ends the scan.
    pub fn close(&mut self, table: &mut Table) {
        if let Some(cursor) = self.cursor.take() {
            cursor.close(table);
        }
    }

    fn next(&mut self, symbol: &str, table: &mut Table) -> Option<OrderRow> {
        if let Some(order) = self.ahead.take() {
            return Some(order);
        }
        if self.cursor.is_none() {
            let index = table.index(c"idx_orders_pending");
            let keys = [Key::Text(symbol), Key::Text(self.side.as_str())];
            self.cursor = Some(table.cursor(index, &keys, self.side == Side::Sell));
        }
        let cursor = self.cursor.as_mut()?;
        loop {
            let order = cursor.next(table, |row| (orders::of(row).priority() > 0).then(|| OrderRow::read(row)))?;
            if order.is_some() {
                return order;
            }
        }
    }
}

/// The index that holds a side in the order in which it matches.
pub fn book_index(side: Side) -> &'static std::ffi::CStr {
    match side {
        Side::Buy => c"idx_orders_orderbook_buy",
        Side::Sell => c"idx_orders_orderbook_sell",
    }
}
