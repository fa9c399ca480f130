//! Concurrency keys whose next item could not be let go: somebody was just changing it. A claim that comes by does it.
//!
//! Whoever keeps such an item locked keeps it so for as long as he likes. A note that is of no use yet stays as it is:
//! to write it anew would leave a dead row with each claim, over which the next ones walk. And a session that has found
//! such notes does not look at them with every claim.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::Queue;
use crate::error::Answer;
use crate::pg::definition::Definition;
use crate::pg::fields::table;
use crate::pg::lock::Space;
use crate::pg::scan::Key;
use crate::pg::table::{Table, Tid};

static STALLED: Definition =
    Definition { schema: c"bourse", name: c"stalled_keys", columns: stalled_keys::ALL, checks: &[] };
/// Whose turn it is to look at them.
pub const SWEEP: Space = Space::new(1_049_602, 1);
/// So many are looked at by one claim.
const MOST: usize = 100;
/// Of the time of a session, one part of so many goes into notes that are of no use yet, as long as the others are
/// found within [`SOON`].
const SHARE: u32 = 100;
const SOON: Duration = Duration::from_secs(1);

table! {
    /// `bourse.stalled_keys`.
    pub mod stalled_keys: written {
        queue: Text,
        concurrency_key: Text,
    }
}

/// What this session has seen of the notes of a queue that are of no use yet.
struct Seen {
    queue: u32,
    /// When it looks again.
    again: Instant,
    /// How many it leaves out then: it has been at them.
    past: usize,
}

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// Notes a key.
pub fn note(queue: &Queue, key: &str) {
    let mut table = Table::open(&STALLED);
    stalled_keys::New { queue: &queue.known.name(), concurrency_key: key }.insert(&mut table);
    table.close();
}

/// Calls `let_go` with the keys that are noted for a queue, and drops the notes of those of which it is true; unless
/// somebody else is just doing that, or this session has done so a moment ago. Returns whether there were any.
pub fn look(queue: &mut Queue, mut let_go: impl FnMut(&mut Queue, &str) -> Answer<bool>) -> Answer<bool> {
    let mut table = Table::open(&STALLED);
    // Nearly always.
    let past = if table.is_empty() { None } else { is_time(queue.number()) };
    let Some(past) = past.filter(|_| SWEEP.only().try_acquire()) else {
        table.close();
        return Ok(false);
    };
    let began = Instant::now();
    let (keys, follow) = read(&mut table, &queue.known.name(), past);
    let (mut dropped, mut left) = (false, 0);
    for (key, notes) in keys {
        if let_go(queue, &key)? {
            notes.iter().for_each(|tid| table.delete(*tid));
            dropped = true;
        } else {
            left += notes.len();
        }
    }
    table.close();
    let past = if follow { past + left } else { 0 };
    went(queue.number(), began, past, left > 0 || past > 0);
    Ok(dropped)
}

/// The notes of a queue by their keys, and whether more of them follow.
fn read(table: &mut Table, queue: &str, past: usize) -> (BTreeMap<String, Vec<Tid>>, bool) {
    let index = table.index(c"idx_stalled_keys_queue");
    let (mut keys, mut at): (BTreeMap<String, Vec<Tid>>, usize) = (BTreeMap::new(), 0);
    table.scan(index, &[Key::Text(queue)], |row| {
        at += 1;
        if at > past {
            keys.entry(stalled_keys::of(row).concurrency_key().to_owned()).or_default().push(row.tid());
        }
        if at < past + MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    (keys, at == past + MOST)
}

/// How many notes to leave out, if it is time to look at the others.
fn is_time(queue: u32) -> Option<usize> {
    SEEN.with_borrow(|all| {
        let Some(seen) = all.iter().find(|seen| seen.queue == queue) else { return Some(0) };
        (Instant::now() >= seen.again).then_some(seen.past)
    })
}

/// Has this session come back later, where notes are left.
fn went(queue: u32, began: Instant, past: usize, are_left: bool) {
    let again = Instant::now() + (began.elapsed() * SHARE).min(SOON);
    SEEN.with_borrow_mut(|all| {
        all.retain(|seen| seen.queue != queue);
        if are_left {
            all.push(Seen { queue, again, past });
        }
    });
}
