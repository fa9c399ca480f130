//! An order meets the other side of the book.

use super::cash::round;
use super::{Asset, Reference, TOO_MUCH, limit_of, lots_left, other_side, slice};
use crate::{
    CancelReason, MarketStatus, Money, NewOrder, OrderId, OrderState, Refusal, SelfTrade, Side, Status, TimeInForce,
};

/// What an arriving order pays with.
#[derive(Clone, Copy)]
pub(super) enum Purse {
    /// What it has locked: every sell, and a buy with a limit price.
    Reserve,
    /// Whatever its owner has available: a market buy of a quantity.
    Available,
    /// At most so many units: a triggered stop buy.
    Budget(i128),
    /// At most so many units, and no quantity is given: a market buy of a quote amount.
    Spend(i128),
}

impl Purse {
    pub(super) fn of(new: &NewOrder) -> Purse {
        match (new.quote_amount, new.price, new.side) {
            (Some(spend), ..) => Purse::Spend(spend.0),
            (_, None, Side::Buy) => Purse::Available,
            _ => Purse::Reserve,
        }
    }
}

/// What became of an arriving order until it stopped.
#[derive(Default)]
struct Walked {
    /// Whom it traded with, lots and price each.
    fills: Vec<(OrderState, i64, i64)>,
    /// What a buy without a limit price paid.
    cost: i128,
    stopped: Option<CancelReason>,
}

impl Reference {
    /// An order that holds its reserve gets the next priority and trades; its rest is cancelled or stays
    /// in the book. Refused when it must not trade, or not only in part. Returns its trades.
    pub(super) fn arrive(&mut self, mut order: OrderState, purse: Purse) -> Result<usize, Refusal> {
        let before = self.clone();
        order.priority = self.next_priority();
        order.visible = slice(&order);
        self.orders.push(order);
        if self.rules.status != MarketStatus::Open {
            return Ok(0);
        }
        if order.terms.post_only {
            self.must_not_take(&order)?;
        }
        let walked = self.walk(order.id, purse);
        if order.side == Side::Buy && order.price.is_none() {
            if walked.cost >= TOO_MUCH {
                return Err(Refusal::Overflow);
            }
            before.can_pay(&order, Money(walked.cost))?;
        }
        if order.terms.time_in_force == TimeInForce::Fok {
            let lots = walked.fills.iter().map(|(_, lots, _)| lots).sum();
            if lots < lots_left(&order) {
                let (fillable, amount) = (self.quantity(lots), self.quantity(lots_left(&order)));
                return Err(Refusal::FillOrKill { fillable, amount });
            }
        }
        before.everybody_has_room(&order, &walked)?;
        self.end_or_rest(order.id, walked.stopped);
        if walked.stopped == Some(CancelReason::PriceBand) && self.rules.band_halts {
            self.rules.status = MarketStatus::Halted;
        }
        Ok(walked.fills.len())
    }

    fn must_not_take(&self, order: &OrderState) -> Result<(), Refusal> {
        let best = self.side(other_side(order.side)).into_iter().find(|maker| !self.is_over(maker));
        match best {
            Some(best) if is_met(order, limit_of(&best)) => {
                Err(Refusal::WouldTake { best: self.price(limit_of(&best)) })
            }
            _ => Ok(()),
        }
    }

    fn walk(&mut self, id: OrderId, purse: Purse) -> Walked {
        let (mut walked, band) = (Walked::default(), self.band());
        loop {
            let taker = self.get(id);
            let wants = if matches!(purse, Purse::Spend(_)) { i64::MAX } else { lots_left(&taker) };
            let Some(maker) = self.side(other_side(taker.side)).first().copied() else { break };
            let price = limit_of(&maker);
            if wants == 0 || !is_met(&taker, price) {
                break;
            }
            if matches!(purse, Purse::Budget(budget) | Purse::Spend(budget) if walked.cost >= budget) {
                walked.stopped = Some(CancelReason::Budget);
                break;
            }
            if self.is_over(&maker) {
                self.end(maker.id, CancelReason::Expired);
                continue;
            }
            if band.is_some_and(|(low, high)| !(low..=high).contains(&i128::from(price))) {
                walked.stopped = Some(CancelReason::PriceBand);
                break;
            }
            if maker.user == taker.user && taker.terms.self_trade != SelfTrade::None {
                if self.meets_own(&taker, &maker, purse) {
                    continue;
                }
                walked.stopped = Some(CancelReason::SelfTradeTaker);
                break;
            }
            let could = wants.min(maker.visible);
            let lots = self.affordable(&taker, could, price, walked.cost, purse);
            if lots > 0 {
                self.fill(&mut walked, &taker, &maker, lots, purse);
            }
            if lots < could {
                walked.stopped = Some(CancelReason::Budget);
                break;
            }
        }
        walked
    }

    /// The order has reached one of its owner's. Returns whether it goes on.
    fn meets_own(&mut self, taker: &OrderState, maker: &OrderState, purse: Purse) -> bool {
        match taker.terms.self_trade {
            SelfTrade::CancelMaker => {
                self.end(maker.id, CancelReason::SelfTradeMaker);
                true
            }
            SelfTrade::CancelBoth => {
                self.end(maker.id, CancelReason::SelfTradeMaker);
                false
            }
            SelfTrade::Decrement if !matches!(purse, Purse::Spend(_)) => {
                let (own, other) = (lots_left(taker), lots_left(maker));
                if other <= own {
                    self.end(maker.id, CancelReason::SelfTradeMaker);
                } else {
                    self.shrink(maker.id, own);
                }
                if own <= other {
                    return false;
                }
                self.shrink(taker.id, other);
                true
            }
            _ => false,
        }
    }

    /// The most lots, up to `could`, whose price and commission the purse still holds.
    fn affordable(&self, taker: &OrderState, could: i64, price: i64, spent: i128, purse: Purse) -> i64 {
        let (Purse::Budget(budget) | Purse::Spend(budget)) = purse else { return could };
        let (mut enough, mut too_many) = (0, could + 1);
        while too_many - enough > 1 {
            let lots = enough + (too_many - enough) / 2;
            let value = self.worth(price, lots);
            let costs = spent + value + round(value * i128::from(taker.rates.taker.0));
            if costs <= budget { enough = lots } else { too_many = lots }
        }
        enough
    }

    fn fill(&mut self, walked: &mut Walked, taker: &OrderState, maker: &OrderState, lots: i64, purse: Purse) {
        let price = limit_of(maker);
        if matches!(purse, Purse::Spend(_)) {
            // It has no quantity but what it has bought: full after each fill.
            self.get_mut(taker.id).amount += lots;
        }
        self.trade(maker.id, taker.id, lots, price);
        let value = self.worth(price, lots);
        walked.cost += value + round(value * i128::from(taker.rates.taker.0));
        walked.fills.push((*maker, lots, price));
        let next = self.priority + 1;
        let resting = self.get_mut(maker.id);
        if resting.status == Status::Open {
            resting.visible -= lots;
            if resting.visible == 0 {
                (resting.visible, resting.priority) = (slice(resting), next);
                self.priority = next;
            }
        }
    }

    /// Whoever takes part must be able to receive all that the order moves: a seller that rests may get
    /// the taker's commission too.
    fn everybody_has_room(&self, taker: &OrderState, walked: &Walked) -> Result<(), Refusal> {
        let (mut moved_base, mut moved_quote) = (0, 0);
        for (_, lots, price) in &walked.fills {
            moved_base += self.quantity(*lots).0;
            let value = self.worth(*price, *lots);
            moved_quote += value + round(value * i128::from(taker.rates.taker.0));
        }
        for order in walked.fills.iter().map(|(maker, ..)| maker).chain([taker]) {
            let (asset, receives) = match order.side {
                Side::Buy => (Asset::Base, moved_base),
                Side::Sell => (Asset::Quote, moved_quote),
            };
            let balance = self.held(order.user, asset);
            if balance.available.0 + balance.locked.0 + receives >= TOO_MUCH {
                return Err(Refusal::Overflow);
            }
        }
        Ok(())
    }

    fn end_or_rest(&mut self, id: OrderId, stopped: Option<CancelReason>) {
        let order = self.get(id);
        if order.status != Status::Open {
            return;
        }
        let rest = match order.terms.time_in_force {
            _ if stopped.is_some() => stopped,
            _ if order.price.is_none() => Some(CancelReason::NoLiquidity),
            TimeInForce::Ioc => Some(CancelReason::Ioc),
            _ => None,
        };
        match rest {
            Some(reason) => self.end(id, reason),
            None => self.get_mut(id).visible = slice(&order),
        }
    }
}

/// Whether an order reaches a maker at this price.
fn is_met(order: &OrderState, price: i64) -> bool {
    match (order.price, order.side) {
        (None, _) => true,
        (Some(limit), Side::Buy) => price <= limit,
        (Some(limit), Side::Sell) => price >= limit,
    }
}
