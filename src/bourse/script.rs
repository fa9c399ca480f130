//! The functions of the schema `bourse` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so the order is nobody's concern; `bootstrap` comes before all of
//! them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/bourse/at_work.sql", name = "bourse_at_work");
extension_sql_file!("../../sql/bourse/attached_code.sql", name = "bourse_attached_code");
extension_sql_file!("../../sql/bourse/await_durability.sql", name = "bourse_await_durability");
extension_sql_file!("../../sql/bourse/backups.sql", name = "bourse_backups");
extension_sql_file!("../../sql/bourse/calls.sql", name = "bourse_calls");
extension_sql_file!("../../sql/bourse/clip.sql", name = "bourse_clip");
extension_sql_file!("../../sql/bourse/data_migrations.sql", name = "bourse_data_migrations");
extension_sql_file!("../../sql/bourse/declare.sql", name = "bourse_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/bourse/guard_drop.sql", name = "bourse_guard_drop");
extension_sql_file!("../../sql/bourse/guard_locks.sql", name = "bourse_guard_locks");
extension_sql_file!("../../sql/bourse/guard_tables.sql", name = "bourse_guard_tables");
extension_sql_file!("../../sql/bourse/help.sql", name = "bourse_help");
extension_sql_file!("../../sql/bourse/hidden.sql", name = "bourse_hidden");
extension_sql_file!("../../sql/bourse/install.sql", name = "bourse_install");
extension_sql_file!("../../sql/bourse/maintain.sql", name = "bourse_maintain");
extension_sql_file!("../../sql/bourse/modules.sql", name = "bourse_modules");
extension_sql_file!("../../sql/bourse/monitoring.sql", name = "bourse_monitoring");
extension_sql_file!("../../sql/bourse/notify.sql", name = "bourse_notify");
extension_sql_file!("../../sql/bourse/openmetrics.sql", name = "bourse_openmetrics");
extension_sql_file!("../../sql/bourse/partitions.sql", name = "bourse_partitions");
extension_sql_file!("../../sql/bourse/queue.sql", name = "bourse_queue");
extension_sql_file!("../../sql/bourse/redact.sql", name = "bourse_redact");
extension_sql_file!("../../sql/bourse/refuse.sql", name = "bourse_refuse");
extension_sql_file!("../../sql/bourse/refuse_repeats.sql", name = "bourse_refuse_repeats");
extension_sql_file!("../../sql/bourse/require_drawn.sql", name = "bourse_require_drawn");
extension_sql_file!("../../sql/bourse/require_given.sql", name = "bourse_require_given");
extension_sql_file!("../../sql/bourse/require_page.sql", name = "bourse_require_page");
extension_sql_file!("../../sql/bourse/require_plain_numbers.sql", name = "bourse_require_plain_numbers");
extension_sql_file!("../../sql/bourse/require_read_committed.sql", name = "bourse_require_read_committed");
extension_sql_file!("../../sql/bourse/require_shallow.sql", name = "bourse_require_shallow");
extension_sql_file!("../../sql/bourse/secret_in.sql", name = "bourse_secret_in");
extension_sql_file!("../../sql/bourse/sequences.sql", name = "bourse_sequences");
extension_sql_file!("../../sql/bourse/server_alerts.sql", name = "bourse_server_alerts");
extension_sql_file!("../../sql/bourse/server_figures.sql", name = "bourse_server_figures");
extension_sql_file!("../../sql/bourse/server_metrics.sql", name = "bourse_server_metrics");
extension_sql_file!("../../sql/bourse/statements.sql", name = "bourse_statements");
extension_sql_file!("../../sql/bourse/status.sql", name = "bourse_status");
extension_sql_file!("../../sql/bourse/strangers.sql", name = "bourse_strangers");
extension_sql_file!("../../sql/bourse/tally.sql", name = "bourse_tally");
extension_sql_file!("../../sql/bourse/thresholds.sql", name = "bourse_thresholds");
extension_sql_file!("../../sql/bourse/triggers.sql", name = "bourse_triggers");
extension_sql_file!("../../sql/bourse/validate.sql", name = "bourse_validate");
extension_sql_file!("../../sql/bourse/workers.sql", name = "bourse_workers");
extension_sql_file!("../../sql/bourse/zones.sql", name = "bourse_zones");
