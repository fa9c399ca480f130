//! Heavyweight locks of our own, held to the end of the transaction and visible in `pg_locks`.
//!
//! They share PostgreSQL's advisory lock space but with an `objsubid` that no SQL function can ask for, so no
//! user can hold a market by hand. A row lock on a hot row would wake every waiter at each commit; this queue
//! is fair and wakes one.

use std::cell::Cell;

use pgrx::pg_sys;

use super::session;

/// `classid` of our locks: "brse" in ASCII.
const CLASS: u32 = 0x6272_7365;
/// `objsubid` of our locks; SQL's advisory locks use 1 and 2.
const SUBID: u16 = 0xB0;

/// What is locked. Taken in this order: inbox, then client ids, then markets, each by [`Lock::key`], then rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock<'a> {
    /// Installing and migrating.
    Migrations,
    /// Draining the bulk inbox.
    Inbox,
    /// The client_order_ids of a user: who holds it knows that nobody else is using one of them just now. Users
    /// share [`CLIENT_LOCKS`] locks, so that a batch never needs more.
    Client(i64),
    /// One market: its book, its counters.
    Market(&'a str),
}

/// How many locks the client ids of all users share.
const CLIENT_LOCKS: i64 = 1024;

thread_local! {
    /// The transaction in which this session last took one of our locks.
    static TAKEN_IN: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Whether this transaction has taken one of our locks: others may be waiting for it, though it has written nothing.
pub fn is_any_taken() -> bool {
    TAKEN_IN.get() == Some(session::transaction_number())
}

impl Lock<'_> {
    /// The `objid` of the lock. Two markets may share one: then they wait for each other, nothing else.
    pub fn key(self) -> u32 {
        match self {
            Lock::Migrations => 0,
            Lock::Inbox => 1,
            Lock::Client(user) => 2 + user.rem_euclid(CLIENT_LOCKS) as u32,
            // FNV-1a, above the fixed keys.
            Lock::Market(symbol) => {
                let hash = symbol.bytes().fold(0x811C_9DC5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
                hash | 0x8000_0000
            }
        }
    }

    /// Waits for the lock and holds it until the transaction ends. Returns whether it was not held before.
    pub fn acquire(self) -> bool {
        self.take(false) == pg_sys::LockAcquireResult::LOCKACQUIRE_OK
    }

    /// Holds the lock until the transaction ends, if nobody else holds it now.
    pub fn try_acquire(self) -> bool {
        self.take(true) != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }

    /// Lets go of a lock before the transaction ends. It was taken in the same subtransaction, and not held before.
    pub fn release(self) {
        let tag = self.tag();
        // SAFETY: as in `take`.
        unsafe {
            pg_sys::LockRelease(&raw const tag, pg_sys::ExclusiveLock as i32, false);
        }
    }

    fn tag(self) -> pg_sys::LOCKTAG {
        pg_sys::LOCKTAG {
            // SAFETY: MyDatabaseId is set before any function runs.
            locktag_field1: unsafe { pg_sys::MyDatabaseId }.into(),
            locktag_field2: CLASS,
            locktag_field3: self.key(),
            locktag_field4: SUBID,
            locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
            locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
        }
    }

    fn take(self, at_once: bool) -> pg_sys::LockAcquireResult::Type {
        let tag = self.tag();
        // SAFETY: the tag is a valid advisory tag and lives through the call. Queries can be cancelled while waiting.
        let result = unsafe { pg_sys::LockAcquire(&raw const tag, pg_sys::ExclusiveLock as i32, false, at_once) };
        if result != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL {
            TAKEN_IN.set(Some(session::transaction_number()));
        }
        result
    }
}
