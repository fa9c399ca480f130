//! Settings of the exchange.

use std::time::Duration;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

/// The most requests that can be on their way at once: so many places the ring has.
pub const MOST_RING_SLOTS: usize = 1024;

static NOTIFY: GucSetting<bool> = GucSetting::<bool>::new(false);
static SEQUENCER_ONLY: GucSetting<bool> = GucSetting::<bool>::new(false);
static DRAIN_INBOX: GucSetting<bool> = GucSetting::<bool>::new(true);
static POLL_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(100);
static RING_SLOTS: GucSetting<i32> = GucSetting::<i32>::new(MOST_RING_SLOTS as i32);

/// Makes the settings known. Called once, when the library is loaded.
pub fn register() {
    GucRegistry::define_bool_guc(
        c"bourse.notify",
        c"Sends NOTIFY bourse with the symbol of each market whose book has changed, once per transaction.",
        c"A hint to look, not a feed: a commit with a NOTIFY takes a lock on the whole database.",
        &NOTIFY,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"bourse.sequencer_only",
        c"Has everybody but admins, workers and gateways trade and transfer through the sequencer only.",
        c"For servers where strangers have logins: nobody looks at what a ROLLBACK takes back, or holds a market.",
        &SEQUENCER_ONLY,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"bourse.drain_inbox",
        c"Has the sequencer carry out what stands in exchange.order_commands.",
        c"Off: only CALL exchange.match_orders() does.",
        &DRAIN_INBOX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"bourse.poll_interval",
        c"How often the sequencer looks into exchange.order_commands.",
        c"",
        &POLL_INTERVAL,
        1,
        60_000,
        GucContext::Sighup,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"bourse.ring_slots",
        c"How many submitted requests can be on their way at once, over all databases.",
        c"A session that finds no free slot waits for one.",
        &RING_SLOTS,
        1,
        MOST_RING_SLOTS as i32,
        GucContext::Sighup,
        GucFlags::default(),
    );
}

/// Whether logins without a trusted role trade and transfer through the sequencer only.
pub fn sequencer_only() -> bool {
    SEQUENCER_ONLY.get()
}

/// Whether the sequencer carries out the bulk inbox.
pub fn drains_inbox() -> bool {
    DRAIN_INBOX.get()
}

/// How often the sequencer looks into the bulk inbox.
pub fn poll_interval() -> Duration {
    Duration::from_millis(POLL_INTERVAL.get().unsigned_abs().into())
}

/// How many requests can be in the ring.
pub fn ring_slots() -> usize {
    RING_SLOTS.get().unsigned_abs() as usize
}

/// Whether listeners are told of changed books.
pub fn notifies() -> bool {
    NOTIFY.get()
}
