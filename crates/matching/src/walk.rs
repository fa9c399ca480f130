//! What an arriving order would do to the book: a plan, made without changing anything.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use money::{Money, ONE};

use crate::book::Place;
use crate::bounds::BEAT;
use crate::plan::{Step, Walk};
use crate::room::Room;
use crate::{Accounts, Book, CancelReason, OrderState, OrderType, Refusal, Rules, SelfTrade, Side};

/// What decides how far an order walks.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// The prices of the band, in ticks.
    pub band: Option<(i64, i64)>,
    /// What the order may spend, commission included.
    pub budget: Option<Money>,
    /// The time.
    pub now: i64,
    /// How many steps the plan may have.
    pub steps: usize,
    /// The worst price up to which the other side is loaded; none: all of it is.
    pub loaded: Option<i64>,
    /// Called now and then while planning.
    pub pulse: fn(),
}

/// A maker as the walk has left it.
#[derive(Clone, Copy)]
struct Slice {
    maker: Place,
    remaining: i64,
    visible: i64,
}

struct Walker<'a> {
    rules: &'a Rules,
    book: &'a Book,
    order: &'a OrderState,
    bounds: &'a Bounds,
    walk: Walk,
    room: Room<'a>,
    /// Icebergs of the current level that show their next slice: they wait behind everybody else there.
    refreshed: VecDeque<Slice>,
}

/// Plans what `order` does. A quote_amount order (amount 0) walks until its budget is used up.
pub fn walk(
    rules: &Rules,
    book: &Book,
    accounts: &Accounts,
    order: &OrderState,
    bounds: &Bounds,
) -> Result<Walk, Refusal> {
    let by_budget = order.terms.order_type == OrderType::Market && order.amount == 0;
    let left = if by_budget { i64::MAX } else { order.remaining() };
    let walk = Walk { left, ..Walk::default() };
    let room = Room::new(rules, book, accounts, order);
    let mut walker = Walker { rules, book, order, bounds, walk, room, refreshed: VecDeque::new() };
    if walker.levels()?.is_continue() && walker.refreshed_slices()?.is_continue() {
        let beyond = |worst: i64| order.price.is_none_or(|limit| limit != worst && order.side.crosses(limit, worst));
        walker.walk.short = walker.walk.left > 0 && bounds.loaded.is_some_and(beyond);
    }
    Ok(walker.walk)
}

impl Walker<'_> {
    /// Meets the makers level by level; breaks when the order is done.
    fn levels(&mut self) -> Result<ControlFlow<()>, Refusal> {
        let mut level = None;
        for maker in self.book.queue(self.order.side.opposite()) {
            let resting = self.book.order(maker);
            if level != resting.price {
                if self.refreshed_slices()?.is_break() || !self.reaches(resting.price) {
                    return Ok(ControlFlow::Break(()));
                }
                level = resting.price;
            }
            if self.meet(maker, resting)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether the order trades at this price.
    fn reaches(&self, price: Option<i64>) -> bool {
        match (self.order.price, price) {
            (Some(limit), Some(price)) => self.order.side.crosses(limit, price),
            _ => true,
        }
    }

    fn refreshed_slices(&mut self) -> Result<ControlFlow<()>, Refusal> {
        while let Some(slice) = self.refreshed.pop_front() {
            if self.fill(slice)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Meets a maker for the first time.
    fn meet(&mut self, maker: Place, resting: &OrderState) -> Result<ControlFlow<()>, Refusal> {
        if self.walk.left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        // What cannot buy meets nobody: no order that it would cancel, none outside the band.
        if !self.pays_for_a_lot(resting.price) {
            return Ok(self.stop(CancelReason::Budget));
        }
        if resting.has_expired(self.bounds.now) {
            return Ok(self.cancel(maker, CancelReason::Expired));
        }
        if self.order.terms.post_only {
            return Ok(self.meet_without_trading(maker, resting));
        }
        let outside = |(low, high)| resting.price.is_some_and(|price| price < low || price > high);
        if self.bounds.band.is_some_and(outside) {
            return Ok(self.stop(CancelReason::PriceBand));
        }
        if resting.user == self.order.user && self.order.terms.self_trade != SelfTrade::None {
            return Ok(self.meet_own(maker, resting));
        }
        self.fill(Slice { maker, remaining: resting.remaining(), visible: resting.visible })
    }

    /// A post-only order passes what it cannot trade with.
    fn meet_without_trading(&mut self, maker: Place, resting: &OrderState) -> ControlFlow<()> {
        let (price, lots) = (resting.price.unwrap_or_default(), self.walk.left.min(resting.visible));
        if !self.room.takes(&self.walk, maker, lots, self.rules.value(price, lots)) {
            return self.cancel(maker, CancelReason::Unsettleable);
        }
        self.walk.would_take = resting.price;
        ControlFlow::Break(())
    }

    fn meet_own(&mut self, maker: Place, resting: &OrderState) -> ControlFlow<()> {
        let reason = CancelReason::SelfTradeMaker;
        match self.order.terms.self_trade {
            SelfTrade::CancelMaker => self.cancel(maker, reason),
            SelfTrade::CancelBoth => {
                if self.cancel(maker, reason).is_break() {
                    return ControlFlow::Break(());
                }
                self.stop(CancelReason::SelfTradeTaker)
            }
            // What is bought with a budget has no quantity that could shrink.
            SelfTrade::Decrement if self.order.amount > 0 => {
                let lots = self.walk.left.min(resting.remaining());
                if self.push(Step::Decrement { maker, lots }).is_break() {
                    return ControlFlow::Break(());
                }
                self.walk.left -= lots;
                if self.walk.left == 0 { self.stop(CancelReason::SelfTradeTaker) } else { ControlFlow::Continue(()) }
            }
            SelfTrade::None | SelfTrade::CancelTaker | SelfTrade::Decrement => self.stop(CancelReason::SelfTradeTaker),
        }
    }

    fn cancel(&mut self, maker: Place, reason: CancelReason) -> ControlFlow<()> {
        self.push(Step::Cancel { maker, reason })
    }

    fn stop(&mut self, reason: CancelReason) -> ControlFlow<()> {
        self.walk.rest = Some(reason);
        ControlFlow::Break(())
    }

    /// Adds a step, unless the plan has as many as it may have.
    fn push(&mut self, step: Step) -> ControlFlow<()> {
        if self.walk.steps.len() >= self.bounds.steps {
            self.walk.more = true;
            return ControlFlow::Break(());
        }
        self.walk.steps.push(step);
        if self.walk.steps.len().is_multiple_of(BEAT) {
            (self.bounds.pulse)();
        }
        ControlFlow::Continue(())
    }

    /// Trades with what a maker shows; one whose owner cannot be credited leaves the book.
    fn fill(&mut self, slice: Slice) -> Result<ControlFlow<()>, Refusal> {
        if self.walk.left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        let resting = self.book.order(slice.maker);
        let Some(price) = resting.price else { return Ok(ControlFlow::Continue(())) };
        let wanted = self.walk.left.min(slice.visible);
        let lots = self.affordable(price, wanted)?;
        if lots > 0 {
            let value = self.rules.value(price, lots);
            if !self.room.takes(&self.walk, slice.maker, lots, value) {
                return Ok(self.cancel(slice.maker, CancelReason::Unsettleable));
            }
            if self.push(Step::Fill { maker: slice.maker, lots }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            self.room.credit(slice.maker, lots, value);
            if self.order.price.is_none() && self.order.side == Side::Buy {
                self.walk.cost = self.walk.cost.plus(self.cost(price, lots)?)?;
            }
            self.walk.value += value;
            self.walk.left -= lots;
            self.walk.filled += lots;
        }
        if lots < wanted {
            return Ok(self.stop(CancelReason::Budget));
        }
        let remaining = slice.remaining - lots;
        if lots == slice.visible && remaining > 0 {
            let visible = resting.terms.display.map_or(remaining, |display| display.min(remaining));
            self.refreshed.push_back(Slice { maker: slice.maker, remaining, visible });
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Price × quantity and the taker's commission.
    fn cost(&self, price: i64, lots: i64) -> Result<Money, Refusal> {
        let value = self.rules.notional(price, lots)?;
        Ok(value.plus(value.commission(self.order.rates.taker))?)
    }

    /// Whether the budget, if there is one, still pays for anything at this price: no lot comes in parts.
    fn pays_for_a_lot(&self, price: Option<i64>) -> bool {
        let (Some(budget), Some(price)) = (self.bounds.budget, price) else { return true };
        self.cost(price, 1).is_ok_and(|cost| cost <= budget - self.walk.cost)
    }

    /// The largest quantity, up to `wanted`, that the budget still pays for.
    fn affordable(&self, price: i64, wanted: i64) -> Result<i64, Refusal> {
        let Some(budget) = self.bounds.budget else { return Ok(wanted) };
        let left = budget - self.walk.cost;
        let one_lot = self.rules.notional(price, 1)?.units();
        let charged = ONE + i128::from(self.order.rates.taker.units());
        // Without rounding this is exact; rounding moves it by one lot at most.
        let exact = left.units() * ONE / (one_lot * charged);
        let mut lots = i64::try_from(exact).unwrap_or(i64::MAX).saturating_add(1).min(wanted);
        while lots >= 1 && self.cost(price, lots)? > left {
            lots -= 1;
        }
        Ok(lots)
    }
}
