//! A naive model of a market: the oracle that the fast engine is tested against.
//!
//! It is written from the rules, not from the engine: one list of every order ever accepted, scanned and
//! sorted anew for each fill, and money as plain units of 1e-8. Every call works on a copy of the whole
//! state, one step after the other, and the copy is thrown away when the call is refused. It shares the
//! plain types of the crate and none of its matching, fee or reserve code. Slow on purpose; nothing but
//! tests should use it.

mod arrival;
mod auction;
mod cash;
mod stops;
mod terms;
use std::collections::BTreeMap;

use ids::{OrderId, UserId};
use money::Money;

pub use auction::candidates;

use crate::{Balance, CancelReason, MarketStatus, NewOrder, OrderState, Outcome, Refusal, Rules, Side, Status, Trade};

/// Units in one whole.
const UNITS: i128 = 10_i128.pow(8);

/// The first number of units that `NUMERIC(20,8)` does not hold.
const TOO_MUCH: i128 = 10_i128.pow(20);

/// One of the two assets of the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asset {
    /// What is bought and sold.
    Base,
    /// What it is paid with.
    Quote,
}

/// What a user has of an asset, in units of 1e-8. While a call is tried it may be more than an account holds: then the
/// call is refused.
#[derive(Clone, Copy, Debug, Default)]
struct Holding {
    available: i128,
    locked: i128,
}

impl Holding {
    fn balance(self) -> Balance {
        Balance { available: Money::known_to_fit(self.available), locked: Money::known_to_fit(self.locked) }
    }
}

/// A market, its orders, its trades and the balances of its users.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The rules; a test may change them between calls.
    pub rules: Rules,
    /// The time, in microseconds; a test moves it between calls.
    pub now: i64,
    /// How many steps a command may take.
    pub steps: usize,
    orders: Vec<OrderState>,
    trades: Vec<Trade>,
    holdings: BTreeMap<(UserId, Asset), Holding>,
    priority: i64,
    first_price: Option<i64>,
    last_price: Option<i64>,
    /// The last trade before each stop was accepted.
    accepted: BTreeMap<OrderId, i64>,
    /// The last trade whose stops have all been entered.
    looked: i64,
}

impl Reference {
    /// A market without orders, trades and balances.
    #[must_use]
    pub fn new(rules: Rules, last_price: Option<i64>) -> Reference {
        Reference {
            rules,
            now: 0,
            steps: crate::bounds::STEPS,
            orders: Vec::new(),
            trades: Vec::new(),
            holdings: BTreeMap::new(),
            priority: 0,
            first_price: last_price,
            last_price,
            accepted: BTreeMap::new(),
            looked: 0,
        }
    }

    /// Sets what a user has available; what is locked stays.
    pub fn set_balance(&mut self, user: UserId, asset: Asset, available: Money) {
        self.account(user, asset).available = available.units();
    }

    /// All orders in the book: bids, then asks, each side best price first, then earliest.
    #[must_use]
    pub fn book(&self) -> Vec<OrderState> {
        let (mut bids, asks) = (self.side(Side::Buy), self.side(Side::Sell));
        bids.extend(asks);
        bids
    }

    /// All stops that wait for their trigger, earliest first.
    #[must_use]
    pub fn pending(&self) -> Vec<OrderState> {
        let mut waiting: Vec<_> = self.orders.iter().filter(|o| o.status == Status::Pending).copied().collect();
        waiting.sort_by_key(|o| o.priority);
        waiting
    }

    /// Every order ever accepted, as it is now.
    #[must_use]
    pub fn orders(&self) -> &[OrderState] {
        &self.orders
    }

    /// Every trade, in sequence.
    #[must_use]
    pub fn trades(&self) -> &[Trade] {
        &self.trades
    }

    /// Every balance that was ever set or touched.
    #[must_use]
    pub fn balances(&self) -> BTreeMap<(UserId, Asset), Balance> {
        self.holdings.iter().map(|(key, holding)| (*key, holding.balance())).collect()
    }

    /// The price of the last trade, in ticks.
    #[must_use]
    pub fn last_price(&self) -> Option<i64> {
        self.last_price
    }

    /// The last trade whose stops have all been entered.
    #[must_use]
    pub fn looked(&self) -> i64 {
        self.looked
    }

    /// The last priority given.
    #[must_use]
    pub fn priority(&self) -> i64 {
        self.priority
    }

    /// Places a new order.
    pub fn place(&mut self, new: &NewOrder) -> Result<Outcome, Refusal> {
        self.attempt(|market| {
            market.takes(new)?;
            let order = market.admitted(new)?;
            let reserved = market.first_reserve(&order)?;
            market.can_pay(&order, reserved)?;
            market.move_locked(&order, -reserved.units());
            let order = OrderState { reserved, ..order };
            if order.status == Status::Pending {
                return Ok(market.accept_stop(order));
            }
            let walked = market.arrive(order, arrival::Purse::of(new), market.steps, arrival::Excess::of(new))?;
            Ok(market.conclude(order.id, &walked))
        })
    }

    /// Cancels a live order.
    pub fn cancel(&mut self, id: OrderId) -> Result<Outcome, Refusal> {
        self.status_is_one_of(&[MarketStatus::Open, MarketStatus::CancelOnly, MarketStatus::Auction])?;
        self.live(id)?;
        self.end(id, CancelReason::User);
        Ok(Outcome { order: self.get(id), trades: 0, all_trades: 0 })
    }

    /// Gives a live order another price, another total quantity, or both.
    pub fn amend(&mut self, id: OrderId, price: Option<Money>, amount: Option<Money>) -> Result<Outcome, Refusal> {
        self.attempt(|market| {
            market.status_is_one_of(&[MarketStatus::Open, MarketStatus::Auction])?;
            let old =
                market.live(id).and_then(|o| if market.is_over(&o) { Err(Refusal::OrderNotLive) } else { Ok(o) })?;
            let new = market.amended(&old, price, amount)?;
            if old.status == Status::Pending || (new.price == old.price && new.amount <= old.amount) {
                return market.amend_in_place(&old, new);
            }
            market.can_pay(&old, Money::known_to_fit(new.reserved.units() - old.reserved.units()))?;
            market.move_locked(&old, old.reserved.units() - new.reserved.units());
            market.orders.retain(|o| o.id != id);
            let walked = market.arrive(new, arrival::Purse::Reserve, market.steps, arrival::Excess::Refuse)?;
            Ok(market.conclude(id, &walked))
        })
    }

    /// Cancels every live order whose time has come. Returns how many.
    pub fn expire(&mut self) -> usize {
        let over: Vec<_> = self.orders.iter().filter(|o| is_live(o) && self.is_over(o)).map(|o| o.id).collect();
        for id in &over {
            self.end(*id, CancelReason::Expired);
        }
        over.len()
    }

    fn amend_in_place(&mut self, old: &OrderState, new: OrderState) -> Result<Outcome, Refusal> {
        let waits = old.status == Status::Pending;
        let asks_for_more = new.amount > old.amount || new.price != old.price;
        let kept = if asks_for_more { new.reserved } else { new.reserved.min(old.reserved) };
        self.can_pay(old, Money::known_to_fit(kept.units() - old.reserved.units()))?;
        self.move_locked(old, old.reserved.units() - kept.units());
        let visible = if waits { slice(&new) } else { old.visible.min(lots_left(&new)) };
        *self.get_mut(old.id) = OrderState { reserved: kept, visible, ..new };
        Ok(Outcome { order: self.get(old.id), trades: 0, all_trades: 0 })
    }

    /// Lets the order's trades trigger what they do, in the steps that it has left, and reports the order.
    fn conclude(&mut self, id: OrderId, walked: &arrival::Walked) -> Outcome {
        let (own, before) = (walked.fills.len(), self.trades.len() - walked.fills.len());
        if own > 0 {
            self.enter_stops(self.steps - walked.steps);
        }
        Outcome { order: self.get(id), trades: own, all_trades: self.trades.len() - before }
    }

    /// Does something, or nothing at all when it is refused.
    fn attempt<T>(&mut self, call: impl FnOnce(&mut Reference) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut copy = self.clone();
        let done = call(&mut copy)?;
        *self = copy;
        Ok(done)
    }

    fn status_is_one_of(&self, allowed: &[MarketStatus]) -> Result<(), Refusal> {
        if allowed.contains(&self.rules.status) { Ok(()) } else { Err(Refusal::MarketNotOpen(self.rules.status)) }
    }

    fn is_over(&self, order: &OrderState) -> bool {
        order.terms.expires_at.is_some_and(|end| end <= self.now)
    }

    fn end(&mut self, id: OrderId, reason: CancelReason) {
        let order = self.get(id);
        self.move_locked(&order, order.reserved.units());
        let order = self.get_mut(id);
        order.status = Status::Cancelled;
        order.cancel_reason = Some(reason);
        order.reserved = Money::ZERO;
        order.visible = 0;
    }

    fn next_priority(&mut self) -> i64 {
        self.priority += 1;
        self.priority
    }

    fn side(&self, side: Side) -> Vec<OrderState> {
        let mut open: Vec<_> =
            self.orders.iter().filter(|o| o.status == Status::Open && o.side == side).copied().collect();
        open.sort_by_key(|o| (if side == Side::Buy { -limit_of(o) } else { limit_of(o) }, o.priority));
        open
    }

    fn live(&self, id: OrderId) -> Result<OrderState, Refusal> {
        self.orders.iter().find(|o| o.id == id && is_live(o)).copied().ok_or(Refusal::OrderNotLive)
    }

    fn position(&self, id: OrderId) -> usize {
        self.orders.iter().position(|o| o.id == id).expect("the order has been accepted")
    }

    fn get(&self, id: OrderId) -> OrderState {
        self.orders[self.position(id)]
    }

    fn get_mut(&mut self, id: OrderId) -> &mut OrderState {
        let at = self.position(id);
        &mut self.orders[at]
    }

    fn account(&mut self, user: UserId, asset: Asset) -> &mut Holding {
        self.holdings.entry((user, asset)).or_default()
    }
}

fn is_live(order: &OrderState) -> bool {
    matches!(order.status, Status::Open | Status::Pending)
}

fn lots_left(order: &OrderState) -> i64 {
    order.amount - order.filled
}

/// What the book shows of an order whose slice begins anew.
fn slice(order: &OrderState) -> i64 {
    match order.terms.display {
        Some(display) => display.min(lots_left(order)),
        None => lots_left(order),
    }
}

/// The price of an order in the book.
fn limit_of(order: &OrderState) -> i64 {
    order.price.expect("an order in the book has a price")
}

fn other_side(side: Side) -> Side {
    if side == Side::Buy { Side::Sell } else { Side::Buy }
}
