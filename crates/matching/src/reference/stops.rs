//! Stops: accepted, waiting, triggered by trades, entered in their order, so many to a command.

use ids::OrderId;
use money::Money;

use super::Reference;
use super::arrival::{Excess, Purse};
use crate::{CancelReason, MarketStatus, OrderState, OrderType, Outcome, Refusal, Side, Status, TimeInForce};

impl Reference {
    /// Carries on with the stops that earlier commands have left. Comes before every command.
    pub fn run_left(&mut self) -> usize {
        let before = self.trades.len();
        if self.looked < self.last_trade() && self.rules.status == MarketStatus::Open {
            self.enter_stops(self.steps);
        }
        self.trades.len() - before
    }

    /// A stop that holds its reserve waits. When the last trade has reached it already it enters at once, or takes
    /// its place behind those that are left.
    pub(super) fn accept_stop(&mut self, mut order: OrderState) -> Outcome {
        order.priority = self.next_priority();
        self.orders.push(order);
        self.accepted.insert(order.id, self.last_trade());
        let (before, open) = (self.trades.len(), self.rules.status == MarketStatus::Open);
        if self.looked == self.last_trade() && open && self.is_reached(&order, self.last_trade()) {
            // Nothing is left, so the last trade is looked at once more for this one.
            self.looked -= 1;
            self.enter_stops(self.steps);
        }
        let own = self.trades[before..].iter().take_while(|trade| trade.taker == order.id).count();
        Outcome { order: self.get(order.id), trades: own, all_trades: self.trades.len() - before }
    }

    /// The opening: the last trade triggers what it reaches, whenever that was accepted.
    pub(super) fn look_at_the_last_trade_again(&mut self) {
        self.looked = self.looked.min(self.last_trade() - 1);
        self.enter_stops(self.steps);
    }

    /// Enters stops in the order of their triggers, until the steps are used up. A stop itself is one step.
    pub(super) fn enter_stops(&mut self, steps: usize) {
        let mut used = 0;
        while self.rules.status == MarketStatus::Open && used < steps {
            let Some((trade, stop)) = self.next_triggered() else { break };
            // The trades before have triggered nobody who still waits.
            self.looked = trade - 1;
            // What a whole command cannot do is done in parts; what does not fit any more waits for a whole one.
            let whole = steps == self.steps && used == 0;
            let Some(taken) = self.trigger(stop, steps - used - 1, whole) else { break };
            used += 1 + taken;
        }
        self.looked = self.next_triggered().map_or(self.last_trade(), |(trade, _)| trade - 1);
    }

    /// Of the trades that have not been done with, the first that reaches a stop; of its stops the earliest.
    fn next_triggered(&self) -> Option<(i64, OrderId)> {
        let pending = self.pending();
        (self.looked + 1..=self.last_trade()).find_map(|trade| {
            let triggers =
                |o: &&OrderState| o.filled > 0 || (self.accepted[&o.id] <= trade && self.is_reached(o, trade));
            pending.iter().find(triggers).map(|stop| (trade, stop.id))
        })
    }

    fn last_trade(&self) -> i64 {
        self.trades.len() as i64
    }

    fn is_reached(&self, order: &OrderState, trade: i64) -> bool {
        let made = usize::try_from(trade - 1).ok().and_then(|at| self.trades.get(at));
        let price = made.map(|trade| trade.price).or(self.first_price);
        let (Some(stop), Some(price)) = (order.terms.stop_price, price) else { return false };
        if order.side == Side::Buy { price >= stop } else { price <= stop }
    }

    /// A stop enters the book as the order that it stands for. Returns the steps that it took, or nothing when they
    /// are not enough for it.
    fn trigger(&mut self, id: OrderId, steps: usize, whole: bool) -> Option<usize> {
        let stop = self.get(id);
        if self.is_over(&stop) {
            self.end(id, CancelReason::Expired);
            return Some(0);
        }
        let mut copy = self.clone();
        copy.orders.retain(|o| o.id != id);
        let mut order = OrderState { status: Status::Open, ..stop };
        let mut purse = Purse::Reserve;
        if stop.terms.order_type == OrderType::Stop && stop.side == Side::Buy {
            copy.move_locked(&stop, stop.reserved.units());
            order.reserved = Money::ZERO;
            purse = Purse::Budget(stop.reserved.units());
        }
        let kills = stop.terms.time_in_force == TimeInForce::Fok;
        let excess = if whole && !kills { Excess::Wait } else { Excess::Refuse };
        match copy.arrive(order, purse, steps, excess) {
            Ok(walked) if walked.more => {
                *self = copy;
                self.goes_on_later(&stop, walked.cost);
                None
            }
            Ok(walked) => {
                *self = copy;
                Some(walked.steps)
            }
            Err(Refusal::TooManySteps { .. }) if !whole => None,
            Err(refusal) => {
                self.end(id, instead_of(refusal));
                Some(0)
            }
        }
    }

    /// The rest of a stop that has used up the steps of a whole command waits, at its old place.
    fn goes_on_later(&mut self, stop: &OrderState, spent: i128) {
        let order = self.get_mut(stop.id);
        order.status = Status::Pending;
        order.priority = stop.priority;
        order.visible = super::slice(order);
        if stop.terms.order_type == OrderType::Stop && stop.side == Side::Buy {
            let rest = Money::known_to_fit(stop.reserved.units() - spent);
            self.get_mut(stop.id).reserved = rest;
            self.move_locked(stop, -rest.units());
        }
    }
}

/// What becomes of a stop that would have been refused had it just arrived.
fn instead_of(refusal: Refusal) -> CancelReason {
    match refusal {
        Refusal::WouldTake { .. } => CancelReason::PostOnly,
        // All at once is more than a command may do.
        Refusal::FillOrKill { .. } | Refusal::TooManySteps { .. } => CancelReason::FillOrKill,
        // Its own account cannot hold what it would get, or no number what it costs.
        Refusal::BalanceFull { .. } | Refusal::Overflow => CancelReason::Unsettleable,
        other => panic!("a triggered order cannot be refused with {other:?}"),
    }
}
