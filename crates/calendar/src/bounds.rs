//! How much there may be in a calendar.

/// The most days from the first date to the last: a hundred years.
pub const MOST_DAYS: i32 = 36_600;
/// The most breaks of a session.
pub const MOST_BREAKS: usize = 15;
/// The most weekly rows.
pub const MOST_WEEKLY: usize = 2_000;
