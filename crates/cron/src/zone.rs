//! The offsets of a time zone.

/// A stretch of time in which a zone has one offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Seconds that the zone's clock is ahead of UTC, less than a week.
    pub offset: i64,
    /// The first second of the next stretch, since 1970 in UTC; `i64::MAX`: there is none.
    pub until: i64,
}

/// A time zone. Seconds are since 1970 in UTC.
pub trait Zone {
    /// What holds at this second.
    fn period(&self, at: i64) -> Period;
}

/// UTC, and any zone whose clock never changes.
#[derive(Clone, Copy, Debug)]
pub struct Fixed(
    /// Seconds that its clock is ahead of UTC, less than a week.
    pub i64,
);

impl Zone for Fixed {
    fn period(&self, _at: i64) -> Period {
        Period { offset: self.0, until: i64::MAX }
    }
}
