//! The functions of the schema `trading` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so the order is nobody's concern; `bootstrap` comes before all of
//! them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/trading/bots.sql", name = "trading_bots");
extension_sql_file!("../../sql/trading/cancel.sql", name = "trading_cancel");
extension_sql_file!("../../sql/trading/cash.sql", name = "trading_cash");
extension_sql_file!("../../sql/trading/corrections.sql", name = "trading_corrections");
extension_sql_file!("../../sql/trading/declare.sql", name = "trading_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/trading/fills.sql", name = "trading_fills", requires = ["bourse_refuse_repeats"]);
extension_sql_file!("../../sql/trading/guards.sql", name = "trading_guards");
extension_sql_file!("../../sql/trading/heartbeats.sql", name = "trading_heartbeats");
extension_sql_file!("../../sql/trading/help.sql", name = "trading_help");
extension_sql_file!("../../sql/trading/life.sql", name = "trading_life");
extension_sql_file!("../../sql/trading/metrics.sql", name = "trading_metrics");
extension_sql_file!(
    "../../sql/trading/orders.sql",
    name = "trading_orders",
    requires = ["exchange_doors", "bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/trading/pnl.sql", name = "trading_pnl");
extension_sql_file!("../../sql/trading/prices.sql", name = "trading_prices");
extension_sql_file!("../../sql/trading/sync.sql", name = "trading_sync");
extension_sql_file!("../../sql/trading/triggers.sql", name = "trading_triggers");
extension_sql_file!("../../sql/trading/unbooked.sql", name = "trading_unbooked");
extension_sql_file!("../../sql/trading/verify.sql", name = "trading_verify");
extension_sql_file!("../../sql/trading/verify_journal.sql", name = "trading_verify_journal");
extension_sql_file!("../../sql/trading/verify_orders.sql", name = "trading_verify_orders");
