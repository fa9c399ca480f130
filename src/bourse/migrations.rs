//! The runner of the migrations. A migration that has been released is never edited.

use std::cell::Cell;

use pgrx::prelude::*;

use super::modules::{Migration, all_migrations, modules};
use crate::error::{Answer, Failure};

const JOURNAL: &str = "
    CREATE TABLE bourse.schema_migrations (
        version    text COLLATE \"C\" PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    COMMENT ON TABLE bourse.schema_migrations IS 'Every migration that has run here. Written by bourse.migrate() only';
    GRANT SELECT ON bourse.schema_migrations TO bourse_viewer;";

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

/// Runs what is pending, each in order, all in the caller's transaction. One session at a time: the others wait
/// and find nothing to do.
pub fn run() -> Answer<String> {
    super::require_utf8()?;
    super::session::refuse_read_only("bourse.install()");
    super::MIGRATIONS.only().acquire();
    let is_new = super::journal().is_none();
    if !is_new {
        super::require_tables()?;
    }
    let ran = Spi::connect_mut(|client| {
        let running = Running::new();
        if is_new {
            client.update(JOURNAL, None, &[])?;
        }
        let ran = run_pending(client)?;
        drop(running);
        // A right can come with a new table, by ALTER DEFAULT PRIVILEGES.
        client.update("SELECT bourse_private.require_no_strange_rights()", None, &[])?;
        Ok(ran)
    });
    let ran = ran.map_err(|error: spi::Error| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            format!("migration failed: {error}"),
            "Nothing has changed.",
        )
    })?;
    Ok(match ran.as_slice() {
        [] => "nothing to do".to_owned(),
        _ if is_new => "installed".to_owned(),
        ran => format!("applied {}", ran.join(", ")),
    })
}

/// Returns the versions of what has run.
fn run_pending(client: &mut spi::SpiClient<'_>) -> spi::Result<Vec<&'static str>> {
    let applied = client.update("SELECT version FROM bourse.schema_migrations", None, &[])?;
    let applied: Vec<Option<String>> = applied.map(|row| row.get(1)).collect::<Result<_, _>>()?;
    let is_pending = |migration: &&Migration| !applied.iter().any(|done| done.as_deref() == Some(migration.version));
    let mut ran = Vec::new();
    for migration in all_migrations().filter(is_pending) {
        client.update(migration.sql, None, &[])?;
        client.update(
            "INSERT INTO bourse.schema_migrations (version) VALUES ($1)",
            None,
            &[migration.version.into()],
        )?;
        ran.push(migration.version);
    }
    if !ran.is_empty() {
        for sql in modules().iter().filter_map(|module| module.after_migrations) {
            client.update(sql, None, &[])?;
        }
    }
    Ok(ran)
}
