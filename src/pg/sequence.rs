//! Sequences: the next number, and keeping others from taking one for a moment.

use std::cell::RefCell;
use std::ffi::CStr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use pgrx::{IntoDatum, PgSqlErrorCode, PgTryBuilder, pg_sys};

use super::column::qualified;
use super::{latch, owner, plan, session};
use crate::error::{Answer, Failure};

/// A sequence that was found, with the count of changed definitions at that time.
struct Found {
    schema: &'static CStr,
    name: &'static CStr,
    changes: u64,
    oid: pg_sys::Oid,
}

thread_local! {
    static FOUND: RefCell<Vec<Found>> = const { RefCell::new(Vec::new()) };
}

/// How long [`hold`] tries, and how long it sleeps in between.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

// SAFETY: the declaration of PostgreSQL's own header, unchanged in 15 to 18.
unsafe extern "C-unwind" {
    /// `src/include/commands/sequence.h`; not in pgrx's bindings.
    fn nextval_internal(relid: pg_sys::Oid, check_permissions: bool) -> i64;
}

/// A sequence of ours by its name. It is looked up, and its owner asked for, once for each change of a definition.
pub fn named(schema: &'static CStr, name: &'static CStr) -> pg_sys::Oid {
    let changes = plan::changes();
    let is_it = |found: &Found| found.schema == schema && found.name == name;
    let known = FOUND.with_borrow(|found| found.iter().find(|f| is_it(f) && f.changes == changes).map(|f| f.oid));
    if let Some(oid) = known {
        return oid;
    }
    let spelled = format!("sequence {}", qualified(schema, name));
    let oid = session::relation(schema, name).unwrap_or_else(|| session::raise_missing(&spelled));
    if let Err(failure) = owner::require(oid, &spelled) {
        session::raise_unfit(failure.code, &failure.message, &failure.hint);
    }
    FOUND.with_borrow_mut(|found| {
        found.retain(|f| !is_it(f));
        found.push(Found { schema, name, changes, oid });
    });
    oid
}

/// The next number of a sequence, without asking for a privilege on it: the caller has been checked.
pub fn next_value(sequence: pg_sys::Oid) -> i64 {
    // SAFETY: the oid is a sequence's; the boundary turns an ERROR into a panic before it can jump over Rust frames.
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| nextval_internal(sequence, false)) }
}

/// What this session has drawn last from a sequence, without asking for a privilege on it. `None`: nothing yet, or there
/// is none of this oid; an ERROR may have been caught, and the caller must raise one in its place.
pub fn last_value(sequence: pg_sys::Oid) -> Option<i64> {
    // SAFETY: looks an oid up, whatever that is. What is no relation, the server calls an internal error.
    if unsafe { pg_sys::get_rel_relkind(sequence) } == 0 {
        return None;
    }
    // SAFETY: the function takes one oid; the call is guarded.
    let read = || unsafe { pgrx::direct_function_call::<i64>(pg_sys::currval_oid, &[sequence.into_datum()]) };
    PgTryBuilder::new(AssertUnwindSafe(|| session::as_role(owner::NAME, read)))
        .catch_when(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, |_| None)
        .execute()
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
