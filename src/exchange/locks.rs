//! What the exchange locks, in the order in which it is taken ([`crate::pg::lock`]).

use std::cell::Cell;
use std::time::Duration;

use ids::UserId;
use pgrx::prelude::PgSqlErrorCode;

use crate::error::{Answer, Failure};
use crate::pg::lock::{Lock, Space};
use crate::pg::{latch, session};

/// Draining the bulk inbox.
pub const INBOX: Space = Space::new(1, 1);
/// The client_order_ids of a user: who holds one knows that nobody else is using one of them just now. All users share
/// so many locks, so that a batch never needs more.
pub const CLIENTS: Space = Space::new(2, 1024);
/// A market by its symbol: its book, its counters.
pub const MARKETS: Space = Space::new(0x8000_0000, 0x8000_0000);

thread_local! {
    /// The transaction in which this session last waited for client ids one by one, and the highest lock it holds.
    static HELD: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// Holds a user's client ids for one row of an INSERT, whose rows come in any order. Waits, unless that could
/// close a circle: then it is taken within some milliseconds or refused.
pub fn hold_client_ids(user: UserId) -> Answer<()> {
    let (lock, transaction) = (CLIENTS.of(user.0), session::transaction_number());
    let (seen, highest) = HELD.get();
    if seen != transaction || lock.number() >= highest {
        lock.acquire();
        HELD.set((transaction, lock.number()));
    } else if !is_taken_soon(&lock) {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
            format!("another session is placing an order of user {}", user.0),
            "Repeat the INSERT; or order its rows by user.",
        ));
    }
    Ok(())
}

/// Tries for some milliseconds: whoever commits lets go of one lock after the other, and who has waited for the first of
/// them can be here before the last is free.
fn is_taken_soon(lock: &Lock) -> bool {
    (0..10).any(|attempt| {
        if attempt > 0 {
            latch::sleep(Duration::from_millis(1));
        }
        lock.try_acquire()
    })
}
