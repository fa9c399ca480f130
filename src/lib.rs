//! pg_bourse: a trading platform inside PostgreSQL.
//!
//! | module | holds |
//! |---|---|
//! | [`bourse`] | install, migrate, status |
//! | [`identity`] | who the session acts for; passwords, codes, API keys, the vault |
//! | [`audit`] | the audit trail |
//! | [`calendar`] | trading calendars, over the pure core in `crates/calendar` |
//! | [`analytics`] | aggregates over returns, trades and fills, over the pure core in `crates/analytics` |
//! | [`messaging`] | messages, the channels that take them, and what became of them |
//! | [`jobs`] | schedules, and the runs that workers claim |
//! | [`exchange`] | the doors of the exchange over the pure core in `crates/matching` |
//! | [`trading`] | trading bots: their life, their books, what they have come to |
//! | [`marketplace`] | bots that are sold: catalogue, subscriptions, trades, reviews, bills |
//! | [`mirror`] | accounts at brokers: what they hold, whose orders are copied, which connection is used |
//! | [`webui`] | what a web application keeps: logs, snapshots, templates, settings |
//! | [`pg`] | everything `unsafe`: rows, locks, NUMERIC, settings |
//! | [`error`] | the failure that every refusal becomes |
//!
//! Public SQL is declared in `sql/<schema>/`, tables in `sql/<schema>/migrations/`;
//! `sql/<schema>/tables.sql` shows them as they are.

// pgrx turns every ERROR into an unwinding panic and a returned failure into an ERROR.
#![allow(clippy::result_large_err)]

pub mod analytics;
pub mod audit;
pub mod bourse;
pub mod calendar;
pub mod error;
pub mod exchange;
pub mod identity;
pub mod jobs;
pub mod marketplace;
pub mod messaging;
pub mod mirror;
pub mod pg;
pub mod trading;
pub mod webui;

::pgrx::pg_module_magic!(name, version);

/// The schemas in the order of their layers: each names only itself and those before it.
const MODULES: &[bourse::modules::Module] = &[
    bourse::MODULE,
    identity::MODULE,
    audit::MODULE,
    calendar::MODULE,
    analytics::MODULE,
    messaging::MODULE,
    jobs::MODULE,
    exchange::MODULE,
    trading::MODULE,
    marketplace::MODULE,
    mirror::MODULE,
    webui::MODULE,
];

// What different schemas lock is not the same.
const _: () = assert!(pg::lock::are_apart(&[
    bourse::MIGRATIONS,
    exchange::locks::INBOX,
    exchange::locks::CLIENTS,
    bourse::queue::keys::KEYS,
    bourse::queue::SWEEP,
    trading::INBOX,
    exchange::locks::MARKETS,
]));

/// The kinds of background workers, in the order in which they are started: first those that somebody waits for.
const KINDS: &[&bourse::supervisor::Kind] = &[&exchange::SEQUENCER, &bourse::ticker::TICKER, &jobs::TASKS];

/// Called by the server when it loads the library.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    pg::session::hide_backtraces();
    bourse::modules::register(MODULES);
    MODULES.iter().filter_map(|module| module.settings).for_each(|register| register());
    pg::owner::declare(MODULES.iter().map(|module| module.schema));
    pg::prepared::guard(MODULES.iter().flat_map(|module| module.waited_for));
    pg::called::register(bourse::require_safe_code);
    pg::row_security::register();
    exchange::growth::ask(trading::require_may_grow);
    // pg_upgrade copies a cluster in which nobody else may write: nothing of ours starts there.
    if pg::session::is_preloading() && !pg::session::is_upgrading() {
        MODULES.iter().filter_map(|module| module.prepare).for_each(|prepare| prepare());
        bourse::supervisor::prepare(KINDS);
    }
}

pgrx::extension_sql_file!("../sql/bootstrap.sql", name = "bootstrap", bootstrap);
pgrx::extension_sql_file!("../sql/finalize.sql", name = "finalize", finalize);

/// What `cargo pgrx test` asks of the crate.
#[cfg(test)]
pub mod pg_test {
    /// Nothing to prepare.
    pub fn setup(_options: Vec<&str>) {}

    /// No settings.
    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec![]
    }
}
