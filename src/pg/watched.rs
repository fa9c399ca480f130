//! One table whose changes of definition are told to every session.

use std::cell::Cell;

use pgrx::{pg_guard, pg_sys};

thread_local! {
    static WATCHED: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::InvalidOid) };
    static CHANGES: Cell<u64> = const { Cell::new(0) };
}

/// How many changes of this table the session has heard of since it first asked. It watches one: asked about another, it
/// has heard of one more.
pub fn changes(table: pg_sys::Oid) -> u64 {
    if WATCHED.get() != table {
        if WATCHED.replace(table) == pg_sys::InvalidOid {
            // SAFETY: registered once, when the first table is watched; the callback touches nothing but two variables.
            unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(changed), pg_sys::Datum::null()) };
        }
        CHANGES.set(CHANGES.get() + 1);
    }
    CHANGES.get()
}

/// Tells every session that this table has changed, when the transaction commits.
pub fn announce(table: pg_sys::Oid) {
    // SAFETY: queues a message about a table that the caller has found, for this session and the others.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(table) };
}

/// InvalidOid stands for every table.
#[pg_guard]
extern "C-unwind" fn changed(_argument: pg_sys::Datum, table: pg_sys::Oid) {
    if table == WATCHED.get() || table == pg_sys::InvalidOid {
        CHANGES.set(CHANGES.get() + 1);
    }
}
