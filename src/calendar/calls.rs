//! What is asked of calendars: `sql/calendar/questions.sql`.

use std::rc::Rc;

use calendar::{Calendar, Day, Segment, Unanswered};
use pgrx::datum::{Date, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::kept;
use crate::error::{Answer, Failure, clip};
use crate::pg::arguments::Arguments;
use crate::pg::results::Rows;
use crate::pg::value::{TimeRanges, Timestamp, Value};

/// Microseconds.
const MINUTE: i64 = 60_000_000;

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
            "calendar.date_to_session() finds the session of a date, or the one after or before it.",
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

/// Minutes with their fractions.
#[pg_extern(sql = false)]
fn calendar_trading_minutes(
    cal: &str,
    from: TimestampWithTimeZone,
    to: TimestampWithTimeZone,
) -> Result<AnyNumeric, ErrorReport> {
    let open = ask(cal, |calendar| calendar.open_time(from.into_inner(), to.into_inner()))?;
    if open % MINUTE == 0 {
        return Ok(AnyNumeric::from(open / MINUTE));
    }
    Ok((AnyNumeric::from(open) / AnyNumeric::from(MINUTE)).normalize().parse().unwrap_or_else(|_| 0.into()))
}

#[pg_extern(sql = false)]
fn calendar_is_session(cal: &str, date: Date) -> Result<bool, ErrorReport> {
    Ok(session(cal, date)?.is_some())
}

#[pg_extern(sql = false)]
fn calendar_session_open(cal: &str, date: Date) -> Result<Option<TimestampWithTimeZone>, ErrorReport> {
    Ok(session(cal, date)?.map(|session| moment(session.opens)))
}

#[pg_extern(sql = false)]
fn calendar_session_close(cal: &str, date: Date) -> Result<Option<TimestampWithTimeZone>, ErrorReport> {
    Ok(session(cal, date)?.map(|session| moment(session.closes)))
}

fn session(cal: &str, date: Date) -> Answer<Option<Segment>> {
    ask(cal, |calendar| calendar.session(Day(date.to_pg_epoch_days())))
}

#[pg_extern(sql = false)]
fn calendar_date_to_session(cal: &str, day: Date, direction: &str) -> Result<Date, ErrorReport> {
    let forward = match direction {
        "next" => true,
        "previous" => false,
        other => {
            return Err(Failure::invalid(
                format!("direction is {:?}", clip(other)),
                "next is the first session from that date on, previous the last one up to it.",
            )
            .into());
        }
    };
    Ok(ask(cal, |calendar| calendar.date_to_session(Day(day.to_pg_epoch_days()), forward)).map(date)?)
}

#[pg_extern(sql = false)]
fn calendar_session_count(cal: &str, from: Date, to: Date) -> Result<i32, ErrorReport> {
    let (from, to) = (Day(from.to_pg_epoch_days()), Day(to.to_pg_epoch_days()));
    // As many as there are days in a hundred years, at most.
    Ok(ask(cal, |calendar| Ok(calendar.sessions_between(from, to)?.count() as i32))?)
}

#[pg_extern(sql = false)]
fn calendar_sessions(call: pg_sys::FunctionCallInfo) -> Result<Rows<6>, ErrorReport> {
    let arguments = Arguments::of(call);
    let (Some(cal), Some(from), Some(to)) =
        (arguments.get::<&str>(0), arguments.get::<Date>(1), arguments.get::<Date>(2))
    else {
        return Ok(Rows(Vec::new()));
    };
    let (from, to) = (Day(from.to_pg_epoch_days()), Day(to.to_pg_epoch_days()));
    Ok(Rows(ask(cal, |calendar| {
        let found = calendar.sessions_between(from, to)?;
        Ok(found.filter_map(|(session, segments)| line(session, segments)).collect())
    })?))
}

/// A session: date, opening, close, breaks, kind, description.
fn line(session: &calendar::Session, segments: &[Segment]) -> Option<[Value<'static>; 6]> {
    let (first, last) = (segments.first()?, segments.last()?);
    let breaks: Vec<(Timestamp, Timestamp)> =
        segments.windows(2).map(|pair| (Timestamp(pair[0].closes), Timestamp(pair[1].opens))).collect();
    Some([
        Value::Date(session.date.0),
        Value::Time(Timestamp(first.opens)),
        Value::Time(Timestamp(last.closes)),
        Value::Times(TimeRanges::of(&breaks)),
        Value::Text(session.kind.map_or("regular", calendar::Kind::name)),
        session.description.as_deref().map_or(Value::Null, Value::kept),
    ])
}
