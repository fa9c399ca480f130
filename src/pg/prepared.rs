//! PREPARE TRANSACTION: what it would keep from everybody else, for as long as it likes, is refused.

use std::ffi::{CStr, c_void};

use pgrx::{PgSqlErrorCode, pg_guard, pg_sys};

use super::{lock, session};

/// The tables whose rows others wait for, and the lock that a transaction has there which makes them wait: for some a
/// SELECT … FOR UPDATE is enough.
const WAITED_FOR: [(&CStr, &CStr, u32); 10] = [
    (c"exchange", c"markets", pg_sys::RowShareLock),
    (c"exchange", c"assets", pg_sys::RowShareLock),
    (c"exchange", c"orders", pg_sys::RowExclusiveLock),
    (c"exchange", c"trades", pg_sys::RowExclusiveLock),
    (c"exchange", c"transfers", pg_sys::RowExclusiveLock),
    (c"exchange", c"order_commands", pg_sys::RowExclusiveLock),
    (c"exchange", c"command_rejections", pg_sys::RowExclusiveLock),
    (c"identity", c"users", pg_sys::RowExclusiveLock),
    (c"audit", c"audit_logs", pg_sys::RowExclusiveLock),
    (c"audit", c"activity_logs", pg_sys::RowExclusiveLock),
];

/// Has every PREPARE TRANSACTION of this process looked at. Called once, when the library is loaded.
pub fn guard() {
    // SAFETY: the callback fits the declaration and lives as long as the process.
    unsafe { pg_sys::RegisterXactCallback(Some(at_event), std::ptr::null_mut()) }
}

/// No timeout, disconnect or restart ends a prepared transaction: a market or a balance that it holds stands still
/// until somebody finds it.
// SAFETY: only the server calls it, at an event of a transaction.
#[pg_guard]
unsafe extern "C-unwind" fn at_event(event: pg_sys::XactEvent::Type, _argument: *mut c_void) {
    if event != pg_sys::XactEvent::XACT_EVENT_PRE_PREPARE {
        return;
    }
    // A lock that keeps writers out needs no write; the lower ones are taken for reading as well.
    let is_held = |(schema, name, lock): &(&CStr, &CStr, u32)| {
        let table = session::relation(schema, name);
        table.is_some_and(|table| session::keeps_writers_out(table) || session::may_have_written(table, *lock))
    };
    if lock::is_any_taken() || WAITED_FOR.iter().any(is_held) {
        session::raise_unfit(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            "a transaction that holds a market or has written money, orders, users or the trail cannot be prepared",
            "Everybody else would wait for it, also after a restart: COMMIT, and make calls safe to repeat with references.",
        );
    }
}
