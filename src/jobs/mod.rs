//! Jobs: schedules say what is to run when; the runs are a queue that workers claim from.

mod due;
mod lag;
mod room;
mod runs;
mod script;
mod settings;
mod tasks;
mod ticks;

use crate::bourse::modules::{Module, migrations};
use crate::pg::prepared::WaitedFor;
pub use tasks::TASKS;

/// The schema `jobs`.
pub const MODULE: Module = Module {
    schema: "jobs",
    waited_for: &[WaitedFor::writers(c"jobs", c"schedules")],
    settings: Some(settings::register),
    prepare: Some(tasks::prepare),
    migrations: migrations!("jobs": "0001_schedules", "0002_schedule_runs", "0003_paused_types", "0004_tasks",
        "0005_owners_first"),
    after_migrations: Some("SELECT jobs_private.adopt_maintenance();"),
};
