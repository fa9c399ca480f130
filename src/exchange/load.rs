//! Loading the part of a book that a set of commands can reach.
//!
//! Of each side the best orders are read until they outweigh everything that can arrive: what lies behind is
//! never reached. A trade can trigger stops, which arrive as well: every stop within reach of the prices that
//! can trade is read, and the sides again with what those stops bring, until no new stop comes within reach.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use matching::{Money, OrderId, SelfTrade, Side, UserId};

use super::command::{Action, Command};
use super::demand::{Arrival, Demand};
use super::rows::{OrderRow, orders};
use crate::pg::scan::{Key, Row};
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

/// The orders of one market as they are read, each once.
pub struct Reach<'a> {
    symbol: &'a str,
    table: &'a mut Table,
    /// The live orders, by id.
    pub orders: BTreeMap<OrderId, OrderRow>,
    demands: [Option<Demand>; 2],
    /// The lowest and the highest price that can trade.
    prices: Option<(Money, Money)>,
    /// Orders that commands name: they can leave before they are reached, so they outweigh nothing.
    named: HashSet<OrderId>,
    /// Stops whose arrival is counted.
    counted: HashSet<OrderId>,
    /// Users whose arriving orders can cancel their own resting ones: those outweigh nothing.
    cancelling: HashSet<UserId>,
    now: Timestamp,
}

impl<'a> Reach<'a> {
    /// Nothing read yet; these demands are on the bids and the offers.
    pub fn new(symbol: &'a str, table: &'a mut Table, demands: [Option<Demand>; 2], now: Timestamp) -> Reach<'a> {
        Reach {
            symbol,
            table,
            orders: BTreeMap::new(),
            demands,
            prices: None,
            named: HashSet::new(),
            counted: HashSet::new(),
            cancelling: HashSet::new(),
            now,
        }
    }

    /// Reads what the commands can reach, stops and all. `last` is the price of the last trade.
    pub fn load(&mut self, commands: &[Command], last: Option<Money>) {
        let symbol = self.symbol;
        let mine = || commands.iter().filter(|c| c.symbol == symbol);
        let opens = mine().any(|c| matches!(c.action, Action::SetStatus(_)));
        let mut prices: Vec<Money> = mine().flat_map(prices_of).collect();
        if opens {
            self.uncross();
        }
        self.cancelling.extend(mine().filter(|c| cancels_own(c)).map(|c| c.user));
        self.cancelling
            .extend(self.orders.values().filter(|o| cancels(o.ticket.body.self_trade)).map(|o| o.ticket.user));
        if prices.is_empty() && self.demands.iter().all(Option::is_none) && !opens {
            return;
        }
        prices.extend(last);
        self.widen(prices);
        loop {
            self.sides();
            if !self.stops() {
                return;
            }
        }
    }

    /// Takes in orders that commands name.
    pub fn add(&mut self, order: &OrderRow) {
        self.named.insert(order.id);
        self.orders.insert(order.id, order.clone());
    }

    /// Reads every order whose time has come.
    pub fn expired(&mut self) {
        let index = self.table.index(c"idx_orders_expires_at");
        let orders = &mut self.orders;
        self.table.scan(index, &[Key::Text(self.symbol), Key::Until(self.now)], |row| keep(orders, row));
    }

    /// Reads all that crosses, for an uncrossing; where stops wait, the whole book.
    fn uncross(&mut self) {
        let best = |reach: &mut Self, side| {
            let index = reach.table.index(book_index(side));
            reach.table.find(index, &[Key::Text(reach.symbol)], |row| row.money(orders::PRICE))
        };
        let (bid, ask) = (best(self, Side::Buy), best(self, Side::Sell));
        let index = self.table.index(c"idx_orders_pending");
        let waits = self.table.find(index, &[Key::Text(self.symbol)], |_| ()).is_some();
        let all = Demand { limit: None, amount: Money(i128::MAX / 4), value: Money::ZERO };
        let crossing = |limit| Demand { limit: if waits { None } else { limit }, ..all };
        if bid.zip(ask).is_some_and(|(bid, ask)| bid >= ask) {
            self.demands = [Some(crossing(ask)), Some(crossing(bid))];
        }
    }

    fn widen(&mut self, prices: impl IntoIterator<Item = Money>) {
        for price in prices {
            let (low, high) = self.prices.unwrap_or((price, price));
            self.prices = Some((low.min(price), high.max(price)));
        }
    }

    fn sides(&mut self) {
        for (side, demand) in [Side::Buy, Side::Sell].into_iter().zip(self.demands) {
            if let Some(demand) = demand {
                self.side(side, &demand);
            }
        }
    }

    /// Reads one side, best price first, until it outweighs the demand or no longer crosses it.
    fn side(&mut self, side: Side, demand: &Demand) {
        let mut keys = vec![Key::Text(self.symbol)];
        keys.extend(demand.limit.map(|limit| if side == Side::Buy { Key::AtLeast(limit) } else { Key::AtMost(limit) }));
        let index = self.table.index(book_index(side));
        let (mut amount, mut value, mut seen) = (demand.amount, demand.value, Vec::new());
        let (orders, named, cancelling, now) = (&mut self.orders, &self.named, &self.cancelling, self.now);
        self.table.scan(index, &keys, |row| {
            let order = OrderRow::read(row);
            if order.priority > 0 {
                let leaves = named.contains(&order.id) || cancelling.contains(&order.ticket.user);
                let stays = !leaves && !order.has_expired(now);
                let price = order.ticket.body.price.unwrap_or_default();
                let shown = if stays { order.shown() } else { Money::ZERO };
                // A budget buys most where it is cheapest: at the front.
                if value > Money::ZERO {
                    value -= Money(price.0 * shown.0 / matching::money::ONE);
                } else {
                    amount -= shown;
                }
                seen.push(price);
                orders.insert(order.id, order);
            }
            if amount <= Money::ZERO && value <= Money::ZERO {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        self.widen([seen.first(), seen.last()].into_iter().flatten().copied());
    }

    /// Reads the stops that prices within reach can trigger. Returns whether there were new ones.
    fn stops(&mut self) -> bool {
        let Some((low, high)) = self.prices else { return false };
        let index = self.table.index(c"idx_orders_pending");
        let mut found = Vec::new();
        // Mostly none waits at all: one look instead of two scans.
        if self.table.find(index, &[Key::Text(self.symbol)], |_| ()).is_none() {
            return false;
        }
        for (side, limit) in [(Side::Buy, Key::AtMost(high)), (Side::Sell, Key::AtLeast(low))] {
            let keys = [Key::Text(self.symbol), Key::Text(side.as_str()), limit];
            self.table.scan(index, &keys, |row| {
                found.push(OrderRow::read(row));
                ControlFlow::Continue(())
            });
        }
        found.retain(|order| order.priority > 0 && self.counted.insert(order.id));
        self.cancelling.extend(found.iter().filter(|o| cancels(o.ticket.body.self_trade)).map(|o| o.ticket.user));
        for order in &found {
            let arrival = Arrival::of(&order.ticket);
            let demand = &mut self.demands[usize::from(arrival.side == Side::Buy)];
            *demand = Some(Demand::with(*demand, &arrival));
            self.orders.entry(order.id).or_insert_with(|| order.clone());
        }
        self.widen(found.iter().filter_map(|order| order.ticket.body.price));
        !found.is_empty()
    }
}

fn keep(orders: &mut BTreeMap<OrderId, OrderRow>, row: &Row<'_>) -> ControlFlow<()> {
    let order = OrderRow::read(row);
    orders.insert(order.id, order);
    ControlFlow::Continue(())
}

/// Whether an arriving order may cancel or shrink resting orders of its own user.
fn cancels(mode: SelfTrade) -> bool {
    !matches!(mode, SelfTrade::None | SelfTrade::CancelTaker)
}

fn cancels_own(command: &Command) -> bool {
    matches!(&command.action, Action::New { ticket, .. } if cancels(ticket.body.self_trade))
}

/// The prices that an order which a command brings may trade at.
fn prices_of(command: &Command) -> Vec<Money> {
    match &command.action {
        Action::New { ticket, .. } => ticket.body.price.into_iter().collect(),
        Action::Amend { price, .. } => price.iter().copied().collect(),
        Action::Cancel(_) | Action::Expire | Action::SetStatus(_) => Vec::new(),
    }
}

fn book_index(side: Side) -> &'static std::ffi::CStr {
    match side {
        Side::Buy => c"idx_orders_orderbook_buy",
        Side::Sell => c"idx_orders_orderbook_sell",
    }
}
