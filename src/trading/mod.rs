//! Trading bots: their life, which is SQL (`sql/trading/`), their books ([`fills`]), and what they have come to.

mod fills;
mod script;
mod takes_fill;

use crate::bourse::modules::{Module, migrations};

pub use fills::INBOX;

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
        "0005_positions",
        "0006_trades",
        "0007_fills",
        "0008_fill_corrections",
        "0009_cash_events",
        "0010_balances",
        "0011_equity_snapshots",
        "0012_fill_commands",
        "0013_fill_rejections",
        "0014_bot_orders",
        "0015_pair_locks",
        "0016_performance_metrics",
    ),
    after_migrations: None,
};
