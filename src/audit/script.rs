//! The functions of the schema `audit` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so the order is nobody's concern; `bootstrap` comes before all of
//! them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/audit/chain.sql", name = "audit_chain");
extension_sql_file!("../../sql/audit/declare.sql", name = "audit_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/audit/erasure.sql", name = "audit_erasure");
extension_sql_file!("../../sql/audit/help.sql", name = "audit_help");
extension_sql_file!("../../sql/audit/log_activity.sql", name = "audit_log_activity");
extension_sql_file!("../../sql/audit/months.sql", name = "audit_months");
extension_sql_file!("../../sql/audit/record_change.sql", name = "audit_record_change");
extension_sql_file!("../../sql/audit/seal.sql", name = "audit_seal");
extension_sql_file!("../../sql/audit/switch.sql", name = "audit_switch");
extension_sql_file!("../../sql/audit/verify.sql", name = "audit_verify");
