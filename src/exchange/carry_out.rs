//! Carrying out commands, by whatever door they have come.

use pgrx::prelude::PgSqlErrorCode;

use super::behind;
use super::command::{Command, Done};
use super::door_rule::Door;
use super::run::Effects;
use super::venue::Venue;
use super::write::write;
use crate::bourse::require_tables;
use crate::error::{Answer, Failure};
use crate::pg::{sequence, session};

/// Refuses where the exchange cannot work: before install, on a standby, in a transaction that reads one snapshot.
pub fn require_write(command: &str) -> Answer<()> {
    require_tables()?;
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
pub fn carry_out(commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    attempt(commands, None, i64::MAX)
}

/// The same for commands of several callers: the first of them, as many as one transaction should do, one at least.
pub fn carry_out_some(commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    attempt(commands, None, BATCH_STEPS)
}

/// Carries out commands in the caller's own transaction, if the door by which they come is open to the login.
pub fn carry_out_here(door: Door, commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    door.require_open()?;
    attempt(commands, Some(door), i64::MAX)
}

fn attempt(commands: &[Command], door: Option<Door>, steps: i64) -> Answer<Vec<Answer<Done>>> {
    behind::told(|| attempt_deeper(commands, door, steps))
}

fn attempt_deeper(commands: &[Command], door: Option<Door>, steps: i64) -> Answer<Vec<Answer<Done>>> {
    let mut depth = 0;
    loop {
        let mut venue = Venue::open(commands, depth)?;
        for (symbol, market) in &venue.markets {
            door.map_or(Ok(()), |door| door.require_open_in(symbol, &market.row))?;
        }
        let mut effects = Effects::new(sequence::named(c"exchange", c"orders_id_seq"));
        let mut answers = Vec::with_capacity(commands.len());
        let mut short = false;
        for command in commands {
            pgrx::check_for_interrupts!();
            answers.push(effects.carry_out(&mut venue, command));
            short = venue.is_short(&command.symbol);
            if short || effects.steps >= steps {
                break;
            }
        }
        if !short {
            write(venue, effects);
            return Ok(answers);
        }
        // Orders that could not be settled have left, and what stands behind them was not loaded: nothing of this has
        // been written.
        venue.close();
        depth = (depth * 8).max(64);
    }
}
