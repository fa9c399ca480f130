//! The functions of the schema `mirror` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so the order is nobody's concern; `bootstrap` comes before all of
//! them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/mirror/account_keys.sql", name = "mirror_account_keys");
extension_sql_file!("../../sql/mirror/account_triggers.sql", name = "mirror_account_triggers");
extension_sql_file!("../../sql/mirror/accounts.sql", name = "mirror_accounts");
extension_sql_file!("../../sql/mirror/archive.sql", name = "mirror_archive");
extension_sql_file!(
    "../../sql/mirror/breakers.sql",
    name = "mirror_breakers",
    requires = ["mirror_failover_settings", "bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/mirror/connections.sql", name = "mirror_connections");
extension_sql_file!("../../sql/mirror/copy_figures.sql", name = "mirror_copy_figures");
extension_sql_file!(
    "../../sql/mirror/copy_follower.sql",
    name = "mirror_copy_follower",
    requires = ["mirror_copy_orders"]
);
extension_sql_file!(
    "../../sql/mirror/copy_on_exchange.sql",
    name = "mirror_copy_on_exchange",
    requires = ["exchange_doors", "bourse_refuse_repeats"]
);
extension_sql_file!(
    "../../sql/mirror/copy_orders.sql",
    name = "mirror_copy_orders",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/mirror/copy_terms.sql", name = "mirror_copy_terms");
extension_sql_file!("../../sql/mirror/declare.sql", name = "mirror_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/mirror/deployment_positions.sql", name = "mirror_deployment_positions");
extension_sql_file!("../../sql/mirror/deployments.sql", name = "mirror_deployments");
extension_sql_file!("../../sql/mirror/documents.sql", name = "mirror_documents");
extension_sql_file!("../../sql/mirror/executions.sql", name = "mirror_executions");
extension_sql_file!("../../sql/mirror/failing.sql", name = "mirror_failing", requires = ["mirror_failover_settings"]);
extension_sql_file!("../../sql/mirror/failover.sql", name = "mirror_failover");
extension_sql_file!("../../sql/mirror/failover_settings.sql", name = "mirror_failover_settings");
extension_sql_file!("../../sql/mirror/followers.sql", name = "mirror_followers");
extension_sql_file!("../../sql/mirror/groups.sql", name = "mirror_groups");
extension_sql_file!(
    "../../sql/mirror/health_score.sql",
    name = "mirror_health_score",
    requires = ["mirror_failover_settings"]
);
extension_sql_file!(
    "../../sql/mirror/heartbeats.sql",
    name = "mirror_heartbeats",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/mirror/help.sql", name = "mirror_help");
extension_sql_file!("../../sql/mirror/instruments.sql", name = "mirror_instruments");
extension_sql_file!("../../sql/mirror/integrity.sql", name = "mirror_integrity");
extension_sql_file!("../../sql/mirror/leader_book.sql", name = "mirror_leader_book");
extension_sql_file!("../../sql/mirror/market_hours.sql", name = "mirror_market_hours");
extension_sql_file!("../../sql/mirror/order_terms.sql", name = "mirror_order_terms", requires = ["mirror_documents"]);
extension_sql_file!("../../sql/mirror/orders.sql", name = "mirror_orders");
extension_sql_file!("../../sql/mirror/outbox.sql", name = "mirror_outbox", requires = ["bourse_refuse_repeats"]);
extension_sql_file!("../../sql/mirror/place_copies.sql", name = "mirror_place_copies");
extension_sql_file!(
    "../../sql/mirror/position_terms.sql",
    name = "mirror_position_terms",
    requires = ["mirror_documents"]
);
extension_sql_file!("../../sql/mirror/prices.sql", name = "mirror_prices");
extension_sql_file!(
    "../../sql/mirror/reconcile.sql",
    name = "mirror_reconcile",
    requires = ["mirror_copy_orders", "bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/mirror/retention.sql", name = "mirror_retention");
extension_sql_file!("../../sql/mirror/settle_copies.sql", name = "mirror_settle_copies");
extension_sql_file!("../../sql/mirror/strategies.sql", name = "mirror_strategies");
extension_sql_file!("../../sql/mirror/subscriptions.sql", name = "mirror_subscriptions");
extension_sql_file!("../../sql/mirror/summary.sql", name = "mirror_summary");
extension_sql_file!("../../sql/mirror/sweep.sql", name = "mirror_sweep", requires = ["bourse_refuse_repeats"]);
extension_sql_file!(
    "../../sql/mirror/sync_executions.sql",
    name = "mirror_sync_executions",
    requires = ["mirror_documents", "bourse_refuse_repeats"]
);
extension_sql_file!(
    "../../sql/mirror/sync_holdings.sql",
    name = "mirror_sync_holdings",
    requires = ["mirror_documents", "bourse_refuse_repeats"]
);
extension_sql_file!(
    "../../sql/mirror/sync_orders.sql",
    name = "mirror_sync_orders",
    requires = ["mirror_documents", "bourse_refuse_repeats"]
);
extension_sql_file!(
    "../../sql/mirror/sync_positions.sql",
    name = "mirror_sync_positions",
    requires = ["mirror_documents", "bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/mirror/tick.sql", name = "mirror_tick");
extension_sql_file!("../../sql/mirror/unwanted_copies.sql", name = "mirror_unwanted_copies");
extension_sql_file!("../../sql/mirror/verify_books.sql", name = "mirror_verify_books");
extension_sql_file!("../../sql/mirror/verify_connections.sql", name = "mirror_verify_connections");
extension_sql_file!("../../sql/mirror/verify_copies.sql", name = "mirror_verify_copies");
