//! Settings of the jobs.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

/// The most tasks of a database that can run at once.
const MOST_PARALLEL: i32 = 8;

static TASKS: GucSetting<bool> = GucSetting::<bool>::new(false);
static PARALLEL_TASKS: GucSetting<i32> = GucSetting::<i32>::new(2);

/// Makes the settings known. Called once, when the library is loaded.
pub fn register() {
    GucRegistry::define_bool_guc(
        c"bourse.tasks",
        c"Has a process in each database run the tasks that are due.",
        c"Off: only CALL jobs.run_tasks() does.",
        &TASKS,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"bourse.parallel_tasks",
        c"How many tasks of a database run at once, each in a process of its own.",
        c"",
        &PARALLEL_TASKS,
        1,
        MOST_PARALLEL,
        GucContext::Sighup,
        GucFlags::default(),
    );
}

/// Whether databases have a process that runs tasks.
pub fn runs_tasks() -> bool {
    TASKS.get()
}

/// How many tasks of a database run at once.
pub fn parallel_tasks() -> usize {
    PARALLEL_TASKS.get().unsigned_abs() as usize
}
