//! What is asked of calendars: `sql/calendar/questions.sql`.

use std::rc::Rc;

use calendar::{Calendar, Day, Unanswered};
use pgrx::datum::{Date, TimestampWithTimeZone};
use pgrx::pg_sys::panic::{ErrorReport, ErrorReportable};
use pgrx::prelude::*;

use super::kept;
use crate::error::{Answer, Failure, clip};

/// A session: date, opening, close, beginnings and ends of its breaks, kind, description.
type Line = (
    Date,
    TimestampWithTimeZone,
    TimestampWithTimeZone,
    Vec<TimestampWithTimeZone>,
    Vec<TimestampWithTimeZone>,
    &'static str,
    Option<String>,
);

/// The answer of a calendar, or why there is none.
fn ask<T>(name: &str, question: impl FnOnce(&Calendar) -> Result<T, Unanswered>) -> Answer<T> {
    let calendar: Rc<Calendar> = kept::active(name)?;
    question(&calendar).map_err(|unanswered| failure(name, &calendar, unanswered))
}

fn failure(name: &str, calendar: &Calendar, unanswered: Unanswered) -> Failure {
    let (name, outside) = (clip(name), PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW);
    let Some((first, last)) = calendar.coverage() else {
        return Failure::new(
            outside,
            format!("calendar {name} covers no dates"),
            "UPDATE calendar.trading_hours_templates SET first_date = …, last_date = … WHERE name = …;",
        );
    };
    let covers = format!("calendar {name} covers {first} to {last}");
    let hint = "Load a definition that goes further (calendar.load_calendar()); beyond its dates it answers nothing.";
    match unanswered {
        Unanswered::Moment(at) => Failure::new(outside, format!("{at} is outside: {covers}"), hint),
        Unanswered::Date(day) => Failure::new(outside, format!("{day} is outside: {covers}"), hint),
        Unanswered::Beyond => Failure::new(outside, format!("the answer lies outside: {covers}"), hint),
        Unanswered::NoSession(day) => Failure::invalid(
            format!("{day} is no session of calendar {name}"),
            "calendar.sessions() lists them; calendar.next_open() finds the first after a moment.",
        ),
        Unanswered::Backwards => Failure::invalid("from lies after to", "Give the earlier one first."),
    }
}

fn moment(at: i64) -> TimestampWithTimeZone {
    // Compiled from dates of four digits.
    TimestampWithTimeZone::try_from(at).unwrap_or_else(|_| TimestampWithTimeZone::positive_infinity())
}

fn date(day: Day) -> Date {
    Date::saturating_from_raw(day.0)
}

#[pg_extern(sql = false)]
fn calendar_is_open(cal: &str, t: TimestampWithTimeZone) -> Result<bool, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.is_open(t.into_inner()))?)
}

#[pg_extern(sql = false)]
fn calendar_phase(cal: &str, t: TimestampWithTimeZone) -> Result<&'static str, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.phase(t.into_inner()))?.name())
}

#[pg_extern(sql = false)]
fn calendar_next_open(cal: &str, t: TimestampWithTimeZone, breaks: bool) -> Result<TimestampWithTimeZone, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.next_open(t.into_inner(), breaks)).map(moment)?)
}

#[pg_extern(sql = false)]
fn calendar_next_close(
    cal: &str,
    t: TimestampWithTimeZone,
    breaks: bool,
) -> Result<TimestampWithTimeZone, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.next_close(t.into_inner(), breaks)).map(moment)?)
}

#[pg_extern(sql = false)]
fn calendar_previous_open(
    cal: &str,
    t: TimestampWithTimeZone,
    breaks: bool,
) -> Result<TimestampWithTimeZone, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.previous_open(t.into_inner(), breaks)).map(moment)?)
}

#[pg_extern(sql = false)]
fn calendar_previous_close(
    cal: &str,
    t: TimestampWithTimeZone,
    breaks: bool,
) -> Result<TimestampWithTimeZone, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.previous_close(t.into_inner(), breaks)).map(moment)?)
}

#[pg_extern(sql = false)]
fn calendar_next_change(cal: &str, t: TimestampWithTimeZone) -> Result<TimestampWithTimeZone, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.next_change(t.into_inner())).map(moment)?)
}

#[pg_extern(sql = false)]
fn calendar_session_of(cal: &str, t: TimestampWithTimeZone) -> Result<Option<Date>, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.session_of(t.into_inner()))?.map(date))
}

#[pg_extern(sql = false)]
fn calendar_session_offset(cal: &str, session: Date, n: i32) -> Result<Date, ErrorReport> {
    let day = Day(session.to_pg_epoch_days());
    Ok(ask(cal, |calendar| calendar.session_offset(day, i64::from(n))).map(date)?)
}

#[pg_extern(sql = false)]
fn calendar_open_time(cal: &str, from: TimestampWithTimeZone, to: TimestampWithTimeZone) -> Result<i64, ErrorReport> {
    Ok(ask(cal, |calendar| calendar.open_time(from.into_inner(), to.into_inner()))?)
}

#[expect(clippy::type_complexity, reason = "pgrx reads the names of the columns here")]
#[pg_extern(sql = false)]
fn calendar_sessions(
    cal: &str,
    from: Date,
    to: Date,
) -> TableIterator<
    'static,
    (
        name!(session_date, Date),
        name!(opens_at, TimestampWithTimeZone),
        name!(closes_at, TimestampWithTimeZone),
        name!(break_starts, Vec<TimestampWithTimeZone>),
        name!(break_ends, Vec<TimestampWithTimeZone>),
        name!(kind, &'static str),
        name!(description, Option<String>),
    ),
> {
    let (from, to) = (Day(from.to_pg_epoch_days()), Day(to.to_pg_epoch_days()));
    let lines = ask(cal, |calendar| {
        let found = calendar.sessions_between(from, to)?;
        Ok(found.filter_map(|(session, segments)| line(session, segments)).collect::<Vec<_>>())
    });
    TableIterator::new(lines.map_err(ErrorReport::from).unwrap_or_report())
}

fn line(session: &calendar::Session, segments: &[calendar::Segment]) -> Option<Line> {
    let (first, last) = (segments.first()?, segments.last()?);
    Some((
        date(session.date),
        moment(first.opens),
        moment(last.closes),
        segments.windows(2).map(|pair| moment(pair[0].closes)).collect(),
        segments.windows(2).map(|pair| moment(pair[1].opens)).collect(),
        session.kind.map_or("regular", calendar::Kind::name),
        session.description.clone(),
    ))
}
