//! What a market is told to do: place, cancel, amend, expire.
//!
//! Every call first plans against the book as it is ([`crate::walk`]), then applies: whatever is refused is
//! refused while planning, so a refused call has changed nothing. No call takes more steps than its bound, but the
//! two that concern the market as a whole: expiry, and the uncrossing.

use ids::OrderId;
use money::Money;

use crate::book::{Owner, Place};
use crate::enter::{Beyond, Means};
use crate::market::reserve_slot;
use crate::{
    Accounts, CancelReason, Market, MarketStatus, NewOrder, OrderState, Outcome, Refusal, Status, TimeInForce,
};

impl Market {
    /// Places a new order: reserves its funds, trades what crosses, queues or ends the rest. A stop waits for
    /// its trigger.
    pub fn place(&mut self, accounts: &mut Accounts, new: &NewOrder) -> Result<Outcome, Refusal> {
        self.rules.takes(new)?;
        let mut order = self.rules.admit(new, self.now)?;
        if let Some(price) = order.price {
            self.rules.require_in_band(price, self.last_price)?;
        }
        let owner = self.owner(accounts, new.user);
        order.reserved = self.first_reserve(&order)?;
        if order.status == Status::Pending {
            self.require_funds(accounts, owner, &order, order.reserved)?;
            accounts.lock(reserve_slot(owner, order.side), order.reserved);
            return Ok(self.accept_stop(accounts, owner, order));
        }
        let made = self.trades.len();
        let means = self.means(&order, new.quote_amount, Money::ZERO);
        let walk = self.prepare(accounts, owner, &mut order, means)?;
        accounts.lock(reserve_slot(owner, order.side), order.reserved);
        let (order, trades) = self.enter(accounts, owner, order, &walk);
        let place = self.book.add(order, owner);
        if trades > 0 {
            self.run_stops(accounts, self.steps - walk.steps.len());
        }
        Ok(self.outcome(place, trades, made))
    }

    /// A stop waits. One that the last price reaches already enters at once, in an open market; while stops are left
    /// from before, it queues behind them.
    fn accept_stop(&mut self, accounts: &mut Accounts, owner: Owner, mut order: OrderState) -> Outcome {
        let made = self.trades.len();
        order.priority = self.next_priority();
        let place = self.book.add(order, owner);
        let (left, open) = (self.looked < self.sequence, self.rules.status == MarketStatus::Open);
        if self.last_price.is_some_and(|last| order.is_triggered(last)) && (left || open) {
            self.book.queue_stop(place, self.sequence);
            if !left {
                self.run_stops(accounts, self.steps);
            }
        }
        let own = self.trades[made..].iter().take_while(|trade| trade.taker == order.id).count();
        self.outcome(place, own, made)
    }

    /// What an order that arrives may use. One that never rests takes what it can; of one that would rest, what the
    /// bound leaves would cross the book.
    fn means(&self, order: &OrderState, budget: Option<Money>, held: Money) -> Means {
        let beyond = match (order.price, order.terms.time_in_force) {
            (_, TimeInForce::Ioc) => Beyond::Cut,
            (None, TimeInForce::Gtc | TimeInForce::Gtd) => Beyond::Cut,
            (_, TimeInForce::Gtc | TimeInForce::Gtd | TimeInForce::Fok) => Beyond::Refused,
        };
        Means { budget, held, steps: self.steps, beyond }
    }

    /// What an order reserves before the book is looked at.
    fn first_reserve(&self, order: &OrderState) -> Result<Money, Refusal> {
        let priced = order.price.is_some() || order.status == Status::Pending;
        if priced { self.rules.reserve_of(order) } else { Ok(Money::ZERO) }
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
        for (at, place) in expired.iter().enumerate() {
            self.end(accounts, *place, CancelReason::Expired);
            self.beat(at);
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
        new.reserved = self.first_reserve(&new)?;
        let walk = self.prepare(accounts, owner, &mut new, self.means(&old, None, old.reserved))?;
        accounts.release(slot, old.reserved);
        accounts.lock(slot, new.reserved);
        let (order, trades) = self.enter(accounts, owner, new, &walk);
        self.book.requeue(place, order);
        if trades > 0 {
            self.run_stops(accounts, self.steps - walk.steps.len());
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
        self.rules.require_few_slices(new.terms.display, new.amount)?;
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

    fn outcome(&self, place: Place, trades: usize, made: usize) -> Outcome {
        Outcome { order: *self.book.order(place), trades, all_trades: self.trades.len() - made }
    }
}
