//! What a schema brings along. The library gives the one list of them when it is loaded: what goes over all schemas
//! goes over it, and knows none of them.

use std::sync::OnceLock;

use crate::pg::prepared::WaitedFor;

static MODULES: OnceLock<&'static [Module]> = OnceLock::new();

/// Called once, when the library is loaded, with the schemas in the order of their layers.
pub fn register(modules: &'static [Module]) {
    MODULES.get_or_init(|| modules);
}

/// The schemas in the order of their layers: each names only itself and those before it. Migrations run in this order.
pub fn modules() -> &'static [Module] {
    MODULES.get().copied().unwrap_or_default()
}

/// What a schema brings along.
pub struct Module {
    /// Its name.
    pub schema: &'static str,
    /// The tables whose rows others wait for.
    pub waited_for: &'static [WaitedFor],
    /// Makes its settings known.
    pub settings: Option<fn()>,
    /// Sets up what needs a preloaded library.
    pub prepare: Option<fn()>,
    /// Its migrations, in order.
    pub migrations: &'static [Migration],
    /// SQL that runs once every pending migration of every schema has run. Safe to repeat; a migration itself calls no
    /// function, which may be another by the time that it runs.
    pub after_migrations: Option<&'static str>,
}

/// A migration.
pub struct Migration {
    /// The schema, and the name of the file in its folder: `exchange/0001_markets`.
    pub version: &'static str,
    /// What it runs.
    pub sql: &'static str,
}

/// The migrations of a schema by the names of their files in `sql/<schema>/migrations`.
macro_rules! migrations {
    ($schema:literal: $($name:literal),+ $(,)?) => {
        &[$($crate::bourse::modules::Migration {
            version: concat!($schema, "/", $name),
            sql: include_str!(concat!("../../sql/", $schema, "/migrations/", $name, ".sql")),
        }),+]
    };
}
pub(crate) use migrations;

/// The migrations of all schemas, in the order in which they run.
pub fn all_migrations() -> impl Iterator<Item = &'static Migration> {
    modules().iter().flat_map(|module| module.migrations)
}
