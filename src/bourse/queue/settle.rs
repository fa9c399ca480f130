//! What comes with a lease: a sign of life, an end, a failure, giving back. Of all items that are named each is held, or
//! nothing is changed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;

use pgrx::PgSqlErrorCode;
use pgrx::prelude::Spi;

use super::columns::{Known, at};
use super::item::Item;
use super::{BY_ID, Queue, held, keys};
use crate::error::{Answer, Failure};
use crate::pg::row::Row;
use crate::pg::scan::{Index, Key};
use crate::pg::table::Tid;
use crate::pg::value::{Timestamp, Uuid, Value};
use crate::pg::{owner, session};

const HELD: &str = "(lease) WHERE (lease IS NOT NULL)";
/// From so many items on they are looked for by their lease: one walk along an index, not one for each.
const MANY: usize = 4;
/// So many characters of what a worker says are kept.
const LONGEST_ERROR: usize = 2000;

/// What becomes of items.
pub enum Change<'a> {
    /// The lease lasts until then.
    Extend(Timestamp),
    /// It lasts as long again as it was given for.
    Beat,
    /// Done.
    Complete,
    /// Done until then, with attempts as if new.
    Again(Timestamp),
    /// Tried again then, if there is an attempt left; none: after the backoff.
    Fail {
        /// What the worker says.
        error: &'a str,
        /// When it is tried again.
        again_at: Option<Timestamp>,
        /// It is not.
        permanent: bool,
    },
    /// Given back untouched.
    Release,
}

/// An item that was held.
pub struct Settled {
    /// Its id.
    pub id: i64,
    /// What it is now.
    pub status: &'static str,
    /// Somebody has asked for its end.
    pub cancel_requested: bool,
}

/// Changes items of a lease: these, or all that it holds. `own`: what the module writes beside.
pub fn settle(
    queue: &mut Queue,
    lease: Uuid,
    ids: Option<&[Option<i64>]>,
    now: Timestamp,
    change: &Change<'_>,
    own: &[(usize, Value<'_>)],
) -> Answer<Vec<Settled>> {
    let (mut settled, mut missed, mut free) = (Vec::new(), None, Vec::new());
    for (id, found) in named(queue, lease, ids)? {
        let mut held = found.filter(|(_, item)| item.is_held(lease, now));
        if let Some((_, item)) = held.as_mut().filter(|_| change.asks()) {
            item.heed();
        }
        if let Some((tid, item)) = &held
            && !write(queue, *tid, change, item, now, own)
        {
            // Another with this lease has it just now, or a claim: what is left is decided once that is over.
            held = lock_held(queue, id, lease, now)?;
            if let Some((tid, item)) = &mut held {
                if change.asks() {
                    item.heed();
                }
                write_locked(queue, *tid, change, item, now, own);
            }
        }
        let Some((_, item)) = held else {
            missed = missed.or(Some(id));
            continue;
        };
        let status = change.status(&item);
        settled.push(Settled { id, status, cancel_requested: item.cancel_requested });
        free.extend(item.concurrency_key.filter(|_| status != "running"));
    }
    if let Some(id) = missed.filter(|_| ids.is_some()) {
        return Err(not_held(queue, lease, Some(id)));
    }
    if settled.is_empty() || ids.is_some_and(|ids| ids.contains(&None)) {
        return Err(not_held(queue, lease, None));
    }
    keys::pass_on(queue, free, now)?;
    Ok(settled)
}

/// Changes one item of a lease, which the caller has read at this place: nothing is looked up in an index, unless it
/// stands elsewhere by now. Returns what it is.
pub fn settle_at(
    queue: &mut Queue,
    (id, tid): (i64, Tid),
    lease: Uuid,
    now: Timestamp,
    change: &Change<'_>,
) -> Answer<&'static str> {
    let places = &queue.known.places;
    let read = |row: &Row<'_>| (row.tid(), Item::read(row, places));
    let held = queue.table.relock(tid, |row| row.int(at::ID) == id, read);
    let Some((tid, mut item)) = held.filter(|(_, item)| item.is_held(lease, now)) else {
        let settled = settle(queue, lease, Some(&[Some(id)]), now, change, &[])?;
        return Ok(settled.first().map_or("failed", |item| item.status));
    };
    if change.asks() {
        item.heed();
    }
    write_locked(queue, tid, change, &item, now, &[]);
    let status = change.status(&item);
    keys::pass_on(queue, item.concurrency_key.filter(|_| status != "running"), now)?;
    Ok(status)
}

/// Where an item stands, and what it is; none: it is not there.
type Found = Option<(Tid, Item)>;

/// The items that are named, each once, as they stand.
fn named(queue: &mut Queue, lease: Uuid, ids: Option<&[Option<i64>]>) -> Answer<Vec<(i64, Found)>> {
    let Some(ids) = ids else {
        let index = queue.index(HELD)?;
        let mut found: Vec<(i64, Found)> =
            all_of(queue, index, lease, usize::MAX).into_iter().map(|(id, item)| (id, Some(item))).collect();
        found.sort_unstable_by_key(|(id, _)| *id);
        return Ok(found);
    };
    let mut ids: Vec<i64> = ids.iter().copied().flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    let places = &queue.known.places;
    let known = held::take_of(lease, &ids);
    let place_of = |id: i64| known.binary_search_by_key(&id, |(id, _)| *id).ok().map(|at| known[at].1);
    let stand = |queue: &mut Queue, id: i64| {
        let read = |row: &Row<'_>| (row.tid(), Item::read(row, places));
        place_of(id).and_then(|tid| queue.table.find_at(tid, |row| row.int(at::ID) == id, read))
    };
    let mut found: Vec<(i64, Found)> = ids.into_iter().map(|id| (id, stand(queue, id))).collect();
    let missing = found.iter().filter(|(_, item)| item.is_none()).count();
    if missing >= MANY
        && let Some(index) = queue.table.index_on(HELD)
    {
        let mut all = all_of(queue, index, lease, 2 * missing);
        found.iter_mut().filter(|(_, item)| item.is_none()).for_each(|(id, item)| *item = all.remove(id));
    }
    for (id, item) in found.iter_mut().filter(|(_, item)| item.is_none()) {
        *item = find(queue, *id)?;
    }
    Ok(found)
}

/// What a lease holds, up to so many items, by their ids.
fn all_of(queue: &mut Queue, index: Index, lease: Uuid, most: usize) -> HashMap<i64, (Tid, Item)> {
    let (places, mut found) = (&queue.known.places, HashMap::new());
    queue.table.scan(index, &[Key::Uuid(lease)], |row| {
        found.insert(row.int(at::ID), (row.tid(), Item::read(row, places)));
        if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    found
}

/// An item that a lease holds, once nobody else is changing it.
fn lock_held(queue: &mut Queue, id: i64, lease: Uuid, now: Timestamp) -> Answer<Found> {
    let found = lock(queue, id)?;
    Ok(found.filter(|(_, item)| item.is_held(lease, now)))
}

/// An item as it stands.
pub fn find(queue: &mut Queue, id: i64) -> Answer<Found> {
    let index = queue.index(BY_ID)?;
    let places = &queue.known.places;
    Ok(queue.table.find(index, &[Key::Int(id)], |row| (row.tid(), Item::read(row, places))))
}

/// An item, locked, once nobody else is changing it.
pub fn lock(queue: &mut Queue, id: i64) -> Answer<Found> {
    let index = queue.index(BY_ID)?;
    let places = &queue.known.places;
    Ok(queue.table.find_locked(index, &[Key::Int(id)], |row| (row.tid(), Item::read(row, places))))
}

/// Writes the change, unless somebody else is changing the item.
fn write(
    queue: &mut Queue,
    tid: Tid,
    change: &Change<'_>,
    item: &Item,
    now: Timestamp,
    own: &[(usize, Value<'_>)],
) -> bool {
    // A deletion waits; so it is made under the lock.
    !change.deletes(item) && queue.table.try_update(tid, &change.of(item, now, queue.known, own)).is_some()
}

fn write_locked(
    queue: &mut Queue,
    tid: Tid,
    change: &Change<'_>,
    item: &Item,
    now: Timestamp,
    own: &[(usize, Value<'_>)],
) {
    if change.deletes(item) {
        queue.table.delete(tid);
    } else {
        queue.table.update(tid, &change.of(item, now, queue.known, own));
    }
}

impl<'a> Change<'a> {
    /// Whether it makes a difference that somebody has asked for the end: what is done is done.
    fn asks(&self) -> bool {
        matches!(self, Change::Beat | Change::Fail { .. } | Change::Release)
    }

    fn deletes(&self, item: &Item) -> bool {
        matches!(self, Change::Complete) && item.keep_only_failures
    }

    /// What becomes of the item.
    fn status(&self, item: &Item) -> &'static str {
        match self {
            Change::Extend(_) | Change::Beat => "running",
            Change::Complete => "completed",
            Change::Again(_) => "pending",
            Change::Fail { .. } | Change::Release if item.cancel_requested => "cancelled",
            Change::Fail { permanent, .. } if *permanent || item.attempt >= item.max_attempts => "failed",
            Change::Fail { .. } | Change::Release => "pending",
        }
    }

    /// The columns that it changes.
    fn of<'v>(
        &'v self,
        item: &Item,
        now: Timestamp,
        known: &Known,
        own: &[(usize, Value<'v>)],
    ) -> Vec<(usize, Value<'v>)> {
        let (places, status) = (&known.places, self.status(item));
        let ends = matches!(status, "completed" | "failed" | "cancelled");
        let mut changes = match self {
            _ if ends => item.ended(status, now, places),
            Change::Extend(until) => vec![(at::CLAIMABLE_AT, Value::Time(item.ends(*until)))],
            Change::Beat => vec![(at::CLAIMABLE_AT, Value::Time(item.ends(item.as_long_again(now))))],
            Change::Again(due) => item.waiting(*due, 0, places),
            Change::Release => item.waiting(now, item.attempt - 1, places),
            Change::Fail { again_at, .. } => {
                let due = again_at.unwrap_or_else(|| backoff(now, item));
                let mut changes = item.waiting(due, item.attempt, places);
                changes.extend(places.next_retry_at.map(|place| (place, Value::Time(due))));
                changes
            }
            Change::Complete => Vec::new(),
        };
        match self {
            Change::Extend(_) | Change::Beat => {
                changes.extend(places.heartbeat_at.map(|place| (place, Value::Time(now))))
            }
            Change::Fail { error, .. } => changes.push((at::ERROR, Value::Text(error))),
            _ => (),
        }
        changes.extend_from_slice(own);
        changes
    }
}

/// When an item whose attempt has failed now is due again.
fn backoff(now: Timestamp, item: &Item) -> Timestamp {
    let call = "SELECT (extract(epoch FROM bourse_private.backoff($1, $2)) * 1000000)::bigint";
    let ask = || Spi::get_one_with_args::<i64>(call, &[item.id.into(), item.attempt.into()]);
    let wait = session::as_role(owner::NAME, ask).ok().flatten();
    Timestamp(now.0 + wait.unwrap_or_default())
}

/// As much of what a worker says as is kept.
pub fn clipped(error: &str) -> Cow<'_, str> {
    match error.char_indices().nth(LONGEST_ERROR) {
        None => error.into(),
        Some(_) => error.chars().take(LONGEST_ERROR - 1).chain(['…']).collect::<String>().into(),
    }
}

fn not_held(queue: &Queue, lease: Uuid, id: Option<i64>) -> Failure {
    let name = queue.known.name();
    let message = match id {
        Some(id) => format!("lease {lease} does not hold item {id} of {name}"),
        None => format!("lease {lease} holds nothing in {name}"),
    };
    Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        message,
        "The lease has ended, or the item has, or was cancelled: somebody else may be at it. Drop what you have done, \
         and claim anew.",
    )
}
