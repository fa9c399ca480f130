//! Carrying out commands, by whatever door they have come.

use matching::MarketStatus;

use super::behind;
use super::bell::{self, Because, Bell};
use super::command::{Action, Command, Done};
use super::door_rule::Door;
use super::run::Effects;
use super::venue::Venue;
use super::write::write;
use crate::bourse;
use crate::error::Answer;
use crate::pg::sequence;
use crate::pg::value::Timestamp;

/// Refuses where the exchange cannot work: before install, on a standby, in a transaction that reads one snapshot.
pub fn require_write(command: &str) -> Answer<()> {
    bourse::require_write(command, "The book must be read after its lock is held")
}

/// So many steps make a transaction of a batch large enough: the commands that are left come in the next one.
const BATCH_STEPS: i64 = 100_000;

/// Carries out commands, in order, and writes what they have changed. A refused command changes nothing.
pub fn carry_out(commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    attempt(commands, &How::default())
}

/// The same for commands of several callers: the first of them, as many as one transaction should do, one at least.
pub fn carry_out_some(commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    attempt(commands, &How { steps: BATCH_STEPS, ..How::default() })
}

/// Carries out commands in the caller's own transaction, if the door by which they come is open to the login.
pub fn carry_out_here(door: Door, commands: &[Command]) -> Answer<Vec<Answer<Done>>> {
    door.require_open()?;
    attempt(commands, &How { door: Some(door), ..How::default() })
}

/// Gives the venue back where no bell is due. Otherwise closes it and rings: then it is to be opened again.
fn ring_due(venue: Venue) -> Answer<Option<Venue>> {
    let now = venue.now;
    let due = venue.markets.iter().filter(|(_, market)| market.row.is_bell_due(now));
    let due: Vec<_> = due.map(|(symbol, market)| (symbol.clone(), market.row.rules.status)).collect();
    if due.is_empty() {
        return Ok(Some(venue));
    }
    venue.close();
    for (symbol, before) in due {
        let bell = bell::brings(&symbol, before, now)?;
        carry_out_bell(&symbol, bell)?;
        if bell.status != before {
            bell::record_status(&symbol, before, bell.status, Because::Bell);
        }
    }
    Ok(None)
}

/// Gives a market back to its calendar, whatever its status. Returns the status that it has by its hours.
pub fn give_back(symbol: &str) -> Answer<MarketStatus> {
    let bell = bell::brings(symbol, MarketStatus::Open, Timestamp::now())?;
    carry_out_bell(symbol, bell)?;
    Ok(bell.status)
}

/// Gives a market the status that its bell brings.
fn carry_out_bell(symbol: &str, bell: Bell) -> Answer<()> {
    let command = Command::market(symbol, Action::SetStatus { status: bell.status, reason: None });
    attempt(&[command], &How { bell: Some(bell), ..How::default() }).map(|_| ())
}

/// How commands are carried out.
struct How {
    /// The door by which they come, where it may be closed to the login.
    door: Option<Door>,
    /// How many steps a transaction makes, about.
    steps: i64,
    /// The bell that rings; none: those that are due ring first.
    bell: Option<Bell>,
}

impl Default for How {
    fn default() -> How {
        How { door: None, steps: i64::MAX, bell: None }
    }
}

fn attempt(commands: &[Command], how: &How) -> Answer<Vec<Answer<Done>>> {
    behind::told(|| attempt_deeper(commands, how))
}

fn attempt_deeper(commands: &[Command], how: &How) -> Answer<Vec<Answer<Done>>> {
    let mut depth = 0;
    loop {
        let mut venue = Venue::open(commands, depth)?;
        for (symbol, market) in &venue.markets {
            how.door.map_or(Ok(()), |door| door.require_open_in(symbol, &market.row))?;
        }
        if how.bell.is_some() {
            venue.markets.values_mut().for_each(|market| market.bell = how.bell);
        } else if let Some(quiet) = ring_due(venue)? {
            venue = quiet;
        } else {
            continue;
        }
        let mut effects = Effects::new(sequence::named(c"exchange", c"orders_id_seq"));
        let mut answers = Vec::with_capacity(commands.len());
        let mut short = false;
        for command in commands {
            pgrx::check_for_interrupts!();
            answers.push(effects.carry_out(&mut venue, command));
            short = venue.is_short(&command.symbol);
            if short || effects.steps >= how.steps {
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
