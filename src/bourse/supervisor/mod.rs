//! The supervisor of the background workers: one process for each kind of work and each database that has some.
//!
//! Modules declare [`Kind`]s; a [`launcher`] starts their workers and starts them again when they have ended. Shared
//! memory has a desk for each (kind, database), which says what is known of its worker ([`desks`]); the truth about the
//! work itself stands in tables. A command that needs a database for itself has the workers there end, and keeps them
//! out until it is done.

mod complaints;
mod desks;
mod kind;
mod launcher;
mod worker;
mod workers;

use std::cell::Cell;
use std::time::{Duration, Instant};

use pgrx::{pg_guard, pg_shmem_init, pg_sys};

use crate::pg::databases::{self, Keeper};
use crate::pg::latch::{self, Latch};
use crate::pg::shared;
use crate::pg::value::Timestamp;
use crate::pg::worker::{Processes, on_exit, register};

pub use complaints::Complaints;
pub use desks::{Counts, Desk};
use desks::{DESKS_OF_SERVER, Desks, WorkerState};
pub use kind::Kind;
use kind::kinds;
pub use worker::LOOK;

/// How long a command that needs a database for itself waits for the workers there to end.
const CLEARING: Duration = Duration::from_secs(10);

/// Sets up what needs a preloaded library. Called once, by the server that is starting.
pub fn prepare(kinds: &'static [&'static Kind]) {
    kind::declare(kinds);
    pg_shmem_init!(DESKS_OF_SERVER = shared::first(Desks::empty()));
    register(Processes { launch: launcher::launch, run: worker::run, leave: worker::leave });
    databases::keep(Keeper { clear, admit, expect });
}

/// Whether the server has preloaded the library.
pub fn is_preloaded() -> bool {
    !kinds().is_empty()
}

/// Hears what the server wants; whether the worker of this kind, which this process is, is to go on.
pub fn is_to_go_on(kind: &str) -> bool {
    kind::here(kind).is_some_and(worker::goes_on)
}

/// Wakes the worker of this kind and database, or who can start one.
pub fn wake(kind: &str) {
    let Some(post) = kind::here(kind) else { return };
    let wake = DESKS_OF_SERVER.with(|desks| desks.latch(post).or_else(|| desks.want(post)));
    wake.into_iter().for_each(Latch::set);
}

/// Has a worker of this kind started here if there is none. Whether waiting for it is of use: it is there, or was sent
/// away and has not gone yet, or a command has the database for itself, which ends.
pub fn is_coming(kind: &str) -> bool {
    let Some(post) = kind::here(kind) else { return false };
    let (there, launcher) = DESKS_OF_SERVER.with(|desks| {
        let there = |desk: &mut Desk| desk.pid != 0 || desk.state == WorkerState::Barred;
        (desks.of(post).is_some_and(there), desks.want(post))
    });
    launcher.into_iter().for_each(Latch::set);
    there
}

/// What is known of the worker of this kind and database.
pub fn desk(kind: &str) -> Option<Desk> {
    let post = kind::here(kind)?;
    DESKS_OF_SERVER.with(|desks| desks.of(post).map(|desk| *desk))
}

/// Tells what stands in the way of the worker of this kind, which this process is, and whether its database is to be
/// left alone for now.
pub fn note(kind: &str, paused: bool, setback: Option<&str>) {
    if let Some(post) = kind::here(kind) {
        DESKS_OF_SERVER.with(|desks| desks.note(post, paused, setback));
    }
}

/// Counts what the worker of this kind, which this process is, has done.
pub fn count(kind: &str, with: impl FnOnce(&mut Counts)) {
    if let Some(post) = kind::here(kind) {
        DESKS_OF_SERVER.with(|desks| desks.of(post).map(|desk| with(&mut desk.counts)));
    }
}

/// Has workers look for work in a database at once, and again for a while: tables of ours may be there when the
/// transaction of this session has ended.
fn expect(database: u32) {
    for (post, _) in kind::posts(database).filter(|(_, kind)| (kind.is_wanted)()) {
        let process = DESKS_OF_SERVER.with(|desks| desks.expect(post, Timestamp::now()));
        process.into_iter().for_each(Latch::set);
    }
}

thread_local! {
    /// The database that this session keeps for itself.
    static CLEARED: Cell<Option<u32>> = const { Cell::new(None) };
    /// Whether the end of this process gives it back.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Ends the workers of a database and keeps them out.
fn clear(database: u32) {
    CLEARED.set(Some(database));
    if !GUARDED.replace(true) {
        // A session that is terminated does not come back from its command.
        on_exit(|| CLEARED.take().into_iter().for_each(admit));
    }
    for (post, _) in kind::posts(database) {
        let worker = DESKS_OF_SERVER.with(|desks| desks.set(post, WorkerState::Barred, Timestamp::now()));
        worker.into_iter().for_each(Latch::set);
    }
    let start = Instant::now();
    let ended = |(post, _)| DESKS_OF_SERVER.with(|desks| desks.of(post).is_none_or(|desk| desk.pid == 0));
    while !kind::posts(database).all(ended) && start.elapsed() < CLEARING {
        latch::sleep(Duration::from_millis(10));
    }
}

/// Lets the workers of a database in again.
fn admit(database: u32) {
    CLEARED.set(None);
    for (post, _) in kind::posts(database) {
        let launcher = DESKS_OF_SERVER.with(|desks| desks.set(post, WorkerState::Wanted, Timestamp(0)));
        launcher.into_iter().for_each(Latch::set);
    }
}
