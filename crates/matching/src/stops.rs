//! Stop orders: those that the last price triggers enter the book, earliest first, and may trigger others.

use std::collections::VecDeque;

use crate::book::{IdMap, Place};
use crate::market::reserve_slot;
use crate::{Accounts, CancelReason, Market, MarketStatus, OrderId, Refusal, Side, Status};

impl Market {
    /// Enters every stop that the last price triggers, and those that their trades trigger in turn: first
    /// triggered, first entered; of those triggered together, the earlier order first. Returns how many trades
    /// the order at `own` made.
    pub(crate) fn run_stops(&mut self, accounts: &mut Accounts, own: Option<Place>) -> usize {
        let (mut waiting, mut seen, mut own_trades) = (VecDeque::new(), IdMap::<OrderId, ()>::default(), 0);
        if let Some(place) = own {
            let order = self.book.order(place);
            let open = self.rules.status == MarketStatus::Open;
            if !open || !self.last_price.is_some_and(|last| order.is_triggered(last)) {
                return 0;
            }
            own_trades = self.trigger(accounts, place);
        }
        while self.rules.status == MarketStatus::Open {
            let triggered = self.last_price.map(|last| self.book.triggered(last)).unwrap_or_default();
            waiting.extend(triggered.into_iter().filter(|at| seen.insert(self.book.order(*at).id, ()).is_none()));
            let Some(place) = waiting.pop_front() else { break };
            self.trigger(accounts, place);
        }
        own_trades
    }

    /// Enters one triggered stop. What would be refused on arrival cancels it here. Returns its trades.
    fn trigger(&mut self, accounts: &mut Accounts, place: Place) -> usize {
        let (mut order, owner) = (*self.book.order(place), self.book.owner(place));
        if order.has_expired(self.now) {
            self.end(accounts, place, CancelReason::Expired);
            return 0;
        }
        let held = order.reserved;
        order.status = Status::Open;
        // A stop buy without a limit spends at most what it has reserved.
        let budget = (order.price.is_none() && order.side == Side::Buy).then_some(held);
        let walk = match self.prepare(accounts, owner, &mut order, budget, held) {
            Ok(walk) => walk,
            Err(refusal) => {
                self.end(accounts, place, reason(refusal));
                return 0;
            }
        };
        let slot = reserve_slot(owner, order.side);
        accounts.release(slot, held);
        accounts.lock(slot, order.reserved);
        let (order, trades) = self.enter(accounts, owner, order, &walk);
        self.book.requeue(place, order);
        trades
    }
}

fn reason(refusal: Refusal) -> CancelReason {
    match refusal {
        Refusal::FillOrKill { .. } => CancelReason::FillOrKill,
        Refusal::WouldTake { .. } => CancelReason::PostOnly,
        _ => CancelReason::NoLiquidity,
    }
}
