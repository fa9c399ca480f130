//! Work that can be undone alone, without the transaction around it.

use std::panic::AssertUnwindSafe;

use pgrx::{PgTryBuilder, pg_sys};

use super::worker::failure;
use crate::error::Answer;

/// Runs `work` in a subtransaction. Whatever is raised in it, or returned as a failure, undoes it alone.
pub fn attempt<T>(work: impl FnOnce() -> Answer<T>) -> Answer<T> {
    // SAFETY: reads backend variables; both outlive the subtransaction, which is begun here and ended below.
    let (memory, owner) = unsafe {
        let around = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(around.0);
        around
    };
    let outcome = PgTryBuilder::new(AssertUnwindSafe(work)).catch_others(|error| Err(failure(&error))).execute();
    // SAFETY: the subtransaction is the innermost one: whoever begins another inside ends it, or an error does.
    unsafe {
        match outcome {
            Ok(_) => pg_sys::ReleaseCurrentSubTransaction(),
            Err(_) => pg_sys::RollbackAndReleaseCurrentSubTransaction(),
        }
        pg_sys::MemoryContextSwitchTo(memory);
        pg_sys::CurrentResourceOwner = owner;
    }
    outcome
}
