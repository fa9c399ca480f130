//! A transfer in the transaction of the sequencer. What it is and refuses stands in `sql/exchange/transfer.sql`.

use pgrx::prelude::*;

use super::errand::Transfer;
use crate::error::{Answer, Failure};
use crate::identity;
use crate::pg::{owner, session};

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
