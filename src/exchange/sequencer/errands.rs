//! What the sequencer does beside orders, each errand in a transaction of its own.

use super::super::cancel_all::cancel_piece;
use super::super::errand::Errand;
use super::super::transfer;
use super::message::WorkOutcome;
use crate::bourse::{require_at_work, require_tables};
use crate::error::Answer;
use crate::pg::worker;

/// Runs an errand.
pub fn run(errand: &Errand) -> Answer<WorkOutcome> {
    worker::transaction(c"pg_bourse: an errand", || {
        require_tables()?;
        require_at_work()?;
        match errand {
            Errand::Sweep(sweep) => cancel_piece(sweep).map(WorkOutcome::Piece),
            Errand::Transfer(transfer) => transfer::carry_out(transfer).map(WorkOutcome::Number),
        }
    })
}
