//! PREPARE TRANSACTION: what it would keep from everybody else, for as long as it likes, is refused.

use std::ffi::{CStr, c_void};
use std::sync::OnceLock;

use pgrx::{PgSqlErrorCode, pg_guard, pg_sys};

use super::{lock, session};

/// A table whose rows others wait for, and the lock that a transaction has there which makes them wait.
pub struct WaitedFor {
    schema: &'static CStr,
    table: &'static CStr,
    lock: u32,
}

impl WaitedFor {
    /// Who has written there is waited for.
    pub const fn writers(schema: &'static CStr, table: &'static CStr) -> WaitedFor {
        WaitedFor { schema, table, lock: pg_sys::RowExclusiveLock }
    }

    /// So is who has only locked a row, as by SELECT … FOR UPDATE.
    pub const fn lockers(schema: &'static CStr, table: &'static CStr) -> WaitedFor {
        WaitedFor { schema, table, lock: pg_sys::RowShareLock }
    }

    /// Whether this transaction keeps others waiting there.
    fn is_held(&self) -> bool {
        // A lock that keeps writers out needs no write; the lower ones are taken for reading as well.
        let table = session::relation(self.schema, self.table);
        table.is_some_and(|table| session::keeps_writers_out(table) || session::may_have_written(table, self.lock))
    }
}

static WAITED_FOR: OnceLock<Vec<&'static WaitedFor>> = OnceLock::new();

/// Has every PREPARE TRANSACTION of this process looked at. Called once, when the library is loaded.
pub fn guard(waited_for: impl Iterator<Item = &'static WaitedFor>) {
    WAITED_FOR.get_or_init(|| waited_for.collect());
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
    if lock::is_any_taken() || WAITED_FOR.get().into_iter().flatten().any(|table| table.is_held()) {
        session::raise_unfit(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            "a transaction that holds a market or has written money, orders, bots, users or the trail cannot be prepared",
            "Everybody else would wait for it, also after a restart: COMMIT, and make calls safe to repeat with references.",
        );
    }
}
