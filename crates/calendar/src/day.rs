//! Dates and instants, as PostgreSQL counts them: days and microseconds since 2000-01-01.

use std::fmt;

/// Microseconds of a day without a change of the clocks.
pub const DAY: i64 = 86_400_000_000;

/// From 1970-01-01 to 2000-01-01.
const EPOCH: i64 = 10_957;

/// A date: days since 2000-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The date of these numbers, if there is such a date.
    #[must_use]
    pub fn of(year: i32, month: u32, day: u32) -> Option<Day> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        // Years that begin in March: the day that is sometimes there is the last.
        let shifted = i64::from(year) - i64::from(month <= 2);
        let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
        let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468 - EPOCH;
        let found = Day(i32::try_from(days).ok()?);
        (found.numbers() == (i64::from(year), month, day)).then_some(found)
    }

    /// The date that a text like 2024-11-05 names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Day> {
        let bytes = text.as_bytes();
        let is_shaped = bytes.len() == 10
            && bytes
                .iter()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
        if !is_shaped {
            return None;
        }
        Day::of(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
    }

    /// The day of the week: 0 Monday … 6 Sunday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        // 2000-01-01 was a Saturday.
        (i64::from(self.0) + 5).rem_euclid(7) as u8
    }

    /// So many days later.
    #[must_use]
    pub fn plus(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// Year, month and day.
    fn numbers(self) -> (i64, u32, u32) {
        let days = i64::from(self.0) + EPOCH + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == i32::MAX || self.0 == i32::MIN {
            return f.write_str(if self.0 > 0 { "infinity" } else { "-infinity" });
        }
        let (year, month, day) = self.numbers();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// An instant for a message: microseconds since 2000-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == i64::MAX {
            return f.write_str("infinity");
        }
        if self.0 == i64::MIN {
            return f.write_str("-infinity");
        }
        // Any microsecond of an i64 is a day of an i32.
        let day = Day(self.0.div_euclid(DAY) as i32);
        let seconds = self.0.rem_euclid(DAY) / 1_000_000;
        write!(f, "{day} {:02}:{:02}:{:02}+00", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}
