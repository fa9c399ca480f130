//! Installation: the tables are ordinary objects of the database, made by the migrations of the schemas ([`modules`]),
//! which the library carries and which run once each.

pub mod amounts;
mod durability;
pub mod hidden;
mod journal;
mod migrations;
pub mod modules;
pub mod partitions;
pub mod queue;
mod script;
pub mod settings;
pub mod supervisor;
pub mod tally;
pub mod ticker;
pub mod zones;

use std::ffi::CString;

use pgrx::datum::{Internal, Interval};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{Answer, Failure, clip};
use crate::pg::lock::Space;
use crate::pg::value::microseconds;
use crate::pg::{databases, event, locked, owner, procedure, repeats, sequence, session};
use modules::Module;

/// The schema `bourse`.
pub const MODULE: Module = Module {
    schema: "bourse",
    waited_for: &[],
    settings: Some(settings::register),
    prepare: Some(tally::prepare),
    migrations: modules::migrations!("bourse": "0001_at_work", "0002_policies", "0003_chores", "0004_queue_notes",
        "0005_old_partitions", "0006_backups", "0007_watching"),
    after_migrations: Some("SELECT bourse_private.adopt_policies(); SELECT bourse_private.adopt_thresholds();"),
};

/// Installing and migrating.
pub const MIGRATIONS: Space = Space::new(0, 1);

/// Refuses in a database that is not UTF8, while the tables are missing, where somebody else's have their names, and
/// where a newer library has made them.
pub fn require_tables() -> Answer<()> {
    require_utf8()?;
    journal::require_known(require_owned()?)
}

/// Refuses while the journal is missing or somebody else's; returns it.
fn require_owned() -> Answer<pg_sys::Oid> {
    if let Some(journal) = journal() {
        return owner::require(journal, "bourse.schema_migrations").map(|()| journal);
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "pg_bourse has no tables in this database yet",
        "Run SELECT bourse.install(); once.",
    ))
}

/// Refuses in a transaction that reads one snapshot: `why` it must see what others have written since.
pub fn require_read_committed(command: &str, why: &str) -> Answer<()> {
    if !session::reads_one_snapshot() {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION,
        format!("{command} needs READ COMMITTED"),
        format!("{why}: BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED."),
    ))
}

/// Refuses where nothing can be written that others see at once: before install, on a standby, in a transaction that
/// reads one snapshot.
pub fn require_write(command: &str, why: &str) -> Answer<()> {
    require_tables()?;
    session::refuse_read_only(command);
    require_read_committed(command, why)
}

/// Refuses a database that a process of ours has no business in, before it evaluates anything of it.
pub fn require_home() -> Answer<()> {
    owner::require_home()?;
    require_tables()
}

/// Refuses while the database is not whole, or has been paused. Whoever pauses it waits for transactions that have
/// come past here.
pub fn require_at_work() -> Answer<()> {
    let view = session::relation(c"bourse", c"at_work").unwrap_or_else(|| session::raise_missing("bourse.at_work"));
    owner::require(view, "bourse.at_work")?;
    if owner::is_populated(view) {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "the sequencer is paused here: bourse.at_work is not populated",
        "A restore populates it last; after a pause, or a restore of the schema alone, SELECT * FROM bourse.resume().",
    ))
}

/// The table of the migrations that have run.
fn journal() -> Option<pg_sys::Oid> {
    session::relation(c"bourse", c"schema_migrations")
}

/// Text goes from the tables into this library as it stands there, and Rust's is UTF-8.
fn require_utf8() -> Answer<()> {
    let encoding = session::encoding();
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("pg_bourse needs a UTF8 database, this one is {encoding}"),
        "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8', and install there; clients may keep their encoding.",
    ))
}

#[pg_extern(sql = false)]
fn install() -> Result<String, ErrorReport> {
    let done = migrations::run(false)?;
    databases::expect();
    Ok(done)
}

#[pg_extern(sql = false)]
fn migrate(dry_run: Option<bool>) -> Result<String, ErrorReport> {
    require_utf8()?;
    require_owned()?;
    let Some(dry_run) = dry_run else { Err(Failure::null("dry_run"))? };
    if dry_run { Ok(migrations::run(true)?) } else { install() }
}

/// The most rows of a batch: more make a long transaction.
const MOST_ROWS: i32 = 1_000_000;
/// In microseconds.
const LONGEST_PAUSE: i64 = 3_600_000_000;

#[pg_extern(sql = false)]
fn migrate_data(
    batch_size: Option<i32>,
    pause: Option<Interval>,
    call: pg_sys::FunctionCallInfo,
) -> Result<(), ErrorReport> {
    require_write("migrate_data()", "It goes on with what others have done")?;
    let batch_size = batch_size.filter(|rows| (1..=MOST_ROWS).contains(rows)).ok_or_else(|| {
        let given = batch_size.map_or("NULL".to_owned(), |rows| rows.to_string());
        Failure::invalid(format!("batch_size is {given}"), format!("Take 1 to {MOST_ROWS} rows to a batch."))
    })?;
    let pause = pause.map(microseconds).filter(|pause| (0..=LONGEST_PAUSE).contains(pause));
    let pause = pause.ok_or_else(|| Failure::invalid("pause is not 0 s to 1 h", "Between two batches: '100 ms'."))?;
    Ok(procedure::in_own_transactions(call, "migrate_data()", || {
        require_write("migrate_data()", "It goes on with what others have done")?;
        migrations::next_batch(batch_size, pause)
    })?)
}

#[pg_extern(sql = false)]
fn migrations_list() -> SetOfIterator<'static, &'static str> {
    SetOfIterator::new(modules::all_migrations().map(|migration| migration.version))
}

#[pg_extern(sql = false)]
fn migration_checksums() -> TableIterator<'static, (name!(version, &'static str), name!(checksum, String))> {
    TableIterator::new(modules::all_migrations().map(|migration| (migration.version, journal::checksum(migration))))
}

#[pg_extern(sql = false)]
fn modules_list() -> SetOfIterator<'static, &'static str> {
    SetOfIterator::new(modules::modules().iter().map(|module| module.schema))
}

#[pg_extern(sql = false)]
fn enter_restricted(owner: pg_sys::Oid) {
    owner::enter_restricted(owner);
}

#[pg_extern(sql = false)]
fn guard_settings() -> i32 {
    session::guard_settings()
}

#[pg_extern(sql = false)]
fn restore_settings(level: i32) {
    session::restore_settings(level);
}

#[pg_extern(sql = false)]
fn hold_sequence(sequence: pg_sys::Oid) -> Result<(), ErrorReport> {
    Ok(sequence::hold(sequence)?)
}

#[pg_extern(sql = false)]
fn let_go_sequence(sequence: pg_sys::Oid) {
    sequence::let_go(sequence);
}

#[pg_extern(sql = false)]
fn notify(channel: &str, message: &str) {
    if let Ok(channel) = CString::new(channel) {
        session::notify(&channel, message);
    }
}

#[pg_extern(sql = false)]
fn require_installed() -> Result<(), ErrorReport> {
    Ok(require_tables()?)
}

#[pg_extern(sql = false)]
fn refuse(sqlstate: Option<&str>, message: Option<&str>, hint: Option<&str>) -> Result<(), ErrorReport> {
    let (Some(sqlstate), Some(message)) = (sqlstate, message) else { Err(Failure::null("message"))? };
    // That a statement is cancelled is for the server to say: export_user() ends at it.
    // And of no refusal may it be said that all went well.
    let is_error = sqlstate.len() == 5 && !["00", "01", "02"].iter().any(|class| sqlstate.starts_with(class));
    let sqlstate = if sqlstate == "57014" || !is_error { "XX000" } else { sqlstate };
    Err(Failure::of(sqlstate, message, hint.unwrap_or_default()))?
}

#[pg_extern(sql = false)]
fn quoted(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| format!("{:?}", clip(value)))
}

#[pg_extern(sql = false)]
fn require_drawn(id: Option<i64>, sequence: Option<pg_sys::Oid>) -> Result<bool, ErrorReport> {
    let (Some(id), Some(sequence)) = (id, sequence) else { return Ok(true) };
    // Who restores a dump brings the ids along. COPY asks for each row: the cheapest answer comes first.
    let restores = || session::is_superuser() || session::is_member(session::current_role(), owner::NAME);
    if restores() || sequence::last_value(sequence) == Some(id) {
        return Ok(true);
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("no permission to insert a row with id {id}"),
        "Leave id out, or send NULL or DEFAULT: its sequence draws it.",
    ))?
}

/// The planner asks this about every call of a function that has it for its support.
#[pg_extern(sql = false)]
fn refuse_repeats(request: Internal) -> Result<Internal, ErrorReport> {
    let name = request.into_datum().and_then(repeats::repeated_call);
    name.map_or(Ok(()), |name| {
        Err(Failure::new(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            format!("the query calls {name}() once for each column that it takes of the answer"),
            format!(
                "PostgreSQL reads (f(…)).* so. SELECT * FROM {name}(…), or CROSS JOIN LATERAL {name}(…), calls it once."
            ),
        ))
    })?;
    // There is nothing simpler than the call itself.
    Ok(Internal::from(Some(pg_sys::Datum::null())))
}

/// Refuses (55000) a table of ours that calls what must not run with our rights.
pub fn require_safe_code(table: pg_sys::Oid) {
    Spi::run_with_args("SELECT bourse_private.require_safe_code($1)", &[table.into()]).expect("the rule of our tables");
}

/// The migrations are ours, and make hundreds of things: what they may have brought along is looked at when they have
/// run.
#[pg_extern(sql = false)]
fn refuse_strange_code(call: pg_sys::FunctionCallInfo) {
    if migrations::are_running() {
        return;
    }
    event::look(call, "bourse_private.require_no_strange_code");
}

#[pg_extern(sql = false)]
fn guard_locks(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    Ok(locked::require_rights(call)?)
}

#[pg_extern(sql = false)]
fn guard_drop(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // Our functions in PL/pgSQL go with their language, and the extension with them.
    let is_ours = |name: &String| matches!(name.as_str(), "pg_bourse" | "plpgsql");
    let name = event::dropped_with_cascade(call).into_iter().find(is_ours);
    match name {
        Some(name) if !settings::drops_tables() && journal().is_some() => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
            format!("DROP EXTENSION {name} CASCADE would drop every table of pg_bourse, balances and orders included"),
            "Take a dump. Who means it says SET bourse.drop_tables = on first.",
        ))?,
        _ => Ok(()),
    }
}
