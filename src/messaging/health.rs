//! What attempts say of their channel: how it is stands in `messaging.system_health`.
//!
//! Every attempt looks at that row, and few write there, or it would be the one row for which all workers of a channel
//! wait, and whose dead versions they all walk. A failure counts until the channel is DOWN, and so does the first
//! success after one; of a channel on which nothing changes one attempt a second tells that somebody still reports.
//! Nobody waits for the row: while another attempt writes there, this one is passed over.

use std::time::Duration;

use super::as_owner;
use super::tables::{SYSTEM_HEALTH, system_health};
use crate::error::Answer;
use crate::pg::lock;
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

/// The system whose components are channels.
const SYSTEM: &str = "notification";
/// How long a report is fresh when nothing changes.
const FRESH: Duration = Duration::from_secs(1);

/// How a channel is.
struct Known {
    has_failed: bool,
    is_recovering: bool,
    reported_at: Timestamp,
}

impl Known {
    fn of(channel: &str) -> Option<Known> {
        let mut table = Table::open_to_read(&SYSTEM_HEALTH);
        let index = table.index(c"ux_system_health_system_component");
        let known = table.find(index, &[Key::Text(SYSTEM), Key::Text(channel)], |row| {
            let read = system_health::of(row);
            Known {
                has_failed: read.failure_count() > 0,
                is_recovering: read.recovering(),
                reported_at: read.checked_at(),
            }
        });
        table.close();
        known
    }

    /// Whether an attempt says something that is not known yet.
    fn is_news(&self, ok: bool, now: Timestamp) -> bool {
        let is_told = if ok { !self.has_failed && !self.is_recovering } else { self.has_failed && self.is_recovering };
        !is_told || (self.reported_at + FRESH).is_due(now, FRESH)
    }
}

/// Notes what has become of an attempt: it has succeeded, in so many milliseconds, or failed with this error. What is
/// the fault of the message says nothing of its channel, and is not noted.
pub fn note(channel: &str, error: Option<&str>, response_time_ms: Option<i32>) -> Answer<()> {
    let ok = error.is_none();
    let is_news = match Known::of(channel) {
        Some(known) => known.is_news(ok, Timestamp::now()),
        // The first two of a channel do not wait for each other either.
        None => lock::try_hold(lock::hash(&format!("messaging.system_health {channel}"))),
    };
    if !is_news {
        return Ok(());
    }
    let arguments = [channel.into(), ok.into(), response_time_ms.into(), error.into()];
    as_owner("SELECT messaging_private.note_attempt($1, $2, $3, $4)", &arguments)
}
