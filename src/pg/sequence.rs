//! Sequences: the next number, and keeping others from taking one for a moment.

use std::time::{Duration, Instant};

use pgrx::{PgSqlErrorCode, pg_sys};

use super::{latch, session};
use crate::error::{Answer, Failure};

/// How long [`hold`] tries, and how long it sleeps in between.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

// SAFETY: the declaration of PostgreSQL's own header, unchanged in 15 to 18.
unsafe extern "C-unwind" {
    /// `src/include/commands/sequence.h`; not in pgrx's bindings.
    fn nextval_internal(relid: pg_sys::Oid, check_permissions: bool) -> i64;
}

/// The next number of a sequence, without asking for a privilege on it: the caller has been checked.
pub fn next_value(sequence: pg_sys::Oid) -> i64 {
    // SAFETY: the oid is a sequence's; the boundary turns an ERROR into a panic before it can jump over Rust frames.
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| nextval_internal(sequence, false)) }
}

/// Has nobody take a number until [`let_go`]. Whoever has taken one holds the sequence to the end of his transaction:
/// this never queues for that lock, for everybody else would queue behind.
pub fn hold(sequence: pg_sys::Oid) -> Answer<()> {
    let start = Instant::now();
    // SAFETY: takes a lock on an oid, whatever that is; the lock ends with the transaction at the latest.
    while !unsafe { pg_sys::ConditionalLockRelationOid(sequence, pg_sys::ShareRowExclusiveLock as i32) } {
        if start.elapsed() > PATIENCE {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
                format!("a transaction has taken numbers of {} and does not end", session::relation_name(sequence)),
                "End the transaction that holds it in pg_locks, then repeat.",
            ));
        }
        latch::sleep(PAUSE);
    }
    Ok(())
}

/// Ends [`hold`].
pub fn let_go(sequence: pg_sys::Oid) {
    // SAFETY: a lock that is not held is a warning, nothing else.
    unsafe { pg_sys::UnlockRelationOid(sequence, pg_sys::ShareRowExclusiveLock as i32) }
}
