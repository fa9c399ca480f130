//! Time zones, as PostgreSQL knows them: with its own data, or with those of the system, as it was built.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;
const MINUTE: i64 = 60_000_000;
const SECOND: i64 = 1_000_000;

/// The names of zones that are all in capitals and have a digit, as what POSIX makes of others is told.
const OLD_NAMES: [&CStr; 7] = [c"CST6CDT", c"EST5EDT", c"MST7MDT", c"PST8PDT", c"GMT0", c"GMT+0", c"GMT-0"];

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

    /// The same, of IANA's names alone, which are those of `pg_timezone_names`: that one is too slow to be asked, it
    /// reads every file. What POSIX makes of others is none: `UTC+3` is west of UTC, not east as people mean it, and any
    /// word before the digits will do.
    pub fn strictly_named(name: &str) -> Option<TimeZone> {
        // A colon before a name is POSIX's as well.
        let zone = TimeZone::named(name).filter(|_| !name.starts_with(':'))?;
        // SAFETY: a zone that was found; what it is called lives as long as the zone does.
        let (is_acceptable, called) =
            unsafe { (pg_sys::pg_tz_acceptable(zone.0), CStr::from_ptr(pg_sys::pg_get_timezone_name(zone.0))) };
        (is_acceptable && !is_posix(called)).then_some(zone)
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

/// Whether a zone is made of an offset, by what PostgreSQL calls it: in capitals, while one that it has read is called as
/// its file is. An offset has a digit.
fn is_posix(called: &CStr) -> bool {
    let bytes = called.to_bytes();
    let is_in_capitals = !bytes.iter().any(u8::is_ascii_lowercase);
    is_in_capitals && bytes.iter().any(u8::is_ascii_digit) && !OLD_NAMES.contains(&called)
}
