//! What a statement can see.

use pgrx::pg_sys;

use super::session;

/// What the running statement sees: two that are the same see the same rows. While none of this changes, what has been
/// read need not be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The transaction of this session, and the subtransaction in it: what one has written and rolled back, the next does
    /// not see, and no number of the snapshot tells.
    transaction: (u32, u32),
    /// The commands of the transaction before this one.
    command: u32,
    /// Which transactions have ended. Below the upper bound all have begun, so that the number of those that have not
    /// ended says which.
    bounds: (u32, u32),
    running: (u32, i32),
    /// A standby and an overflow count otherwise.
    flags: (bool, bool),
}

impl Sight {
    /// That of the running statement; none outside of one.
    pub fn now() -> Option<Sight> {
        // SAFETY: reads the active snapshot, if there is one.
        unsafe {
            if !pg_sys::ActiveSnapshotSet() {
                return None;
            }
            let snapshot = &*pg_sys::GetActiveSnapshot();
            Some(Sight {
                transaction: (session::transaction_number(), pg_sys::GetCurrentSubTransactionId()),
                command: snapshot.curcid,
                bounds: (snapshot.xmin.into_inner(), snapshot.xmax.into_inner()),
                running: (snapshot.xcnt, snapshot.subxcnt),
                flags: (snapshot.suboverflowed, snapshot.takenDuringRecovery),
            })
        }
    }
}
