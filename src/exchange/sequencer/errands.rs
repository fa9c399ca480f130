//! What the sequencer does beside orders, each errand in a transaction of its own.

use super::super::cancel_all::cancel_all;
use super::super::carry_out::carry_out;
use super::super::errand::Errand;
use super::super::transfer;
use crate::bourse::{require_at_work, require_tables};
use crate::error::Answer;
use crate::pg::worker;

/// Runs an errand; returns the id of the transfer, or how many orders were cancelled.
pub fn run(errand: &Errand) -> Answer<i64> {
    worker::transaction(c"pg_bourse: an errand", || {
        require_tables()?;
        require_at_work()?;
        match errand {
            Errand::CancelAll { user, symbol } => cancel_all(*user, symbol.as_deref(), carry_out),
            Errand::Transfer(transfer) => transfer::carry_out(transfer),
        }
    })
}
