//! A time in a zone, as croner asks for it.

use std::cell::Cell;
use std::cmp::Ordering;

use croner::errors::CronError;
use croner::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};

use crate::zone::Zone;

const DAY: i64 = 86_400;
/// No clock is further from UTC than this: PostgreSQL takes up to 167:59:59 of a zone that is spelled as POSIX has it.
const FURTHEST: i64 = 168 * 3600;

/// What a search finds out about its zone.
pub struct Search<'a> {
    pub zone: &'a dyn Zone,
    /// Where the clock goes on after the last time asked for that it never shows.
    pub after_gap: Cell<i64>,
}

/// A second in the zone of a search.
#[derive(Clone)]
pub struct Instant<'a> {
    pub search: &'a Search<'a>,
    pub second: i64,
}

impl Instant<'_> {
    /// What the zone's clock shows, as seconds since 1970 that are counted as if it were in UTC.
    fn shown(&self) -> i64 {
        self.second + self.search.zone.period(self.second).offset
    }

    fn at(&self, second: i64) -> Self {
        Self { search: self.search, second }
    }
}

impl CronDateTime for Instant<'_> {
    fn to_civil(&self) -> CivilDateTime {
        let shown = self.shown();
        let (year, month, day) = date_of(shown.div_euclid(DAY));
        let second = shown.rem_euclid(DAY) as u32;
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(year, month, day),
            CivilTime::from_parts_unchecked(second / 3600, second / 60 % 60, second % 60),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        weekday_of(self.shown().div_euclid(DAY))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let time = civil.hour() * 3600 + civil.minute() * 60 + civil.second();
        let shown = day_of(civil.year(), civil.month(), civil.day()) * DAY + i64::from(time);
        let (mut first, mut last) = (None, None);
        let mut from = shown - FURTHEST;
        let mut after_gap = from;
        while from <= shown + FURTHEST {
            let period = self.search.zone.period(from);
            let second = shown - period.offset;
            if from <= second && second < period.until {
                first = first.or(Some(second));
                last = Some(second);
            } else if second >= period.until {
                after_gap = period.until;
            }
            from = period.until;
        }
        Ok(match (first, last) {
            (Some(first), Some(last)) if first == last => Resolution::Single(self.at(first)),
            (Some(first), Some(last)) => Resolution::Ambiguous(self.at(first), self.at(last)),
            _ => {
                self.search.after_gap.set(after_gap);
                Resolution::Gap
            }
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        Some(self.at(self.second.checked_add(seconds)?))
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.second.cmp(&other.second)
    }
}

/// The weekday of a day since 1970, which began on a Thursday.
pub fn weekday_of(day: i64) -> Weekday {
    Weekday::from_days_from_sunday((day + 4).rem_euclid(7) as u32)
}

/// The days of 400 years, after which the calendar repeats.
const CYCLE: i64 = 146_097;
/// The days from 0000-03-01 to 1970-01-01: years that begin in March have their leap day last.
const TO_EPOCH: i64 = 719_468;

/// Days since 1970 of a date.
pub fn day_of(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let of_cycle = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    year.div_euclid(400) * CYCLE + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - TO_EPOCH
}

/// The date of a day since 1970.
pub fn date_of(day: i64) -> (i32, u32, u32) {
    let day = day + TO_EPOCH;
    let of_cycle = day.rem_euclid(CYCLE);
    let year = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = (of_year - (153 * month + 2) / 5 + 1) as u32;
    let month = (if month < 10 { month + 3 } else { month - 9 }) as u32;
    ((day.div_euclid(CYCLE) * 400 + year) as i32 + i32::from(month <= 2), month, of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_400_years_is_its_date() {
        let (mut year, mut month, mut of_month) = (1899, 12, 31);
        for day in day_of(1900, 1, 1)..day_of(2300, 1, 1) {
            let (next_year, next_month, next) = date_of(day);
            let is_next = (next_year, next_month, next) == (year, month, of_month + 1)
                || next == 1 && (next_year, next_month) == (year + month as i32 / 12, month % 12 + 1);
            assert!(is_next, "{year}-{month}-{of_month}, then {next_year}-{next_month}-{next}");
            assert!(CivilDate::from_ymd_opt(next_year, next_month, next).is_some());
            assert_eq!(day_of(next_year, next_month, next), day);
            (year, month, of_month) = (next_year, next_month, next);
        }
        assert_eq!((day_of(1970, 1, 1), day_of(2000, 2, 29), date_of(11_016)), (0, 11_016, (2000, 2, 29)));
        assert_eq!(weekday_of(day_of(2026, 7, 5)), Weekday::Sunday);
    }
}
