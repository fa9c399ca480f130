//! The doors by which the sequencer is given errands.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use ids::{OrderId, UserId};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::cancel_all::{scan_live, user_who_cancels};
use super::carry_out::require_write;
use super::errand::{REFERENCE_LENGTH, Sweep, Transfer};
use super::market_calls::positive;
use super::sequencer::{self, submit_sweep};
use crate::error::{Answer, Failure};
use crate::identity;
use crate::pg::numeric::Numeric;
use crate::pg::session;

/// Piece by piece: between two of them the sequencer serves whoever waits. Orders that come later are not of these.
#[pg_extern(sql = false)]
fn submit_cancel_all(user_id: Option<i64>, symbol: Option<&str>) -> Result<i64, ErrorReport> {
    let user = user_who_cancels("submit_cancel_all()", user_id, symbol)?;
    let mut symbols: BTreeSet<String> = symbol.into_iter().map(str::to_owned).collect();
    let mut newest = OrderId(0);
    scan_live(user, symbol, OrderId(0), |id, symbol| {
        newest = newest.max(id);
        if !symbols.contains(symbol) {
            symbols.insert(symbol.to_owned());
        }
        ControlFlow::Continue(())
    });
    // The sequencer is asked also when there is nothing to do: it may be paused, or missing.
    if symbols.is_empty() {
        symbols.insert(String::new());
    }
    let mut cancelled = 0;
    for symbol in symbols {
        let mut next = Some(OrderId(0));
        while let Some(after) = next {
            let piece = submit_sweep(&Sweep { user, symbol: symbol.clone(), after, newest })?;
            cancelled += piece.cancelled;
            next = piece.last;
        }
    }
    Ok(cancelled)
}

#[pg_extern(sql = false)]
fn submit_transfer(
    from_user_id: Option<i64>,
    to_user_id: Option<i64>,
    asset: Option<&str>,
    amount: Option<Numeric>,
    reference: Option<&str>,
) -> Result<i64, ErrorReport> {
    require_write("submit_transfer()")?;
    let amount = positive("amount", amount)?;
    let asset = checked_asset(asset)?;
    let from = from_user_id.ok_or_else(|| Failure::null("from_user_id"))?;
    identity::require_acts_for(from)?;
    let to = to_user_id.ok_or_else(|| Failure::null("to_user_id"))?;
    let reference = reference.map(checked_reference).transpose()?;
    let login = session::login().to_u32();
    let transfer = Transfer { from: UserId(from), to: UserId(to), asset, amount, reference, login };
    Ok(sequencer::submit_transfer(&transfer)?)
}

/// An asset that the ring can carry; whether it names one, the transfer itself says.
fn checked_asset(asset: Option<&str>) -> Answer<String> {
    let asset = asset.ok_or_else(|| Failure::null("asset"))?;
    if asset.len() > 10 {
        return Err(Failure::invalid(
            format!("an asset of {} bytes is none", asset.len()),
            "An asset is 1 to 10 capital letters and digits, like USD or BTC.",
        ));
    }
    Ok(asset.to_owned())
}

fn checked_reference(reference: &str) -> Answer<String> {
    let length = reference.chars().count();
    if length > REFERENCE_LENGTH {
        return Err(Failure::invalid(
            format!("reference has {length} characters"),
            format!("Give a reference of 1 to {REFERENCE_LENGTH} characters, or none."),
        ));
    }
    Ok(reference.to_owned())
}
