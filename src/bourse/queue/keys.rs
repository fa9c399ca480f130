//! Concurrency keys: of the items with one key, at most one runs at a time.
//!
//! A claim that meets an item whose key is taken parks it: it is not due until the item that has the key ends, however it
//! ends, and lets the next one go. Both hold the lock of the key until they commit, so that no item is parked while
//! nobody is left to wake it. A claim does not wait for the lock: it passes such items over. Whoever cancels an item that
//! waits lets the next one go without the lock, for he may stay in his transaction: one too many is parked again.

use std::collections::HashSet;

use super::columns::at;
use super::{Queue, stalled};
use crate::error::Answer;
use crate::pg::lock::{self, Lock, Space};
use crate::pg::scan::Key;
use crate::pg::session;
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
        Ok(if is_running(queue, key)? { Turn::Taken } else { Turn::Mine })
    }

    /// Whether none has been taken.
    pub fn are_none(&self) -> bool {
        self.0.is_empty()
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
    keys.iter().try_for_each(|key| wake_next(queue, key, now))
}

/// Has the next item that is parked wait for its claim, or notes that this is still to be done.
pub fn wake_next(queue: &mut Queue, key: &str, now: Timestamp) -> Answer<()> {
    if !wake(queue, key, now)? {
        stalled::note(queue, key);
    }
    Ok(())
}

/// False: each that is parked somebody is just cancelling, and may yet take that back.
fn wake(queue: &mut Queue, key: &str, now: Timestamp) -> Answer<bool> {
    let index = queue.index(WAITING)?;
    let (mut is_awake, mut is_stalled) = (false, false);
    let mut cursor = queue.table.cursor(index, &[Key::Text(key)], false);
    while !is_awake
        && let Some((tid, due)) = cursor.next(&mut queue.table, |row| (row.tid(), row.some_time(at::CLAIMABLE_AT)))
    {
        if due == Some(PARKED) {
            is_awake = queue.table.try_update(tid, &[(at::CLAIMABLE_AT, Value::Time(now))]).is_some();
            is_stalled = true;
        }
    }
    cursor.close(&mut queue.table);
    Ok(is_awake || !is_stalled)
}

/// Lets the items go whose keys are stalled, where that can be done by now.
pub fn go_on(queue: &mut Queue, now: Timestamp) -> Answer<()> {
    let may_go = stalled::look(queue, |queue, key| {
        Ok(lock_of(queue, key).try_acquire() && (is_running(queue, key)? || wake(queue, key, now)?))
    })?;
    if may_go {
        // Whoever calls may take what has been let go.
        session::advance();
    }
    Ok(())
}

fn is_running(queue: &mut Queue, key: &str) -> Answer<bool> {
    let index = queue.index(RUNNING)?;
    Ok(queue.table.find(index, &[Key::Text(key)], |_| ()).is_some())
}

fn lock_of(queue: &Queue, key: &str) -> Lock {
    KEYS.named(&format!("{} {key}", queue.number()))
}
