//! Trading calendars: when a market is open. `crates/calendar` decides; here its definitions come from the tables, its
//! clocks from PostgreSQL, and what has been compiled is kept while the session sees the same rows.

mod builtin;
mod calls;
mod definitions;
mod kept;
mod script;
mod source;
mod tables;

use crate::bourse::modules::{Module, migrations};

/// The schema `calendar`.
pub const MODULE: Module = Module {
    schema: "calendar",
    waited_for: &[],
    settings: None,
    prepare: None,
    migrations: migrations!(
        "calendar":
        "0001_trading_hours_templates",
        "0002_trading_sessions",
        "0003_market_holidays",
    ),
    after_migrations: None,
};
