//! One market: place, cancel, amend.
//!
//! Every call first plans against the book as it is, then applies: whatever is refused is refused while
//! planning, so a refused call has changed nothing.

use crate::accounts::AssetId;
use crate::book::{Owner, Place};
use crate::{
    Accounts, Book, CancelReason, Money, NewOrder, OrderId, OrderState, Outcome, Refusal, Rules, SelfTrade, Side,
    Status, TimeInForce, UserId,
};

/// One fill between a resting and an arriving order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Its number in the market: gapless, from 1.
    pub sequence: i64,
    /// The order that rested; the trade is at its price.
    pub maker: OrderId,
    /// The order that arrived.
    pub taker: OrderId,
    /// The side of the order that arrived.
    pub taker_side: Side,
    /// The price in ticks.
    pub price: i64,
    /// The quantity in lots.
    pub amount: i64,
    /// What the buyer paid on top.
    pub buyer_commission: Money,
    /// What was taken from the seller's proceeds.
    pub seller_commission: Money,
}

impl Trade {
    /// The order that bought.
    #[must_use]
    pub const fn buy_order(&self) -> OrderId {
        match self.taker_side {
            Side::Buy => self.taker,
            Side::Sell => self.maker,
        }
    }

    /// The order that sold.
    #[must_use]
    pub const fn sell_order(&self) -> OrderId {
        match self.taker_side {
            Side::Buy => self.maker,
            Side::Sell => self.taker,
        }
    }

    /// The commission of the order that arrived.
    #[must_use]
    pub const fn taker_commission(&self) -> Money {
        match self.taker_side {
            Side::Buy => self.buyer_commission,
            Side::Sell => self.seller_commission,
        }
    }
}

/// A market: its rules, its book (as far as loaded) and its counters.
#[derive(Debug)]
pub struct Market {
    /// Its rules.
    pub rules: Rules,
    /// Its book. A caller that places one order may load only the makers which that order can meet.
    pub book: Book,
    /// The last priority given.
    pub priority: i64,
    /// The sequence of the last trade.
    pub sequence: i64,
    base: AssetId,
    quote: AssetId,
    trades: Vec<Trade>,
    plan: Vec<Fill>,
}

/// A planned fill.
#[derive(Clone, Copy, Debug)]
struct Fill {
    maker: Place,
    amount: i64,
}

/// One side of a fill while it is settled.
struct Party<'a> {
    order: &'a mut OrderState,
    owner: Owner,
    rate: crate::Rate,
}

impl Market {
    /// A market with an empty book that goes on after `priority` and `sequence`.
    #[must_use]
    pub fn new(rules: Rules, base: AssetId, quote: AssetId, priority: i64, sequence: i64) -> Market {
        let (book, trades, plan) = (Book::default(), Vec::new(), Vec::new());
        Market { rules, book, priority, sequence, base, quote, trades, plan }
    }

    /// The balances that an order of this user moves.
    pub fn owner(&self, accounts: &mut Accounts, user: UserId) -> Owner {
        Owner { base: accounts.slot(user, self.base), quote: accounts.slot(user, self.quote) }
    }

    /// Takes in a resting order that the caller has read, in priority order within its price.
    pub fn load(&mut self, accounts: &mut Accounts, order: OrderState) {
        let owner = self.owner(accounts, order.user);
        self.book.load(order, owner);
    }

    /// Every trade since the last call, in sequence.
    pub fn drain_trades(&mut self) -> Vec<Trade> {
        std::mem::take(&mut self.trades)
    }

    /// The trades of the outcome of the last call.
    #[must_use]
    pub fn last_trades(&self, outcome: &Outcome) -> &[Trade] {
        &self.trades[self.trades.len() - outcome.trades..]
    }

    /// Places a new order: reserves its funds, trades what crosses, queues or cancels the rest.
    pub fn place(&mut self, accounts: &mut Accounts, new: &NewOrder) -> Result<Outcome, Refusal> {
        self.rules.takes_orders()?;
        let order = self.rules.admit(new)?;
        let owner = self.owner(accounts, new.user);
        self.require_funds(accounts, owner, &order, order.reserved)?;
        let stopped = self.plan(accounts, owner, &order)?;
        accounts.lock(self.reserve_slot(owner, order.side), order.reserved);
        let immediate = new.time_in_force == TimeInForce::Ioc;
        let outcome = self.execute(accounts, owner, order, stopped.or(immediate.then_some(CancelReason::Ioc)));
        self.book.add(outcome.order, owner);
        Ok(outcome)
    }

    /// Cancels a live order and releases what it still locks.
    pub fn cancel(&mut self, accounts: &mut Accounts, id: OrderId) -> Result<Outcome, Refusal> {
        self.rules.takes_cancels()?;
        let place = self.book.find(id).ok_or(Refusal::OrderNotLive)?;
        let (order, owner) = (*self.book.order(place), self.book.owner(place));
        accounts.release(self.reserve_slot(owner, order.side), order.reserved);
        self.book.change(place, |o| end(o, CancelReason::User));
        Ok(Outcome { order: *self.book.order(place), trades: 0 })
    }

    /// Gives a live order a new price, a new total quantity (what has traded included), or both.
    ///
    /// Less quantity at the same price keeps its priority. Anything else takes it off the book and enters
    /// it again: it goes to the end of its queue and may trade.
    pub fn amend(
        &mut self,
        accounts: &mut Accounts,
        id: OrderId,
        price: Option<Money>,
        amount: Option<Money>,
    ) -> Result<Outcome, Refusal> {
        self.rules.takes_orders()?;
        let place = self.book.find(id).ok_or(Refusal::OrderNotLive)?;
        let (old, owner) = (*self.book.order(place), self.book.owner(place));
        let new = self.amended(&old, price, amount)?;
        let slot = self.reserve_slot(owner, old.side);
        if new.price == old.price && new.amount <= old.amount {
            // What it already holds for commission may be short of the target by dust: it never grows here.
            let reserved = new.reserved.min(old.reserved);
            accounts.release(slot, old.reserved - reserved);
            self.book.change(place, |o| (o.amount, o.reserved) = (new.amount, reserved));
            return Ok(Outcome { order: *self.book.order(place), trades: 0 });
        }
        self.require_funds(accounts, owner, &new, new.reserved - old.reserved)?;
        let stopped = self.plan(accounts, owner, &new)?;
        accounts.release(slot, old.reserved);
        accounts.lock(slot, new.reserved);
        let outcome = self.execute(accounts, owner, new, stopped);
        self.book.requeue(place, outcome.order);
        Ok(outcome)
    }

    /// The order with its new terms and the reserve that they need.
    fn amended(&self, old: &OrderState, price: Option<Money>, amount: Option<Money>) -> Result<OrderState, Refusal> {
        let price = price.unwrap_or(self.rules.price(old.price));
        let amount = amount.unwrap_or(self.rules.quantity(old.amount));
        let (ticks, lots) = self.rules.admit_terms(price, amount)?;
        if lots <= old.filled {
            return Err(Refusal::AmountNotAboveFilled { amount, filled: self.rules.quantity(old.filled) });
        }
        let reserved = self.rules.reserve(old.side, ticks, lots - old.filled, old.rates)?;
        Ok(OrderState { price: ticks, amount: lots, reserved, ..*old })
    }

    /// The balance that an order of this side reserves from.
    fn reserve_slot(&self, owner: Owner, side: Side) -> crate::Slot {
        match side {
            Side::Buy => owner.quote,
            Side::Sell => owner.base,
        }
    }

    fn require_funds(
        &self,
        accounts: &Accounts,
        owner: Owner,
        order: &OrderState,
        needed: Money,
    ) -> Result<(), Refusal> {
        let available = accounts.get(self.reserve_slot(owner, order.side)).available;
        if needed > available {
            return Err(Refusal::InsufficientFunds { side: order.side, needed, available });
        }
        Ok(())
    }

    /// Plans the fills of an arriving order, best price first, then earliest. Returns why the rest must be
    /// cancelled, if it must. Refuses when a balance could leave the range of `NUMERIC(20,8)`.
    fn plan(&mut self, accounts: &Accounts, owner: Owner, order: &OrderState) -> Result<Option<CancelReason>, Refusal> {
        self.plan.clear();
        let (mut left, mut value) = (order.remaining(), Money::ZERO);
        for maker in self.book.queue(order.side.opposite()) {
            let resting = self.book.order(maker);
            if left == 0 || !order.side.crosses(order.price, resting.price) {
                break;
            }
            if resting.user == order.user && order.self_trade == SelfTrade::CancelTaker {
                self.require_room(accounts, owner, order.side, order.remaining() - left, value)?;
                return Ok(Some(CancelReason::SelfTradeTaker));
            }
            let amount = left.min(resting.remaining());
            value = value.plus(self.rules.notional(resting.price, amount)?)?;
            left -= amount;
            self.plan.push(Fill { maker, amount });
        }
        self.require_room(accounts, owner, order.side, order.remaining() - left, value)?;
        Ok(None)
    }

    /// Every account of the plan must have room for all that the plan moves: more than any of them gets,
    /// so nothing that follows can overflow.
    fn require_room(
        &self,
        accounts: &Accounts,
        owner: Owner,
        side: Side,
        lots: i64,
        value: Money,
    ) -> Result<(), Refusal> {
        let quantity = self.rules.quantity(lots);
        let makers = self.plan.iter().map(|fill| (self.book.owner(fill.maker), side.opposite()));
        for (owner, side) in makers.chain([(owner, side)]) {
            match side {
                Side::Buy => accounts.has_room(owner.base, quantity)?,
                Side::Sell => accounts.has_room(owner.quote, value)?,
            }
        }
        Ok(())
    }

    /// Carries out the plan and ends or keeps the rest. Nothing here can fail.
    fn execute(
        &mut self,
        accounts: &mut Accounts,
        owner: Owner,
        mut order: OrderState,
        rest: Option<CancelReason>,
    ) -> Outcome {
        self.priority += 1;
        order.priority = self.priority;
        let plan = std::mem::take(&mut self.plan);
        for fill in &plan {
            self.trade(accounts, owner, &mut order, *fill);
        }
        let trades = plan.len();
        self.plan = plan;
        if order.remaining() == 0 {
            order.status = Status::Filled;
        } else if let Some(reason) = rest {
            accounts.release(self.reserve_slot(owner, order.side), order.reserved);
            end(&mut order, reason);
        }
        Outcome { order, trades }
    }

    fn trade(&mut self, accounts: &mut Accounts, owner: Owner, taker: &mut OrderState, fill: Fill) {
        let mut maker = *self.book.order(fill.maker);
        let maker_owner = self.book.owner(fill.maker);
        let (price, side) = (maker.price, taker.side);
        self.sequence += 1;
        let (maker_id, taker_id) = (maker.id, taker.id);
        let resting = Party { rate: maker.rates.maker, order: &mut maker, owner: maker_owner };
        let arriving = Party { rate: taker.rates.taker, order: taker, owner };
        let (buyer, seller) = match side {
            Side::Buy => (arriving, resting),
            Side::Sell => (resting, arriving),
        };
        let buyer_commission = buy(accounts, &self.rules, buyer, price, fill.amount);
        let seller_commission = sell(accounts, &self.rules, seller, price, fill.amount);
        if maker.remaining() == 0 {
            maker.status = Status::Filled;
        }
        self.book.change(fill.maker, |o| *o = maker);
        self.trades.push(Trade {
            sequence: self.sequence,
            maker: maker_id,
            taker: taker_id,
            taker_side: side,
            price,
            amount: fill.amount,
            buyer_commission,
            seller_commission,
        });
    }
}

/// The buyer pays price × quantity and commission out of what the order has reserved, receives the
/// quantity, and gets back what the rest of the order no longer needs. Returns the commission.
///
/// Commission is rounded per fill, what is reserved for it once: many small fills can round up to more
/// than was reserved. The house forgoes that dust; no fill ever takes more than the order has locked.
fn buy(accounts: &mut Accounts, rules: &Rules, buyer: Party<'_>, price: i64, lots: i64) -> Money {
    let order = buyer.order;
    order.filled += lots;
    let paid = rules.value(price, lots);
    let rest = rules.value(order.price, order.remaining());
    let commission = paid.commission(buyer.rate).min(order.reserved - paid - rest);
    let left = order.reserved - paid - commission;
    order.reserved = left.min(rest + rest.commission(order.rates.reserve()));
    accounts.pay(buyer.owner.quote, paid + commission);
    accounts.release(buyer.owner.quote, left - order.reserved);
    accounts.credit(buyer.owner.base, rules.quantity(lots));
    commission
}

/// The seller delivers the quantity out of what the order has reserved and receives price × quantity
/// less commission. Returns the commission.
fn sell(accounts: &mut Accounts, rules: &Rules, seller: Party<'_>, price: i64, lots: i64) -> Money {
    let order = seller.order;
    order.filled += lots;
    let (quantity, value) = (rules.quantity(lots), rules.value(price, lots));
    let commission = value.commission(seller.rate);
    order.reserved -= quantity;
    accounts.pay(seller.owner.base, quantity);
    accounts.credit(seller.owner.quote, value - commission);
    commission
}

fn end(order: &mut OrderState, reason: CancelReason) {
    order.status = Status::Cancelled;
    order.cancel_reason = Some(reason);
    order.reserved = Money::ZERO;
}
