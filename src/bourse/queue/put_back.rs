//! What operators do with items: cancel them, and put back those that have ended.

use super::columns::at;
use super::settle::lock;
use super::{Queue, keys};
use crate::error::Answer;
use crate::pg::value::{Timestamp, Value};

/// Takes an item out of the queue. One that runs is asked to end where the queue can ask; else it is taken from its
/// holder. False: it has ended, or is not there.
pub fn cancel(queue: &mut Queue, id: i64, now: Timestamp) -> Answer<bool> {
    let Some((tid, item)) = lock(queue, id)?.filter(|(_, item)| item.is_pending || item.is_running) else {
        return Ok(false);
    };
    let places = &queue.known.places;
    if let Some(place) = places.cancel_requested.filter(|_| item.is_running) {
        queue.table.update(tid, &[(place, Value::Bool(true))]);
        return Ok(true);
    }
    let mut changes = item.ended("cancelled", now, places);
    // The lease stays, so that its holder can be told; it holds nothing any more.
    changes.retain(|(column, _)| *column != at::LEASE);
    queue.table.update(tid, &changes);
    keys::pass_on(queue, item.concurrency_key, now)?;
    Ok(true)
}

/// Puts those of these items that have failed or were cancelled back, with attempts as if they were new.
pub fn retry(queue: &mut Queue, ids: &[Option<i64>], now: Timestamp) -> Answer<Vec<i64>> {
    let mut done = Vec::new();
    for id in ids.iter().copied().flatten() {
        if let Some((tid, item)) = lock(queue, id)?.filter(|(_, item)| item.has_failed) {
            let places = &queue.known.places;
            let mut changes = item.waiting(now, 0, places);
            changes.extend(places.next_retry_at.map(|place| (place, Value::Null)));
            changes.extend(places.cancel_requested.map(|place| (place, Value::Bool(false))));
            queue.table.update(tid, &changes);
            done.push(id);
        }
    }
    Ok(done)
}
