//! The exchange: every door turns its call into commands, and one path carries them out.
//!
//! `doors` (SQL calls), `inbox` (the bulk door) and [`sequencer`] (calls of many sessions in one transaction) make
//! [`command::Command`]s; [`venue`] locks and loads what they need, [`run`] has the core decide, [`write`] stores
//! what has changed.

mod amendments;
mod balance_rows;
mod calls;
mod cancel_all;
mod columns;
mod command;
mod demand;
mod depth;
mod door_rule;
mod doors;
mod fees;
mod inbox;
mod inserted;
mod left;
mod load;
mod market_calls;
mod refusals;
mod result;
mod rows;
mod run;
pub mod sequencer;
mod stops;
mod ticket;
mod transfer;
mod venue;
mod write;

use pgrx::prelude::PgSqlErrorCode;
pub use sequencer::prepare;

use crate::error::{Answer, Failure};
use crate::pg::session;
use command::{Command, Done};
use door_rule::Door;

/// Refuses where the exchange cannot work: before install, on a standby, in a transaction that reads one snapshot.
fn require_write(command: &str) -> Answer<()> {
    crate::bourse::require_tables()?;
    session::refuse_read_only(command);
    if session::reads_one_snapshot() {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION,
            format!("{command} needs READ COMMITTED"),
            "The book must be read after its lock is held: BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED.",
        ));
    }
    Ok(())
}

/// Carries out commands, in order, and writes what they have changed. A refused command changes nothing.
fn carry_out(commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    attempt(commands, None)
}

/// Carries out commands in the caller's own transaction, if the door by which they come is open to the login.
fn carry_out_here(door: Door, commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    door.require_open()?;
    attempt(commands, Some(door))
}

fn attempt(commands: &[Command], door: Option<Door>) -> Answer<Vec<Answer<Done>>> {
    let mut depth = 0;
    loop {
        let mut venue = venue::Venue::open(commands, depth);
        for (symbol, market) in &venue.markets {
            door.map_or(Ok(()), |door| door.require_open_in(symbol, &market.row))?;
        }
        let mut work = run::Work::new(write::sequence(c"orders_id_seq"));
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            pgrx::check_for_interrupts!();
            answers.push(work.carry_out(&mut venue, command));
            if venue.is_short(&command.symbol) {
                break;
            }
        }
        if answers.len() == commands.len() && !commands.last().is_some_and(|last| venue.is_short(&last.symbol)) {
            write::write(venue, work);
            return Ok(answers);
        }
        // Orders that could not be settled have left, and what stands behind them was not loaded: nothing of this has
        // been written.
        venue.close();
        depth = (depth * 8).max(64);
    }
}
