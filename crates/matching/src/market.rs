//! One market: place, cancel, amend, expire.
//!
//! Every call first plans against the book as it is ([`crate::walk`]), then applies: whatever is refused is
//! refused while planning, so a refused call has changed nothing.

use crate::accounts::AssetId;
use crate::book::{Owner, Place};
use crate::trade::{Shrink, Trade};
use crate::walk::{self, Bounds, Step, Walk};
use crate::{
    Accounts, Book, CancelReason, MarketStatus, Money, NewOrder, OrderId, OrderState, OrderType, Outcome, Refusal,
    Rules, Side, Slot, Status, TimeInForce, UserId,
};

/// A market: its rules, its book (as far as loaded) and its counters.
#[derive(Debug)]
pub struct Market {
    /// Its rules.
    pub rules: Rules,
    /// Its book. A caller that places one order may load only the makers which that order can meet.
    pub book: Book,
    /// The time, in microseconds of the caller's clock. The caller sets it before a call.
    pub now: i64,
    /// The last priority given.
    pub priority: i64,
    /// The sequence of the last trade.
    pub sequence: i64,
    /// The price of the last trade, in ticks.
    pub last_price: Option<i64>,
    pub(crate) trades: Vec<Trade>,
    base: AssetId,
    quote: AssetId,
    pub(crate) shrinks: Vec<Shrink>,
}

impl Market {
    /// A market with an empty book that goes on after `priority`, `sequence` and `last_price`.
    #[must_use]
    pub fn new(
        rules: Rules,
        base: AssetId,
        quote: AssetId,
        priority: i64,
        sequence: i64,
        last_price: Option<i64>,
    ) -> Market {
        let (book, trades, shrinks) = (Book::default(), Vec::new(), Vec::new());
        Market { rules, book, now: 0, priority, sequence, last_price, trades, base, quote, shrinks }
    }

    /// The balances that an order of this user moves.
    pub fn owner(&self, accounts: &mut Accounts, user: UserId) -> Owner {
        Owner { base: accounts.slot(user, self.base), quote: accounts.slot(user, self.quote) }
    }

    /// Takes in a live order that the caller has read, in priority order within its price.
    pub fn load(&mut self, accounts: &mut Accounts, order: OrderState) {
        let owner = self.owner(accounts, order.user);
        self.book.load(order, owner);
    }

    /// Every trade since the last call, in sequence.
    pub fn drain_trades(&mut self) -> Vec<Trade> {
        std::mem::take(&mut self.trades)
    }

    /// Every order that self-trade prevention has made smaller since the last call, in order.
    pub fn drain_shrinks(&mut self) -> Vec<Shrink> {
        std::mem::take(&mut self.shrinks)
    }

    /// The trades that the order of the last call made as taker.
    #[must_use]
    pub fn last_trades(&self, outcome: &Outcome) -> &[Trade] {
        let first = self.trades.len() - outcome.all_trades;
        &self.trades[first..first + outcome.trades]
    }

    /// Every trade of the last call in which its order took part: as taker, and as maker where a stop that the
    /// call has triggered has met its rest.
    pub fn own_trades<'a>(&'a self, outcome: &'a Outcome) -> impl Iterator<Item = &'a Trade> {
        let id = outcome.order.id;
        let first = self.trades.len() - outcome.all_trades;
        self.trades[first..].iter().filter(move |trade| trade.taker == id || trade.maker == id)
    }

    /// Places a new order: reserves its funds, trades what crosses, queues or ends the rest. A stop waits for
    /// its trigger.
    pub fn place(&mut self, accounts: &mut Accounts, new: &NewOrder) -> Result<Outcome, Refusal> {
        self.rules.takes(new)?;
        let mut order = self.rules.admit(new, self.now)?;
        if let Some(price) = order.price {
            self.rules.require_in_band(price, self.last_price)?;
        }
        let owner = self.owner(accounts, new.user);
        let made = self.trades.len();
        if order.status == Status::Pending {
            order.reserved = self.rules.reserve_of(&order)?;
            self.require_funds(accounts, owner, &order, order.reserved)?;
            accounts.lock(reserve_slot(owner, order.side), order.reserved);
            order.priority = self.next_priority();
            let place = self.book.add(order, owner);
            let trades = self.run_stops(accounts, Some(place));
            return Ok(self.outcome(place, trades, made));
        }
        let walk = self.prepare(accounts, owner, &mut order, new.quote_amount, Money::ZERO)?;
        accounts.lock(reserve_slot(owner, order.side), order.reserved);
        let (order, trades) = self.enter(accounts, owner, order, &walk);
        let place = self.book.add(order, owner);
        if trades > 0 {
            self.run_stops(accounts, None);
        }
        Ok(self.outcome(place, trades, made))
    }

    /// Cancels a live order and releases what it still locks.
    pub fn cancel(&mut self, accounts: &mut Accounts, id: OrderId) -> Result<Outcome, Refusal> {
        self.rules.takes_cancels()?;
        let place = self.book.find(id).ok_or(Refusal::OrderNotLive)?;
        self.end(accounts, place, CancelReason::User);
        Ok(self.outcome(place, 0, self.trades.len()))
    }

    /// Cancels every live order whose time has come, earliest first. Returns how many.
    pub fn expire(&mut self, accounts: &mut Accounts) -> usize {
        let expired: Vec<Place> =
            self.book.live().into_iter().filter(|place| self.book.order(*place).has_expired(self.now)).collect();
        for place in &expired {
            self.end(accounts, *place, CancelReason::Expired);
        }
        expired.len()
    }

    /// Gives a live order a new price, a new total quantity (what has traded included), or both.
    ///
    /// Less quantity at the same price keeps its priority, and so does a stop that waits. Anything else takes it
    /// off the book and enters it again: it goes to the end of its queue and may trade.
    pub fn amend(
        &mut self,
        accounts: &mut Accounts,
        id: OrderId,
        price: Option<Money>,
        amount: Option<Money>,
    ) -> Result<Outcome, Refusal> {
        self.rules.takes_amends()?;
        let place = self.book.find(id).ok_or(Refusal::OrderNotLive)?;
        let (old, owner) = (*self.book.order(place), self.book.owner(place));
        if old.has_expired(self.now) {
            return Err(Refusal::OrderNotLive);
        }
        let mut new = self.amended(&old, price, amount)?;
        let (slot, made) = (reserve_slot(owner, old.side), self.trades.len());
        let stays = new.price == old.price && new.amount <= old.amount;
        if stays || old.status == Status::Pending {
            let target = self.rules.reserve_of(&new)?;
            // What an open order holds for commission may be short of the target by dust: it never grows here.
            new.reserved = if stays { target.min(old.reserved) } else { target };
            self.require_funds(accounts, owner, &new, new.reserved - old.reserved)?;
            accounts.release(slot, old.reserved);
            accounts.lock(slot, new.reserved);
            self.book.change(place, |order| *order = new);
            return Ok(self.outcome(place, 0, made));
        }
        let walk = self.prepare(accounts, owner, &mut new, None, old.reserved)?;
        accounts.release(slot, old.reserved);
        accounts.lock(slot, new.reserved);
        let (order, trades) = self.enter(accounts, owner, new, &walk);
        self.book.requeue(place, order);
        if trades > 0 {
            self.run_stops(accounts, None);
        }
        Ok(self.outcome(place, trades, made))
    }

    /// The order with its new terms, not yet with the reserve that they need.
    fn amended(&self, old: &OrderState, price: Option<Money>, amount: Option<Money>) -> Result<OrderState, Refusal> {
        let mut new = *old;
        if let Some(price) = price {
            if old.price.is_none() {
                return Err(Refusal::Combination("price with a market or stop order"));
            }
            new.price = Some(self.rules.ticks(price)?);
        }
        let whole = amount.unwrap_or(self.rules.quantity(old.amount));
        new.amount = self.rules.admit_amount(whole)?;
        if let Some(price) = new.price {
            self.rules.admit_notional(price, new.amount)?;
        }
        if let Some(price) = new.price.filter(|_| new.price != old.price) {
            self.rules.require_in_band(price, self.last_price)?;
        }
        if new.amount <= old.filled {
            return Err(Refusal::AmountNotAboveFilled { amount: whole, filled: self.rules.quantity(old.filled) });
        }
        let stays = new.price == old.price && new.amount <= old.amount && old.status == Status::Open;
        new.visible = if stays { old.visible.min(new.remaining()) } else { new.slice() };
        Ok(new)
    }

    /// Plans an order that arrives (or enters again with `held` reserved) and sets what it must reserve.
    /// Everything that can be refused is refused here.
    pub(crate) fn prepare(
        &self,
        accounts: &Accounts,
        owner: Owner,
        order: &mut OrderState,
        budget: Option<Money>,
        held: Money,
    ) -> Result<Walk, Refusal> {
        order.reserved = if order.price.is_some() { self.rules.reserve_of(order)? } else { Money::ZERO };
        let walk = if self.rules.status == MarketStatus::Open {
            let bounds = Bounds { band: self.rules.band(self.last_price), budget, now: self.now };
            walk::walk(&self.rules, &self.book, order, &bounds)?
        } else {
            Walk::default()
        };
        if order.price.is_none() {
            order.reserved = if order.side == Side::Buy { walk.cost } else { self.rules.quantity(order.remaining()) };
        }
        self.require_funds(accounts, owner, order, order.reserved - held)?;
        if order.terms.post_only
            && self.rules.status == MarketStatus::Open
            && let Some(best) = walk::would_take(&self.book, order, self.now)
        {
            return Err(Refusal::WouldTake { best: self.rules.price(best) });
        }
        if order.terms.time_in_force == TimeInForce::Fok && walk.filled < order.remaining() {
            let (fillable, amount) = (self.rules.quantity(walk.filled), self.rules.quantity(order.remaining()));
            return Err(Refusal::FillOrKill { fillable, amount });
        }
        self.require_room(accounts, owner, order.side, &walk)?;
        Ok(walk)
    }

    fn require_funds(
        &self,
        accounts: &Accounts,
        owner: Owner,
        order: &OrderState,
        needed: Money,
    ) -> Result<(), Refusal> {
        let available = accounts.get(reserve_slot(owner, order.side)).available;
        if needed > available {
            return Err(Refusal::InsufficientFunds { side: order.side, needed, available });
        }
        Ok(())
    }

    /// Every account of the plan must have room for all that the plan moves: more than any of them gets, so
    /// nothing that follows can leave the range of `NUMERIC(20,8)`.
    fn require_room(&self, accounts: &Accounts, owner: Owner, side: Side, walk: &Walk) -> Result<(), Refusal> {
        let quantity = self.rules.quantity(walk.filled);
        let makers = walk.steps.iter().filter_map(|step| match step {
            Step::Fill { maker, .. } => Some((self.book.owner(*maker), side.opposite())),
            Step::Cancel { .. } | Step::Decrement { .. } => None,
        });
        for (owner, side) in makers.chain([(owner, side)]) {
            match side {
                Side::Buy => accounts.has_room(owner.base, quantity)?,
                Side::Sell => accounts.has_room(owner.quote, walk.cost)?,
            }
        }
        Ok(())
    }

    /// Carries out a plan and ends or keeps the rest. Nothing here can fail. Returns the order and how many
    /// trades it made.
    pub(crate) fn enter(
        &mut self,
        accounts: &mut Accounts,
        owner: Owner,
        mut order: OrderState,
        walk: &Walk,
    ) -> (OrderState, usize) {
        order.priority = self.next_priority();
        let made = self.trades.len();
        for step in &walk.steps {
            match *step {
                Step::Fill { maker, lots } => self.fill(accounts, owner, &mut order, maker, lots),
                Step::Cancel { maker, reason } => self.end(accounts, maker, reason),
                Step::Decrement { maker, lots } => self.decrement(accounts, owner, &mut order, maker, lots),
            }
        }
        if order.terms.order_type == OrderType::Market && order.amount == 0 {
            order.amount = order.filled;
        }
        let rest = walk.rest.or(match (order.price, order.terms.time_in_force) {
            (None, _) => Some(CancelReason::NoLiquidity),
            (Some(_), TimeInForce::Ioc) => Some(CancelReason::Ioc),
            (Some(_), _) => None,
        });
        order.visible = order.slice();
        if order.remaining() == 0 && order.filled > 0 {
            order.status = Status::Filled;
        } else if let Some(reason) = rest {
            accounts.release(reserve_slot(owner, order.side), order.reserved);
            order.end(reason);
        }
        if walk.rest == Some(CancelReason::PriceBand) && self.rules.band_halts {
            self.rules.status = MarketStatus::Halted;
        }
        (order, self.trades.len() - made)
    }

    /// Ends a live order and releases what it still locks.
    pub(crate) fn end(&mut self, accounts: &mut Accounts, place: Place, reason: CancelReason) {
        let (order, owner) = (*self.book.order(place), self.book.owner(place));
        accounts.release(reserve_slot(owner, order.side), order.reserved);
        self.book.change(place, |order| order.end(reason));
    }

    pub(crate) fn next_priority(&mut self) -> i64 {
        self.priority += 1;
        self.priority
    }

    fn outcome(&self, place: Place, trades: usize, made: usize) -> Outcome {
        Outcome { order: *self.book.order(place), trades, all_trades: self.trades.len() - made }
    }
}

/// The balance that an order of this side reserves from.
pub(crate) fn reserve_slot(owner: Owner, side: Side) -> Slot {
    match side {
        Side::Buy => owner.quote,
        Side::Sell => owner.base,
    }
}
