//! The schemas of the platform. This is the one list of them: what goes over all schemas goes over it.

/// The schemas in the order of their layers: each names only itself and those before it. Migrations run in this order.
pub const MODULES: &[Module] = &[super::MODULE, crate::identity::MODULE, crate::audit::MODULE, crate::exchange::MODULE];

/// What a schema brings along.
pub struct Module {
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
    MODULES.iter().flat_map(|module| module.migrations)
}
