//! Queues: tables of some schema whose rows are handed out, each to one worker at a time, and taken back.
//!
//! `docs/queues.md` says which columns such a table has and what holds. Items are read and written past the executor, as
//! the engine does with its tables ([`crate::pg::table`]): planning and starting a statement cost more than what it does to
//! one row.

mod calls;
mod checks;
mod claim;
mod columns;
mod front;
pub mod held;
mod item;
pub mod keys;
mod put;
mod put_back;
mod requests;
mod settle;
mod stalled;
mod turn;

use std::ops::ControlFlow;

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::Oid;

pub use calls::{Failed, lease_end, require_claim, require_worker};
pub use claim::{Ask, Claimed, Due, Lane, Only, Verdict, claim, claim_through};
use columns::Known;
pub use columns::at;
pub use put::New;
pub use settle::{Change, Settled, settle, settle_at};
pub use stalled::SWEEP;
pub use turn::turn;

use crate::error::{Answer, Failure};
use crate::pg::attached;
use crate::pg::column::Column;
use crate::pg::row::Row;
use crate::pg::scan::{Index, Key};
use crate::pg::session;
use crate::pg::table::Table;

const BY_ID: &str = "(id)";

/// A queue, open.
pub struct Queue {
    known: &'static Known,
    number: u32,
    table: Table,
}

impl Queue {
    /// Works at a queue, and then has the triggers of others fire.
    pub fn work<T>(queue: Oid, own: &'static [Column], work: impl FnOnce(&mut Queue) -> Answer<T>) -> Answer<T> {
        let known = Known::of(queue, own, checks::of)?;
        // What the same statement has written before is there, too.
        session::advance();
        attached::firing(|| {
            let mut queue = Queue { known, number: queue.to_u32(), table: Table::open(known.definition) };
            let answer = work(&mut queue);
            queue.table.close();
            answer
        })
    }

    /// The place of the first of the module's own columns.
    pub fn own(&self) -> usize {
        self.known.places.own
    }

    /// Reads the items that match along the index that is declared so.
    pub fn read<T>(
        &mut self,
        definition: &'static str,
        keys: &[Key<'_>],
        mut read: impl FnMut(&Row<'_>) -> T,
    ) -> Answer<Vec<T>> {
        let (index, mut found) = (self.index(definition)?, Vec::new());
        self.table.scan(index, keys, |row| {
            found.push(read(row));
            ControlFlow::Continue(())
        });
        Ok(found)
    }

    fn number(&self) -> u32 {
        self.number
    }

    /// The index that is declared so.
    fn index(&mut self, definition: &'static str) -> Answer<Index> {
        self.table.index_on(definition).ok_or_else(|| {
            let name = self.known.name();
            Failure::new(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("{name} has no valid index on {definition}"),
                format!("A queue is searched by it: CREATE INDEX ON {name} {definition}."),
            )
        })
    }
}
