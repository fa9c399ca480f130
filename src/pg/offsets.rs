//! The offsets of time zones, as the server's own data has them.

use std::ffi::CString;

use pgrx::pg_sys;

/// The offsets of a time zone. The server keeps what it has loaded for the life of the process.
#[derive(Clone, Copy)]
pub struct Offsets(*mut pg_sys::pg_tz);

impl Offsets {
    /// Those of the zone with this name: `UTC`, `Europe/Berlin`. What PostgreSQL takes beyond names is none: in `UTC+3`
    /// the sign means the opposite of what people write it for.
    pub fn named(name: &str) -> Option<Offsets> {
        let mut parts = name.split('/');
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        let is_part = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b));
        if !parts.next().is_some_and(is_word) || !parts.all(is_part) || name.len() > 60 {
            return None;
        }
        let name = CString::new(name).ok()?;
        // SAFETY: the name ends with a zero; a zone that is found stays.
        unsafe {
            let zone = pg_sys::pg_tzset(name.as_ptr());
            (!zone.is_null() && pg_sys::pg_tz_acceptable(zone)).then_some(Offsets(zone))
        }
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
