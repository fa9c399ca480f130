//! The functions of the schema `messaging` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so a file requires another only for what it needs to be made: a
//! type, the support function of a function. `bootstrap` comes before all of them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/messaging/cancel.sql", name = "messaging_cancel");
extension_sql_file!("../../sql/messaging/channel_configs.sql", name = "messaging_channel_configs");
extension_sql_file!("../../sql/messaging/check_health.sql", name = "messaging_check_health");
extension_sql_file!("../../sql/messaging/declare.sql", name = "messaging_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/messaging/deliveries.sql", name = "messaging_deliveries");
extension_sql_file!("../../sql/messaging/digests.sql", name = "messaging_digests");
extension_sql_file!("../../sql/messaging/enqueue.sql", name = "messaging_enqueue");
extension_sql_file!(
    "../../sql/messaging/enqueue_many.sql",
    name = "messaging_enqueue_many",
    requires = ["messaging_enqueue"]
);
extension_sql_file!("../../sql/messaging/expiry.sql", name = "messaging_expiry");
extension_sql_file!("../../sql/messaging/help.sql", name = "messaging_help");
extension_sql_file!("../../sql/messaging/operate.sql", name = "messaging_operate");
extension_sql_file!("../../sql/messaging/preferences.sql", name = "messaging_preferences");
extension_sql_file!(
    "../../sql/messaging/rate_limits.sql",
    name = "messaging_rate_limits",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/messaging/statistics.sql", name = "messaging_statistics");
extension_sql_file!(
    "../../sql/messaging/workers.sql",
    name = "messaging_workers",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/messaging/system_health.sql", name = "messaging_system_health");
extension_sql_file!("../../sql/messaging/telegram.sql", name = "messaging_telegram");
