//! pg_bourse: a trading platform inside PostgreSQL.
//!
//! | module | holds |
//! |---|---|
//! | [`bourse`] | install, migrate, status |
//! | [`identity`] | who the session acts for; passwords, codes, API keys, the vault |
//! | [`audit`] | the audit trail |
//! | [`exchange`] | the doors of the exchange over the pure core in `crates/matching` |
//! | [`pg`] | everything `unsafe`: rows, locks, NUMERIC, settings |
//! | [`error`] | the failure that every refusal becomes |
//!
//! Public SQL is declared in `sql/<schema>/`, tables in `sql/<schema>/migrations/`;
//! `sql/<schema>/tables.sql` shows them as they are.

// pgrx turns every ERROR into an unwinding panic and a returned failure into an ERROR.
#![allow(clippy::result_large_err)]

pub mod audit;
pub mod bourse;
pub mod error;
pub mod exchange;
pub mod identity;
pub mod pg;

::pgrx::pg_module_magic!(name, version);

// What different schemas lock is not the same.
const _: () = assert!(pg::lock::are_apart(&[
    bourse::MIGRATIONS,
    exchange::locks::INBOX,
    exchange::locks::CLIENTS,
    exchange::locks::MARKETS,
]));

/// Called by the server when it loads the library.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    pg::session::hide_backtraces();
    bourse::settings::register();
    identity::settings::register();
    exchange::settings::register();
    pg::prepared::guard();
    // pg_upgrade copies a cluster in which nobody else may write: nothing of ours starts there.
    if pg::session::is_preloading() && !pg::session::is_upgrading() {
        exchange::prepare();
    }
}

pgrx::extension_sql_file!("../sql/bootstrap.sql", name = "bootstrap", bootstrap);
pgrx::extension_sql_file!("../sql/bourse/install.sql", name = "bourse_install", requires = ["bootstrap"]);
pgrx::extension_sql_file!("../sql/bourse/refuse.sql", name = "bourse_refuse", requires = ["bourse_install"]);
pgrx::extension_sql_file!(
    "../sql/bourse/require_given.sql",
    name = "bourse_require_given",
    requires = ["bourse_refuse"]
);
pgrx::extension_sql_file!(
    "../sql/bourse/require_shallow.sql",
    name = "bourse_require_shallow",
    requires = ["bourse_require_given"]
);
pgrx::extension_sql_file!("../sql/bourse/clip.sql", name = "bourse_clip", requires = ["bourse_require_shallow"]);
pgrx::extension_sql_file!("../sql/bourse/strangers.sql", name = "bourse_strangers", requires = ["bourse_clip"]);
pgrx::extension_sql_file!(
    "../sql/bourse/guard_tables.sql",
    name = "bourse_guard_tables",
    requires = ["bourse_strangers"]
);
pgrx::extension_sql_file!("../sql/bourse/triggers.sql", name = "bourse_triggers", requires = ["bourse_guard_tables"]);
pgrx::extension_sql_file!(
    "../sql/bourse/require_drawn.sql",
    name = "bourse_require_drawn",
    requires = ["bourse_triggers"]
);
pgrx::extension_sql_file!(
    "../sql/bourse/refuse_repeats.sql",
    name = "bourse_refuse_repeats",
    requires = ["bourse_require_drawn"]
);
pgrx::extension_sql_file!(
    "../sql/bourse/guard_drop.sql",
    name = "bourse_guard_drop",
    requires = ["bourse_refuse_repeats"]
);
pgrx::extension_sql_file!("../sql/bourse/sequences.sql", name = "bourse_sequences", requires = ["bourse_guard_drop"]);
pgrx::extension_sql_file!("../sql/bourse/at_work.sql", name = "bourse_at_work", requires = ["bourse_sequences"]);
pgrx::extension_sql_file!("../sql/bourse/queue.sql", name = "bourse_queue", requires = ["bourse_at_work"]);
pgrx::extension_sql_file!("../sql/bourse/status.sql", name = "bourse_status", requires = ["bourse_queue"]);
pgrx::extension_sql_file!("../sql/identity/session.sql", name = "identity_session", requires = ["bourse_status"]);
pgrx::extension_sql_file!("../sql/exchange/doors.sql", name = "exchange_doors", requires = ["identity_session"]);
pgrx::extension_sql_file!("../sql/exchange/triggers.sql", name = "exchange_triggers", requires = ["exchange_doors"]);
pgrx::extension_sql_file!(
    "../sql/exchange/guard_tables.sql",
    name = "exchange_guard_tables",
    requires = ["exchange_triggers"]
);
pgrx::extension_sql_file!(
    "../sql/exchange/markets.sql",
    name = "exchange_markets",
    requires = ["exchange_guard_tables"]
);
pgrx::extension_sql_file!("../sql/exchange/funds.sql", name = "exchange_funds", requires = ["exchange_markets"]);
pgrx::extension_sql_file!("../sql/exchange/transfer.sql", name = "exchange_transfer", requires = ["exchange_funds"]);
pgrx::extension_sql_file!(
    "../sql/exchange/sweep_fees.sql",
    name = "exchange_sweep_fees",
    requires = ["exchange_transfer"]
);
pgrx::extension_sql_file!(
    "../sql/exchange/locked_funds.sql",
    name = "exchange_locked_funds",
    requires = ["exchange_sweep_fees"]
);
pgrx::extension_sql_file!("../sql/exchange/period.sql", name = "exchange_period", requires = ["exchange_locked_funds"]);
pgrx::extension_sql_file!(
    "../sql/exchange/account_statement.sql",
    name = "exchange_account_statement",
    requires = ["exchange_period"]
);
pgrx::extension_sql_file!(
    "../sql/exchange/book.sql",
    name = "exchange_book",
    requires = ["exchange_account_statement"]
);
pgrx::extension_sql_file!("../sql/exchange/trade_tape.sql", name = "exchange_trade_tape", requires = ["exchange_book"]);
pgrx::extension_sql_file!("../sql/exchange/ticker.sql", name = "exchange_ticker", requires = ["exchange_trade_tape"]);
pgrx::extension_sql_file!("../sql/exchange/candles.sql", name = "exchange_candles", requires = ["exchange_ticker"]);
pgrx::extension_sql_file!(
    "../sql/exchange/order_book_orders.sql",
    name = "exchange_order_book_orders",
    requires = ["exchange_candles"]
);
pgrx::extension_sql_file!(
    "../sql/exchange/my_trades.sql",
    name = "exchange_my_trades",
    requires = ["exchange_order_book_orders"]
);
pgrx::extension_sql_file!(
    "../sql/exchange/book_as_of.sql",
    name = "exchange_book_as_of",
    requires = ["exchange_my_trades"]
);
pgrx::extension_sql_file!("../sql/exchange/feed.sql", name = "exchange_feed", requires = ["exchange_book_as_of"]);
pgrx::extension_sql_file!("../sql/exchange/match_orders.sql", name = "match_orders", requires = ["exchange_feed"]);
pgrx::extension_sql_file!("../sql/exchange/sequencer.sql", name = "exchange_sequencer", requires = ["match_orders"]);
pgrx::extension_sql_file!("../sql/exchange/verify.sql", name = "exchange_verify", requires = ["exchange_sequencer"]);
pgrx::extension_sql_file!("../sql/audit/chain.sql", name = "audit_chain", requires = ["exchange_verify"]);
pgrx::extension_sql_file!("../sql/audit/record_change.sql", name = "audit_record_change", requires = ["audit_chain"]);
pgrx::extension_sql_file!("../sql/audit/switch.sql", name = "audit_switch", requires = ["audit_record_change"]);
pgrx::extension_sql_file!("../sql/audit/log_activity.sql", name = "audit_log_activity", requires = ["audit_switch"]);
pgrx::extension_sql_file!("../sql/audit/seal.sql", name = "audit_seal", requires = ["audit_log_activity"]);
pgrx::extension_sql_file!("../sql/audit/verify.sql", name = "audit_verify", requires = ["audit_seal"]);
pgrx::extension_sql_file!("../sql/identity/user_rows.sql", name = "identity_user_rows", requires = ["audit_verify"]);
pgrx::extension_sql_file!(
    "../sql/identity/export_user.sql",
    name = "identity_export_user",
    requires = ["identity_user_rows"]
);
pgrx::extension_sql_file!(
    "../sql/identity/erase_user.sql",
    name = "identity_erase_user",
    requires = ["identity_export_user"]
);
pgrx::extension_sql_file!("../sql/identity/secrets.sql", name = "identity_secrets", requires = ["identity_erase_user"]);
pgrx::extension_sql_file!(
    "../sql/identity/passwords.sql",
    name = "identity_passwords",
    requires = ["identity_secrets"]
);
pgrx::extension_sql_file!("../sql/identity/users.sql", name = "identity_users", requires = ["identity_passwords"]);
pgrx::extension_sql_file!("../sql/identity/logins.sql", name = "identity_logins", requires = ["identity_users"]);
pgrx::extension_sql_file!(
    "../sql/identity/identities.sql",
    name = "identity_identities",
    requires = ["identity_logins"]
);
pgrx::extension_sql_file!(
    "../sql/identity/principals.sql",
    name = "identity_principals",
    requires = ["identity_identities"]
);
pgrx::extension_sql_file!("../sql/identity/codes.sql", name = "identity_codes", requires = ["identity_principals"]);
pgrx::extension_sql_file!("../sql/identity/api_keys.sql", name = "identity_api_keys", requires = ["identity_codes"]);
pgrx::extension_sql_file!(
    "../sql/identity/credentials.sql",
    name = "identity_credentials",
    requires = ["identity_api_keys"]
);
pgrx::extension_sql_file!("../sql/identity/vault.sql", name = "identity_vault", requires = ["identity_credentials"]);
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
