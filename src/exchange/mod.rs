//! The exchange: every door turns its call into commands, and one path carries them out.
//!
//! `doors` (SQL calls), `inbox` (the bulk door) and [`sequencer`] (calls of many sessions in one transaction) make
//! [`command::Command`]s; [`carry_out`] takes them: [`venue`] locks and loads what they need, [`run`] has the core
//! decide, [`write`] stores what has changed.

mod amendments;
mod balance_rows;
mod behind;
mod bell;
mod calls;
mod cancel_all;
mod carry_out;
mod checks;
#[cfg(any(test, feature = "pg_test"))]
mod checks_test;
mod command;
mod demand;
mod depth;
mod door_rule;
mod doors;
mod drain;
mod errand;
mod errand_doors;
mod fees;
mod fields;
mod front;
pub mod growth;
mod guard_tables;
mod inbox;
mod inserted;
mod load;
pub mod locks;
mod many;
mod market_calls;
mod market_row;
mod market_rows;
mod match_orders;
mod queued_stops;
mod refusals;
mod result;
mod rows;
mod run;
mod script;
pub mod sequencer;
pub mod settings;
mod stops;
mod suspects;
mod tables;
mod ticket;
mod transfer;
mod venue;
mod words;
mod write;

use crate::bourse::modules::{Module, migrations};
use crate::pg::prepared::WaitedFor;
pub use sequencer::SEQUENCER;

/// The schema `exchange`.
pub const MODULE: Module = Module {
    schema: "exchange",
    waited_for: &[
        WaitedFor::lockers(c"exchange", c"markets"),
        WaitedFor::lockers(c"exchange", c"assets"),
        WaitedFor::writers(c"exchange", c"orders"),
        WaitedFor::writers(c"exchange", c"trades"),
        WaitedFor::writers(c"exchange", c"transfers"),
        WaitedFor::writers(c"exchange", c"venue_transfers"),
        WaitedFor::writers(c"exchange", c"order_commands"),
        WaitedFor::writers(c"exchange", c"command_rejections"),
    ],
    settings: Some(settings::register),
    prepare: Some(sequencer::prepare),
    migrations: migrations!(
        "exchange":
        "0001_markets",
        "0002_assets",
        "0003_transfers",
        "0004_orders",
        "0005_trades",
        "0006_order_amendments",
        "0007_order_commands",
        "0008_command_rejections",
        "0009_command_attempts",
        "0010_fee_groups",
        "0011_fee_schedules",
        "0012_users",
        "0013_user_balance_view",
        "0014_order_book_view",
        "0015_ledger_entries",
        "0016_venue_transfers",
        "0017_venues",
        "0018_owners_first",
    ),
    after_migrations: None,
};
