//! Returns of an equity curve, period by period, on the clocks of a time zone.

use crate::series::{Full, Series};

/// Microseconds.
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 2000-01-03, a Monday, in days since 2000-01-01: weeks begin as ISO 8601 says.
const MONDAY: i64 = 2;
/// The most periods of one curve.
pub const MOST_PERIODS: usize = 10_000_000;

/// The clocks of a time zone. Moments are microseconds since 2000-01-01 UTC, days count from 2000-01-01.
pub trait Clocks {
    /// How many microseconds they are ahead of UTC at a moment.
    fn ahead_at(&self, moment: i64) -> i64;

    /// The moment at which a day begins.
    fn midnight(&self, day: i64) -> i64;
}

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// So many months; counted from 2000-01.
    Months(i64),
    /// So many days; counted from Monday, 2000-01-03.
    Days(i64),
    /// So many microseconds, which divide a day of 24 hours; counted from each midnight.
    Microseconds(i64),
}

/// Why there are no periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No length that periods can have.
    Length,
    /// More periods than [`MOST_PERIODS`].
    TooMany,
    /// There is no room for them.
    NoRoom(Full),
}

impl From<Full> for Refused {
    fn from(full: Full) -> Refused {
        Refused::NoRoom(full)
    }
}

impl Every {
    /// A length of so many months, days and microseconds.
    pub fn of(months: i64, days: i64, microseconds: i64) -> Result<Every, Refused> {
        match (months, days, microseconds) {
            (1.., 0, 0) => Ok(Every::Months(months)),
            (0, 1.., 0) => Ok(Every::Days(days)),
            (0, 0, DAY) => Ok(Every::Days(1)),
            (0, 0, 1..) if DAY % microseconds == 0 => Ok(Every::Microseconds(microseconds)),
            _ => Err(Refused::Length),
        }
    }

    /// The beginning of the period in which a moment lies.
    pub fn start_of(self, clocks: &impl Clocks, moment: i64) -> i64 {
        match self {
            Every::Months(months) => {
                let month = month_of(day_of(clocks, moment));
                clocks.midnight(first_day(month.div_euclid(months) * months))
            }
            Every::Days(days) => {
                let day = day_of(clocks, moment) - MONDAY;
                clocks.midnight(day.div_euclid(days) * days + MONDAY)
            }
            Every::Microseconds(length) => {
                let midnight = clocks.midnight(day_of(clocks, moment));
                midnight + (moment - midnight) / length * length
            }
        }
    }

    /// The beginning of the next period after one that begins at this moment.
    pub fn next(self, clocks: &impl Clocks, start: i64) -> i64 {
        let day = day_of(clocks, start);
        match self {
            Every::Months(months) => clocks.midnight(first_day(month_of(day) + months)),
            Every::Days(days) => clocks.midnight(day + days),
            // The last period of a day on which clocks are changed may be a shorter one.
            Every::Microseconds(length) => (start + length).min(clocks.midnight(day + 1)),
        }
    }
}

/// The day in which a moment lies. A midnight that clocks show twice begins the day the second time.
fn day_of(clocks: &impl Clocks, moment: i64) -> i64 {
    let day = (moment + clocks.ahead_at(moment)).div_euclid(DAY);
    if clocks.midnight(day) > moment {
        return day - 1;
    }
    if clocks.midnight(day + 1) <= moment { day + 1 } else { day }
}

/// From 2000-01-01 to 2000-03-01: years are counted from March, so that leap days come last, in eras of 400 of them.
const MARCH: i64 = 60;
const ERA: i64 = 146_097;

/// The month of a day, counted from 2000-01.
fn month_of(day: i64) -> i64 {
    let (era, day) = ((day - MARCH).div_euclid(ERA), (day - MARCH).rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (5 * day_of_year + 2) / 153 + 2
}

/// The first day of a month.
fn first_day(month: i64) -> i64 {
    let (year, month) = ((month - 2).div_euclid(12), (month - 2).rem_euclid(12));
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * ERA + 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 + MARCH
}

/// The return of a period that begins at this moment. None: there was nothing to return on, for the equity before it was
/// not above 0.
pub type Return = (i64, Option<f64>);

/// The returns of the last value of each period on that of the period before; one without a value keeps the last. The
/// first period has none. Values come in order.
pub fn returns(values: &[(i64, f64)], every: Every, clocks: &impl Clocks) -> Result<Series<Return>, Refused> {
    let mut found = Series::default();
    let Some(((first, equity), rest)) = values.split_first() else { return Ok(found) };
    let mut end = every.next(clocks, every.start_of(clocks, *first));
    let (mut start, mut before, mut last) = (None, *equity, *equity);
    for (at, equity) in rest {
        while *at >= end {
            start.map_or(Ok(()), |start| found.push((start, change(before, last))))?;
            before = last;
            if found.len() >= MOST_PERIODS {
                return Err(Refused::TooMany);
            }
            start = Some(end);
            end = every.next(clocks, end);
        }
        last = *equity;
    }
    start.map_or(Ok(()), |start| found.push((start, change(before, last))))?;
    Ok(found)
}

fn change(before: f64, now: f64) -> Option<f64> {
    (before > 0.0).then(|| (now - before) / before)
}
