//! Messages: what is to be told to whom, by which channels; workers claim it, send it, and say how it went.

mod script;

use crate::bourse::modules::{Module, migrations};

/// The schema `messaging`.
pub const MODULE: Module = Module {
    schema: "messaging",
    waited_for: &[],
    settings: None,
    prepare: None,
    migrations: migrations!("messaging": "0001_channel_configs"),
    after_migrations: None,
};
