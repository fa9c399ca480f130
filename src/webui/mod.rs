//! What a web application keeps: what people did in it, how strategies stood, templates, settings. All of it is SQL:
//! `sql/webui/`.

mod script;

use crate::bourse::modules::{Module, migrations};

/// The schema `webui`.
pub const MODULE: Module = Module {
    schema: "webui",
    waited_for: &[],
    settings: None,
    prepare: None,
    migrations: migrations!(
        "webui":
        "0001_audit_logs",
        "0002_performance_snapshots",
        "0003_strategy_templates",
        "0004_system_config",
        "0005_owners_first",
    ),
    after_migrations: None,
};
