//! What returns, trades and fills come to: aggregates over the pure core in `crates/analytics`. No tables.

mod document;
mod equity;
mod functions;
mod parameters;
mod path;
mod positions;
mod refusals;
mod sample;
mod script;
mod state;
mod statistics;
mod tail;
mod trades;

use crate::bourse::modules::Module;
pub use refusals::full;

/// The schema `analytics`.
pub const MODULE: Module = Module {
    schema: "analytics",
    waited_for: &[],
    settings: None,
    prepare: None,
    migrations: &[],
    after_migrations: None,
};
