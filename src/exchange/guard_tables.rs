//! Keeps off the tables of the engine what would not see all that it writes there.

use pgrx::prelude::*;

use crate::pg::event;

#[pg_extern(sql = false)]
fn refuse_unfired_code(call: pg_sys::FunctionCallInfo) {
    event::look(call, "exchange_private.require_no_unfired_code");
}
