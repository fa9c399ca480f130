//! What rows may not say, whatever the zone. Sessions that only overlap on certain dates are found by
//! [`mod@crate::compile`].

use crate::bounds::{MOST_BREAKS, MOST_DAYS, MOST_WEEKLY};
use crate::day::{DAY, Day};
use crate::definition::{Around, Definition, Exception, Hours, Kind, Weekly};
use crate::fault::{Fault, Impossible};

/// Refuses what cannot be.
pub fn check(definition: &Definition) -> Result<(), Fault> {
    if let Some((first, last)) = definition.coverage
        && (last < first || i64::from(last.0) - i64::from(first.0) > i64::from(MOST_DAYS))
    {
        return Err(Fault::Coverage(first, last));
    }
    check_weekly(&definition.weekly)?;
    check_exceptions(definition)
}

fn check_weekly(weekly: &[Weekly]) -> Result<(), Fault> {
    if weekly.len() > MOST_WEEKLY {
        return Err(Fault::TooMany("weekly rows", weekly.len()));
    }
    for row in weekly {
        let fault = |why| Err(Fault::Hours(format!("day {} of the week", row.weekday), why));
        if row.weekday > 6 {
            return fault(Impossible::Weekday);
        }
        if row.from.is_some_and(|from| row.to.is_some_and(|to| to < from)) {
            return fault(Impossible::EraBackwards);
        }
        match &row.hours {
            Some(hours) => check_hours(hours).or_else(fault)?,
            None if row.is_trading_day => return fault(Impossible::Missing),
            None => {}
        }
    }
    check_eras(weekly)
}

fn check_eras(weekly: &[Weekly]) -> Result<(), Fault> {
    let mut eras: Vec<(u8, Day, Day)> = weekly
        .iter()
        .map(|row| (row.weekday, row.from.unwrap_or(Day(i32::MIN)), row.to.unwrap_or(Day(i32::MAX))))
        .collect();
    eras.sort_unstable();
    let meeting = eras.windows(2).find(|pair| pair[0].0 == pair[1].0 && pair[1].1 <= pair[0].2);
    meeting.map_or(Ok(()), |pair| {
        // Both without a beginning: they meet wherever one ends.
        let day = if pair[1].1 == Day(i32::MIN) { pair[0].2.min(pair[1].2) } else { pair[1].1 };
        Err(Fault::Eras(pair[0].0, (day != Day(i32::MAX)).then_some(day)))
    })
}

fn check_exceptions(definition: &Definition) -> Result<(), Fault> {
    let mut dates: Vec<Day> = definition.exceptions.iter().map(|exception| exception.date).collect();
    dates.sort_unstable();
    if let Some(pair) = dates.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Fault::Twice(pair[0]));
    }
    for exception in &definition.exceptions {
        check_exception(exception, definition.coverage)?;
    }
    Ok(())
}

fn check_exception(exception: &Exception, coverage: Option<(Day, Day)>) -> Result<(), Fault> {
    if coverage.is_some_and(|(first, last)| !(first..=last).contains(&exception.date)) {
        return Err(Fault::NotCovered(exception.date));
    }
    let Some(hours) = &exception.hours else { return Ok(()) };
    let why = if exception.kind == Kind::FullDay { Err(Impossible::OnFullDay) } else { check_hours(hours) };
    why.map_err(|why| Fault::Hours(exception.date.to_string(), why))
}

fn check_hours(hours: &Hours) -> Result<(), Impossible> {
    let length = hours.close.since(hours.open);
    if length <= 0 {
        return Err(Impossible::CloseBeforeOpen);
    }
    if length > DAY {
        return Err(Impossible::TooLong);
    }
    let breaks = hours.said_breaks();
    if breaks.len() > MOST_BREAKS {
        return Err(Impossible::TooManyBreaks);
    }
    for pause in breaks {
        if pause.end <= pause.start {
            return Err(Impossible::BreakBackwards);
        }
        if pause.start <= hours.open || hours.close <= pause.end {
            return Err(Impossible::BreakOutside);
        }
    }
    if breaks.windows(2).any(|pair| pair[1].start <= pair[0].end) {
        return Err(Impossible::BreaksOverlap);
    }
    if let Around::At(pre) = hours.pre_market
        && (pre.end <= pre.start || hours.open < pre.end || hours.open.since(pre.start) > DAY)
    {
        return Err(Impossible::PreMarket);
    }
    match hours.post_market {
        Around::At(post) if post.end <= post.start || post.start < hours.close || post.end.since(hours.close) > DAY => {
            Err(Impossible::PostMarket)
        }
        _ => Ok(()),
    }
}
