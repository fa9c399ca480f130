//! The sequencer: many sessions' orders in one transaction.
//!
//! A session leaves its request in a [`ring`] in shared memory and sleeps; one background [`worker`] per database
//! takes whatever waits, carries it out in one transaction, commits once, and answers everybody. Tables stay the
//! only truth: the worker reads under the same locks as every other door, so it needs no news of what they change,
//! and whatever ends it loses nothing.

mod chores;
mod complaints;
mod desks;
mod errands;
mod launcher;
mod message;
mod ring;
mod status;
mod submit;
mod worker;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use desks::{DESKS_OF_SERVER, Desks, State};
use pgrx::{pg_guard, pg_shmem_init, pg_sys};
use ring::{RING, Ring};

use crate::pg::databases::{self, Keeper};
use crate::pg::latch::{self, Latch};
use crate::pg::shared;
use crate::pg::value::Timestamp;
use crate::pg::worker::{Processes, on_exit, register};

pub use message::{Errand, REFERENCE_LENGTH, Transfer};
pub use submit::{submit, submit_errand};

/// How long a command that needs a database for itself waits for its sequencer to end.
const CLEARING: Duration = Duration::from_secs(10);

static PRELOADED: AtomicBool = AtomicBool::new(false);

/// Sets up what needs a preloaded library. Called once, by the server that is starting.
pub fn prepare() {
    pg_shmem_init!(RING = shared::first(Ring::empty()));
    pg_shmem_init!(DESKS_OF_SERVER = shared::first(Desks::empty()));
    register(Processes { launch: launcher::launch, run: worker::run, leave: worker::leave });
    databases::keep(Keeper { clear, admit, expect });
    PRELOADED.store(true, Ordering::Relaxed);
}

/// Whether the server has preloaded the library.
pub fn is_preloaded() -> bool {
    PRELOADED.load(Ordering::Relaxed)
}

/// Has a sequencer look for tables of ours in a database at once, and again for a while: they may be there when the
/// transaction of this session has ended.
fn expect(database: u32) {
    if is_preloaded() {
        let process = DESKS_OF_SERVER.with(|desks| desks.expect(database, Timestamp::now()));
        process.into_iter().for_each(Latch::set);
    }
}

thread_local! {
    /// The database that this session keeps for itself.
    static CLEARED: Cell<Option<u32>> = const { Cell::new(None) };
    /// Whether the end of this process gives it back.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Ends the sequencer of a database and keeps it out.
fn clear(database: u32) {
    CLEARED.set(Some(database));
    if !GUARDED.replace(true) {
        // A session that is terminated does not come back from its command.
        on_exit(|| CLEARED.take().into_iter().for_each(admit));
    }
    let sequencer = DESKS_OF_SERVER.with(|desks| desks.set(database, State::Barred, Timestamp::now()));
    sequencer.into_iter().for_each(Latch::set);
    let start = Instant::now();
    let ended = || DESKS_OF_SERVER.with(|desks| desks.of(database).is_none_or(|desk| desk.pid == 0));
    while !ended() && start.elapsed() < CLEARING {
        latch::sleep(Duration::from_millis(10));
    }
}

/// Lets the sequencer of a database in again.
fn admit(database: u32) {
    CLEARED.set(None);
    let launcher = DESKS_OF_SERVER.with(|desks| desks.set(database, State::Wanted, Timestamp(0)));
    launcher.into_iter().for_each(Latch::set);
}
