//! The functions of the schema `messaging` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so a file requires another only for what it needs to be made: a
//! type, the support function of a function. `bootstrap` comes before all of them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/messaging/channel_configs.sql", name = "messaging_channel_configs");
extension_sql_file!("../../sql/messaging/declare.sql", name = "messaging_declare", requires = ["bourse_modules"]);
