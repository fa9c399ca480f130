//! Concurrency keys whose next item could not be let go: somebody was just changing it. A claim that comes by does it.

use std::ops::ControlFlow;

use super::Queue;
use crate::pg::definition::Definition;
use crate::pg::fields::table;
use crate::pg::lock::Space;
use crate::pg::scan::Key;
use crate::pg::table::Table;

static STALLED: Definition =
    Definition { schema: c"bourse", name: c"stalled_keys", columns: stalled_keys::ALL, checks: &[] };
/// Whose turn it is to look at them.
pub const SWEEP: Space = Space::new(1_049_602, 1);
/// So many are looked at by one claim.
const MOST: usize = 100;

table! {
    /// `bourse.stalled_keys`.
    pub mod stalled_keys: written {
        queue: Text,
        concurrency_key: Text,
    }
}

/// Notes a key.
pub fn note(queue: &Queue, key: &str) {
    let mut table = Table::open(&STALLED);
    stalled_keys::New { queue: &queue.known.name(), concurrency_key: key }.insert(&mut table);
    table.close();
}

/// Takes the notes of a queue, if nobody else is just doing that.
pub fn take(queue: &Queue) -> Vec<String> {
    let mut table = Table::open(&STALLED);
    // Nearly always.
    let is_idle = table.is_empty() || !SWEEP.only().try_acquire();
    let keys = if is_idle { Vec::new() } else { take_from(&mut table, &queue.known.name()) };
    table.close();
    keys
}

fn take_from(table: &mut Table, queue: &str) -> Vec<String> {
    let index = table.index(c"idx_stalled_keys_queue");
    let mut notes = Vec::new();
    table.scan(index, &[Key::Text(queue)], |row| {
        notes.push((row.tid(), stalled_keys::of(row).concurrency_key().to_owned()));
        if notes.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    notes.iter().for_each(|(tid, _)| table.delete(*tid));
    let mut keys: Vec<String> = notes.into_iter().map(|(_, key)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
