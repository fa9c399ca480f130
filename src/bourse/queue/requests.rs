//! Somebody has asked for the end of an item that runs.
//!
//! That stands beside the queue and not in the row: a row that runs is its worker's alone, who would wait for everybody
//! that has asked and stays in his transaction.

use crate::pg::definition::Definition;
use crate::pg::fields::table;
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::{self, Timestamp};

static REQUESTS: Definition =
    Definition { schema: c"bourse", name: c"cancel_requests", columns: cancel_requests::ALL, checks: &[] };

table! {
    /// `bourse.cancel_requests`.
    pub mod cancel_requests: written {
        lease: Uuid,
        item_id: Int,
        requested_at: Time,
    }
}

/// Whether somebody has asked for the end of an item under this lease.
pub fn is_asked(lease: value::Uuid, id: i64) -> bool {
    let mut table = Table::open(&REQUESTS);
    // Nearly always.
    let is_asked = !table.is_empty() && stands(&mut table, lease, id);
    table.close();
    is_asked
}

/// Asks for the end of an item that this lease holds.
pub fn ask(lease: value::Uuid, id: i64) {
    let mut table = Table::open(&REQUESTS);
    if !stands(&mut table, lease, id) {
        let asked = cancel_requests::New { lease, item_id: id, requested_at: Timestamp::now() };
        asked.insert(&mut table);
    }
    table.close();
}

fn stands(table: &mut Table, lease: value::Uuid, id: i64) -> bool {
    let index = table.index(c"idx_cancel_requests_lease");
    table.find(index, &[Key::Uuid(lease), Key::Int(id)], |_| ()).is_some()
}
