//! Accounts at brokers: what they hold and have ordered, whose orders are copied, which connection is used.
//! SQL in `sql/mirror/`.

mod script;

use crate::bourse::modules::{Module, migrations};

/// The schema `mirror`.
pub const MODULE: Module = Module {
    schema: "mirror",
    waited_for: &[],
    settings: None,
    prepare: None,
    migrations: migrations!(
        "mirror":
        "0001_brokers",
        "0002_instruments",
        "0003_trading_accounts",
        "0004_strategies",
        "0005_strategy_deployments",
        "0006_orders",
        "0007_orders_archive",
        "0008_executions",
        "0009_positions",
        "0010_holdings",
        "0011_documents",
        "0012_copy_groups",
        "0013_followers",
        "0014_copied_orders",
        "0015_exchange_copies",
        "0016_websocket_connections",
        "0017_market_subscriptions",
        "0018_breakers",
        "0019_failover_events",
        "0020_failover_settings",
        "0021_failover_states",
        "0022_stand_ins",
        "0023_presumed_ends",
        "0024_owners_first",
    ),
    after_migrations: None,
};
