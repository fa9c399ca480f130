//! Trading bots: their life, their books, what they have come to. All of it is SQL: `sql/trading/`.

mod script;

use crate::bourse::modules::{Module, migrations};

/// The schema `trading`.
pub const MODULE: Module = Module {
    schema: "trading",
    waited_for: &[],
    settings: None,
    prepare: None,
    migrations: migrations!(
        "trading":
        "0001_bot_accounts",
        "0002_bot_heartbeats",
        "0003_bot_events",
        "0004_bots",
    ),
    after_migrations: None,
};
