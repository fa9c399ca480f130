//! The functions of the schema `analytics` in the script of the extension, by name.
//!
//! An aggregate stands in one file with its functions, so the order of the files is nobody's concern; `bootstrap` comes
//! before all of them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/analytics/equity.sql", name = "analytics_equity");
extension_sql_file!("../../sql/analytics/growth.sql", name = "analytics_growth");
extension_sql_file!("../../sql/analytics/moments.sql", name = "analytics_moments");
extension_sql_file!("../../sql/analytics/paths.sql", name = "analytics_paths");
extension_sql_file!("../../sql/analytics/positions.sql", name = "analytics_positions");
extension_sql_file!("../../sql/analytics/statistics.sql", name = "analytics_statistics");
extension_sql_file!("../../sql/analytics/tails.sql", name = "analytics_tails");
extension_sql_file!("../../sql/analytics/targets.sql", name = "analytics_targets");
