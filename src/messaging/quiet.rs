//! Quiet hours, by the wall clock of a time zone.

use crate::pg::value::Timestamp;
use crate::pg::zone::TimeZone;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// From 1970 to 2000, where PostgreSQL's times begin.
const EPOCH: i64 = 946_684_800;

/// From one time of day until before another, over midnight if that is earlier, in microseconds.
#[derive(Clone, Copy)]
pub struct Hours {
    pub from: i64,
    pub to: i64,
}

impl Hours {
    fn hold(self, time: i64) -> bool {
        match self.from < self.to {
            true => (self.from..self.to).contains(&time),
            false => time >= self.from || time < self.to,
        }
    }

    /// When they are over that hold now; none: they do not. What the clocks skip is not waited for, and an hour that
    /// comes twice is quiet twice.
    pub fn end(self, zone: TimeZone, now: Timestamp) -> Option<Timestamp> {
        let mut at = now.0;
        // A zone changes its clock a few times a year, quiet hours end once a day.
        loop {
            let (offset, changes) = zone.offset_at(at.div_euclid(SECOND) + EPOCH);
            let time = (at + offset * SECOND).rem_euclid(DAY);
            if !self.hold(time) {
                return (at > now.0).then_some(Timestamp(at));
            }
            let end = at + (self.to - time).rem_euclid(DAY);
            at = changes.map_or(end, |second| end.min((second - EPOCH) * SECOND));
        }
    }
}
