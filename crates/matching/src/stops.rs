//! Stop orders. Every trade triggers the stops that its price reaches; they wait in a queue, by the trade that
//! triggered them and then by their own priority, and enter the book one after the other.
//!
//! One command enters as many as its bound allows. What is left enters with the commands that follow: how far the
//! trades have been looked at ([`Market::looked`]) and the stops that still wait are all that must be remembered.

use crate::book::Place;
use crate::enter::{Beyond, Means};
use crate::market::{KnownStops, reserve_slot};
use crate::{Accounts, CancelReason, Market, MarketStatus, Refusal, Side, Status, TimeInForce};

/// What became of the stop whose turn it was.
enum Turn {
    /// It has entered or ended, in so many steps.
    Done(usize),
    /// It has gone as far as it may, or waits: it comes first in the next command.
    Waits,
}

impl Market {
    /// Enters the stops that earlier commands have left, as far as the bound of a command goes. Whoever carries out
    /// a command calls this first; how many trades it made is returned.
    pub fn run_left(&mut self, accounts: &mut Accounts) -> usize {
        let made = self.trades.len();
        if self.looked < self.sequence && self.rules.status == MarketStatus::Open {
            self.run_stops(accounts, self.steps);
        }
        self.trades.len() - made
    }

    /// Enters the stops that wait for it, in `left` steps at most: one for each stop, and those of its plan.
    pub(crate) fn run_stops(&mut self, accounts: &mut Accounts, mut left: usize) {
        self.collect();
        let mut turns = 0;
        while self.rules.status == MarketStatus::Open && left > 0 {
            let Some(place) = self.book.next_triggered(self.known.until) else { break };
            let Turn::Done(steps) = self.trigger(accounts, place, left) else { break };
            left = left.saturating_sub(steps);
            self.collect();
            self.beat(turns);
            turns += 1;
        }
        self.collect();
        let next = self.book.first_trigger().map_or(i64::MAX, |trade| trade).min(self.known.until.0);
        self.looked = self.sequence.min(next - 1);
    }

    /// Queues the stops that the trades since the last time have triggered.
    fn collect(&mut self) {
        let from = std::mem::replace(&mut self.collected, self.trades.len());
        if from == self.trades.len() || (!self.book.has_stops() && self.knows_all_stops()) {
            return;
        }
        for at in from..self.trades.len() {
            let (price, sequence) = (self.trades[at].price, self.trades[at].sequence);
            self.reach(price, sequence);
        }
    }

    fn knows_all_stops(&self) -> bool {
        self.known.sells_above.is_none() && self.known.buys_below.is_none()
    }

    /// Queues the stops that a price reaches, as triggered by this trade.
    pub(crate) fn reach(&mut self, price: i64, trade: i64) {
        if trade >= self.known.until.0 {
            return;
        }
        let KnownStops { sells_above, buys_below, .. } = self.known;
        if sells_above.is_some_and(|above| price <= above) || buys_below.is_some_and(|below| price >= below) {
            self.known.until = (trade, i64::MIN);
            return;
        }
        self.book.reach(price, trade);
    }

    /// Enters one triggered stop. What would be refused on arrival cancels it here.
    fn trigger(&mut self, accounts: &mut Accounts, place: Place, left: usize) -> Turn {
        let (mut order, owner) = (*self.book.order(place), self.book.owner(place));
        if order.has_expired(self.now) {
            self.end(accounts, place, CancelReason::Expired);
            return Turn::Done(1);
        }
        let held = order.reserved;
        order.status = Status::Open;
        // A stop without a limit spends at most what it has reserved.
        let budget = (order.price.is_none() && order.side == Side::Buy).then_some(held);
        // More steps than a whole command has: the stop goes on in the next one. All at once it cannot be.
        let (whole, kills) = (left == self.steps, order.terms.time_in_force == TimeInForce::Fok);
        let beyond = if whole && !kills { Beyond::GoesOn } else { Beyond::Refused };
        let means = Means { budget, held, steps: left - 1, beyond };
        let walk = match self.prepare(accounts, owner, &mut order, means) {
            Ok(walk) => walk,
            Err(Refusal::TooManySteps { .. }) if !whole => return Turn::Waits,
            Err(refusal) => {
                self.end(accounts, place, reason(refusal));
                return Turn::Done(1);
            }
        };
        let slot = reserve_slot(owner, order.side);
        accounts.release(slot, held);
        accounts.lock(slot, order.reserved);
        let (order, _) = self.enter(accounts, owner, order, &walk);
        if walk.more {
            self.book.change(place, |stop| *stop = order);
            return Turn::Waits;
        }
        self.book.requeue(place, order);
        Turn::Done(1 + walk.steps.len())
    }
}

fn reason(refusal: Refusal) -> CancelReason {
    match refusal {
        Refusal::FillOrKill { .. } | Refusal::TooManySteps { .. } => CancelReason::FillOrKill,
        Refusal::WouldTake { .. } => CancelReason::PostOnly,
        Refusal::Overflow | Refusal::BalanceFull { .. } => CancelReason::Unsettleable,
        _ => CancelReason::NoLiquidity,
    }
}
