//! The SQL calls, one order each: carried out here (`place_order` …) or by the sequencer (`submit_order` …).
//! Signatures, defaults and comments are in `sql/exchange/doors.sql` and `sql/exchange/sequencer.sql`.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::calls;
use super::carry_out::{carry_out, carry_out_here, require_write};
use super::command::Command;
use super::door_rule::Door;
use super::locks::CLIENTS;
use super::sequencer::submit;
use super::{market_rows, refusals, result};
use crate::error::Answer;
use crate::pg::arguments::Arguments;
use crate::pg::numeric::Numeric;
use crate::pg::owner;
use crate::pg::result::Composite;

/// Its arguments: [`OrderArguments`](super::ticket::OrderArguments).
#[pg_extern(sql = false)]
fn place_order(call: pg_sys::FunctionCallInfo) -> Result<Composite<7>, ErrorReport> {
    require_write("place_order()")?;
    Ok(one(Door::PLACE, &calls::new_order(&Arguments::of(call))?)?)
}

#[pg_extern(sql = false)]
fn cancel_order(order_id: Option<i64>) -> Result<Composite<7>, ErrorReport> {
    require_write("cancel_order()")?;
    Ok(one(Door::CANCEL, &calls::cancel(order_id)?)?)
}

#[pg_extern(sql = false)]
fn cancel_client_order(user_id: Option<i64>, client_order_id: Option<&str>) -> Result<Composite<7>, ErrorReport> {
    require_write("cancel_order()")?;
    Ok(one(Door::CANCEL, &calls::cancel_by_client(user_id, client_order_id)?)?)
}

/// What the platform does not want to rest any more: its own processes come by no door, and whoever else has it done
/// holds the market as with any other cancel.
#[pg_extern(sql = false)]
fn cancel_for_platform(order_id: Option<i64>) -> Result<(), ErrorReport> {
    require_write("cancel_for_platform()")?;
    let command = calls::cancel_for_platform(order_id)?;
    let commands = std::slice::from_ref(&command);
    let answer =
        if owner::is_login() { carry_out(commands)?.pop() } else { carry_out_here(Door::CANCEL, commands)?.pop() };
    answer.unwrap_or_else(|| Err(refusals::unknown_market(&command.symbol)))?;
    Ok(())
}

/// Who cancels in several markets holds all of them before any balance.
#[pg_extern(sql = false)]
fn hold_markets(symbols: Vec<String>) -> Result<(), ErrorReport> {
    require_write("hold_markets()")?;
    market_rows::hold_for_call(&symbols.iter().map(String::as_str).collect())?;
    Ok(())
}

/// Who asks whether a client_order_id is taken, to place an order under it, holds those of its user before he asks.
#[pg_extern(sql = false)]
fn hold_client_ids(user_id: i64) -> Result<(), ErrorReport> {
    require_write("hold_client_ids()")?;
    CLIENTS.of(user_id).acquire();
    Ok(())
}

#[pg_extern(sql = false)]
fn amend_order(
    order_id: Option<i64>,
    new_price: Option<Numeric>,
    new_amount: Option<Numeric>,
) -> Result<Composite<7>, ErrorReport> {
    require_write("amend_order()")?;
    Ok(one(Door::AMEND, &calls::amend(order_id, new_price, new_amount)?)?)
}

/// Carries out one command; a refusal is the caller's ERROR.
fn one(door: Door, command: &Command) -> Answer<Composite<7>> {
    let answer = carry_out_here(door, std::slice::from_ref(command))?.pop();
    let done = answer.unwrap_or_else(|| Err(refusals::unknown_market(&command.symbol)))?;
    Ok(result::of(command, done)?.row())
}

/// Its arguments are those of `place_order()`.
#[pg_extern(sql = false)]
fn submit_order(call: pg_sys::FunctionCallInfo) -> Result<Composite<7>, ErrorReport> {
    require_write("submit_order()")?;
    Ok(submit(&calls::new_order(&Arguments::of(call))?)?.row())
}

#[pg_extern(sql = false)]
fn submit_cancel(order_id: Option<i64>) -> Result<Composite<7>, ErrorReport> {
    require_write("submit_cancel()")?;
    Ok(submit(&calls::cancel(order_id)?)?.row())
}

#[pg_extern(sql = false)]
fn submit_client_cancel(user_id: Option<i64>, client_order_id: Option<&str>) -> Result<Composite<7>, ErrorReport> {
    require_write("submit_cancel()")?;
    Ok(submit(&calls::cancel_by_client(user_id, client_order_id)?)?.row())
}

#[pg_extern(sql = false)]
fn submit_amend(
    order_id: Option<i64>,
    new_price: Option<Numeric>,
    new_amount: Option<Numeric>,
) -> Result<Composite<7>, ErrorReport> {
    require_write("submit_amend()")?;
    Ok(submit(&calls::amend(order_id, new_price, new_amount)?)?.row())
}
