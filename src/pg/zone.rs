//! Time zones, as PostgreSQL knows them: with its own data, or with those of the system, as it was built.

use std::ffi::CString;

use pgrx::pg_sys;

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;
const MINUTE: i64 = 60_000_000;
const SECOND: i64 = 1_000_000;

/// Names of zones that look like what POSIX would make of them.
const OLD_NAMES: [&str; 7] = ["CST6CDT", "EST5EDT", "MST7MDT", "PST8PDT", "GMT0", "GMT+0", "GMT-0"];

/// A zone.
#[derive(Clone, Copy)]
pub struct TimeZone(*mut pg_sys::pg_tz);

impl TimeZone {
    /// The zone of this name: IANA's, in any case, or what POSIX makes of it.
    pub fn named(name: &str) -> Option<TimeZone> {
        let name = CString::new(name).ok()?;
        // SAFETY: looks the name up, and keeps what it has found as long as the process lives.
        let zone = unsafe { pg_sys::pg_tzset(name.as_ptr()) };
        (!zone.is_null()).then_some(TimeZone(zone))
    }

    /// The same, of names alone: `UTC`, `Europe/Berlin`. What PostgreSQL takes beyond names is none: in `UTC+3` the sign
    /// means the opposite of what people write it for.
    pub fn strictly_named(name: &str) -> Option<TimeZone> {
        let mut parts = name.split('/');
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        let is_part = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b));
        let is_old = OLD_NAMES.iter().any(|old| old.eq_ignore_ascii_case(name));
        if !is_old && (!parts.next().is_some_and(is_word) || !parts.all(is_part) || name.len() > 60) {
            return None;
        }
        // SAFETY: a zone that was found.
        TimeZone::named(name).filter(|zone| unsafe { pg_sys::pg_tz_acceptable(zone.0) })
    }

    /// The instant at which its clocks show a date (days since 2000-01-01) and a time of day, by the rule of
    /// `AT TIME ZONE`: a time that is skipped is counted from before the gap, one that comes twice is the second. In
    /// microseconds since 2000-01-01 UTC.
    pub fn instant(self, date: i32, time: i64) -> i64 {
        let mut shown = pg_sys::pg_tm {
            tm_hour: (time / HOUR) as i32,
            tm_min: (time % HOUR / MINUTE) as i32,
            tm_sec: (time % MINUTE / SECOND) as i32,
            ..pg_sys::pg_tm::default()
        };
        // SAFETY: the date is split into the struct, which DetermineTimeZoneOffset reads and completes; the zone lives as
        // long as the process.
        let west = unsafe {
            let julian = date.saturating_add(pg_sys::POSTGRES_EPOCH_JDATE as i32);
            pg_sys::j2date(julian, &raw mut shown.tm_year, &raw mut shown.tm_mon, &raw mut shown.tm_mday);
            pg_sys::DetermineTimeZoneOffset(&raw mut shown, self.0)
        };
        i64::from(date) * DAY + time + i64::from(west) * SECOND
    }

    /// How many seconds its clock is ahead of UTC at this second since 1970, and from which second on that changes.
    pub fn offset_at(self, second: i64) -> (i64, Option<i64>) {
        let (mut offset, mut next, mut boundary) = (0, 0, 0);
        let (mut is_summer, mut is_summer_next) = (0, 0);
        // SAFETY: a zone that was found, and places for what is told of it.
        let told = unsafe {
            pg_sys::pg_next_dst_boundary(
                &raw const second,
                &raw mut offset,
                &raw mut is_summer,
                &raw mut boundary,
                &raw mut next,
                &raw mut is_summer_next,
                self.0,
            )
        };
        (offset, (told == 1 && boundary > second).then_some(boundary))
    }
}
