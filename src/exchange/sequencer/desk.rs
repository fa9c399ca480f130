//! What the supervisor keeps of the sequencer of a database.

use crate::bourse::supervisor::{self, Desk};

/// The name of the kind.
pub const NAME: &str = "sequencer";

/// What a sequencer has done since the server has started.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// Transactions with requests in them.
    pub batches: i64,
    /// Requests answered.
    pub requests: i64,
    /// The most requests in one transaction.
    pub largest: i64,
}

impl Tally {
    /// As it stands at a desk.
    pub fn at(desk: &Desk) -> Tally {
        let [batches, requests, largest] = desk.counts;
        Tally { batches, requests, largest }
    }

    /// Counts a transaction with so many requests.
    pub fn batch(count: i64) {
        supervisor::count(NAME, |[batches, requests, largest]| {
            *batches += 1;
            *requests += count;
            *largest = count.max(*largest);
        });
    }
}
