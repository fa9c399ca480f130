//! Claiming: the next items that are due, each to one worker.
//!
//! The index has them by priority, then by when they are due. A version of a row that is found is changed if nobody else
//! has locked or changed it meanwhile, and passed over if somebody has: nothing is waited for, nothing is locked first.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::Queue;
use super::columns::{Known, at};
use super::front::{self, Level};
use super::held;
use super::item::Item;
use super::keys::{self, Keys, Turn};
use crate::error::{Answer, Failure};
use crate::pg::commit;
use crate::pg::effort::{Effort, Meter};
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::table::Tid;
use crate::pg::value::{Timestamp, Uuid, Value};

/// So many items are ended, put off or parked by one claim.
const MOST_PUT_ASIDE: usize = 1000;
pub(super) const CLAIMABLE: &str = "(priority, claimable_at, id) WHERE (claimable_at IS NOT NULL)";

/// What a worker asks for.
pub struct Ask<'a> {
    /// Its name.
    pub worker: &'a str,
    /// So many items at most.
    pub n: usize,
    /// How long the lease lasts.
    pub lasting: Duration,
    /// What time it is; none: the clock tells.
    pub at: Option<Timestamp>,
    /// Where they are looked for; none: in the whole queue.
    pub lane: Option<Lane<'a>>,
    /// Which items.
    pub only: Only,
}

/// A part of a queue that is claimed from by itself: what waits in the others costs nothing.
#[derive(Clone, Copy, Hash)]
pub struct Lane<'a> {
    /// The index of the queue in lanes: the column that says which, then what [`CLAIMABLE`] has.
    pub index: &'static str,
    /// Which one.
    pub word: &'a str,
}

/// An item that is due, before anything becomes of it.
pub struct Due {
    /// Its id.
    pub id: i64,
    /// What it becomes, if it is up to the queue: `running`, `failed` when its attempts are used up, or `cancelled`.
    pub status: &'static str,
}

/// What a module says of an item that is due.
pub enum Verdict {
    /// It is up to the queue.
    Go,
    /// Somebody else is at it: it is passed over.
    Pass,
    /// It is not due before this time.
    Wait(Timestamp),
    /// It is cancelled, and why.
    Cancel(String),
}

/// Which items are asked for, by what one column of the module's own says.
#[derive(Default, Hash)]
pub struct Only {
    /// The place of the column.
    pub column: usize,
    /// One of these; none: whatever it is.
    pub words: Option<Vec<String>>,
    /// None of these.
    pub except: Vec<String>,
}

impl Only {
    fn asks_for(&self, row: &Row<'_>) -> bool {
        if self.words.is_none() && self.except.is_empty() {
            return true;
        }
        let text = row.some_text(self.column);
        let is_one = |words: &[String]| words.iter().any(|word| Some(word.as_str()) == text);
        self.words.as_deref().is_none_or(is_one) && !is_one(&self.except)
    }
}

/// An item that has been handed out; without a lease it has ended, or waits again.
pub struct Claimed<T> {
    /// Its id.
    pub id: i64,
    /// What it is now.
    pub status: &'static str,
    /// The proof of holding it.
    pub lease: Option<Uuid>,
    /// What is said of the attempt before, if that has ended without a word.
    pub lapsed: Option<String>,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// If this one ends without a word, there is no other.
    pub is_last: bool,
    /// When the lease ends.
    pub ends: Option<Timestamp>,
    /// When the attempt has to end.
    pub deadline: Option<Timestamp>,
    /// What the module has read.
    pub own: T,
}

/// An item that a walk has come by.
struct Seen<T> {
    tid: Tid,
    due: Timestamp,
    priority: i16,
    /// None: it is not asked for.
    item: Option<(Item, T)>,
}

struct Claim<'q, 'a, T, R, G> {
    queue: &'q mut Queue,
    ask: &'a Ask<'a>,
    read: R,
    gate: G,
    now: Timestamp,
    lease: Uuid,
    keys: Keys,
    claimed: Vec<Claimed<T>>,
    /// What has been handed out, and where it stands now.
    handed_out: Vec<(i64, Tid)>,
    put_aside: usize,
    levels: Vec<Level>,
    effort: Effort,
}

/// Hands out up to `n` items under one new lease; `read` takes what the module wants of each.
///
/// A transaction that does nothing else does not wait for the disk when it commits: what a crash of the server takes away
/// of it waits again, and whoever has claimed it is told so when he is done. But of a concurrency key two would run then,
/// and a last attempt, as the only one of what is not to be done twice, would not be the last.
pub fn claim<T>(queue: &mut Queue, ask: &Ask<'_>, read: impl Fn(&Row<'_>) -> T) -> Answer<Vec<Claimed<T>>> {
    let before = commit::before();
    let (claimed, keys) = take(queue, ask, read, |_, _| Ok(Verdict::Go))?;
    if keys.are_none() && !claimed.iter().any(|item| item.is_last) {
        before.may_be_lost();
    }
    Ok(claimed)
}

/// Hands out as [`claim`] does; `gate` is asked of each whether it may be now. The commit waits for the disk, unless the
/// module says that it need not.
pub fn claim_through<T>(
    queue: &mut Queue,
    ask: &Ask<'_>,
    read: impl Fn(&Row<'_>) -> T,
    gate: impl FnMut(&Due, &mut T) -> Answer<Verdict>,
) -> Answer<Vec<Claimed<T>>> {
    Ok(take(queue, ask, read, gate)?.0)
}

fn take<T>(
    queue: &mut Queue,
    ask: &Ask<'_>,
    read: impl Fn(&Row<'_>) -> T,
    gate: impl FnMut(&Due, &mut T) -> Answer<Verdict>,
) -> Answer<(Vec<Claimed<T>>, Keys)> {
    let lease = Uuid::new().map_err(|_| Failure::of("58000", "the server has no random bytes", ""))?;
    let mut asked = DefaultHasher::new();
    (&ask.only, ask.lane).hash(&mut asked);
    let (number, asked) = (queue.number(), asked.finish());
    let mut claim = Claim {
        now: ask.at.unwrap_or_else(Timestamp::now),
        lease,
        keys: Keys::default(),
        claimed: Vec::new(),
        handed_out: Vec::new(),
        put_aside: 0,
        levels: Vec::new(),
        effort: Effort::default(),
        queue,
        ask,
        read,
        gate,
    };
    claim.search(number, asked)?;
    held::note(lease, claim.handed_out);
    Ok((claim.claimed, claim.keys))
}

impl<T, R: Fn(&Row<'_>) -> T, G: FnMut(&Due, &mut T) -> Answer<Verdict>> Claim<'_, '_, T, R, G> {
    /// Goes on where the session has been before, or from the very front.
    fn search(&mut self, number: u32, asked: u64) -> Answer<()> {
        // A test that says what time it is wants no memory.
        let remembers = self.ask.at.is_none();
        if let Some(levels) = front::of(number, asked).filter(|_| remembers) {
            levels.into_iter().try_for_each(|level| self.go_on(level))?;
            front::went_on(number, asked, std::mem::take(&mut self.levels));
            let rest = front::rest(number, asked);
            if self.is_done() || !(rest.is_zero() || self.claimed.is_empty() && front::wait(rest)) {
                return Ok(());
            }
            self.effort = Effort::default();
        }
        keys::go_on(self.queue, self.now)?;
        self.walk()?;
        if remembers {
            front::walked(number, asked, std::mem::take(&mut self.levels), self.effort, self.claimed.len());
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.handed_out.len() == self.ask.n || self.put_aside >= MOST_PUT_ASIDE
    }

    /// From the very front, one priority after the other: what is due later in one does not stand before the next.
    fn walk(&mut self) -> Answer<()> {
        let mut after = None;
        loop {
            match self.pass(after.map(Key::AfterSmall).as_slice())? {
                Some(priority) if !self.is_done() => after = Some(priority),
                _ => return Ok(()),
            }
        }
    }

    /// In one priority, from where the last walk has ended.
    fn go_on(&mut self, (priority, from): Level) -> Answer<()> {
        self.reach(priority, from);
        if !self.is_done() {
            self.pass(&[Key::Small(priority), Key::Since(from), Key::Until(self.now)])?;
            if !self.is_done() {
                self.reach(priority, front::behind(self.now));
            }
        }
        Ok(())
    }

    /// What is due earlier in this priority has been looked at.
    fn reach(&mut self, priority: i16, due: Timestamp) {
        match self.levels.iter_mut().find(|level| level.0 == priority) {
            Some(level) => level.1 = level.1.max(due),
            None => self.levels.push((priority, due)),
        }
    }

    /// Takes what is due along the index. Returns a priority of which nothing more is due, if others may follow.
    fn pass(&mut self, keys: &[Key<'_>]) -> Answer<Option<i16>> {
        let index = self.queue.index(self.ask.lane.map_or(CLAIMABLE, |lane| lane.index))?;
        let keys: Vec<Key<'_>> =
            self.ask.lane.map(|lane| Key::Text(lane.word)).into_iter().chain(keys.iter().copied()).collect();
        let mut cursor = self.queue.table.cursor(index, &keys, false);
        let mut last = None;
        let mut meter = Meter::start();
        let follows = loop {
            let seen =
                cursor.next(&mut self.queue.table, |row| self.ask.look(row, self.now, self.queue.known, &self.read));
            if let Some(last) = last.filter(|last| seen.as_ref().is_none_or(|seen| seen.priority != *last)) {
                self.reach(last, front::behind(self.now));
            }
            let Some(seen) = seen else { break None };
            if seen.due > self.now {
                self.reach(seen.priority, front::behind(self.now));
                break Some(seen.priority);
            }
            last = Some(seen.priority);
            self.reach(seen.priority, seen.due);
            if let Some((item, own)) = seen.item {
                self.effort += meter.read();
                self.take(seen.tid, item, own)?;
                meter = Meter::start();
                if self.is_done() {
                    break None;
                }
            }
        };
        self.effort += meter.read();
        cursor.close(&mut self.queue.table);
        Ok(follows)
    }

    fn take(&mut self, tid: Tid, mut item: Item, mut own: T) -> Answer<()> {
        item.heed();
        let due = match item.is_running {
            true if item.cancel_requested => "cancelled",
            _ if item.attempt >= item.max_attempts => "failed",
            _ => "running",
        };
        let (status, until, why) = match (self.gate)(&Due { id: item.id, status: due }, &mut own)? {
            Verdict::Pass => return Ok(()),
            Verdict::Go if due == "running" => return self.hand_out(tid, item, own),
            Verdict::Go => (due, None, None),
            Verdict::Cancel(why) => ("cancelled", None, Some(why)),
            Verdict::Wait(until) => ("pending", Some(until), None),
        };
        // Nobody gets it now.
        let (places, lapsed) = (&self.queue.known.places, item.lapsed(self.now));
        let mut changes = match until {
            Some(until) => item.waiting(until, item.attempt, places),
            None => item.ended(status, self.now, places),
        };
        changes.extend(why.as_deref().or(lapsed.as_deref()).map(|text| (at::ERROR, Value::Text(text))));
        if self.queue.table.try_update(tid, &changes).is_some() {
            self.put_aside += 1;
            let (id, attempt) = (item.id, item.attempt);
            let (lease, ends, deadline) = (None, None, None);
            self.claimed.push(Claimed { id, status, lease, lapsed, attempt, is_last: false, ends, deadline, own });
            if let Some(key) = item.concurrency_key.filter(|_| item.is_running || status != "pending") {
                keys::pass_on(self.queue, [key], self.now)?;
            }
        }
        Ok(())
    }

    fn hand_out(&mut self, tid: Tid, item: Item, own: T) -> Answer<()> {
        let places = &self.queue.known.places;
        if let Some(key) = item.concurrency_key.as_deref().filter(|_| !item.is_running) {
            match self.keys.turn(self.queue, key)? {
                Turn::Mine => (),
                Turn::Unclear => return Ok(()),
                // Whoever ends the run that has the key lets the next of them go.
                Turn::Taken => {
                    let parked = [(at::CLAIMABLE_AT, Value::Time(keys::PARKED))];
                    self.put_aside += usize::from(self.queue.table.try_update(tid, &parked).is_some());
                    return Ok(());
                }
            }
        }
        // What stood before it may have taken as long as a lease lasts.
        let now = self.ask.at.unwrap_or_else(Timestamp::now);
        let deadline =
            item.timeout.filter(|_| places.deadline.is_some()).map(|timeout| Timestamp(now.0.saturating_add(timeout)));
        let ends = deadline.map_or(now + self.ask.lasting, |deadline| deadline.min(now + self.ask.lasting));
        let attempt = item.attempt + 1;
        let lapsed = item.lapsed(self.now);
        let mut changes = vec![
            (at::STATUS, Value::Text("running")),
            (at::CLAIMABLE_AT, Value::Time(ends)),
            (at::LEASE, Value::Uuid(self.lease)),
            (at::ATTEMPT, Value::Int4(attempt)),
            (at::WORKER, Value::Text(self.ask.worker)),
        ];
        changes.extend(lapsed.as_deref().map(|text| (at::ERROR, Value::Text(text))));
        changes.extend(places.started_at.map(|place| (place, Value::Time(now))));
        changes.extend(places.heartbeat_at.map(|place| (place, Value::Null)));
        changes.extend(places.next_retry_at.map(|place| (place, Value::Null)));
        changes.extend(places.deadline.map(|place| (place, deadline.into())));
        if let Some(tid) = self.queue.table.try_update(tid, &changes) {
            self.handed_out.push((item.id, tid));
            self.keys.take(item.concurrency_key);
            let (id, status, lease, ends) = (item.id, "running", Some(self.lease), Some(ends));
            let is_last = attempt >= item.max_attempts;
            self.claimed.push(Claimed { id, status, lease, lapsed, attempt, is_last, ends, deadline, own });
        }
        Ok(())
    }
}

impl Ask<'_> {
    fn look<T>(&self, row: &Row<'_>, now: Timestamp, known: &Known, read: impl Fn(&Row<'_>) -> T) -> Seen<T> {
        let due = row.some_time(at::CLAIMABLE_AT).unwrap_or_default();
        // What others are just taking, or keep locked, need not be read, however much it is.
        let is_wanted = due <= now && self.only.asks_for(row) && !row.is_changing() && !row.is_held();
        let item = is_wanted.then(|| (Item::read(row, &known.places), read(row)));
        Seen { tid: row.tid(), due, priority: row.some_int2(at::PRIORITY).unwrap_or_default(), item }
    }
}
