//! Commands of the inbox that may have ended the process that carried them out.
//!
//! What stands in the inbox when a sequencer starts may be why the last one has ended. Until that is carried out, each
//! batch is noted in a transaction of its own before it is tried (`exchange.command_attempts`), and the note goes with
//! the batch. A note that is there at the next start names the commands among which the process has ended: they are
//! tried one by one, and one that has ended its process twice when it was alone is set aside. What comes later is
//! carried out without notes.

use std::ops::ControlFlow;

use pgrx::PgSqlErrorCode;

use super::fields::command_attempts;
use super::inbox::{self, Wanted};
use super::locks::INBOX;
use super::tables;
use crate::error::{Answer, Failure};
use crate::pg::table::Table;
use crate::pg::{attached, session};

/// After so many tries alone a command is set aside.
const MOST_TRIES: i64 = 2;

/// What the sequencer was carrying out.
#[derive(Clone, Copy)]
struct Attempt {
    first: i64,
    last: i64,
    tries: i64,
}

/// The commands that were there at the start.
pub struct Suspects {
    /// Up to this id.
    until: i64,
    /// What the last process has left behind.
    found: Option<Attempt>,
}

/// What is to be done next.
pub enum Next {
    /// No suspect waits any more.
    Nothing,
    /// Somebody else drains the inbox.
    Busy,
    /// One command has been set aside.
    SetAside,
    /// These are noted, and can be tried.
    Try(Wanted<'static>),
}

impl Suspects {
    /// Looks at what is there, and at what the last process has left behind.
    pub fn at_start() -> Suspects {
        let until = inbox::highest_id().unwrap_or(i64::MIN);
        let mut table = Table::open(&tables::COMMAND_ATTEMPTS);
        let index = table.index(c"command_attempts_pkey");
        let found = table.find(index, &[], |row| {
            let attempt = command_attempts::of(row);
            Attempt { first: attempt.first_id(), last: attempt.last_id(), tries: attempt.tries() }
        });
        table.close();
        Suspects { until, found }
    }

    /// Notes which of them are to be tried next: at most so many, and one alone where the last process has ended.
    pub fn note(&mut self, most: usize) -> Answer<Next> {
        if !INBOX.only().try_acquire() {
            return Ok(Next::Busy);
        }
        let first = inbox::waiting(1, self.until).first().copied();
        self.found = self.found.filter(|found| first.is_some_and(|first| first <= found.last));
        let most = if self.found.is_some() { 1 } else { most };
        let ids = inbox::waiting(most, self.until);
        let (Some(first), Some(last)) = (ids.first().copied(), ids.last().copied()) else {
            forget();
            return Ok(Next::Nothing);
        };
        let alone = self.found.filter(|found| (found.first, found.last) == (first, first));
        let tries = alone.map_or(0, |found| found.tries);
        if tries >= MOST_TRIES {
            inbox::set_aside(first, &ended_its_process())?;
            inbox::tell_of_aside(first, &ended_its_process());
            forget();
            return Ok(Next::SetAside);
        }
        write(Attempt { first, last, tries: tries + 1 });
        Ok(Next::Try(Wanted { symbol: None, most, until: last }))
    }
}

fn ended_its_process() -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_SYSTEM_ERROR,
        "the process that carried out this command has ended each time",
        "See the server log.",
    )
}

/// Deletes the note: with the batch, or when that could not be carried out for another reason.
pub fn forget() {
    attached::firing(delete_all);
}

fn delete_all() {
    let mut table = Table::open(&tables::COMMAND_ATTEMPTS);
    let index = table.index(c"command_attempts_pkey");
    let mut rows = Vec::new();
    table.scan(index, &[], |row| {
        rows.push(row.tid());
        ControlFlow::Continue(())
    });
    rows.into_iter().for_each(|row| table.delete(row));
    table.close();
    session::advance();
}

fn write(attempt: Attempt) {
    forget();
    let mut table = Table::open(&tables::COMMAND_ATTEMPTS);
    let Attempt { first, last, tries } = attempt;
    attached::firing(|| command_attempts::New { first_id: first, last_id: last, tries }.insert(&mut table));
    table.close();
    session::advance();
}
