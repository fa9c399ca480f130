//! The ring: where sessions leave requests and find replies.
//!
//! A slot goes from free to queued (the session has sent), taken (the sequencer is at it), answered, and free
//! again. A session that leaves early takes a queued request back, and abandons one that is taken: then the
//! sequencer frees the slot.

use std::time::Duration;

use super::super::settings::MOST_RING_SLOTS;
use super::message::{Reply, Request};
use crate::pg::latch::Latch;
use crate::pg::shared::Shared;
use crate::pg::value::Timestamp;

/// The longest time for which a request is put back.
pub const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Where the requests of every database stand.
pub static RING: Shared<Ring> = Shared::new(c"pg_bourse ring");

/// The slots, the first `used` of which may be in use.
#[derive(Clone, Copy)]
pub struct Ring {
    slots: [Slot; MOST_RING_SLOTS],
    used: usize,
    sent: u64,
}

#[derive(Clone, Copy)]
struct Slot {
    database: u32,
    /// Tells this use of the slot from any other; requests are taken in this order.
    number: u64,
    /// When it was sent.
    since: Timestamp,
    /// Not before this time, after a try that met somebody else's lock.
    due: Timestamp,
    tries: u32,
    state: SlotState,
}

#[derive(Clone, Copy)]
enum SlotState {
    Free,
    Queued(Request, Latch),
    Taken(Latch),
    Abandoned,
    Answered(Reply),
}

/// A slot as one request uses it: when the slot is used again, this names nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotUse {
    at: usize,
    number: u64,
}

/// A request that the sequencer has taken.
#[derive(Clone, Copy)]
pub struct Taken {
    /// Its slot.
    pub place: SlotUse,
    /// What is asked.
    pub request: Request,
    /// How often it has been put back.
    pub tries: u32,
}

impl Ring {
    /// A ring that nobody uses.
    pub fn empty() -> Ring {
        let free =
            Slot { database: 0, number: 0, since: Timestamp(0), due: Timestamp(0), tries: 0, state: SlotState::Free };
        Ring { slots: [free; MOST_RING_SLOTS], used: 0, sent: 0 }
    }

    /// Leaves a request of this process; none while all of the first `limit` slots are in use.
    pub fn send(&mut self, database: u32, request: Request, latch: Latch, limit: usize) -> Option<SlotUse> {
        let at = self.slots[..limit].iter().position(|slot| matches!(slot.state, SlotState::Free))?;
        self.sent += 1;
        let state = SlotState::Queued(request, latch);
        self.slots[at] =
            Slot { database, number: self.sent, since: Timestamp::now(), due: Timestamp(0), tries: 0, state };
        self.used = self.used.max(at + 1);
        Some(SlotUse { at, number: self.sent })
    }

    /// The reply, once it is there. The slot is free then.
    pub fn reply(&mut self, place: SlotUse) -> Option<Reply> {
        let SlotState::Answered(reply) = self.slot(place)?.state else { return None };
        self.free(place.at);
        Some(reply)
    }

    /// Takes a request back that has not been taken: then it has not been sent.
    pub fn withdraw(&mut self, place: SlotUse) -> bool {
        let queued = self.slot(place).is_some_and(|slot| matches!(slot.state, SlotState::Queued(..)));
        if queued {
            self.free(place.at);
        }
        queued
    }

    /// Gives up waiting for a reply. What has been taken may be carried out.
    pub fn leave(&mut self, place: SlotUse) {
        let Some(slot) = self.slot(place) else { return };
        match slot.state {
            SlotState::Queued(..) | SlotState::Answered(_) => self.free(place.at),
            SlotState::Taken(_) => slot.state = SlotState::Abandoned,
            SlotState::Free | SlotState::Abandoned => {}
        }
    }

    /// Takes the requests of a database that are due, in the order in which they were sent.
    pub fn take(&mut self, database: u32, now: Timestamp) -> Vec<Taken> {
        let mut taken = Vec::new();
        for (at, slot) in self.slots[..self.used].iter_mut().enumerate() {
            if let SlotState::Queued(request, latch) = slot.state
                && slot.database == database
                && slot.due.is_due(now, LONGEST_PAUSE)
            {
                slot.state = SlotState::Taken(latch);
                taken.push(Taken { place: SlotUse { at, number: slot.number }, request, tries: slot.tries });
            }
        }
        taken.sort_unstable_by_key(|taken| taken.place.number);
        taken
    }

    /// Puts a reply where its session finds it; returns whom to wake.
    pub fn answer(&mut self, place: SlotUse, reply: Reply) -> Option<Latch> {
        let slot = self.slot(place)?;
        match slot.state {
            SlotState::Taken(latch) => {
                slot.state = SlotState::Answered(reply);
                Some(latch)
            }
            SlotState::Abandoned => {
                self.free(place.at);
                None
            }
            SlotState::Free | SlotState::Queued(..) | SlotState::Answered(_) => None,
        }
    }

    /// Puts a request back into the queue, to be taken again when it is due; one that nobody waits for any more is
    /// dropped. `counts`: whether this was a try of its own.
    pub fn put_back(&mut self, taken: &Taken, due: Timestamp, counts: bool) {
        let Some(slot) = self.slot(taken.place) else { return };
        match slot.state {
            SlotState::Taken(latch) => {
                slot.state = SlotState::Queued(taken.request, latch);
                slot.due = due;
                slot.tries += u32::from(counts);
            }
            SlotState::Abandoned => self.free(taken.place.at),
            SlotState::Free | SlotState::Queued(..) | SlotState::Answered(_) => {}
        }
    }

    /// When the next request of a database is due; now, if it is due already.
    pub fn next_due(&self, database: u32, now: Timestamp) -> Option<Timestamp> {
        let queued = self.slots[..self.used].iter().filter(|slot| matches!(slot.state, SlotState::Queued(..)));
        let dues = queued.filter(|slot| slot.database == database).map(|slot| slot.due);
        dues.map(|due| if due.is_due(now, LONGEST_PAUSE) { now } else { due }).min()
    }

    /// How many requests of a database wait to be taken.
    pub fn queued(&self, database: u32) -> usize {
        let mine = self.slots[..self.used].iter().filter(|slot| slot.database == database);
        mine.filter(|slot| matches!(slot.state, SlotState::Queued(..))).count()
    }

    /// When the request of a database was sent that has gone longest without an answer.
    pub fn oldest(&self, database: u32) -> Option<Timestamp> {
        let mine = self.slots[..self.used].iter().filter(|slot| slot.database == database);
        let open = mine.filter(|slot| matches!(slot.state, SlotState::Queued(..) | SlotState::Taken(_)));
        open.map(|slot| slot.since).min()
    }

    /// Every request of a database that is taken and not answered.
    pub fn unanswered(&self, database: u32) -> Vec<SlotUse> {
        let mine = self.slots[..self.used].iter().enumerate().filter(|(_, slot)| slot.database == database);
        let taken = mine.filter(|(_, slot)| matches!(slot.state, SlotState::Taken(_) | SlotState::Abandoned));
        taken.map(|(at, slot)| SlotUse { at, number: slot.number }).collect()
    }

    /// The slot of a place, if it is still the same use.
    fn slot(&mut self, place: SlotUse) -> Option<&mut Slot> {
        Some(&mut self.slots[place.at]).filter(|slot| slot.number == place.number)
    }

    fn free(&mut self, at: usize) {
        self.slots[at].state = SlotState::Free;
        self.slots[at].number = 0;
        let in_use = |slot: &Slot| !matches!(slot.state, SlotState::Free);
        self.used = self.slots[..self.used].iter().rposition(in_use).map_or(0, |last| last + 1);
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use ids::{OrderId, UserId};
    use pgrx::prelude::pg_test;

    use super::super::super::command::{Action, Command, Target};
    use super::super::super::result::OrderResult;
    use super::super::message::Work;
    use super::*;

    fn request() -> Request {
        let action = Action::Cancel(Target::Id(OrderId(1)));
        let command = Command { user: UserId(1), symbol: "BTC-USD".to_owned(), action };
        Request::of(&Work::Order(command)).expect("the ring carries cancels")
    }

    #[pg_test]
    fn a_clock_that_is_set_back_holds_no_request() {
        let (mut ring, request) = (Box::new(Ring::empty()), request());
        ring.send(1, request, Latch::mine(), MOST_RING_SLOTS).expect("a free slot");
        let now = Timestamp::now();
        let taken = ring.take(1, now);
        ring.put_back(&taken[0], now + LONGEST_PAUSE, true);
        assert!(ring.take(1, now).is_empty(), "taken before its pause is over");
        assert_eq!(ring.next_due(1, now), Some(now + LONGEST_PAUSE));
        let hour_before = Timestamp(now.0 - 3_600_000_000);
        assert_eq!(ring.next_due(1, hour_before), Some(hour_before));
        assert_eq!(ring.take(1, hour_before).len(), 1);
    }

    #[pg_test]
    fn a_request_that_has_been_taken_is_not_withdrawn_and_keeps_its_answer() {
        let (mut ring, request) = (Box::new(Ring::empty()), request());
        let place = ring.send(1, request, Latch::mine(), MOST_RING_SLOTS).expect("a free slot");
        ring.take(1, Timestamp::now());
        assert!(!ring.withdraw(place));
        let reply = Reply::of::<OrderResult>(&Err(super::super::submit::unknown_outcome()));
        assert!(ring.answer(place, reply).is_some(), "nobody is woken");
        assert!(!ring.withdraw(place));
        assert!(ring.reply(place).is_some());
        let place = ring.send(1, request, Latch::mine(), MOST_RING_SLOTS).expect("a free slot");
        assert!(ring.withdraw(place));
        assert!(ring.take(1, Timestamp::now()).is_empty());
    }
}
