//! The functions of the schema `calendar` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so the order is nobody's concern; `bootstrap` comes before all of them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/calendar/builtin_calendars.sql", name = "calendar_builtin_calendars");
extension_sql_file!("../../sql/calendar/declare.sql", name = "calendar_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/calendar/definitions.sql", name = "calendar_definitions");
extension_sql_file!("../../sql/calendar/help.sql", name = "calendar_help");
extension_sql_file!("../../sql/calendar/holidays.sql", name = "calendar_holidays");
extension_sql_file!("../../sql/calendar/questions.sql", name = "calendar_questions");
extension_sql_file!("../../sql/calendar/rows.sql", name = "calendar_rows");
extension_sql_file!("../../sql/calendar/sessions.sql", name = "calendar_sessions");
extension_sql_file!("../../sql/calendar/triggers.sql", name = "calendar_triggers");
