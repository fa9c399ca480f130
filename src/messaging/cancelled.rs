//! Messages whose end has been asked for while somebody was at them: `sql/messaging/cancel.sql`.

use super::tables::CANCEL_REQUESTS;
use crate::pg::scan::Key;
use crate::pg::table::Table;

/// The messages that are to be cancelled.
pub struct Cancelled(Table);

impl Cancelled {
    pub fn open() -> Cancelled {
        Cancelled(Table::open_to_read(&CANCEL_REQUESTS))
    }

    pub fn has(&mut self, message_id: i64) -> bool {
        // Nearly always there are none.
        if self.are_none() {
            return false;
        }
        let index = self.0.index(c"cancel_requests_pkey");
        self.0.find(index, &[Key::Int(message_id)], |_| ()).is_some()
    }

    pub fn are_none(&mut self) -> bool {
        self.0.is_empty()
    }

    pub fn close(self) {
        self.0.close();
    }
}
