//! The bulk door: has what stands in the inbox carried out.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::carry_out::require_write;
use super::door_rule::Door;
use super::drain::drain;
use super::inbox::Wanted;
use super::locks::INBOX;
use super::market_row::require_market;
use super::stops;
use crate::error::{Answer, Failure};
use crate::pg::procedure;

/// Drains the inbox. The caller sees nothing of what others have queued before it stands, and can take nothing back.
#[pg_extern(sql = false)]
fn match_orders(
    symbol: Option<&str>,
    batch_size: Option<i32>,
    call: pg_sys::FunctionCallInfo,
) -> Result<(), ErrorReport> {
    let most = admit(symbol, batch_size)?;
    let symbol = symbol.map(str::to_owned);
    Ok(procedure::in_own_transactions(call, "match_orders()", || {
        Ok(next_batch(Wanted { symbol: symbol.as_deref(), most, until: i64::MAX })? > 0)
    })?)
}

/// One batch as part of the caller's transaction. Granted to nobody: whoever can roll it back has looked for nothing.
#[pg_extern(sql = false)]
fn match_batch(symbol: Option<&str>, batch_size: Option<i32>) -> Result<i64, ErrorReport> {
    let most = admit(symbol, batch_size)?;
    Ok(next_batch(Wanted { symbol, most, until: i64::MAX })? as i64)
}

/// Refuses who may not drain the inbox, and arguments that name nothing; returns the size of a batch.
fn admit(symbol: Option<&str>, batch_size: Option<i32>) -> Answer<usize> {
    require_write("match_orders()")?;
    let most = batch_size.filter(|n| *n > 0).ok_or_else(|| {
        let given = batch_size.map_or("NULL".to_owned(), |n| n.to_string());
        Failure::invalid(format!("batch_size is {given}"), "Take at least one command to a batch.")
    })?;
    if let Some(symbol) = symbol {
        require_market(symbol)?;
    }
    Door::DRAIN.require_open_everywhere(symbol)?;
    Ok(most as usize)
}

/// Carries out the next commands, when nobody else is at it any more: they are carried out in order of id.
fn next_batch(wanted: Wanted<'_>) -> Answer<usize> {
    require_write("match_orders()")?;
    INBOX.only().acquire();
    match drain(wanted)? {
        // Nothing waits: what cascades have left goes on.
        0 => stops::enter(&stops::left(wanted.symbol)),
        count => Ok(count),
    }
}

/// Carries out the next commands, unless somebody else is at it. Returns how many.
pub fn drain_if_free(wanted: Wanted<'_>) -> Answer<usize> {
    if INBOX.only().try_acquire() { drain(wanted) } else { Ok(0) }
}
