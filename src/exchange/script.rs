//! The functions of the schema `exchange` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so a file requires another only for what it needs to be made: the
//! support function of a function, a type. `bootstrap` comes before all of them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/exchange/account_statement.sql", name = "exchange_account_statement");
extension_sql_file!("../../sql/exchange/book.sql", name = "exchange_book");
extension_sql_file!("../../sql/exchange/book_as_of.sql", name = "exchange_book_as_of");
extension_sql_file!("../../sql/exchange/candles.sql", name = "exchange_candles");
extension_sql_file!("../../sql/exchange/declare.sql", name = "exchange_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/exchange/doors.sql", name = "exchange_doors", requires = ["bourse_refuse_repeats"]);
extension_sql_file!("../../sql/exchange/feed.sql", name = "exchange_feed");
extension_sql_file!("../../sql/exchange/figures.sql", name = "exchange_figures");
extension_sql_file!("../../sql/exchange/funds.sql", name = "exchange_funds");
extension_sql_file!("../../sql/exchange/guard_tables.sql", name = "exchange_guard_tables");
extension_sql_file!("../../sql/exchange/help.sql", name = "exchange_help");
extension_sql_file!("../../sql/exchange/hours.sql", name = "exchange_hours");
extension_sql_file!("../../sql/exchange/known_venues.sql", name = "exchange_known_venues");
extension_sql_file!("../../sql/exchange/locked_funds.sql", name = "exchange_locked_funds");
extension_sql_file!("../../sql/exchange/many.sql", name = "exchange_many");
extension_sql_file!("../../sql/exchange/markets.sql", name = "exchange_markets");
extension_sql_file!("../../sql/exchange/match_orders.sql", name = "exchange_match_orders");
extension_sql_file!("../../sql/exchange/my_trades.sql", name = "exchange_my_trades");
extension_sql_file!("../../sql/exchange/order_book_orders.sql", name = "exchange_order_book_orders");
extension_sql_file!("../../sql/exchange/period.sql", name = "exchange_period");
extension_sql_file!("../../sql/exchange/record_market_status.sql", name = "exchange_record_market_status");
extension_sql_file!("../../sql/exchange/sequencer.sql", name = "exchange_sequencer", requires = ["exchange_doors"]);
extension_sql_file!(
    "../../sql/exchange/sweep_fees.sql",
    name = "exchange_sweep_fees",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/exchange/ticker.sql", name = "exchange_ticker");
extension_sql_file!("../../sql/exchange/trade_tape.sql", name = "exchange_trade_tape");
extension_sql_file!("../../sql/exchange/transfer.sql", name = "exchange_transfer");
extension_sql_file!("../../sql/exchange/triggers.sql", name = "exchange_triggers");
extension_sql_file!("../../sql/exchange/venues.sql", name = "exchange_venues");
extension_sql_file!("../../sql/exchange/verify.sql", name = "exchange_verify");
