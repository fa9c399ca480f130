//! The functions of the schema `jobs` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so a file requires another only for what it needs to be made: a
//! type, the support function of a function. `bootstrap` comes before all of them.

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/jobs/calendars.sql", name = "jobs_calendars");
extension_sql_file!("../../sql/jobs/change_schedule.sql", name = "jobs_change_schedule");
extension_sql_file!("../../sql/jobs/declare.sql", name = "jobs_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/jobs/help.sql", name = "jobs_help");
extension_sql_file!("../../sql/jobs/schedules.sql", name = "jobs_schedules");
extension_sql_file!("../../sql/jobs/tasks.sql", name = "jobs_tasks");
extension_sql_file!("../../sql/jobs/stopped_schedules.sql", name = "jobs_stopped_schedules");
extension_sql_file!("../../sql/jobs/tick.sql", name = "jobs_tick");
extension_sql_file!("../../sql/jobs/ticks.sql", name = "jobs_ticks");
extension_sql_file!("../../sql/jobs/notify_workers.sql", name = "jobs_notify_workers");
extension_sql_file!("../../sql/jobs/enqueue.sql", name = "jobs_enqueue", requires = ["bourse_refuse_repeats"]);
extension_sql_file!("../../sql/jobs/maintenance.sql", name = "jobs_maintenance");
extension_sql_file!("../../sql/jobs/run_tasks.sql", name = "jobs_run_tasks");
extension_sql_file!("../../sql/jobs/runs.sql", name = "jobs_runs");
extension_sql_file!("../../sql/jobs/verify.sql", name = "jobs_verify");
extension_sql_file!("../../sql/jobs/workers.sql", name = "jobs_workers", requires = ["bourse_refuse_repeats"]);
