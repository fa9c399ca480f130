//! Trading bots: their life, which is SQL (`sql/trading/`), their books ([`fills`]), and what they have come to.

mod fills;
mod orders;
mod script;
mod takes_fill;
mod times;

use crate::bourse::modules::{Module, migrations};
use crate::pg::prepared::WaitedFor;

pub use fills::INBOX;
pub use orders::require_may_grow;

/// The schema `trading`.
pub const MODULE: Module = Module {
    schema: "trading",
    // Steps, fills and orders of a bot wait for each other; a start waits for a heartbeat.
    waited_for: &[WaitedFor::lockers(c"trading", c"bot_accounts"), WaitedFor::writers(c"trading", c"bot_heartbeats")],
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
        "0017_unbooked_fills",
        "0018_price_ranges",
        "0019_owners_first",
    ),
    after_migrations: None,
};
