//! New items of a module that writes them past the executor, too.

use super::Queue;
use super::columns::at;
use crate::pg::value::{Timestamp, Value};

/// An item that nobody has claimed yet.
pub struct New<'a> {
    /// Its id.
    pub id: i64,
    /// A lower number comes first.
    pub priority: i16,
    /// When it is due, and its place then.
    pub claimable_at: Timestamp,
    /// How often it is tried.
    pub max_attempts: Value<'a>,
    /// How long an attempt may last.
    pub timeout: Value<'a>,
    /// At most one with it runs at a time.
    pub concurrency_key: Value<'a>,
    /// It is deleted when it completes.
    pub keep_only_failures: Value<'a>,
}

impl Queue {
    /// Puts an item into the queue, and after the columns of every queue the module's own.
    pub fn put(&mut self, item: &New<'_>, own: &[Value<'_>]) {
        let places = &self.known.places;
        let mut values = vec![Value::Null; places.own];
        for (place, value) in [
            (Some(at::ID), Value::Int(item.id)),
            (Some(at::STATUS), Value::Text("pending")),
            (Some(at::PRIORITY), Value::Int2(item.priority)),
            (Some(at::CLAIMABLE_AT), Value::Time(item.claimable_at)),
            (Some(at::ATTEMPT), Value::Int4(0)),
            (Some(at::MAX_ATTEMPTS), item.max_attempts),
            (places.timeout, item.timeout),
            (places.concurrency_key, item.concurrency_key),
            (places.keep_only_failures, item.keep_only_failures),
        ] {
            if let Some(place) = place {
                values[place] = value;
            }
        }
        values.extend_from_slice(own);
        self.table.insert(&values);
    }
}
