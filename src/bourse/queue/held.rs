//! Where a session has put what it has claimed last. Whoever tells of it in the same session finds it there, without a
//! search of an index; it is a hint: what has been moved since, or was never committed, is looked for.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::pg::table::Tid;
use crate::pg::value::Uuid;

/// So many leases are remembered, and no larger ones.
const MOST: usize = 8;
const LARGEST: usize = 1000;

/// What a lease holds: the ids, in ascending order, and where they stand.
type Lease = (Uuid, Vec<(i64, Tid)>);

thread_local! {
    static LEASES: RefCell<VecDeque<Lease>> = const { RefCell::new(VecDeque::new()) };
}

/// Notes where a new lease has its items.
pub fn note(lease: Uuid, mut items: Vec<(i64, Tid)>) {
    if items.is_empty() || items.len() > LARGEST {
        return;
    }
    items.sort_unstable_by_key(|(id, _)| *id);
    LEASES.with_borrow_mut(|leases| {
        leases.truncate(MOST - 1);
        leases.push_front((lease, items));
    });
}

/// Forgets a lease, and returns where its items stood.
pub fn take(lease: Uuid) -> Vec<(i64, Tid)> {
    LEASES.with_borrow_mut(|leases| {
        let at = leases.iter().position(|(known, _)| *known == lease);
        at.and_then(|at| leases.remove(at)).map(|(_, items)| items).unwrap_or_default()
    })
}
