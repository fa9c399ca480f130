//! Turns: where a new item stands, so that whoever has many waiting keeps nobody from his first.
//!
//! The place of an item that is due is its `claimable_at`, of which only the order counts then. A new one stands a
//! microsecond behind the front of its priority, or behind the last of the same user, whichever is later: the second
//! of a user comes after the first of everybody who is there. What is due later stands where it is due.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use super::Queue;
use super::claim::Lane;
use super::columns::at;
use super::front;
use crate::error::Answer;
use crate::pg::effort::Meter;
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::value::Timestamp;

const TURNS: &str = "(COALESCE(user_id, (0)::bigint), priority, claimable_at) WHERE (status = 'pending'::text)";
const CLAIMABLE: &str = super::claim::CLAIMABLE;
/// How far behind what is due at one time later another of the same user may stand.
const SECOND: i64 = 1_000_000;

/// Where an item of a user stands, in a lane or in the whole queue, that is due at `due`. Those that become due together
/// have one `now`: in an empty queue it is the place of the first of each user.
pub fn turn(
    queue: &mut Queue,
    lane: Option<Lane<'_>>,
    user_id: Option<i64>,
    priority: i16,
    due: Timestamp,
    now: Timestamp,
) -> Answer<Timestamp> {
    let first = match due > now {
        true => due,
        false => head(queue, lane, priority, now)?.map_or(now, |head| Timestamp(head.0 + 1)),
    };
    let index = queue.index(TURNS)?;
    // Behind his own that are due as well, not behind those that are due later.
    let until = if due > now { Timestamp(due.0.saturating_add(SECOND)) } else { now.max(first) };
    let keys = [Key::Int(user_id.unwrap_or_default()), Key::Small(priority), Key::Since(first), Key::Until(until)];
    let mut cursor = queue.table.cursor(index, &keys, true);
    let last = cursor.next(&mut queue.table, |row| row.some_time(at::CLAIMABLE_AT)).flatten();
    cursor.close(&mut queue.table);
    Ok(last.map_or(first, |last| Timestamp(last.0 + 1)))
}

impl Queue {
    /// Calls `each` with what waits of a user, until it breaks.
    pub fn each_waiting(&mut self, user_id: i64, each: impl FnMut(&Row<'_>) -> ControlFlow<()>) -> Answer<()> {
        let index = self.index(TURNS)?;
        self.table.scan(index, &[Key::Int(user_id)], each);
        Ok(())
    }
}

/// The front of a priority, as well as this session knows it; none: nothing is due.
fn head(queue: &mut Queue, lane: Option<Lane<'_>>, priority: i16, now: Timestamp) -> Answer<Option<Timestamp>> {
    // Not what a worker has remembered.
    let mut asked = DefaultHasher::new();
    ("turn", lane, priority).hash(&mut asked);
    let (number, asked) = (queue.number(), asked.finish());
    let from = front::of(number, asked).and_then(|levels| levels.first().copied());
    let since = from.map_or(Timestamp(i64::MIN), |(_, from)| from);
    let index = queue.index(lane.map_or(CLAIMABLE, |lane| lane.index))?;
    let meter = Meter::start();
    let keys = [Key::Small(priority), Key::Since(since), Key::Until(now)];
    let keys: Vec<Key<'_>> = lane.map(|lane| Key::Text(lane.word)).into_iter().chain(keys).collect();
    let mut cursor = queue.table.cursor(index, &keys, false);
    let head = cursor.next(&mut queue.table, |row| row.some_time(at::CLAIMABLE_AT)).flatten();
    cursor.close(&mut queue.table);
    let level = vec![(priority, head.unwrap_or_else(|| front::behind(now)))];
    match from {
        Some(_) => front::went_on(number, asked, level),
        None => front::walked(number, asked, level, meter.read(), 1),
    }
    Ok(head)
}
