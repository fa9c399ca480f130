//! The functions of the schema `webui` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so the order is nobody's concern; `bootstrap` comes before all of
//! them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/webui/audit_logs.sql", name = "webui_audit_logs");
extension_sql_file!("../../sql/webui/config.sql", name = "webui_config");
extension_sql_file!("../../sql/webui/declare.sql", name = "webui_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/webui/help.sql", name = "webui_help");
extension_sql_file!("../../sql/webui/snapshots.sql", name = "webui_snapshots");
extension_sql_file!("../../sql/webui/templates.sql", name = "webui_templates");
extension_sql_file!("../../sql/webui/triggers.sql", name = "webui_triggers");
