//! Settings of the kernel.

use std::time::Duration;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

static DROP_TABLES: GucSetting<bool> = GucSetting::<bool>::new(false);
static TICKER: GucSetting<bool> = GucSetting::<bool>::new(false);
static TICKER_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(1000);
/// Only SQL reads it.
static BACKUP_AGE: GucSetting<i32> = GucSetting::<i32>::new(25 * 3600);

/// Makes the settings known. Called once, when the library is loaded.
pub fn register() {
    GucRegistry::define_int_guc(
        c"bourse.backup_age",
        c"How old the last backup may be before bourse.alerts() says so; 0: it never does.",
        c"",
        &BACKUP_AGE,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_bool_guc(
        c"bourse.drop_tables",
        c"Lets DROP EXTENSION pg_bourse CASCADE take the tables with it.",
        c"Off: it is refused while there are tables.",
        &DROP_TABLES,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"bourse.ticker",
        c"Has a process in each database call bourse_private.tick(), if there is one, again and again.",
        c"",
        &TICKER,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"bourse.ticker_interval",
        c"How long the ticker waits between two calls of bourse_private.tick().",
        c"",
        &TICKER_INTERVAL,
        10,
        3_600_000,
        GucContext::Sighup,
        GucFlags::UNIT_MS,
    );
}

/// Whether the tables may go with the extension.
pub fn drops_tables() -> bool {
    DROP_TABLES.get()
}

/// Whether databases have a ticker.
pub fn ticks() -> bool {
    TICKER.get()
}

/// How long a ticker waits between two ticks.
pub fn ticker_interval() -> Duration {
    Duration::from_millis(TICKER_INTERVAL.get().unsigned_abs().into())
}
