//! The numbered migrations and their runner. A migration that has been released is never edited.

use pgrx::prelude::*;

use super::Lock;
use crate::error::{Answer, Failure};

/// A migration: its version, the SQL that it runs.
type Migration = (&'static str, &'static str);

macro_rules! migration {
    ($version:literal) => {
        ($version, include_str!(concat!("../../sql/migrations/", $version, ".sql")))
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!("0001_identity_users"),
    migration!("0002_exchange_funds"),
    migration!("0003_exchange_orders"),
    migration!("0004_exchange_commands"),
    migration!("0005_exchange_views"),
    migration!("0006_exchange_order_types"),
    migration!("0007_exchange_money"),
    migration!("0008_exchange_reads"),
    migration!("0009_identity_logins"),
    migration!("0010_identity_codes"),
    migration!("0011_identity_api_keys"),
    migration!("0012_identity_credentials"),
    migration!("0013_audit_logs"),
    migration!("0014_exchange_references"),
    migration!("0015_identity_probes"),
    migration!("0016_identity_guards"),
    migration!("0017_identity_erased"),
    migration!("0018_identity_columns"),
    migration!("0019_exchange_inbox_bounds"),
    migration!("0020_exchange_doors"),
    migration!("0021_exchange_bounds"),
    migration!("0022_exchange_market_rows"),
    migration!("0023_exchange_step_limit"),
    migration!("0024_exchange_client_inserts"),
    migration!("0025_exchange_live_orders"),
    migration!("0026_bourse_at_work"),
];

const JOURNAL: &str = "
    CREATE TABLE bourse.schema_migrations (
        version    text COLLATE \"C\" PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    COMMENT ON TABLE bourse.schema_migrations IS 'Every migration that has run here. Written by bourse.migrate() only';
    GRANT SELECT ON bourse.schema_migrations TO bourse_viewer;";

/// The versions that this library carries, in order.
pub fn versions() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().map(|(version, _)| *version)
}

/// Runs what is pending, each in order, all in the caller's transaction. One session at a time: the others wait
/// and find nothing to do.
pub fn run() -> Answer<String> {
    super::require_utf8()?;
    super::session::refuse_read_only("bourse.install()");
    Lock::Migrations.acquire();
    let is_new = super::journal().is_none();
    if !is_new {
        super::require_tables()?;
    }
    Spi::connect_mut(|client| {
        if is_new {
            client.update(JOURNAL, None, &[])?;
        }
        let applied = client.update("SELECT version FROM bourse.schema_migrations", None, &[])?;
        let applied: Vec<Option<String>> = applied.map(|row| row.get(1)).collect::<Result<_, _>>()?;
        let is_applied = |version| applied.iter().any(|done| done.as_deref() == Some(version));
        let pending: Vec<&Migration> = MIGRATIONS.iter().filter(|(version, _)| !is_applied(*version)).collect();
        for (version, sql) in &pending {
            client.update(*sql, None, &[])?;
            client.update("INSERT INTO bourse.schema_migrations (version) VALUES ($1)", None, &[(*version).into()])?;
        }
        Ok(match pending.last() {
            None => format!("nothing to do: {} migrations are applied", applied.len()),
            Some((last, _)) => format!("{} migrations applied, the last is {last}", pending.len()),
        })
    })
    .map_err(|error: spi::Error| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            format!("migration failed: {error}"),
            "Nothing has changed.",
        )
    })
}
