//! Subscriptions, as they are read for every run.

use std::cell::RefCell;

use ids::IdMap;

use super::tables::{SUBSCRIPTIONS, subscriptions};
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::table::{Table, Tid};

/// Of so many subscriptions a session remembers where their rows stood.
const MOST_SEEN: usize = 200_000;

thread_local! {
    /// Where subscriptions were seen last: a place to look before the index. Who runs one finishes it, and runs it again.
    static SEEN: RefCell<IdMap<i64, Tid>> = RefCell::new(IdMap::default());
}

/// The table of subscriptions, open for reading.
pub struct Subscriptions(Table);

impl Subscriptions {
    /// Opens the table.
    pub fn open() -> Subscriptions {
        Subscriptions(Table::open_to_read(&SUBSCRIPTIONS))
    }

    /// Reads a subscription; none: there is no such one.
    pub fn find<T>(&mut self, id: i64, read: impl Fn(&Row<'_>) -> T) -> Option<T> {
        let index = self.0.index(c"subscriptions_pkey");
        let known = SEEN.with_borrow(|seen| seen.get(&id).copied());
        let there =
            known.and_then(|tid| self.0.find_at(tid, |row| row.some_int(subscriptions::at::id) == Some(id), &read));
        if there.is_some() {
            return there;
        }
        let (tid, found) = self.0.find(index, &[Key::Int(id)], |row| (row.tid(), read(row)))?;
        SEEN.with_borrow_mut(|seen| {
            if seen.len() >= MOST_SEEN {
                seen.clear();
            }
            seen.insert(id, tid);
        });
        Some(found)
    }

    /// Closes the table.
    pub fn close(self) {
        self.0.close();
    }
}
