//! Loading the part of a book that a set of commands can reach.
//!
//! Each side is read from its best price on, until the orders read could fill everything that may arrive against them:
//! what stands behind them cannot trade. A trade can trigger stops, and those arrive as well: so every stop is read
//! that a price which may trade can trigger, then more of the sides to fill those stops too, and so on until no further
//! stop can be triggered. One command takes only so many steps ([`STEPS`]), so no more is read than so many can meet.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use ids::{OrderId, UserId};
use matching::bounds::STEPS;
use matching::market::KnownStops;
use matching::{MarketStatus, SelfTrade, Side};
use money::Money;

use super::command::{Action, Command};
use super::demand::{Arrival, Demand};
use super::depth::{Depth, Until, WaitingStops, book_index};
use super::fields::orders;
use super::front;
use super::queued_stops;
use super::rows::{MarketRow, OrderRow};
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

/// The orders of one market as they are read, each once.
pub struct Reach<'a> {
    symbol: &'a str,
    table: &'a mut Table,
    /// The live orders, by id.
    pub orders: BTreeMap<OrderId, OrderRow>,
    /// Stops that are triggered and wait in the queue, each with the trade that triggered it.
    pub triggered: HashMap<OrderId, i64>,
    /// Which stops have been read.
    pub known: KnownStops,
    /// How far bids and offers have been read, in ticks.
    pub loaded: [Option<i64>; 2],
    sides: [Depth<'a>; 2],
    waiting: [WaitingStops; 2],
    /// Whether it is known that no stop waits.
    no_stops: &'a mut bool,
    /// The lowest and the highest price that can trade.
    prices: Option<(Money, Money)>,
    /// Orders that commands name. A cancel or amend may take them away before anything arrives, so they do not count as
    /// quantity that can fill what arrives.
    named: HashSet<OrderId>,
    /// Users whose arriving orders may cancel their own resting ones (self-trade prevention): those do not count
    /// either.
    cancelling: HashSet<UserId>,
    now: Timestamp,
    /// How many commands there are.
    commands: usize,
    /// How many orders of a side that cross are read at least.
    depth: usize,
}

impl<'a> Reach<'a> {
    /// Nothing read yet; these demands are on the bids and the offers.
    pub fn new(
        symbol: &'a str,
        table: &'a mut Table,
        front: &'a mut front::KnownFront,
        [bids, offers]: [Option<Demand>; 2],
        now: Timestamp,
        (commands, depth): (usize, usize),
    ) -> Reach<'a> {
        let ([known_bids, known_offers], no_stops) = front.parts();
        Reach {
            symbol,
            table,
            no_stops,
            orders: BTreeMap::new(),
            triggered: HashMap::new(),
            known: KnownStops::default(),
            loaded: [None; 2],
            sides: [
                Depth::new(Side::Buy, symbol, known_bids, bids),
                Depth::new(Side::Sell, symbol, known_offers, offers),
            ],
            waiting: [WaitingStops::new(Side::Buy), WaitingStops::new(Side::Sell)],
            prices: None,
            named: HashSet::new(),
            cancelling: HashSet::new(),
            now,
            commands,
            depth,
        }
    }

    /// Reads what the commands can reach, stops and all.
    pub fn load(&mut self, commands: &[&Command], market: &MarketRow) {
        let opens = commands.iter().any(|c| matches!(c.action, Action::SetStatus { status: MarketStatus::Open, .. }));
        if opens || commands.iter().any(|c| matches!(c.action, Action::Expire)) {
            self.expired(if opens { usize::MAX } else { STEPS * self.commands });
        }
        let mut prices: Vec<Money> = commands.iter().flat_map(|c| prices_of(c)).collect();
        if opens {
            self.uncross();
        }
        self.cancelling.extend(commands.iter().filter(|c| cancels_own(c)).map(|c| c.user));
        self.cancelling
            .extend(self.orders.values().filter(|o| cancels(o.ticket.body.self_trade)).map(|o| o.ticket.user));
        if let Some(looked) = market.stops_sequence.filter(|_| opens || market.rules.status == MarketStatus::Open) {
            self.read_queue(looked, market);
        }
        if prices.is_empty() && self.triggered.is_empty() && !self.sides.iter().any(Depth::is_wanted) && !opens {
            return;
        }
        prices.extend(market.last_price);
        self.widen(prices);
        // Mostly no stop waits. While some of the queue is unread, whatever is triggered now enters behind it, later.
        let waits = self.known.until.0 == i64::MAX && self.stops_wait();
        loop {
            self.read_sides(waits, if opens { usize::MAX } else { 2 * (STEPS + 1) * self.commands + self.named.len() });
            if !waits || !self.stops() {
                break;
            }
        }
        self.finish(market);
    }

    /// Takes in orders that commands name.
    pub fn add(&mut self, order: &OrderRow) {
        self.named.insert(order.id);
        self.orders.insert(order.id, order.clone());
    }

    /// Reads orders whose time has come, the earliest first.
    fn expired(&mut self, most: usize) {
        let index = self.table.index(c"idx_orders_expires_at");
        let (orders, mut read) = (&mut self.orders, 0);
        self.table.scan(index, &[Key::Text(self.symbol), Key::Until(self.now)], |row| {
            let order = OrderRow::read(row);
            orders.insert(order.id, order);
            read += 1;
            if read < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }

    /// Reads all that crosses, for an uncrossing; where stops wait, the whole book.
    fn uncross(&mut self) {
        let best = |reach: &mut Self, side| {
            let index = reach.table.index(book_index(side));
            reach.table.find(index, &[Key::Text(reach.symbol)], |row| row.amount(orders::at::price))
        };
        let (bid, ask) = (best(self, Side::Buy), best(self, Side::Sell));
        let waits = self.stops_wait();
        if let Some((bid, ask)) = bid.zip(ask).filter(|(bid, ask)| bid >= ask) {
            self.sides[0].take_all(Some(ask).filter(|_| !waits));
            self.sides[1].take_all(Some(bid).filter(|_| !waits));
        }
    }

    /// Whether any stop waits: one look, and none where that is known.
    fn stops_wait(&mut self) -> bool {
        if *self.no_stops {
            return false;
        }
        let index = self.table.index(c"idx_orders_pending");
        *self.no_stops = self.table.find(index, &[Key::Text(self.symbol)], |_| ()).is_none();
        !*self.no_stops
    }

    /// Reads the stops that are triggered and still wait in the queue.
    fn read_queue(&mut self, looked: i64, market: &MarketRow) {
        let most = STEPS * self.commands + 1;
        let head = queued_stops::read(self.symbol, self.table, &market.rules, looked, most);
        self.known.until = head.until;
        for (order, trade) in head.stops {
            self.triggered.insert(order.id, trade);
            self.arrives(&order);
            self.orders.insert(order.id, order);
        }
    }

    fn widen(&mut self, prices: impl IntoIterator<Item = Money>) {
        for price in prices {
            let (low, high) = self.prices.unwrap_or((price, price));
            self.prices = Some((low.min(price), high.max(price)));
        }
    }

    fn read_sides(&mut self, grows: bool, most: usize) {
        for side in &mut self.sides {
            let (named, cancelling, now) = (&self.named, &self.cancelling, self.now);
            let until = Until { named, cancelling, now, rows: (self.depth, most) };
            let range = side.read(self.table, &mut self.orders, &until, grows);
            if let Some((first, last)) = range {
                let (low, high) = self.prices.unwrap_or((first, first));
                self.prices = Some((low.min(first).min(last), high.max(first).max(last)));
            }
        }
    }

    /// Reads the stops that prices within reach can trigger. Returns whether there were new ones.
    fn stops(&mut self) -> bool {
        let Some(prices) = self.prices else { return false };
        // Of each side at least as many as the commands can enter.
        let most = STEPS * self.commands + 1 + self.triggered.len();
        let mut found = Vec::new();
        for waiting in &mut self.waiting {
            found.extend(waiting.read(self.symbol, self.table, prices, most));
        }
        found.retain(|order| !self.triggered.contains_key(&order.id));
        for order in &found {
            self.arrives(order);
        }
        let any = !found.is_empty();
        for order in found {
            self.orders.entry(order.id).or_insert(order);
        }
        any
    }

    /// A stop will arrive.
    fn arrives(&mut self, order: &OrderRow) {
        let arrival = Arrival::of(&order.ticket);
        self.sides[usize::from(arrival.side == Side::Buy)].add(&arrival);
        if cancels(order.ticket.body.self_trade) && self.cancelling.insert(order.ticket.user) {
            self.sides.iter_mut().for_each(|side| side.discount(order.ticket.user));
        }
        self.widen(order.ticket.body.price);
    }

    /// Notes how far everything has been read.
    fn finish(&mut self, market: &MarketRow) {
        let tick = market.rules.tick;
        let ticks = |price: Money| i64::try_from(price.units() / tick.units()).unwrap_or(i64::MAX);
        self.known.buys_below = self.waiting[0].unread.map(ticks);
        self.known.sells_above = self.waiting[1].unread.map(ticks);
        for (loaded, side) in self.loaded.iter_mut().zip(&mut self.sides) {
            *loaded = side.loaded(tick);
            side.close(self.table);
        }
        self.waiting.iter_mut().for_each(|waiting| waiting.close(self.table));
    }
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
        Action::Cancel(_) | Action::Expire | Action::Stops | Action::SetStatus { .. } => Vec::new(),
    }
}
