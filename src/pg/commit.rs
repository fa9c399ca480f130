//! Commits that need not wait for the disk, and some that must.

use std::cell::Cell;
use std::ffi::c_void;
use std::time::Duration;

use pgrx::{pg_guard, pg_sys};

use super::session;
use super::value::Timestamp;

/// How young a session waits at every commit. What brings the server down with the first thing that it does has been on
/// disk then, and is known afterwards to have been begun: after a crash all sessions are young.
const YOUNG: Duration = Duration::from_secs(1);

thread_local! {
    /// Where the log ended when this transaction had written nothing but what may be lost; none: it has, or nothing.
    static UP_TO: Cell<Option<u64>> = const { Cell::new(None) };
    /// Whether this transaction has answered what must not be lost.
    static MUST_LAST: Cell<bool> = const { Cell::new(false) };
    /// What the session says of synchronous commits, while ours is in its place.
    static SAID: Cell<Option<i32>> = const { Cell::new(None) };
    static IS_LISTENING: Cell<bool> = const { Cell::new(false) };
}

/// What this transaction has written before something that may be lost.
pub struct Before(bool);

/// Asks, before something is written that may be lost in a crash as if it had not happened, with nobody the worse for it.
pub fn before() -> Before {
    let last = written_up_to();
    Before(last == 0 || UP_TO.get() == Some(last))
}

impl Before {
    /// Has the commit not wait for the disk, unless the transaction has written anything else, or does: then nothing
    /// of it may be lost.
    pub fn may_be_lost(self) {
        if self.0 && is_old() {
            listen();
            UP_TO.set(Some(written_up_to()));
        }
    }
}

/// Has the commit of this transaction wait for the disk, and for the standbys that there are to wait for, whatever the
/// session says of synchronous commits until then.
pub fn must_last() {
    listen();
    MUST_LAST.set(true);
}

/// Whether the commit has to wait and would not, as the session has it now.
fn must_wait() -> bool {
    // SAFETY: reads a variable of this process.
    let said = unsafe { pg_sys::synchronous_commit };
    MUST_LAST.get() && said < pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_REMOTE_FLUSH as i32
}

/// Whether nothing was written but what may be lost.
fn may_not_wait() -> bool {
    !MUST_LAST.get() && UP_TO.get() == Some(written_up_to())
}

/// Where the log ends behind what this transaction has written; 0: it has written nothing.
fn written_up_to() -> u64 {
    // SAFETY: reads a variable of this process.
    unsafe { pg_sys::XactLastRecEnd }
}

fn is_old() -> bool {
    // SAFETY: set when the session began.
    let began = Timestamp(unsafe { pg_sys::MyStartTimestamp });
    began + YOUNG < Timestamp::now()
}

/// Has this session look at the ends of its transactions, from the first on that may not wait.
fn listen() {
    if !IS_LISTENING.replace(true) {
        // SAFETY: registered once; the callback fits the declaration and lives as long as the process.
        unsafe { pg_sys::RegisterXactCallback(Some(at_event), std::ptr::null_mut()) }
    }
}

// SAFETY: only the server calls it, at an event of a transaction.
#[pg_guard]
unsafe extern "C-unwind" fn at_event(event: pg_sys::XactEvent::Type, _argument: *mut c_void) {
    match event {
        // As a setting of this transaction, not in the variable alone: what is waited for is noted elsewhere, too.
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT | pg_sys::XactEvent::XACT_EVENT_PRE_PREPARE if must_wait() => {
            session::set_for_now(c"synchronous_commit", c"on");
        }
        // SAFETY: a variable of this process that the commit reads; put back below, whatever comes of it.
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT if may_not_wait() => unsafe {
            SAID.set(Some(pg_sys::synchronous_commit));
            pg_sys::synchronous_commit = pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_OFF as i32;
        },
        pg_sys::XactEvent::XACT_EVENT_COMMIT
        | pg_sys::XactEvent::XACT_EVENT_ABORT
        | pg_sys::XactEvent::XACT_EVENT_PREPARE => {
            UP_TO.set(None);
            MUST_LAST.set(false);
            if let Some(said) = SAID.take() {
                // SAFETY: as above.
                unsafe { pg_sys::synchronous_commit = said }
            }
        }
        _ => (),
    }
}
