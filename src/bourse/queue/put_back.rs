//! What operators do with items: cancel them, and put back those that have ended.

use super::item::Item;
use super::settle::{find, lock};
use super::{Queue, keys};
use crate::error::Answer;
use crate::pg::value::{Timestamp, Uuid, Value};

/// What has become of an item that is to be cancelled.
pub enum Cancelled {
    /// It waited, and has ended now.
    Ended,
    /// It runs, under this lease.
    Runs(Uuid),
    /// It had ended, or is not there.
    Gone,
}

impl Cancelled {
    fn of(item: &Item) -> Cancelled {
        match item.lease.filter(|_| item.is_running) {
            Some(lease) => Cancelled::Runs(lease),
            None => Cancelled::Gone,
        }
    }
}

/// Takes an item out of the queue, if it waits. One that runs it locks as well: that is undone by whoever calls.
pub fn cancel(queue: &mut Queue, id: i64, now: Timestamp) -> Answer<Cancelled> {
    let Some((tid, item)) = lock(queue, id)? else { return Ok(Cancelled::Gone) };
    if !item.is_pending {
        return Ok(Cancelled::of(&item));
    }
    queue.table.update(tid, &item.ended("cancelled", now, &queue.known.places));
    // One that is parked keeps no other from its turn.
    if let Some(key) = item.concurrency_key.filter(|_| item.claimable_at != Some(keys::PARKED)) {
        keys::wake_next(queue, &key, now)?;
    }
    Ok(Cancelled::Ended)
}

/// What an item is, if it does not wait; nothing is locked.
pub fn look(queue: &mut Queue, id: i64) -> Answer<Option<Cancelled>> {
    let found = find(queue, id)?;
    Ok(match found {
        None => Some(Cancelled::Gone),
        Some((_, item)) => (!item.is_pending).then(|| Cancelled::of(&item)),
    })
}

/// Puts those of these items that have failed or were cancelled back, with attempts as if they were new.
pub fn retry(queue: &mut Queue, ids: &[Option<i64>], now: Timestamp) -> Answer<Vec<i64>> {
    let mut done = Vec::new();
    for id in ids.iter().copied().flatten() {
        if let Some((tid, item)) = lock(queue, id)?.filter(|(_, item)| item.has_failed) {
            let places = &queue.known.places;
            let mut changes = item.waiting(now, 0, places);
            changes.extend(places.next_retry_at.map(|place| (place, Value::Null)));
            queue.table.update(tid, &changes);
            done.push(id);
        }
    }
    Ok(done)
}
