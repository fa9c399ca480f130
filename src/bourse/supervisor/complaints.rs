//! What went wrong in a worker, as the server log is told: each complaint once while it stays the same, and never many.

use std::time::Duration;

use crate::error::Failure;
use crate::pg::value::Timestamp;

/// So many complaints are remembered.
const REMEMBERED: usize = 16;
/// One that is still there is told again after this time.
const REMINDER: Duration = Duration::from_secs(3600);
/// The most complaints in [`SPAN`].
const MOST: usize = 10;
const SPAN: Duration = Duration::from_secs(60);

/// What has been told, and when.
pub struct Complaints {
    /// Who complains: the kind of the worker.
    kind: &'static str,
    told: Vec<(Failure, Timestamp)>,
    /// When the last [`MOST`] were told.
    times: Vec<Timestamp>,
}

impl Complaints {
    /// No complaints of a worker of this kind.
    pub fn of(kind: &'static str) -> Complaints {
        Complaints { kind, told: Vec::new(), times: Vec::new() }
    }

    /// Tells the server log, unless it knows.
    pub fn tell(&mut self, failure: Failure) {
        let now = Timestamp::now();
        if self.is_news(&failure, now) {
            pgrx::log!("pg_bourse {}: {} (SQLSTATE {})", self.kind, failure.message, failure.sqlstate());
        }
    }

    /// Whether a complaint is to be told now; it is known then.
    fn is_news(&mut self, failure: &Failure, now: Timestamp) -> bool {
        self.told.retain(|(_, at)| !(*at + REMINDER).is_due(now, REMINDER));
        self.times.retain(|at| !(*at + SPAN).is_due(now, SPAN));
        if self.told.iter().any(|(told, _)| told == failure) || self.times.len() >= MOST {
            return false;
        }
        if self.told.len() == REMEMBERED {
            self.told.remove(0);
        }
        self.told.push((failure.clone(), now));
        self.times.push(now);
        true
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::pg_test;

    use super::*;

    #[pg_test]
    fn complaints_that_take_turns_are_told_once_each() {
        let (mut complaints, now) = (Complaints::of("sequencer"), Timestamp::now());
        let turns = (0..100).map(|n| Failure::invalid(format!("complaint {}", n % 2), ""));
        assert_eq!(turns.filter(|failure| complaints.is_news(failure, now)).count(), 2);
        assert!(complaints.is_news(&Failure::invalid("complaint 0", ""), now + REMINDER + SPAN));
    }

    #[pg_test]
    fn complaints_that_are_never_the_same_are_told_now_and_then() {
        let (mut complaints, now) = (Complaints::of("sequencer"), Timestamp::now());
        let all = (0..1000).map(|n| Failure::invalid(format!("complaint {n}"), ""));
        assert_eq!(all.filter(|failure| complaints.is_news(failure, now)).count(), MOST);
        assert!(complaints.is_news(&Failure::invalid("later", ""), now + SPAN));
    }
}
