//! Messages: what is to be told to whom, by which channels; workers claim it, send it, and say how it went.

mod buckets;
mod cancelled;
mod claim;
mod digests;
mod health;
mod quiet;
mod script;
mod settle;
mod tables;
mod tokens;

use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;

use crate::bourse::modules::{Module, migrations};
use crate::bourse::{require_read_committed, require_tables};
use crate::error::{Answer, Failure};
use crate::pg::{owner, session};

/// The schema `messaging`.
pub const MODULE: Module = Module {
    schema: "messaging",
    waited_for: &[],
    settings: None,
    prepare: None,
    migrations: migrations!(
        "messaging":
        "0001_channel_configs",
        "0002_messages",
        "0003_deliveries",
        "0004_delivery_status",
        "0005_rate_limits",
        "0006_preferences",
        "0007_messages_archive",
        "0008_views",
        "0009_system_health",
        "0010_telegram_command_audits",
        "0011_telegram_broadcast_logs",
        "0012_telegram_feedbacks",
        "0013_telegram_settings",
        "0014_cancel_requests",
        "0015_ended_in_digests",
        "0016_owners_first",
    ),
    after_migrations: None,
};

fn queue() -> Answer<Oid> {
    require_tables()?;
    Ok(session::relation(c"messaging", c"deliveries")
        .unwrap_or_else(|| session::raise_missing("table messaging.deliveries")))
}

/// The queue, for whoever works at it: what others have said of the parts of a message must be seen.
fn queue_of(call: &str) -> Answer<Oid> {
    require_read_committed(&format!("messaging.{call}()"), "What others have said meanwhile must be seen")?;
    queue()
}

/// Runs a statement of ours that sees what has been written by now.
fn as_owner(statement: &str, arguments: &[DatumWithOid<'_>]) -> Answer<()> {
    session::advance();
    let run = session::as_role(owner::NAME, || Spi::run_with_args(statement, arguments));
    run.map_err(|error| Failure::of("XX000", &error.to_string(), ""))
}

/// What follows when an attempt has failed, and its part waits again or has ended.
fn after_failure(message_id: i64, delivery_id: i64, outcome: &str) -> Answer<()> {
    let arguments = [message_id.into(), delivery_id.into(), outcome.into()];
    as_owner("SELECT messaging_private.after_failure($1, $2, $3)", &arguments)
}
