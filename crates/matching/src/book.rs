//! The order book of one market: price levels, each a queue in priority order, and the stops that wait.
//!
//! Orders live in one arena and are linked by index, so an add, a fill and a cancel touch one level and
//! never move other orders. What has changed is remembered until [`Book::drain_changed`] hands it over:
//! the caller writes each touched order once, however often it changed.

use std::collections::{BTreeMap, BTreeSet};

use ids::{IdMap, OrderId, UserId};

use crate::{AccountSlot, OrderState, Side, Status};

/// Nothing: the end of a list.
const NIL: u32 = u32::MAX;

/// Where an order stands in the arena. Valid until the order has been drained as finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

/// The balances that an order moves.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Its owner's base asset.
    pub base: AccountSlot,
    /// Its owner's quote asset.
    pub quote: AccountSlot,
}

/// An order that has changed since the last drain.
#[derive(Clone, Copy, Debug)]
pub struct Changed {
    /// The order as it is now.
    pub order: OrderState,
    /// Whether the caller has never seen it.
    pub is_new: bool,
}

#[derive(Clone, Debug)]
struct Node {
    order: OrderState,
    owner: Owner,
    prev: u32,
    next: u32,
    changed: bool,
    is_new: bool,
    /// Of a stop in the queue: the trade that triggered it.
    trigger: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    head: u32,
    tail: u32,
}

/// The live orders of one market.
#[derive(Debug, Default)]
pub struct Book {
    nodes: Vec<Node>,
    free: Vec<u32>,
    places: IdMap<OrderId, u32>,
    bids: BTreeMap<i64, Level>,
    asks: BTreeMap<i64, Level>,
    /// Stops by (trigger, priority).
    stop_buys: BTreeSet<(i64, i64, u32)>,
    stop_sells: BTreeSet<(i64, i64, u32)>,
    /// Stops that have been triggered, by (trade, priority).
    triggered: BTreeSet<(i64, i64, u32)>,
    /// How many live orders each user has here.
    live: IdMap<UserId, i64>,
    changed: Vec<u32>,
}

impl Book {
    /// Takes in a live order that the caller has read. Orders of one price must come in priority order.
    pub fn load(&mut self, order: OrderState, owner: Owner) -> Place {
        let place = self.store(order, owner);
        self.count(&order, 1);
        self.link(place);
        place
    }

    /// Adds a new order: queued at the end of its price level, or among the stops; only remembered when it has
    /// ended already.
    pub fn add(&mut self, order: OrderState, owner: Owner) -> Place {
        let place = self.store(order, owner);
        self.nodes[place.0 as usize].is_new = true;
        self.mark(place);
        self.count(&order, 1);
        self.link(place);
        place
    }

    /// The order with this id, live or ended since the last drain.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&OrderState> {
        self.places.get(&id).map(|at| self.order(Place(*at)))
    }

    /// Where the live order with this id stands.
    #[must_use]
    pub fn find(&self, id: OrderId) -> Option<Place> {
        let place = Place(*self.places.get(&id)?);
        self.order(place).status.is_live().then_some(place)
    }

    /// The order at a place.
    #[must_use]
    pub fn order(&self, place: Place) -> &OrderState {
        &self.nodes[place.0 as usize].order
    }

    /// The balances that the order at a place moves.
    #[must_use]
    pub fn owner(&self, place: Place) -> Owner {
        self.nodes[place.0 as usize].owner
    }

    /// Changes an order where it stands: its quantities, never its price or place in the queue.
    /// It leaves the queue when it is no longer live.
    pub fn change(&mut self, place: Place, with: impl FnOnce(&mut OrderState)) {
        let mut order = *self.order(place);
        with(&mut order);
        if order.status.is_live() {
            self.nodes[place.0 as usize].order = order;
            self.mark(place);
        } else {
            self.requeue(place, order);
        }
    }

    /// Replaces an order and queues it again at the end of its (new) price level.
    pub fn requeue(&mut self, place: Place, order: OrderState) {
        self.unlink(place);
        let old = *self.order(place);
        self.count(&old, -1);
        self.nodes[place.0 as usize].order = order;
        self.mark(place);
        self.count(&order, 1);
        self.link(place);
    }

    /// The open orders of a side, best price first, then earliest.
    pub fn queue(&self, side: Side) -> impl Iterator<Item = Place> + '_ {
        // Two iterators, of which one is empty: the sides run in opposite directions.
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.values().rev()), None),
            Side::Sell => (None, Some(self.asks.values())),
        };
        let levels = bids.into_iter().flatten().chain(asks.into_iter().flatten());
        levels.flat_map(|level| self.from(level.head))
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<i64> {
        match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        }
        .map(|(price, _)| *price)
    }

    /// Whether a stop waits for its trigger.
    #[must_use]
    pub fn has_stops(&self) -> bool {
        !(self.stop_buys.is_empty() && self.stop_sells.is_empty())
    }

    /// Queues every stop that this price reaches: this trade has triggered it.
    pub fn reach(&mut self, price: i64, trade: i64) {
        while let Some((_, _, at)) = self.stop_buys.first().copied().filter(|(stop, ..)| *stop <= price) {
            self.queue_stop(Place(at), trade);
        }
        while let Some((_, _, at)) = self.stop_sells.last().copied().filter(|(stop, ..)| *stop >= price) {
            self.queue_stop(Place(at), trade);
        }
    }

    /// Queues one stop.
    pub fn queue_stop(&mut self, place: Place, trade: i64) {
        self.unlink(place);
        self.nodes[place.0 as usize].trigger = Some(trade);
        self.link(place);
    }

    /// The trade that triggered the first stop of the queue.
    #[must_use]
    pub fn first_trigger(&self) -> Option<i64> {
        self.triggered.first().map(|(trade, ..)| *trade)
    }

    /// The first stop of the queue, if it comes before this trade and priority.
    #[must_use]
    pub fn next_triggered(&self, before: (i64, i64)) -> Option<Place> {
        self.triggered.first().filter(|(trade, priority, _)| (*trade, *priority) < before).map(|(.., at)| Place(*at))
    }

    /// Every live order, stops included, earliest first.
    #[must_use]
    pub fn live(&self) -> Vec<Place> {
        let waiting = self.stop_buys.iter().chain(&self.stop_sells).chain(&self.triggered);
        let stops = waiting.map(|(_, _, at)| Place(*at));
        let mut found: Vec<Place> = self.queue(Side::Buy).chain(self.queue(Side::Sell)).chain(stops).collect();
        found.sort_unstable_by_key(|place| self.order(*place).priority);
        found
    }

    /// How many live orders of a user stand here.
    #[must_use]
    pub fn live_of(&self, user: UserId) -> i64 {
        self.live.get(&user).copied().unwrap_or_default()
    }

    /// Every order that has changed since the last call, in the order of its first change.
    /// Finished orders leave the book's memory.
    pub fn drain_changed(&mut self) -> Vec<Changed> {
        let changed = std::mem::take(&mut self.changed);
        let mut rows = Vec::with_capacity(changed.len());
        for at in changed {
            let node = &mut self.nodes[at as usize];
            rows.push(Changed { order: node.order, is_new: node.is_new });
            node.changed = false;
            node.is_new = false;
            if !node.order.status.is_live() {
                self.places.remove(&node.order.id);
                self.free.push(at);
            }
        }
        rows
    }

    fn from(&self, head: u32) -> impl Iterator<Item = Place> + '_ {
        let step = |at: &u32| Some(self.nodes[*at as usize].next).filter(|next| *next != NIL);
        std::iter::successors(Some(head), step).map(Place)
    }

    fn store(&mut self, order: OrderState, owner: Owner) -> Place {
        let node = Node { order, owner, prev: NIL, next: NIL, changed: false, is_new: false, trigger: None };
        let at = match self.free.pop() {
            Some(at) => {
                self.nodes[at as usize] = node;
                at
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        };
        self.places.insert(order.id, at);
        Place(at)
    }

    fn mark(&mut self, place: Place) {
        let node = &mut self.nodes[place.0 as usize];
        if !node.changed {
            node.changed = true;
            self.changed.push(place.0);
        }
    }

    fn levels(&mut self, side: Side) -> &mut BTreeMap<i64, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn count(&mut self, order: &OrderState, by: i64) {
        if order.status.is_live() {
            *self.live.entry(order.user).or_default() += by;
        }
    }

    /// Queues an open order, files a stop; an order that has ended stays where it is.
    fn link(&mut self, place: Place) {
        let node = &self.nodes[place.0 as usize];
        let (side, priority, trigger) = (node.order.side, node.order.priority, node.trigger);
        match (node.order.status, node.order.price, node.order.terms.stop_price) {
            (Status::Open, Some(price), _) => self.push(place, side, price),
            (Status::Pending, _, Some(stop)) => {
                match trigger {
                    Some(trade) => self.triggered.insert((trade, priority, place.0)),
                    None => self.stops(side).insert((stop, priority, place.0)),
                };
            }
            _ => {}
        }
    }

    /// Takes an order out of wherever [`Book::link`] has put it.
    fn unlink(&mut self, place: Place) {
        let node = &self.nodes[place.0 as usize];
        let (side, priority, trigger) = (node.order.side, node.order.priority, node.trigger);
        match (node.order.status, node.order.price, node.order.terms.stop_price) {
            (Status::Open, Some(price), _) => self.pull(place, side, price),
            (Status::Pending, _, Some(stop)) => {
                match trigger {
                    Some(trade) => self.triggered.remove(&(trade, priority, place.0)),
                    None => self.stops(side).remove(&(stop, priority, place.0)),
                };
            }
            _ => {}
        }
    }

    fn stops(&mut self, side: Side) -> &mut BTreeSet<(i64, i64, u32)> {
        match side {
            Side::Buy => &mut self.stop_buys,
            Side::Sell => &mut self.stop_sells,
        }
    }

    fn push(&mut self, place: Place, side: Side, price: i64) {
        let alone = Level { head: place.0, tail: NIL };
        let level = self.levels(side).entry(price).or_insert(alone);
        let last = std::mem::replace(&mut level.tail, place.0);
        let node = &mut self.nodes[place.0 as usize];
        (node.prev, node.next) = (last, NIL);
        if last != NIL {
            self.nodes[last as usize].next = place.0;
        }
    }

    fn pull(&mut self, place: Place, side: Side, price: i64) {
        let (prev, next) = (self.nodes[place.0 as usize].prev, self.nodes[place.0 as usize].next);
        if prev == NIL && next == NIL {
            self.levels(side).remove(&price);
            return;
        }
        if prev != NIL {
            self.nodes[prev as usize].next = next;
        } else if let Some(level) = self.levels(side).get_mut(&price) {
            level.head = next;
        }
        if next != NIL {
            self.nodes[next as usize].prev = prev;
        } else if let Some(level) = self.levels(side).get_mut(&price) {
            level.tail = prev;
        }
    }
}
