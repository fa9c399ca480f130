//! Concurrency keys: of the items with one key, at most one runs at a time.
//!
//! A claim that meets an item whose key is taken parks it: it is not due until the item that has the key ends, however it
//! ends, and lets the next one go. Both hold the lock of the key until they commit, so that no item is parked while
//! nobody is left to wake it. A claim does not wait for the lock: it passes such items over.

use std::collections::HashSet;

use super::Queue;
use super::columns::at;
use crate::error::Answer;
use crate::pg::lock::{self, Lock, Space};
use crate::pg::scan::Key;
use crate::pg::value::{Timestamp, Value};

/// A key of a queue, by its name.
pub const KEYS: Space = Space::new(1026, 1 << 20);
/// When a parked item is due.
pub const PARKED: Timestamp = Timestamp(i64::MAX);

const RUNNING: &str = "(concurrency_key) WHERE ((concurrency_key IS NOT NULL) AND (status = 'running'::text))";
const WAITING: &str =
    "(concurrency_key, priority, id) WHERE ((concurrency_key IS NOT NULL) AND (status = 'pending'::text))";

/// Whose turn it is.
pub enum Turn {
    /// The item may run.
    Mine,
    /// Another item with the key runs.
    Taken,
    /// Somebody is just changing that.
    Unclear,
}

/// The keys that a claim has taken: it does not see its own rows yet.
#[derive(Default)]
pub struct Keys(HashSet<String>);

impl Keys {
    /// Whose turn it is, for an item that waits. Holds the key to the end of the transaction, if nobody else does.
    pub fn turn(&self, queue: &mut Queue, key: &str) -> Answer<Turn> {
        if self.0.contains(key) {
            return Ok(Turn::Taken);
        }
        if !lock_of(queue, key).try_acquire() {
            return Ok(Turn::Unclear);
        }
        let index = queue.index(RUNNING)?;
        let running = queue.table.find(index, &[Key::Text(key)], |row| row.int(at::ID));
        Ok(if running.is_some() { Turn::Taken } else { Turn::Mine })
    }

    /// Notes that an item with this key has been handed out.
    pub fn take(&mut self, key: Option<String>) {
        self.0.extend(key);
    }
}

/// Lets the next item of each of these keys go: one of their items has ended, or waits again.
pub fn pass_on(queue: &mut Queue, keys: impl IntoIterator<Item = String>, now: Timestamp) -> Answer<()> {
    let keys: Vec<String> = keys.into_iter().collect();
    if keys.is_empty() {
        return Ok(());
    }
    lock::acquire_all(keys.iter().map(|key| lock_of(queue, key)));
    let index = queue.index(WAITING)?;
    for key in keys {
        let mut cursor = queue.table.cursor(index, &[Key::Text(&key)], false);
        while let Some((tid, due)) = cursor.next(&mut queue.table, |row| (row.tid(), row.some_time(at::CLAIMABLE_AT))) {
            let is_parked = due == Some(PARKED);
            let next = [(at::CLAIMABLE_AT, Value::Time(now))];
            if is_parked && queue.table.try_update(tid, &next).is_some() {
                break;
            }
        }
        cursor.close(&mut queue.table);
    }
    Ok(())
}

fn lock_of(queue: &Queue, key: &str) -> Lock {
    KEYS.named(&format!("{} {key}", queue.number()))
}
