//! An order meets the other side of the book.

use std::collections::BTreeMap;

use ids::{OrderId, UserId};
use money::{Money, Sum};

use super::cash::round;
use super::{Asset, Reference, TOO_MUCH, limit_of, lots_left, other_side, slice};
use crate::{
    CancelReason, MarketStatus, NewOrder, OrderState, OrderType, Refusal, SelfTrade, Side, Status, TimeInForce,
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
            (Some(spend), ..) => Purse::Spend(spend.units()),
            (_, None, Side::Buy) => Purse::Available,
            _ => Purse::Reserve,
        }
    }
}

/// What is done with an order that would take more steps than a command may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// It is refused.
    Refuse,
    /// Its rest is cancelled.
    Drop,
    /// Its rest waits for the next command.
    Wait,
}

impl Excess {
    /// What never rests is cut off; fill-or-kill and what could rest come whole or not at all.
    pub(super) fn of(new: &NewOrder) -> Excess {
        let rests = new.order_type == OrderType::Limit && new.time_in_force != TimeInForce::Ioc;
        if rests || new.time_in_force == TimeInForce::Fok { Excess::Refuse } else { Excess::Drop }
    }
}

/// What became of an arriving order until it stopped.
#[derive(Default)]
pub(super) struct Walked {
    /// Whom it traded with, lots and price each.
    pub(super) fills: Vec<(OrderState, i64, i64)>,
    /// What a buy without a limit price paid.
    pub(super) cost: i128,
    /// Its trades, and how often it has cancelled or shrunk an order.
    pub(super) steps: usize,
    /// Whether it could not take a step more.
    pub(super) more: bool,
    stopped: Option<CancelReason>,
    /// Where a post-only order would have traded.
    would_take: Option<i64>,
    /// What its trades have brought to others, at most: units by user.
    given: BTreeMap<UserId, i128>,
}

impl Walked {
    /// Takes one more step, if it may.
    fn step(&mut self, most: usize) -> bool {
        self.more = self.steps == most;
        self.steps += usize::from(!self.more);
        !self.more
    }
}

impl Reference {
    /// An order that holds its reserve gets the next priority and trades; its rest is cancelled or stays
    /// in the book. Refused when it must not trade, or not only in part; what happens when it would take more
    /// steps is said by `excess`.
    pub(super) fn arrive(
        &mut self,
        mut order: OrderState,
        purse: Purse,
        steps: usize,
        excess: Excess,
    ) -> Result<Walked, Refusal> {
        let before = self.clone();
        order.priority = self.next_priority();
        order.visible = slice(&order);
        self.orders.push(order);
        if self.rules.status != MarketStatus::Open {
            return Ok(Walked::default());
        }
        let mut walked = self.walk(order.id, purse, steps);
        if order.side == Side::Buy && order.price.is_none() {
            if walked.cost >= TOO_MUCH {
                return Err(Refusal::Overflow);
            }
            before.can_pay(&order, Money::known_to_fit(walked.cost))?;
        }
        if walked.more && excess == Excess::Refuse {
            return Err(Refusal::TooManySteps { most: self.steps });
        }
        if walked.more && excess == Excess::Drop {
            walked.more = false;
            walked.stopped = Some(CancelReason::StepLimit);
        }
        if let Some(best) = walked.would_take {
            return Err(Refusal::WouldTake { best: self.price(best) });
        }
        if order.terms.time_in_force == TimeInForce::Fok {
            let lots = walked.fills.iter().map(|(_, lots, _)| lots).sum();
            if lots < lots_left(&order) {
                let (fillable, amount) = (self.quantity(lots), self.quantity(lots_left(&order)));
                return Err(Refusal::FillOrKill { fillable, amount });
            }
        }
        before.owner_has_room(&order, &walked)?;
        if walked.more {
            return Ok(walked);
        }
        self.end_or_rest(order.id, walked.stopped);
        if walked.stopped == Some(CancelReason::PriceBand) && self.rules.band_halts {
            self.rules.status = MarketStatus::Halted;
        }
        Ok(walked)
    }

    fn walk(&mut self, id: OrderId, purse: Purse, most: usize) -> Walked {
        let (mut walked, band, before) = (Walked::default(), self.band(), self.clone());
        loop {
            let taker = self.get(id);
            let wants = if matches!(purse, Purse::Spend(_)) { i64::MAX } else { lots_left(&taker) };
            let Some(maker) = self.side(other_side(taker.side)).first().copied() else { break };
            let price = limit_of(&maker);
            if wants == 0 || !is_met(&taker, price) {
                break;
            }
            if self.affordable(&taker, 1, price, walked.cost, purse) == 0 {
                walked.stopped = Some(CancelReason::Budget);
                break;
            }
            if self.is_over(&maker) {
                if !walked.step(most) {
                    break;
                }
                self.end(maker.id, CancelReason::Expired);
                continue;
            }
            if taker.terms.post_only {
                if before.has_room(&walked, &taker, &maker, wants.min(maker.visible)) {
                    walked.would_take = Some(price);
                    break;
                }
                if !walked.step(most) {
                    break;
                }
                self.end(maker.id, CancelReason::Unsettleable);
                continue;
            }
            if band.is_some_and(|(low, high)| !(low..=high).contains(&i128::from(price))) {
                walked.stopped = Some(CancelReason::PriceBand);
                break;
            }
            if maker.user == taker.user && taker.terms.self_trade != SelfTrade::None {
                if changes_own(&taker, purse) && !walked.step(most) {
                    break;
                }
                if self.meets_own(&taker, &maker, purse) {
                    continue;
                }
                walked.stopped = Some(CancelReason::SelfTradeTaker);
                break;
            }
            let could = wants.min(maker.visible);
            let lots = self.affordable(&taker, could, price, walked.cost, purse);
            if lots > 0 {
                if !walked.step(most) {
                    break;
                }
                if !before.has_room(&walked, &taker, &maker, lots) {
                    self.end(maker.id, CancelReason::Unsettleable);
                    continue;
                }
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
            let costs = spent + value + round(value * i128::from(taker.rates.taker.units()));
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
        if maker.user != taker.user {
            *walked.given.entry(maker.user).or_default() += self.brings(taker, maker, lots);
        }
        let value = self.worth(price, lots);
        walked.cost += value + round(value * i128::from(taker.rates.taker.units()));
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

    /// What a trade brings to the maker, at most: a rebate is the smaller of what its rate says and what the taker's
    /// rate says.
    fn brings(&self, taker: &OrderState, maker: &OrderState, lots: i64) -> i128 {
        let value = self.worth(limit_of(maker), lots);
        let rebate = -round(value * i128::from(maker.rates.maker.units()));
        match maker.side {
            Side::Buy => self.quantity(lots).units(),
            Side::Sell => value + rebate.min(round(value * i128::from(taker.rates.taker.units()))),
        }
    }

    /// Whether a maker's account holds one more trade. What users pay themselves they keep.
    fn has_room(&self, walked: &Walked, taker: &OrderState, maker: &OrderState, lots: i64) -> bool {
        let balance = self.held(maker.user, receives(maker.side));
        let before = walked.given.get(&maker.user).copied().unwrap_or(0);
        let all = balance.available + balance.locked + before + self.brings(taker, maker, lots);
        maker.user == taker.user || all < TOO_MUCH
    }

    /// Refused when the account of its own owner cannot hold what others pay.
    fn owner_has_room(&self, taker: &OrderState, walked: &Walked) -> Result<(), Refusal> {
        let balance = self.held(taker.user, receives(taker.side));
        let held = balance.available + balance.locked;
        let mut brought = 0;
        for (_, lots, price) in walked.fills.iter().filter(|(maker, ..)| maker.user != taker.user) {
            let value = self.worth(*price, *lots);
            brought += match taker.side {
                Side::Buy => self.quantity(*lots).units(),
                Side::Sell => value - round(value * i128::from(taker.rates.taker.units())),
            };
        }
        if held + brought < TOO_MUCH {
            return Ok(());
        }
        Err(Refusal::BalanceFull { side: taker.side, held: Sum::from_units(held), brought: Sum::from_units(brought) })
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

fn receives(side: Side) -> Asset {
    if side == Side::Buy { Asset::Base } else { Asset::Quote }
}

/// Whether meeting an own order changes one of the two.
fn changes_own(taker: &OrderState, purse: Purse) -> bool {
    match taker.terms.self_trade {
        SelfTrade::None | SelfTrade::CancelTaker => false,
        SelfTrade::CancelMaker | SelfTrade::CancelBoth => true,
        SelfTrade::Decrement => !matches!(purse, Purse::Spend(_)),
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
