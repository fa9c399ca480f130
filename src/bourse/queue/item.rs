//! An item as it stands in its row.

use super::columns::{Places, at};
use super::requests;
use crate::pg::row::Row;
use crate::pg::value::{Timestamp, Uuid, Value};

/// What claiming and settling look at.
pub struct Item {
    pub id: i64,
    pub is_running: bool,
    pub is_pending: bool,
    /// It has failed for good, or was cancelled.
    pub has_failed: bool,
    pub attempt: i32,
    pub max_attempts: i32,
    pub claimable_at: Option<Timestamp>,
    pub lease: Option<Uuid>,
    worker: Option<String>,
    deadline: Option<Timestamp>,
    /// When it was claimed, or its holder has last said that he lives.
    alive_at: Option<Timestamp>,
    pub timeout: Option<i64>,
    /// Somebody has asked for its end. That stands beside the row: [`Item::heed`].
    pub cancel_requested: bool,
    pub concurrency_key: Option<String>,
    pub keep_only_failures: bool,
}

impl Item {
    pub fn read(row: &Row<'_>, places: &Places) -> Item {
        let status = row.text(at::STATUS);
        let is_running = status == "running";
        let is_set = |place: Option<usize>| place.and_then(|place| row.some_bool(place)).unwrap_or_default();
        Item {
            id: row.int(at::ID),
            is_running,
            is_pending: status == "pending",
            has_failed: matches!(status, "failed" | "cancelled"),
            attempt: row.some_int4(at::ATTEMPT).unwrap_or_default(),
            max_attempts: row.some_int4(at::MAX_ATTEMPTS).unwrap_or_default(),
            claimable_at: row.some_time(at::CLAIMABLE_AT),
            lease: row.some_uuid(at::LEASE),
            worker: row.some_text(at::WORKER).filter(|_| is_running).map(str::to_owned),
            deadline: places.deadline.and_then(|place| row.some_time(place)),
            alive_at: [places.heartbeat_at, places.started_at]
                .into_iter()
                .find_map(|place| place.and_then(|place| row.some_time(place))),
            timeout: places.timeout.and_then(|place| row.some_interval(place)),
            cancel_requested: false,
            concurrency_key: places.concurrency_key.and_then(|place| row.some_text(place)).map(str::to_owned),
            keep_only_failures: is_set(places.keep_only_failures),
        }
    }

    /// Looks whether somebody has asked for its end, if it runs.
    pub fn heed(&mut self) {
        self.cancel_requested =
            self.lease.filter(|_| self.is_running).is_some_and(|lease| requests::is_asked(lease, self.id));
    }

    /// Whether a lease holds it at this time.
    pub fn is_held(&self, lease: Uuid, now: Timestamp) -> bool {
        self.is_running && self.lease == Some(lease) && self.claimable_at.is_some_and(|ends| ends > now)
    }

    /// What is to be said of the worker that held it, if it is found due while it runs.
    pub fn lapsed(&self, now: Timestamp) -> Option<String> {
        let worker = self.worker.as_deref().filter(|_| self.is_running)?;
        Some(match self.deadline.filter(|deadline| *deadline <= now) {
            Some(_) => format!("{worker} took longer than the timeout"),
            None => format!("the lease of {worker} has ended"),
        })
    }

    /// When a lease that is given now ends: no later than the deadline.
    pub fn ends(&self, wanted: Timestamp) -> Timestamp {
        self.deadline.map_or(wanted, |deadline| deadline.min(wanted))
    }

    /// When the lease ends, if it lasts as long from now on as it did before.
    pub fn as_long_again(&self, now: Timestamp) -> Timestamp {
        let ends = self.claimable_at.unwrap_or(now);
        let Some(alive) = self.alive_at else { return ends };
        let again = Timestamp(now.0 + ends.0.saturating_sub(alive.0));
        // Never earlier than it would have, but where the clock has been set back: that end is far away.
        if alive > now { again } else { again.max(ends) }
    }

    /// The changes by which it ends.
    pub fn ended<'a>(&self, status: &'a str, now: Timestamp, places: &Places) -> Vec<(usize, Value<'a>)> {
        let mut changes =
            vec![(at::STATUS, Value::Text(status)), (at::CLAIMABLE_AT, Value::Null), (at::LEASE, Value::Null)];
        changes.extend(places.finished_at.map(|place| (place, Value::Time(now))));
        changes.extend(places.deadline.filter(|_| self.deadline.is_some()).map(|place| (place, Value::Null)));
        changes
    }

    /// The changes by which it waits again.
    pub fn waiting<'a>(&self, due: Timestamp, attempt: i32, places: &Places) -> Vec<(usize, Value<'a>)> {
        let mut changes = vec![
            (at::STATUS, Value::Text("pending")),
            (at::CLAIMABLE_AT, Value::Time(due)),
            (at::LEASE, Value::Null),
            (at::ATTEMPT, Value::Int4(attempt)),
        ];
        changes.extend(places.finished_at.map(|place| (place, Value::Null)));
        changes.extend(places.deadline.filter(|_| self.deadline.is_some()).map(|place| (place, Value::Null)));
        changes
    }
}
