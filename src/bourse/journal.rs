//! `bourse.schema_migrations`: what has run in this database, with which contents, and whether this library knows it.

use std::cell::Cell;
use std::fmt::Write;
use std::time::Duration;

use pgrx::prelude::*;
use sha2::{Digest, Sha256};

use super::modules::{Migration, all_migrations};
use crate::error::{Answer, Failure};
use crate::pg::{session, watched};

const TABLE: &str = r#"
    CREATE TABLE bourse.schema_migrations (
        version    text COLLATE "C" PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    COMMENT ON TABLE bourse.schema_migrations IS 'Every migration that has run here. Written by bourse.migrate() only';
    GRANT SELECT ON bourse.schema_migrations TO bourse_viewer"#;

/// A journal that an older version has made gets them too.
const COLUMNS: &str = "
    ALTER TABLE bourse.schema_migrations
        ADD COLUMN IF NOT EXISTS checksum text,
        ADD COLUMN IF NOT EXISTS library text,
        ADD COLUMN IF NOT EXISTS took interval;
    COMMENT ON COLUMN bourse.schema_migrations.checksum IS
    'SHA-256 of its SQL, as 64 hexadecimal digits. migrate() refuses a library whose migration is another one';
    COMMENT ON COLUMN bourse.schema_migrations.library IS 'Version of the library that has run it';
    COMMENT ON COLUMN bourse.schema_migrations.took IS 'How long it has run'";

/// What migrations have left to be done to rows, in batches.
const DATA: &str = r#"
    CREATE TABLE bourse.data_migrations (
        version       text COLLATE "C" PRIMARY KEY,
        table_name    text NOT NULL,
        key_column    text NOT NULL DEFAULT 'id',
        statement     text NOT NULL,
        must_be_empty text,
        validation    text,
        declared_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        started_at    timestamptz,
        finished_at   timestamptz,
        last_key      bigint,
        end_key       bigint,
        done          bigint NOT NULL DEFAULT 0,
        total         bigint,
        passes        integer NOT NULL DEFAULT 0
    );
    COMMENT ON TABLE bourse.data_migrations IS
    'What a migration does to rows once it has run. A migration inserts it, bourse.migrate_data() does it';
    COMMENT ON COLUMN bourse.data_migrations.version IS 'The migration: exchange/0016_options';
    COMMENT ON COLUMN bourse.data_migrations.table_name IS 'With its schema, quoted where it must be';
    COMMENT ON COLUMN bourse.data_migrations.key_column IS 'A unique bigint of the table with an index';
    COMMENT ON COLUMN bourse.data_migrations.statement IS
    'Done to each batch: the rows whose key is above $1 and up to $2';
    COMMENT ON COLUMN bourse.data_migrations.must_be_empty IS 'A query that returns the rows that are still as they were';
    COMMENT ON COLUMN bourse.data_migrations.validation IS
    'Done at the end, in a transaction of its own: ALTER TABLE … VALIDATE CONSTRAINT …';
    COMMENT ON COLUMN bourse.data_migrations.last_key IS 'The key up to which it is done';
    COMMENT ON COLUMN bourse.data_migrations.done IS 'Rows that this pass has seen';
    COMMENT ON COLUMN bourse.data_migrations.total IS 'Rows that were there when this pass began';
    GRANT SELECT ON bourse.data_migrations TO bourse_viewer"#;

/// A migration that has run.
pub struct Applied {
    version: String,
    /// None: it ran before checksums were kept.
    checksum: Option<String>,
}

/// The migrations that have run.
pub struct Journal(Vec<Applied>);

/// SHA-256 of what a migration runs, in hexadecimal digits.
pub fn checksum(migration: &Migration) -> String {
    let digest = Sha256::digest(migration.sql.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Journal {
    /// Makes the tables where they are missing, and reads what has run.
    pub fn open(client: &mut spi::SpiClient<'_>, is_new: bool) -> spi::Result<Journal> {
        if is_new {
            client.update(TABLE, None, &[])?;
        }
        if !has_checksums() {
            client.update(COLUMNS, None, &[])?;
        }
        if session::relation(c"bourse", c"data_migrations").is_none() {
            client.update(DATA, None, &[])?;
        }
        let rows = client.update("SELECT version, checksum FROM bourse.schema_migrations", None, &[])?;
        let rows =
            rows.map(|row| Ok(Applied { version: row.get::<String>(1)?.unwrap_or_default(), checksum: row.get(2)? }));
        Ok(Journal(rows.collect::<spi::Result<_>>()?))
    }

    /// Refuses (55000) what an other library has run: one that is newer than this, or one whose migration of the same
    /// name was another.
    pub fn require_ours(&self) -> Answer<()> {
        for Applied { version, checksum: kept } in &self.0 {
            let Some(migration) = all_migrations().find(|migration| migration.version == version) else {
                return Err(newer(version));
            };
            if kept.as_ref().is_some_and(|kept| *kept != checksum(migration)) {
                return Err(Failure::new(
                    PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("migration {version} has run here with other contents than this library has"),
                    "A migration never changes once it has run: install a library that has it as it was. \
                     bourse.migration_states() shows which library ran it.",
                ));
            }
        }
        Ok(())
    }

    /// What this library carries and has not run here, in order.
    pub fn pending(&self) -> impl Iterator<Item = &'static Migration> {
        all_migrations().filter(|migration| !self.0.iter().any(|applied| applied.version == migration.version))
    }

    /// Keeps the contents of those that ran before checksums were kept: as this library has them.
    pub fn adopt(&self, client: &mut spi::SpiClient<'_>) -> spi::Result<()> {
        let is_unknown = |migration: &&Migration| {
            self.0.iter().any(|applied| applied.checksum.is_none() && applied.version == migration.version)
        };
        for migration in all_migrations().filter(is_unknown) {
            client.update(
                "UPDATE bourse.schema_migrations SET checksum = $2 WHERE version = $1",
                None,
                &[migration.version.into(), checksum(migration).into()],
            )?;
        }
        Ok(())
    }
}

/// Notes that a migration has run.
pub fn note(client: &mut spi::SpiClient<'_>, migration: &Migration, took: Duration) -> spi::Result<()> {
    client.update(
        "INSERT INTO bourse.schema_migrations (version, checksum, library, took)
         VALUES ($1, $2, $3, make_interval(secs => $4))",
        None,
        &[
            migration.version.into(),
            checksum(migration).into(),
            env!("CARGO_PKG_VERSION").into(),
            took.as_secs_f64().into(),
        ],
    )?;
    Ok(())
}

/// Has every session look again whether it knows what has run, when this transaction commits.
pub fn tell_sessions() {
    if let Some(table) = super::journal() {
        watched::announce(table);
    }
}

thread_local! {
    /// When this session last found that it knows all that has run: the count of changes of the journal it had heard of.
    static KNOWN: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Refuses (55000) where a newer library has run migrations: this session still has the old one, whose code is for other
/// tables. Looks once, and again whenever migrations have run.
pub fn require_known(table: pg_sys::Oid) -> Answer<()> {
    let heard = watched::changes(table);
    if KNOWN.get() == Some(heard) {
        return Ok(());
    }
    if let Some(version) = unknown()? {
        return Err(newer(&version));
    }
    KNOWN.set(Some(heard));
    Ok(())
}

/// A migration that has run here and that this library does not carry.
fn unknown() -> Answer<Option<String>> {
    const QUERY: &str = "SELECT min(version) FROM bourse.schema_migrations WHERE version <> ALL ($1)";
    let ours: Vec<&str> = all_migrations().map(|migration| migration.version).collect();
    let found = session::as_role(c"bourse_owner", || {
        Spi::connect(|client| client.select(QUERY, Some(1), &[ours.into()])?.first().get_one())
    });
    found.map_err(|error| Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, error.to_string(), ""))
}

fn newer(version: &str) -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!(
            "the library of this session, {}, is older than the tables: {version} has run here",
            env!("CARGO_PKG_VERSION")
        ),
        "Reconnect, or restart the server where it preloads the library. There is no way back to an older one but a \
         restore.",
    )
}

fn has_checksums() -> bool {
    super::journal().is_some_and(|table| crate::pg::catalog::has_column(table, c"took"))
}
