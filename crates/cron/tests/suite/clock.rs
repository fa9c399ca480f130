//! Zones for tests, and times as people write them.

use cron::{Period, Zone};

/// A zone by the offset that it begins with, and its changes.
#[derive(Clone, Debug)]
pub struct Changes {
    pub first: i64,
    /// From which second on it has which offset, in order.
    pub then: Vec<(i64, i64)>,
}

impl Zone for Changes {
    fn period(&self, at: i64) -> Period {
        let next = self.then.iter().position(|(from, _)| *from > at).unwrap_or(self.then.len());
        Period {
            offset: if next == 0 { self.first } else { self.then[next - 1].1 },
            until: self.then.get(next).map_or(i64::MAX, |(from, _)| *from),
        }
    }
}

/// `2026-03-29 01:00:00` in UTC; the seconds may be left out.
pub fn utc(text: &str) -> i64 {
    let parts: Vec<i64> = text.split(['-', ' ', ':']).map(|part| part.parse().expect("a number")).collect();
    let second = parts.get(5).unwrap_or(&0);
    days(parts[0], parts[1], parts[2]) * 86_400 + parts[3] * 3600 + parts[4] * 60 + second
}

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970, counted one year and month after the other.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let of_years: i64 = (1970..year).map(|year| 365 + i64::from(is_leap(year))).sum();
    of_years + (1..month).map(|month| month_length(year, month)).sum::<i64>() + day - 1
}

/// Year, month and day of a day since 1970.
pub fn date(mut day: i64) -> (i64, i64, i64) {
    let (mut year, mut month) = (1970, 1);
    while day >= 365 + i64::from(is_leap(year)) {
        day -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    while day >= month_length(year, month) {
        day -= month_length(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

/// As [`utc`] reads it.
pub fn written(second: i64) -> String {
    let (year, month, day) = date(second.div_euclid(86_400));
    let of_day = second.rem_euclid(86_400);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

const HOUR: i64 = 3600;

pub fn berlin() -> Changes {
    Changes { first: HOUR, then: vec![(utc("2026-03-29 01:00"), 2 * HOUR), (utc("2026-10-25 01:00"), HOUR)] }
}

pub fn new_york() -> Changes {
    Changes { first: -5 * HOUR, then: vec![(utc("2026-03-08 07:00"), -4 * HOUR), (utc("2026-11-01 06:00"), -5 * HOUR)] }
}

/// Half an hour.
pub fn lord_howe() -> Changes {
    Changes {
        first: 11 * HOUR,
        then: vec![(utc("2026-04-04 15:00"), 10 * HOUR + HOUR / 2), (utc("2026-10-03 15:30"), 11 * HOUR)],
    }
}

/// At midnight.
pub fn santiago() -> Changes {
    Changes { first: -3 * HOUR, then: vec![(utc("2026-04-05 03:00"), -4 * HOUR), (utc("2026-09-06 04:00"), -3 * HOUR)] }
}

/// 2011-12-30 was left out.
pub fn apia() -> Changes {
    Changes { first: -10 * HOUR, then: vec![(utc("2011-12-30 10:00"), 14 * HOUR)] }
}
