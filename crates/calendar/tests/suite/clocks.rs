//! Zones for tests: one without changes, and one that puts its clocks forward and back once.

use calendar::day::DAY;
use calendar::{Day, Zone};

const HOUR: i64 = 3_600_000_000;

/// Clocks that stand at UTC and, between two local times, an hour before it.
pub struct Clocks {
    summer: Option<(i64, i64)>,
}

impl Clocks {
    /// Never changed.
    pub const UTC: Clocks = Clocks { summer: None };

    /// Put forward at 02:00 of the first date, and back at 03:00 of the second.
    pub fn summer(from: Day, to: Day) -> Clocks {
        let local = |day: Day, hour: i64| i64::from(day.0) * DAY + hour * HOUR;
        Clocks { summer: Some((local(from, 2), local(to, 3))) }
    }
}

impl Zone for Clocks {
    /// As PostgreSQL has it: a time that is skipped is counted from before the gap, one that comes twice is the second.
    fn instant(&self, date: Day, time: i64) -> i64 {
        let local = i64::from(date.0) * DAY + time;
        let is_summer = self.summer.is_some_and(|(forward, back)| forward + HOUR <= local && local < back - HOUR);
        if is_summer { local - HOUR } else { local }
    }
}
