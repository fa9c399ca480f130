//! Settings of the kernel.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

static DROP_TABLES: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Makes the settings known. Called once, when the library is loaded.
pub fn register() {
    GucRegistry::define_bool_guc(
        c"bourse.drop_tables",
        c"Lets DROP EXTENSION pg_bourse CASCADE take the tables with it.",
        c"Off: it is refused while there are tables.",
        &DROP_TABLES,
        GucContext::Suset,
        GucFlags::default(),
    );
}

/// Whether the tables may go with the extension.
pub fn drops_tables() -> bool {
    DROP_TABLES.get()
}
