//! Stops: accepted, waiting, triggered one after the other.

use std::collections::VecDeque;

use super::Reference;
use super::arrival::Purse;
use crate::{CancelReason, MarketStatus, Money, OrderId, OrderState, OrderType, Outcome, Refusal, Side, Status};

impl Reference {
    /// A stop that holds its reserve waits, or is triggered at once when the last price says so.
    pub(super) fn accept_stop(&mut self, mut order: OrderState) -> Outcome {
        order.priority = self.next_priority();
        self.orders.push(order);
        if self.rules.status == MarketStatus::Open && self.is_reached(&order) {
            let before = self.trades.len();
            self.trigger(order.id);
            let own = self.trades.len() - before;
            self.trigger_stops();
            return Outcome { order: self.get(order.id), trades: own, all_trades: self.trades.len() - before };
        }
        Outcome { order, trades: 0, all_trades: 0 }
    }

    /// Triggers what the last price triggers, and what that triggers, in the order in which it was reached.
    pub(super) fn trigger_stops(&mut self) {
        let mut queue: VecDeque<OrderId> = VecDeque::new();
        while self.rules.status == MarketStatus::Open {
            let reached = self.pending().into_iter().filter(|o| self.is_reached(o) && !queue.contains(&o.id));
            let reached: Vec<_> = reached.map(|o| o.id).collect();
            queue.extend(reached);
            let Some(first) = queue.pop_front() else { break };
            self.trigger(first);
        }
    }

    fn is_reached(&self, order: &OrderState) -> bool {
        let (Some(stop), Some(last)) = (order.terms.stop_price, self.last_price) else { return false };
        if order.side == Side::Buy { last >= stop } else { last <= stop }
    }

    /// A stop enters the book as the order that it stands for.
    fn trigger(&mut self, id: OrderId) {
        let stop = self.get(id);
        if self.is_over(&stop) {
            return self.end(id, CancelReason::Expired);
        }
        let mut copy = self.clone();
        copy.orders.retain(|o| o.id != id);
        let mut order = OrderState { status: Status::Open, ..stop };
        let mut purse = Purse::Reserve;
        if stop.terms.order_type == OrderType::Stop && stop.side == Side::Buy {
            copy.move_locked(&stop, stop.reserved.0);
            order.reserved = Money::ZERO;
            purse = Purse::Budget(stop.reserved.0);
        }
        match copy.arrive(order, purse) {
            Ok(_) => *self = copy,
            Err(refusal) => self.end(id, instead_of(refusal)),
        }
    }
}

/// What becomes of a stop that would have been refused had it just arrived.
fn instead_of(refusal: Refusal) -> CancelReason {
    match refusal {
        Refusal::WouldTake { .. } => CancelReason::PostOnly,
        Refusal::FillOrKill { .. } => CancelReason::FillOrKill,
        // Somebody's balance has no room for the fills: as good as nobody there.
        Refusal::Overflow => CancelReason::NoLiquidity,
        other => panic!("a triggered order cannot be refused with {other:?}"),
    }
}
