//! Transfers through the sequencer. What a transfer is and refuses stands in `sql/exchange/transfer.sql`.

use ids::UserId;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::carry_out::require_write;
use super::market_calls::positive;
use super::sequencer::{self, Errand, REFERENCE_LENGTH, Transfer};
use crate::error::{Answer, Failure};
use crate::identity;
use crate::pg::numeric::Numeric;
use crate::pg::{owner, session};

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
    Ok(sequencer::submit_errand(&Errand::Transfer(transfer))?)
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

/// Moves the money, in the transaction of the sequencer; returns the id of the debit.
pub fn carry_out(transfer: &Transfer) -> Answer<i64> {
    identity::work_for(transfer.login, transfer.from.0);
    let moved = session::as_role(owner::NAME, || {
        let amount = transfer.amount.to_string();
        let arguments = [
            transfer.from.0.into(),
            transfer.to.0.into(),
            transfer.asset.as_str().into(),
            amount.as_str().into(),
            transfer.reference.as_deref().into(),
        ];
        Spi::get_one_with_args::<i64>(
            "SELECT exchange_private.carry_out_transfer($1, $2, $3, $4::numeric, $5)",
            &arguments,
        )
    });
    moved.ok().flatten().ok_or_else(|| {
        Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, "the transfer has no id", "Nothing has moved.")
    })
}
