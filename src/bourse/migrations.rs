//! The runner of the migrations. A migration that has been released is never edited.

use std::cell::Cell;
use std::ffi::CStr;
use std::time::{Duration, Instant};

use pgrx::prelude::*;

use super::journal::{self, Journal};
use super::modules::{Migration, modules};
use crate::error::{Answer, Failure};
use crate::pg::subtransaction::attempt;
use crate::pg::{owner, session};

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this session is running migrations.
pub fn are_running() -> bool {
    RUNNING.get()
}

/// While it lives, migrations are running.
struct Running;

impl Running {
    fn new() -> Running {
        RUNNING.set(true);
        Running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.set(false);
    }
}

/// How long a migration waits for a lock, where the session has set no `lock_timeout`: whoever wants the same table
/// waits behind it.
const PATIENCE: &CStr = c"5s";

/// Runs what is pending, each in order, all in the caller's transaction, or tries it and undoes it. One session at a time:
/// the others wait and find nothing to do.
pub fn run(dry_run: bool) -> Answer<String> {
    super::require_utf8()?;
    session::refuse_read_only("bourse.install()");
    super::MIGRATIONS.only().acquire();
    let is_new = super::journal().is_none();
    if !is_new {
        super::require_owned()?;
    }
    if dry_run {
        return tried();
    }
    let Done { ran, waits } = run_pending(is_new)?;
    Ok(match ran.as_slice() {
        [] => "nothing to do".to_owned(),
        _ if is_new => "installed".to_owned(),
        ran => format!("applied {}{}", names(ran), waits.map(|waits| format!("; {waits}")).unwrap_or_default()),
    })
}

/// What a run has done, and what it has left for later.
struct Done {
    ran: Vec<Ran>,
    /// The first migration that could not run yet, and what it waits for.
    waits: Option<String>,
}

/// A migration that has run, and how long it took.
struct Ran(&'static str, Duration);

fn names(ran: &[Ran]) -> String {
    ran.iter().map(|Ran(version, _)| *version).collect::<Vec<_>>().join(", ")
}

/// Tables of ours that nobody else can read before the transaction ends; $1: those that were there before.
const HELD_ALONE: &str = "
    SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY n.nspname, c.relname)
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_backend_pid() AND l.mode = 'AccessExclusiveLock' AND l.relation = ANY ($1)";
const TABLES: &str = "
    SELECT array_agg(c.oid) FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND c.relowner = 'bourse_owner'::regrole AND c.relname NOT IN ('schema_migrations', 'data_migrations')";

/// What would happen: all of it runs and is undone. Tables that were there are named where nobody could read them
/// meanwhile.
fn tried() -> Answer<String> {
    let before: Option<Vec<pg_sys::Oid>> = Spi::get_one(TABLES).map_err(unexpected)?;
    let mut told = None;
    let undone = attempt(|| -> Answer<()> {
        let Done { ran, .. } = run_pending(false)?;
        let held: Option<String> = Spi::get_one_with_args(HELD_ALONE, &[before.into()]).map_err(unexpected)?;
        told = Some((ran, held));
        Err(Failure::new(PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION, "the end of a dry run", ""))
    });
    let Some((ran, held)) = told else { return undone.map(|()| String::new()) };
    if ran.is_empty() {
        return Ok("nothing to do".to_owned());
    }
    let took: Duration = ran.iter().map(|Ran(_, took)| *took).sum();
    let held = held.map_or("no table that is there".to_owned(), |tables| format!("{tables} meanwhile"));
    Ok(format!("would apply {} in {} ms, keeping all out of {held}", names(&ran), took.as_millis()))
}

/// Runs all of them, up to the first that waits for rows.
fn run_pending(is_new: bool) -> Answer<Done> {
    let level = session::guard_settings();
    if session::waits_for_ever() {
        session::set_for_now(c"lock_timeout", PATIENCE);
    }
    let running = Running::new();
    let ran = Spi::connect_mut(|client| {
        let journal = Journal::open(client, is_new).map_err(unexpected)?;
        journal.require_ours()?;
        journal.adopt(client).map_err(unexpected)?;
        let mut done = Done { ran: Vec::new(), waits: None };
        for migration in journal.pending() {
            done.waits = waits(client, migration).map_err(unexpected)?;
            match &done.waits {
                Some(waits) if done.ran.is_empty() => return Err(not_yet(waits)),
                Some(_) => break,
                None => done.ran.push(Ran(migration.version, apply(client, migration)?)),
            }
        }
        finish(client, !done.ran.is_empty()).map_err(unexpected)?;
        Ok(done)
    });
    drop(running);
    session::restore_settings(level);
    ran
}

/// That a migration waits for what an earlier one of its schema has left to be done to rows; whatever comes behind it
/// may be built on it, and waits too.
fn waits(client: &mut spi::SpiClient<'_>, migration: &Migration) -> spi::Result<Option<String>> {
    let query = "SELECT bourse_private.unfinished_before($1)";
    let before: Option<String> = client.update(query, Some(1), &[migration.version.into()])?.first().get(1)?;
    Ok(before.map(|before| format!("migration {} waits for the rows of {before}", migration.version)))
}

fn not_yet(waits: &str) -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        waits,
        "CALL bourse.migrate_data(); then migrate() again. Nothing has changed.",
    )
}

/// Runs one, and notes it. What goes wrong is told with its name, and how to go on.
fn apply(client: &mut spi::SpiClient<'_>, migration: &Migration) -> Answer<Duration> {
    let began = Instant::now();
    let done = attempt(|| {
        client.update(migration.sql, None, &[]).map_err(unexpected)?;
        Ok(began.elapsed())
    });
    let took = done.map_err(|failure| failed(migration, failure))?;
    journal::note(client, migration, took).map_err(unexpected)?;
    client.update("SELECT bourse_private.finish_empty_data_migrations()", None, &[]).map_err(unexpected)?;
    Ok(took)
}

fn failed(migration: &Migration, failure: Failure) -> Failure {
    let hint = if failure.code == PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE {
        "Nothing has changed. Another transaction has the table, and whoever came behind would have waited: end it, or try \
         again later; SET lock_timeout waits longer."
    } else {
        "Nothing has changed: all migrations run in one transaction."
    };
    Failure::new(failure.code, format!("migration {}: {}", migration.version, failure.message), hint)
}

/// A batch of what migrations have left to be done to rows, after a pause of so many microseconds; whether there is
/// more. With the rights of migrations.
pub fn next_batch(batch_size: i32, pause: i64) -> Answer<bool> {
    const QUERY: &str = "SELECT bourse_private.migrate_batch($1, $2)";
    let more = session::as_role(owner::NAME, || Spi::get_one_with_args(QUERY, &[batch_size.into(), pause.into()]));
    more.map(|more| more.unwrap_or(false)).map_err(unexpected)
}

/// What stands behind the migrations, and what every run looks at.
fn finish(client: &mut spi::SpiClient<'_>, has_run: bool) -> spi::Result<()> {
    if has_run {
        for sql in modules().iter().filter_map(|module| module.after_migrations) {
            client.update(sql, None, &[])?;
        }
        journal::tell_sessions();
    }
    client.update("SELECT bourse_private.drop_left_overs()", None, &[])?;
    // A right can come with a new table, by ALTER DEFAULT PRIVILEGES.
    client.update("SELECT bourse_private.require_no_strange_rights()", None, &[])?;
    Ok(())
}

fn unexpected(error: spi::Error) -> Failure {
    let message = format!("migration failed: {error}");
    Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message, "Nothing has changed.")
}
