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
fn take(lease: Uuid) -> Vec<(i64, Tid)> {
    LEASES.with_borrow_mut(|leases| {
        let at = leases.iter().position(|(known, _)| *known == lease);
        at.and_then(|at| leases.remove(at)).map(|(_, items)| items).unwrap_or_default()
    })
}

/// Forgets these items of a lease, which are in ascending order, and returns where they stood.
pub fn take_of(lease: Uuid, ids: &[i64]) -> Vec<(i64, Tid)> {
    let (known, rest): (Vec<_>, Vec<_>) = take(lease).into_iter().partition(|(id, _)| ids.binary_search(id).is_ok());
    note(lease, rest);
    known
}
