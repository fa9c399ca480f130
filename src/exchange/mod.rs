//! The exchange: every door turns its call into commands, and one path carries them out.
//!
//! `doors` (SQL calls), `inbox` (the bulk door) and [`sequencer`] (calls of many sessions in one transaction) make
//! [`command::Command`]s; [`venue`] locks and loads what they need, [`run`] has the core decide, [`write`] stores
//! what has changed.

mod amendments;
mod balance_rows;
mod behind;
mod calls;
mod cancel_all;
mod checks;
#[cfg(any(test, feature = "pg_test"))]
mod checks_test;
mod columns;
mod command;
mod demand;
mod depth;
mod door_rule;
mod doors;
mod drain;
mod fees;
mod front;
mod guard_tables;
mod inbox;
mod inserted;
mod left;
mod load;
mod market_calls;
mod market_row;
mod market_rows;
mod refusals;
mod result;
mod rows;
mod run;
pub mod sequencer;
pub mod settings;
mod stops;
mod suspects;
mod tables;
mod ticket;
mod transfer;
mod venue;
mod write;

use pgrx::prelude::PgSqlErrorCode;
pub use sequencer::prepare;

use crate::bourse::modules::{Module, migrations};
use crate::error::{Answer, Failure};
use crate::pg::{sequence, session};
use command::{Command, Done};
use door_rule::Door;

/// The schema `exchange`.
pub const MODULE: Module = Module {
    migrations: migrations!(
        "exchange":
        "0001_markets",
        "0002_assets",
        "0003_transfers",
        "0004_orders",
        "0005_trades",
        "0006_order_amendments",
        "0007_order_commands",
        "0008_command_rejections",
        "0009_command_attempts",
        "0010_fee_groups",
        "0011_fee_schedules",
        "0012_users",
        "0013_user_balance_view",
        "0014_order_book_view",
        "0015_ledger_entries",
    ),
    after_migrations: None,
};

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

/// So many steps make a transaction of a batch large enough: the commands that are left come in the next one.
const BATCH_STEPS: i64 = 100_000;

/// Carries out commands, in order, and writes what they have changed. A refused command changes nothing.
fn carry_out(commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    attempt(commands, None, i64::MAX)
}

/// The same for commands of several callers: the first of them, as many as one transaction should do, one at least.
fn carry_out_some(commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    attempt(commands, None, BATCH_STEPS)
}

/// Carries out commands in the caller's own transaction, if the door by which they come is open to the login.
fn carry_out_here(door: Door, commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    door.require_open()?;
    attempt(commands, Some(door), i64::MAX)
}

fn attempt(commands: &[Command], door: Option<Door>, steps: i64) -> Answer<Vec<Answer<Done>>> {
    behind::told(|| attempt_deeper(commands, door, steps))
}

fn attempt_deeper(commands: &[Command], door: Option<Door>, steps: i64) -> Answer<Vec<Answer<Done>>> {
    let mut depth = 0;
    loop {
        let mut venue = venue::Venue::open(commands, depth)?;
        for (symbol, market) in &venue.markets {
            door.map_or(Ok(()), |door| door.require_open_in(symbol, &market.row))?;
        }
        let mut work = run::Work::new(sequence::named(c"exchange", c"orders_id_seq"));
        let mut answers = Vec::with_capacity(commands.len());
        let mut short = false;
        for command in commands {
            pgrx::check_for_interrupts!();
            answers.push(work.carry_out(&mut venue, command));
            short = venue.is_short(&command.symbol);
            if short || work.steps >= steps {
                break;
            }
        }
        if !short {
            write::write(venue, work);
            return Ok(answers);
        }
        // Orders that could not be settled have left, and what stands behind them was not loaded: nothing of this has
        // been written.
        venue.close();
        depth = (depth * 8).max(64);
    }
}
