//! The life of a worker, whatever its kind: it sits down, looks for work, does it, and gets up.

use std::time::Duration;

use super::desks::{DESKS_OF_SERVER, Post, WorkerState};
use super::kind;
use crate::pg::latch::{self, Latch};
use crate::pg::value::Timestamp;
use crate::pg::worker;

/// How long a worker that looks around waits for somebody else's lock.
const PATIENCE: &std::ffi::CStr = c"100ms";
/// How often a worker that has nothing to do yet looks whether it has.
pub const LOOK: Duration = Duration::from_millis(250);

/// The main loop of a worker.
pub fn run(post: Post) {
    let now = Timestamp::now();
    if !DESKS_OF_SERVER.with(|desks| desks.arrive(post, worker::my_pid(), Latch::mine(), now)) {
        return;
    }
    worker::ready_to_write();
    worker::limit_lock_waits(PATIENCE);
    while settles(post) {
        (kind::of(post).work)();
    }
}

/// Waits for work while it is expected. False: the process is to end.
fn settles(post: Post) -> bool {
    let kind = kind::of(post);
    while goes_on(post) {
        let Err(failure) = worker::transaction(c"pg_bourse: looking around", kind.require_work) else {
            // When the process began, the role may not have been made yet.
            worker::give_up_rights();
            return true;
        };
        (kind.refuse)(&failure);
        let now = Timestamp::now();
        if DESKS_OF_SERVER.with(|desks| desks.retire(post, now)) {
            return false;
        }
        latch::sleep(LOOK);
    }
    false
}

/// Hears what the server wants; whether the worker is to go on.
pub fn goes_on(post: Post) -> bool {
    pgrx::check_for_interrupts!();
    worker::reload();
    (kind::of(post).is_wanted)()
        && DESKS_OF_SERVER.with(|desks| desks.of(post).is_some_and(|desk| desk.state == WorkerState::Working))
}

/// At the end of the process.
pub fn leave(post: Post) {
    let pid = worker::my_pid();
    let mine = DESKS_OF_SERVER.with(|desks| desks.of(post).is_some_and(|desk| desk.pid == pid));
    let launcher = if mine {
        (kind::of(post).leave)();
        DESKS_OF_SERVER.with(|desks| desks.depart(post, pid, Timestamp::now()))
    } else {
        DESKS_OF_SERVER.with(|desks| desks.put_off(post, Timestamp::now()))
    };
    launcher.into_iter().for_each(Latch::set);
}
