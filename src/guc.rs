//! Settings of the extension. `bourse.user_id` is not among them: it is a plain placeholder that only the
//! gateway's sessions are believed (see [`crate::identity`]).

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

static NOTIFY: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Makes the settings known. Called once, when the library is loaded.
pub fn register() {
    crate::identity::settings::register();
    GucRegistry::define_bool_guc(
        c"bourse.notify",
        c"Sends NOTIFY bourse with the symbol of each market whose book has changed, once per transaction.",
        c"A hint to look, not a feed: a commit with a NOTIFY takes a lock on the whole database.",
        &NOTIFY,
        GucContext::Userset,
        GucFlags::default(),
    );
}

/// Whether listeners are told of changed books.
pub fn notifies() -> bool {
    NOTIFY.get()
}
