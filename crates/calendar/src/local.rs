//! Times of day at the exchange, on the date of a session or a day away from it.

use std::fmt;

use crate::day::DAY;

const SECOND: i64 = 1_000_000;

/// A time by the wall clock of the exchange, counted in microseconds from midnight of the session's date as if every day
/// had 24 hours: `-17:00`, five in the afternoon of the day before, is −7 hours; `26:30` is half past two the day after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Local(i64);

impl Local {
    /// Midnight at the beginning of the session's date.
    pub const MIDNIGHT: Local = Local(0);
    /// The first time that can be said.
    pub const FIRST: Local = Local(-DAY);
    /// The last time that can be said.
    pub const LAST: Local = Local(2 * DAY);

    /// A time of day (microseconds since midnight) on a day so many days after the session's date.
    #[must_use]
    pub fn of(offset: i64, time: i64) -> Option<Local> {
        let at = Local(offset.checked_mul(DAY)?.checked_add(time)?);
        ((0..=DAY).contains(&time) && (Local::FIRST..=Local::LAST).contains(&at)).then_some(at)
    }

    /// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.ffffff`. With a minus sign on the day before; from 24:00 on the day after.
    #[must_use]
    pub fn parse(text: &str) -> Option<Local> {
        match text.strip_prefix('-') {
            Some(before) => time_of_day(before, 23).and_then(|time| Local::of(-1, time)),
            None => time_of_day(text, 48).and_then(|time| Local::of(time.div_euclid(DAY), time.rem_euclid(DAY))),
        }
    }

    /// What a column of type `time` says, and the days beside it.
    #[must_use]
    pub fn of_column(text: &str, offset: i64) -> Option<Local> {
        time_of_day(text, 24).and_then(|time| Local::of(offset, time))
    }

    /// The day, counted from the session's date, and the time of that day, which is below 24:00.
    #[must_use]
    pub fn parts(self) -> (i32, i64) {
        (self.0.div_euclid(DAY) as i32, self.0.rem_euclid(DAY))
    }

    /// The time of day for a column, spelled as PostgreSQL does, and the days beside it.
    #[must_use]
    pub fn column(self) -> (String, i32) {
        let (offset, time) = self.parts();
        let short = spelled(time);
        (if short.len() == 5 { format!("{short}:00") } else { short }, offset)
    }

    /// How much later this is than another time, in microseconds.
    #[must_use]
    pub fn since(self, other: Local) -> i64 {
        self.0 - other.0
    }

    /// So much later.
    #[must_use]
    pub fn plus(self, microseconds: i64) -> Local {
        Local(self.0.saturating_add(microseconds))
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 { write!(f, "-{}", spelled(self.0 + DAY)) } else { f.write_str(&spelled(self.0)) }
    }
}

fn spelled(time: i64) -> String {
    let (seconds, rest) = (time / SECOND, time % SECOND);
    let mut text = format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 || rest != 0 {
        text.push_str(&format!(":{:02}", seconds % 60));
    }
    if rest != 0 {
        text.push_str(format!(".{rest:06}").trim_end_matches('0'));
    }
    text
}

fn time_of_day(text: &str, most_hours: i64) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(clock, fraction)| (clock, Some(fraction)));
    let parts: Vec<i64> = clock.split(':').map(two_digits).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match (parts.as_slice(), fraction) {
        ([hours, minutes], None) => (*hours, *minutes, 0),
        ([hours, minutes, seconds], _) => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let rest = fraction.map_or(Some(0), microseconds)?;
    let time = ((hours * 60 + minutes) * 60 + seconds) * SECOND + rest;
    let most = if most_hours == 23 { DAY - 1 } else { most_hours * 3600 * SECOND };
    (minutes < 60 && seconds < 60 && time <= most).then_some(time)
}

fn two_digits(text: &str) -> Option<i64> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn microseconds(fraction: &str) -> Option<i64> {
    let is_digits = (1..=6).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| format!("{fraction:0<6}").parse().ok()).flatten()
}
