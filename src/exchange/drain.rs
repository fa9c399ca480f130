//! Draining the inbox although a command raises an error: whose fault that is, and what becomes of the command.

use std::collections::HashMap;

use super::inbox::{self, Skipped, Tried, Wanted};
use crate::error::{Answer, Failure};
use crate::pg::{attached, subtransaction};

/// Whose fault an error was that was raised while commands were carried out. (A refusal of our own is an answer, not an
/// error that is raised.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    /// What the operator has put on the tables does not take what the command asks for.
    Command,
    /// Somebody is in the way, or the server or the tables are fit for no command.
    Database,
    /// A row, or a page, holds what cannot be: the market that it is of stands still.
    Row,
    /// Nobody knows.
    Unclear,
}

impl Blame {
    /// Of an error that has just been caught. What the operator's triggers and constraints raise, whatever they call
    /// it, may be about this one command: only a conflict, a lack or a cancel is the database's then. A SQLSTATE of
    /// their own arrives as XX000.
    fn here(failure: &Failure) -> Blame {
        let is_foreign = attached::has_raised();
        match Blame::of(failure) {
            Blame::Database if is_foreign && !matches!(&failure.sqlstate()[..2], "40" | "53" | "57" | "58") => {
                Blame::Unclear
            }
            Blame::Row if is_foreign => Blame::Unclear,
            Blame::Unclear if is_foreign && failure.sqlstate() == "XX000" => Blame::Command,
            blame => blame,
        }
    }

    fn of(failure: &Failure) -> Blame {
        if failure.is_of_a_row() {
            return Blame::Row;
        }
        let sqlstate = failure.sqlstate();
        match (&sqlstate[..2], sqlstate.as_str()) {
            // A sequence has come to its end.
            ("08" | "25" | "40" | "53" | "55" | "57" | "58" | "F0", _) | (_, "2200H") => Blame::Database,
            // The engine leaves no column out but those that it does not know; the stack is the server's.
            (_, "23502" | "54001") => Blame::Unclear,
            // Bad values, constraints, rows too large for an index, RAISE.
            ("22" | "23" | "44" | "54", _) | (_, "P0001") => Blame::Command,
            ("XX" | "P0", _) => Blame::Unclear,
            // The classes that are nobody's are for those who RAISE.
            (class, _) if class.starts_with(|first: char| first.is_ascii_uppercase() && first > 'H') => Blame::Command,
            _ => Blame::Unclear,
        }
    }
}

/// So many commands of one user raise an error that may be anybody's: his others wait, and those of others are tried.
const MOST_UNCLEAR: usize = 16;
/// Commands of so many users do, and none is carried out: it is not theirs.
const MOST_USERS: usize = 16;

/// What a drain has come to.
#[derive(Default)]
struct Drained {
    /// Commands that have left the inbox.
    done: usize,
    /// Those of them that were accepted.
    accepted: usize,
    /// Those that are set aside.
    aside: Vec<(i64, Failure)>,
    /// How many commands of a user have raised an error of unclear origin.
    unclear: HashMap<i64, usize>,
    /// Markets with a row that cannot be, and users with many such commands: theirs wait, and those of others are
    /// carried out.
    skipped: Skipped,
    /// What the first of them was stopped by.
    stopped_by: Option<Failure>,
}

/// Carries out the next commands. The caller holds the inbox. A command that raises an error of unclear origin is set
/// aside if others are accepted beside it, and is not touched if none is: then the fault is the database's, and may go.
/// Where nothing is left but commands of stopped markets it fails.
pub fn drain(wanted: Wanted<'_>) -> Answer<usize> {
    let mut drained = Drained::default();
    drain_into(&mut drained, wanted)?;
    let is_idle = drained.done + drained.aside.len() == 0;
    match (drained.aside.first(), drained.stopped_by) {
        (Some((_, failure)), _) if drained.accepted == 0 => Err(failure.clone()),
        (_, Some(failure)) if is_idle => Err(failure),
        _ => {
            drained.aside.iter().for_each(|(id, failure)| inbox::tell_of_aside(*id, failure));
            Ok(drained.done + drained.aside.len())
        }
    }
}

/// The same. Where an error stops all of them, each half is tried alone, down to the one command that is to blame.
fn drain_into(drained: &mut Drained, wanted: Wanted<'_>) -> Answer<()> {
    let mut tried = Tried::default();
    let failure = match subtransaction::attempt(|| inbox::batch(wanted, &drained.skipped, &mut tried)) {
        Ok((done, accepted)) => {
            drained.done += done;
            drained.accepted += accepted;
            return Ok(());
        }
        Err(failure) => failure,
    };
    match (tried.ids.len(), Blame::here(&failure)) {
        (0, _) | (_, Blame::Database) => Err(failure),
        (1, Blame::Row) => {
            drained.skipped.symbols.insert(tried.symbol.ok_or_else(|| failure.clone())?);
            drained.stopped_by.get_or_insert(failure);
            Ok(())
        }
        (1, Blame::Command) => {
            let id = tried.ids[0];
            match subtransaction::attempt(|| inbox::refuse(id, &failure)) {
                Ok(()) => drained.done += 1,
                Err(worse) if matches!(Blame::here(&worse), Blame::Database | Blame::Row) => return Err(worse),
                Err(worse) => {
                    put_aside(drained, id, worse)?;
                    // It is the command's own, and only its refusal finds no place.
                    drained.accepted += 1;
                }
            }
            Ok(())
        }
        (1, Blame::Unclear) => {
            if drained.accepted == 0 && drained.skipped.users.len() >= MOST_USERS {
                return Err(failure);
            }
            let of_user =
                tried.user.map(|user| (user, *drained.unclear.entry(user).and_modify(|n| *n += 1).or_insert(1)));
            drained.skipped.users.extend(of_user.filter(|(_, count)| *count >= MOST_UNCLEAR).map(|(user, _)| user));
            put_aside(drained, tried.ids[0], failure)
        }
        (count, _) => {
            let half = count / 2;
            drain_into(drained, Wanted { most: half, ..wanted })?;
            drain_into(drained, Wanted { most: count - half, ..wanted })
        }
    }
}

/// Sets a command aside that could neither be carried out nor refused.
fn put_aside(drained: &mut Drained, id: i64, failure: Failure) -> Answer<()> {
    subtransaction::attempt(|| inbox::set_aside(id, &failure))?;
    drained.aside.push((id, failure));
    Ok(())
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use pgrx::PgSqlErrorCode;
    use pgrx::prelude::pg_test;

    use super::*;

    #[pg_test]
    fn an_error_of_the_database_is_no_commands() {
        use PgSqlErrorCode as Code;
        let blame = |code| Blame::of(&Failure::new(code, "", ""));
        for code in [
            Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            Code::ERRCODE_DISK_FULL,
            Code::ERRCODE_T_R_DEADLOCK_DETECTED,
            Code::ERRCODE_LOCK_NOT_AVAILABLE,
            Code::ERRCODE_QUERY_CANCELED,
            Code::ERRCODE_SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
        ] {
            assert_eq!(blame(code), Blame::Database, "{code:?}");
        }
        for code in [
            Code::ERRCODE_INTERNAL_ERROR,
            Code::ERRCODE_UNDEFINED_FUNCTION,
            Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Code::ERRCODE_NOT_NULL_VIOLATION,
            Code::ERRCODE_NO_DATA_FOUND,
        ] {
            assert_eq!(blame(code), Blame::Unclear, "{code:?}");
        }
        for code in [Code::ERRCODE_DATA_CORRUPTED, Code::ERRCODE_INDEX_CORRUPTED] {
            assert_eq!(blame(code), Blame::Row, "{code:?}");
        }
        for code in [Code::ERRCODE_CHECK_VIOLATION, Code::ERRCODE_DIVISION_BY_ZERO, Code::ERRCODE_RAISE_EXCEPTION] {
            assert_eq!(blame(code), Blame::Command, "{code:?}");
        }
    }
}
