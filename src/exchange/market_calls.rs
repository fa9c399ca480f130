//! The SQL calls that concern a market as a whole.

use std::collections::BTreeSet;

use matching::MarketStatus;
use money::Money;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::bell::{Because, record_status};
use super::carry_out::{carry_out, give_back, require_write};
use super::command::{Action, Command, Done};
use super::market_row::require_market;
use super::rows::MarketRow;
use super::ticket::exact;
use super::{market_rows, refusals, stops};
use crate::error::{Answer, Failure, clip};
use crate::pg::numeric::Numeric;

/// So many characters has a reason at most.
const LONGEST_REASON: usize = 200;

#[pg_extern(sql = false)]
fn set_market_status(symbol: Option<&str>, status: Option<&str>, reason: Option<&str>) -> Result<String, ErrorReport> {
    require_write("set_market_status()")?;
    let symbol = symbol.ok_or_else(|| Failure::null("symbol"))?;
    let given = status.ok_or_else(|| Failure::null("status"))?;
    let status = MarketStatus::parse(given).ok_or_else(|| {
        Failure::invalid(
            format!("{:?} is no market status", clip(given)),
            "A status is open, halted, cancel_only, auction or closed.",
        )
    })?;
    let length = reason.map_or(1, |reason| reason.chars().count());
    if !(1..=LONGEST_REASON).contains(&length) {
        let hint = format!("Give 1 to {LONGEST_REASON} characters, or NULL.");
        return Err(Failure::invalid(format!("reason has {length} characters"), hint).into());
    }
    // Held from here on: nobody else changes the status between the two readings. A bell that is due rings first.
    market(symbol, Action::Stops)?;
    let held = hold_market(symbol)?;
    let before = held.rules.status;
    if status == MarketStatus::Open && held.keeps_hours {
        give_back(symbol)?;
    } else {
        market(symbol, Action::SetStatus { status, reason: reason.map(str::to_owned) })?;
    }
    let after = hold_market(symbol)?.rules.status;
    if after != before || reason.is_some() {
        record_status(symbol, before, after, Because::Operator(reason));
    }
    if held.keeps_hours && after != status {
        notice!("market {symbol} keeps the hours of its calendar, and is {}", after.as_str());
    }
    Ok(after.as_str().to_owned())
}

#[pg_extern(sql = false)]
fn expire_orders(symbol: Option<&str>) -> Result<i64, ErrorReport> {
    require_write("expire_orders()")?;
    let symbol = symbol.ok_or_else(|| Failure::null("symbol"))?;
    Ok(market(symbol, Action::Expire)? as i64)
}

/// Rings the bell of a market, if it is due: every command begins with that. Returns in how many markets.
#[pg_extern(sql = false)]
fn ring_bells(symbol: &str) -> Result<i64, ErrorReport> {
    require_write("ring_bells()")?;
    Ok(stops::enter(&[symbol.to_owned()])? as i64)
}

/// Holds a market to the end of the transaction, and reads its row.
fn hold_market(symbol: &str) -> Answer<MarketRow> {
    let held = market_rows::hold_for_call(&BTreeSet::from([symbol]))?.pop();
    held.map(|(_, row)| row).ok_or_else(|| refusals::unknown_market(symbol))
}

/// Carries out a command to a market itself.
fn market(symbol: &str, action: Action) -> Answer<usize> {
    require_market(symbol)?;
    match carry_out(&[Command::market(symbol, action)])?.pop() {
        Some(Ok(Done::Market(count))) => Ok(count),
        Some(Err(failure)) => Err(failure),
        Some(Ok(_)) | None => Ok(0),
    }
}

#[pg_extern(sql = false)]
fn require_amount(name: Option<&str>, amount: Option<Numeric>) -> Result<(), ErrorReport> {
    positive(name.unwrap_or("amount"), amount)?;
    Ok(())
}

/// An exact amount above zero.
pub fn positive(name: &str, amount: Option<Numeric>) -> Answer<Money> {
    let value = exact(name, amount)?;
    if value <= Money::ZERO {
        return Err(Failure::invalid(format!("{name} {value} is not positive"), format!("Give {name} above zero.")));
    }
    Ok(value)
}
