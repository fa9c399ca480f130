//! The functions of the schema `marketplace` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so the order is nobody's concern; `bootstrap` comes before all of
//! them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/marketplace/approval.sql", name = "marketplace_approval");
extension_sql_file!("../../sql/marketplace/billing.sql", name = "marketplace_billing");
extension_sql_file!("../../sql/marketplace/billing_reports.sql", name = "marketplace_billing_reports");
extension_sql_file!("../../sql/marketplace/billing_triggers.sql", name = "marketplace_billing_triggers");
extension_sql_file!("../../sql/marketplace/bots.sql", name = "marketplace_bots");
extension_sql_file!("../../sql/marketplace/catalogue.sql", name = "marketplace_catalogue");
extension_sql_file!("../../sql/marketplace/charges.sql", name = "marketplace_charges");
extension_sql_file!("../../sql/marketplace/declare.sql", name = "marketplace_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/marketplace/entitlement.sql", name = "marketplace_entitlement");
extension_sql_file!("../../sql/marketplace/help.sql", name = "marketplace_help");
extension_sql_file!(
    "../../sql/marketplace/house.sql",
    name = "marketplace_house",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!(
    "../../sql/marketplace/integrity.sql",
    name = "marketplace_integrity",
    requires = ["marketplace_trade_triggers"]
);
extension_sql_file!("../../sql/marketplace/logs.sql", name = "marketplace_logs");
extension_sql_file!("../../sql/marketplace/performance.sql", name = "marketplace_performance");
extension_sql_file!("../../sql/marketplace/plans.sql", name = "marketplace_plans");
extension_sql_file!("../../sql/marketplace/prices.sql", name = "marketplace_prices");
extension_sql_file!("../../sql/marketplace/promotions.sql", name = "marketplace_promotions");
extension_sql_file!("../../sql/marketplace/refunds.sql", name = "marketplace_refunds");
extension_sql_file!("../../sql/marketplace/registration_terms.sql", name = "marketplace_registration_terms");
extension_sql_file!(
    "../../sql/marketplace/registrations.sql",
    name = "marketplace_registrations",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!(
    "../../sql/marketplace/renewals.sql",
    name = "marketplace_renewals",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/marketplace/reviews.sql", name = "marketplace_reviews");
extension_sql_file!("../../sql/marketplace/risk_states.sql", name = "marketplace_risk_states");
extension_sql_file!("../../sql/marketplace/runs.sql", name = "marketplace_runs", requires = ["bourse_refuse_repeats"]);
extension_sql_file!("../../sql/marketplace/schema.sql", name = "marketplace_schema");
extension_sql_file!("../../sql/marketplace/search.sql", name = "marketplace_search");
extension_sql_file!(
    "../../sql/marketplace/subscribe.sql",
    name = "marketplace_subscribe",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/marketplace/subscription_changes.sql", name = "marketplace_subscription_changes");
extension_sql_file!("../../sql/marketplace/subscription_config.sql", name = "marketplace_subscription_config");
extension_sql_file!("../../sql/marketplace/subscription_expiry.sql", name = "marketplace_subscription_expiry");
extension_sql_file!("../../sql/marketplace/subscription_life.sql", name = "marketplace_subscription_life");
extension_sql_file!("../../sql/marketplace/subscription_triggers.sql", name = "marketplace_subscription_triggers");
extension_sql_file!("../../sql/marketplace/summaries.sql", name = "marketplace_summaries");
extension_sql_file!("../../sql/marketplace/tick.sql", name = "marketplace_tick");
extension_sql_file!("../../sql/marketplace/trade_guards.sql", name = "marketplace_trade_guards");
extension_sql_file!("../../sql/marketplace/trade_triggers.sql", name = "marketplace_trade_triggers");
extension_sql_file!(
    "../../sql/marketplace/trades.sql",
    name = "marketplace_trades",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/marketplace/triggers.sql", name = "marketplace_triggers");
extension_sql_file!("../../sql/marketplace/verify_billing.sql", name = "marketplace_verify_billing");
extension_sql_file!("../../sql/marketplace/verify_subscriptions.sql", name = "marketplace_verify_subscriptions");
extension_sql_file!("../../sql/marketplace/versions.sql", name = "marketplace_versions");
