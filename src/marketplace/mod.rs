//! Bots that are sold: the catalogue, who subscribes to them, what they have traded, what people say of them, the bills.
//! SQL in `sql/marketplace/`, but for the check of configs and the handing out of runs.

mod candles;
mod claim;
mod finish;
mod schema;
mod script;
mod subscriptions;
mod tables;

use crate::bourse::modules::{Module, migrations};

/// The schema `marketplace`.
pub const MODULE: Module = Module {
    schema: "marketplace",
    waited_for: &[],
    settings: None,
    prepare: None,
    migrations: migrations!(
        "marketplace":
        "0001_bot_categories",
        "0002_bots",
        "0003_bot_versions",
        "0004_bot_approval_events",
        "0005_bot_reviews",
        "0006_registrations",
        "0007_trials",
        "0008_subscriptions",
        "0009_subscription_events",
        "0010_runs",
        "0011_trades",
        "0012_performance_logs",
        "0013_bot_performance",
        "0014_summaries",
        "0015_pricing_plans",
        "0016_promotions",
        "0017_invoices",
        "0018_refunds",
        "0019_house_accounts",
        "0020_billings",
        "0021_risk_states",
        "0022_owners_first",
    ),
    after_migrations: None,
};
