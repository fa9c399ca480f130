//! How an order that arrives is planned, and how the plan is carried out.

use money::Money;

use crate::book::Owner;
use crate::market::reserve_slot;
use crate::plan::{Step, Walk};
use crate::walk::{self, Bounds};
use crate::{
    Accounts, CancelReason, Market, MarketStatus, OrderState, OrderType, Refusal, Side, Status, TimeInForce, room,
};

/// What an order may use while it enters.
#[derive(Clone, Copy)]
pub(crate) struct Means {
    /// What it may spend, commission included.
    pub budget: Option<Money>,
    /// What is reserved for it already.
    pub held: Money,
    /// How many steps it may take.
    pub steps: usize,
    /// What becomes of it when they are not enough.
    pub beyond: Beyond,
}

/// What becomes of an order that would take more steps than it may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// Nothing of it is carried out.
    Refused,
    /// It goes as far as it may, and the rest is cancelled.
    Cut,
    /// It goes as far as it may, and goes on later.
    GoesOn,
}

impl Market {
    /// Plans an order that arrives or enters again, with what it must reserve at its limit set, and sets what it
    /// must reserve without one. Everything that can be refused is refused here.
    pub(crate) fn prepare(
        &mut self,
        accounts: &Accounts,
        owner: Owner,
        order: &mut OrderState,
        means: Means,
    ) -> Result<Walk, Refusal> {
        let mut walk = if self.rules.status == MarketStatus::Open {
            let band = self.rules.band(self.last_price);
            let Means { budget, steps, .. } = means;
            let loaded = self.loaded[order.side.opposite() as usize];
            let bounds = Bounds { band, budget, now: self.now, steps, loaded, pulse: self.pulse };
            walk::walk(&self.rules, &self.book, accounts, order, &bounds)?
        } else {
            Walk::default()
        };
        self.short |= walk.short;
        if order.price.is_none() && !(walk.more && means.beyond == Beyond::GoesOn) {
            order.reserved = if order.side == Side::Buy { walk.cost } else { self.rules.quantity(order.remaining()) };
        }
        self.require_funds(accounts, owner, order, order.reserved - means.held)?;
        match means.beyond {
            Beyond::Refused if walk.more => return Err(Refusal::TooManySteps { most: self.steps }),
            Beyond::Cut if walk.more => (walk.more, walk.rest) = (false, Some(CancelReason::StepLimit)),
            Beyond::Refused | Beyond::Cut | Beyond::GoesOn => (),
        }
        if let Some(best) = walk.would_take {
            return Err(Refusal::WouldTake { best: self.rules.price(best) });
        }
        if order.terms.time_in_force == TimeInForce::Fok && walk.filled < order.remaining() {
            let (fillable, amount) = (self.rules.quantity(walk.filled), self.rules.quantity(order.remaining()));
            return Err(Refusal::FillOrKill { fillable, amount });
        }
        let credited = if order.side == Side::Buy { owner.base } else { owner.quote };
        room::require(&self.rules, &self.book, accounts.total(credited), order, &walk)?;
        Ok(walk)
    }

    pub(crate) fn require_funds(
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

    /// Carries out a plan and ends or keeps the rest; an order whose plan is not all of it waits to go on. Nothing
    /// here can fail. Returns the order and how many trades it made.
    pub(crate) fn enter(
        &mut self,
        accounts: &mut Accounts,
        owner: Owner,
        mut order: OrderState,
        walk: &Walk,
    ) -> (OrderState, usize) {
        let before = std::mem::replace(&mut order.priority, self.next_priority());
        let made = self.trades.len();
        for (at, step) in walk.steps.iter().enumerate() {
            match *step {
                Step::Fill { maker, lots } => self.fill(accounts, owner, &mut order, maker, lots),
                Step::Cancel { maker, reason } => self.end(accounts, maker, reason),
                Step::Decrement { maker, lots } => self.decrement(accounts, owner, &mut order, maker, lots),
            }
            self.beat(at);
        }
        let trades = self.trades.len() - made;
        if walk.more {
            (order.status, order.priority) = (Status::Pending, before);
            order.visible = order.slice();
            return (order, trades);
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
        (order, trades)
    }
}
