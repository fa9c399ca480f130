//! Heavyweight locks of our own, held to the end of the transaction and visible in `pg_locks`.
//!
//! They share PostgreSQL's advisory lock space but with an `objsubid` that no SQL function can ask for, so no
//! user can hold a market by hand. A row lock on a hot row would wake every waiter at each commit; this queue
//! is fair and wakes one.

use std::cell::Cell;

use pgrx::pg_sys;
use sha2::{Digest, Sha256};

use super::session;

/// `classid` of our locks: "brse" in ASCII.
const CLASS: u32 = 0x6272_7365;
/// `objsubid` of our locks; SQL's advisory locks use 1 and 2.
const SUBID: u16 = 0xB0;
/// `objsubid` of the locks of [`hold`].
const WIDE: u16 = 0xB1;

/// Numbers that one schema has declared for one kind of thing that it locks. No two spaces overlap, and whoever takes
/// several locks takes them in the order of their numbers; rows come last.
///
/// | numbers | space | what is locked |
/// |---|---|---|
/// | 0 | `bourse::MIGRATIONS` | installing and migrating |
/// | 1 | `exchange::locks::INBOX` | draining the bulk inbox |
/// | 2 … 1025 | `exchange::locks::CLIENTS` | the client_order_ids of a user, by its id |
/// | 1026 … 1049601 | `bourse::queue::keys::KEYS` | a concurrency key of a queue, by its name |
/// | 1049602 | `bourse::queue::stalled::SWEEP` | looking at the stalled keys of queues |
/// | 1049603 | `trading::INBOX` | draining the inbox of fills |
/// | 1049604 … | – | free |
/// | 0x8000_0000 … | `exchange::locks::MARKETS` | a market, by its symbol |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    first: u32,
    count: u32,
}

impl Space {
    /// So many numbers from this one on.
    pub const fn new(first: u32, count: u32) -> Space {
        assert!(count > 0 && first.checked_add(count - 1).is_some(), "a space has numbers");
        Space { first, count }
    }

    /// Its first lock, which is the only one where it has one number.
    pub const fn only(self) -> Lock {
        Lock(self.first)
    }

    /// The lock of an id. Two ids may share one: then they wait for each other, nothing else.
    pub fn of(self, id: i64) -> Lock {
        Lock(self.first + id.rem_euclid(i64::from(self.count)) as u32)
    }

    /// The lock of a name. Two names may share one, as with ids.
    pub fn named(self, name: &str) -> Lock {
        // FNV-1a.
        let hash = name.bytes().fold(0x811C_9DC5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        Lock(self.first + hash % self.count)
    }
}

/// Whether no two of the spaces, in the order of their numbers, have one in common.
pub const fn are_apart(spaces: &[Space]) -> bool {
    let mut at = 1;
    while at < spaces.len() {
        if spaces[at - 1].first + (spaces[at - 1].count - 1) >= spaces[at].first {
            return false;
        }
        at += 1;
    }
    true
}

/// Something that one transaction at a time may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lock(u32);

thread_local! {
    /// The transaction in which this session last took one of our locks.
    static TAKEN_IN: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Whether this transaction has taken one of our locks: others may be waiting for it, though it has written nothing.
pub fn is_any_taken() -> bool {
    TAKEN_IN.get() == Some(session::transaction_number())
}

impl Lock {
    /// Its number: the `objid` that `pg_locks` shows.
    pub fn number(self) -> u32 {
        self.0
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
        tag(CLASS, self.0, SUBID)
    }

    fn take(self, at_once: bool) -> pg_sys::LockAcquireResult::Type {
        take(self.tag(), at_once)
    }
}

/// Waits for the lock of a number and holds it until the transaction ends. It is for what users name: of a number that
/// is a good hash of the name, nobody finds another name, to keep somebody waiting whom he has nothing to do with.
pub fn hold(number: u64) {
    take(wide_tag(number), false);
}

/// As [`hold`], if nobody else holds it now.
pub fn try_hold(number: u64) -> bool {
    take(wide_tag(number), true) != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
}

/// The number of a name for [`hold`]: that of `bourse_private.hold_key()`.
pub fn hash(name: &str) -> u64 {
    Sha256::digest(name).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn wide_tag(number: u64) -> pg_sys::LOCKTAG {
    tag((number >> 32) as u32, number as u32, WIDE)
}

fn tag(class: u32, object: u32, kind: u16) -> pg_sys::LOCKTAG {
    pg_sys::LOCKTAG {
        // SAFETY: MyDatabaseId is set before any function runs.
        locktag_field1: unsafe { pg_sys::MyDatabaseId }.into(),
        locktag_field2: class,
        locktag_field3: object,
        locktag_field4: kind,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    }
}

fn take(tag: pg_sys::LOCKTAG, at_once: bool) -> pg_sys::LockAcquireResult::Type {
    // SAFETY: the tag is a valid advisory tag and lives through the call. Queries can be cancelled while waiting.
    let result = unsafe { pg_sys::LockAcquire(&raw const tag, pg_sys::ExclusiveLock as i32, false, at_once) };
    if result != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL {
        TAKEN_IN.set(Some(session::transaction_number()));
    }
    result
}

/// Takes these locks, in the order of their numbers. Returns those that were not held before.
pub fn acquire_all(locks: impl Iterator<Item = Lock>) -> Vec<Lock> {
    let mut locks: Vec<Lock> = locks.collect();
    locks.sort_unstable();
    locks.dedup();
    locks.retain(|lock| lock.acquire());
    locks
}
