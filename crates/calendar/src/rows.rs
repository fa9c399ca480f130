//! A definition as the rows of three tables, each row an object with the names of its columns.

use serde_json::{Map, Value, json};

use crate::day::Day;
use crate::definition::{Around, Definition, Exception, Hours, Kind, Span, Weekly};
use crate::fault::{Fault, Impossible};
use crate::json::{read_breaks, write_breaks};
use crate::keys::Keys;
use crate::local::Local;

const ANY: usize = usize::MAX;

/// The names of the columns that hold the times of a row.
struct Columns {
    open: &'static str,
    close: &'static str,
}

const OF_SESSION: Columns = Columns { open: "market_open", close: "market_close" };
const OF_HOLIDAY: Columns = Columns { open: "open_time", close: "close_time" };

const TIMES: [&str; 6] =
    ["open", "close", "pre_market_start", "pre_market_end", "post_market_start", "post_market_end"];

/// Reads `{template, sessions, holidays}`.
pub fn read(value: &Value) -> Result<Definition, Fault> {
    let keys = Keys::any("definition".to_owned(), value)?;
    let none = Value::Null;
    let template = Keys::any("template".to_owned(), keys.get("template").unwrap_or(&none))?;
    Ok(Definition {
        name: template.text("name", ANY)?,
        exchange: template.some_text("exchange", ANY)?,
        timezone: template.text("timezone", ANY)?,
        coverage: template.some_day("first_date")?.zip(template.some_day("last_date")?),
        weekly: keys.list("sessions")?.iter().map(read_session).collect::<Result<_, _>>()?,
        exceptions: keys.list("holidays")?.iter().map(read_holiday).collect::<Result<_, _>>()?,
    })
}

fn read_session(value: &Value) -> Result<Weekly, Fault> {
    let keys = Keys::any("trading_sessions".to_owned(), value)?;
    let weekday = keys.some_int("day_of_week")?.and_then(|day| u8::try_from(day).ok()).unwrap_or(u8::MAX);
    let place = format!("day {weekday} of the week");
    Ok(Weekly {
        weekday,
        from: keys.some_day("valid_from")?,
        to: keys.some_day("valid_to")?,
        is_trading_day: keys.some_bool("is_trading_day")?.unwrap_or(true),
        hours: read_hours(&keys, &OF_SESSION, &place)?,
    })
}

fn read_holiday(value: &Value) -> Result<Exception, Fault> {
    let keys = Keys::any("market_holidays".to_owned(), value)?;
    let date = keys.day("date")?;
    let name = keys.some_text("holiday_type", ANY)?;
    let kind = Kind::ALL.into_iter().find(|kind| name.as_deref() == Some(kind.name()));
    Ok(Exception {
        date,
        kind: kind.ok_or_else(|| keys.fault("holiday_type", "full_day, muhurat or special"))?,
        description: keys.some_text("description", ANY)?,
        hours: read_hours(&keys, &OF_HOLIDAY, &date.to_string())?,
    })
}

fn read_hours(keys: &Keys<'_>, columns: &Columns, place: &str) -> Result<Option<Hours>, Fault> {
    let fault = |why| Fault::Hours(place.to_owned(), why);
    let time = |name: &str| read_time(keys, columns.name(name));
    let around = |start: &str, end: &str, empty: Local, why| match (time(start)?, time(end)?) {
        (None, None) => Ok(Around::Unsaid),
        (Some(start), Some(end)) if start == end && start == empty => Ok(Around::Nothing),
        (Some(start), Some(end)) => Ok(Around::At(Span { start, end })),
        _ => Err(fault(why)),
    };
    let breaks = keys.get("breaks").map(|value| read_breaks(place, value)).transpose()?;
    match (time("open")?, time("close")?) {
        (Some(open), Some(close)) => Ok(Some(Hours {
            open,
            close,
            breaks,
            pre_market: around("pre_market_start", "pre_market_end", open, Impossible::PreMarket)?,
            post_market: around("post_market_start", "post_market_end", close, Impossible::PostMarket)?,
        })),
        (None, None)
            if TIMES.iter().all(|name| keys.get(columns.name(name)).is_none())
                && breaks.as_ref().is_none_or(Vec::is_empty) =>
        {
            Ok(None)
        }
        _ => Err(fault(Impossible::Missing)),
    }
}

fn read_time(keys: &Keys<'_>, column: &str) -> Result<Option<Local>, Fault> {
    let Some(text) = keys.some_text(column, ANY)? else { return Ok(None) };
    let offset = keys.some_int(&format!("{column}_offset"))?.unwrap_or(0);
    Local::of_column(&text, offset).map(Some).ok_or_else(|| keys.fault(column, "a time of the days -1 to 2"))
}

/// A definition as [`read`] reads it.
#[must_use]
pub fn write(definition: &Definition) -> Value {
    let coverage = definition.coverage;
    json!({
        "template": {
            "name": definition.name,
            "exchange": definition.exchange,
            "timezone": definition.timezone,
            "first_date": coverage.map(|(first, _)| first.to_string()),
            "last_date": coverage.map(|(_, last)| last.to_string()),
        },
        "sessions": definition.weekly.iter().map(write_session).collect::<Vec<_>>(),
        "holidays": definition.exceptions.iter().map(write_holiday).collect::<Vec<_>>(),
    })
}

fn write_session(row: &Weekly) -> Value {
    let day = |day: Option<Day>| Value::from(day.map(|day| day.to_string()));
    let mut columns = write_hours(row.hours.as_ref(), &OF_SESSION);
    if row.hours.is_none() {
        columns.insert("breaks".to_owned(), write_breaks(&[]));
    }
    columns.insert("day_of_week".to_owned(), row.weekday.into());
    columns.insert("valid_from".to_owned(), day(row.from));
    columns.insert("valid_to".to_owned(), day(row.to));
    columns.insert("is_trading_day".to_owned(), row.is_trading_day.into());
    columns.into()
}

fn write_holiday(exception: &Exception) -> Value {
    let mut columns = write_hours(exception.hours.as_ref(), &OF_HOLIDAY);
    columns.insert("date".to_owned(), exception.date.to_string().into());
    columns.insert("holiday_type".to_owned(), exception.kind.name().into());
    columns.insert("description".to_owned(), exception.description.clone().into());
    columns.into()
}

fn write_hours(hours: Option<&Hours>, columns: &Columns) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &'static str, time: Option<Local>| {
        let (time, offset) = time.map(Local::column).unzip();
        let name = columns.name(name);
        object.insert(format!("{name}_offset"), offset.into());
        object.insert(name.to_owned(), time.into());
    };
    put("open", hours.map(|hours| hours.open));
    put("close", hours.map(|hours| hours.close));
    let around = |around: Around, empty: Local| match around {
        Around::Unsaid => None,
        Around::Nothing => Some(Span { start: empty, end: empty }),
        Around::At(span) => Some(span),
    };
    let pre = hours.and_then(|hours| around(hours.pre_market, hours.open));
    let post = hours.and_then(|hours| around(hours.post_market, hours.close));
    put("pre_market_start", pre.map(|span| span.start));
    put("pre_market_end", pre.map(|span| span.end));
    put("post_market_start", post.map(|span| span.start));
    put("post_market_end", post.map(|span| span.end));
    let breaks = hours.and_then(|hours| hours.breaks.as_deref());
    object.insert("breaks".to_owned(), breaks.map_or(Value::Null, write_breaks));
    object
}

impl Columns {
    /// The column of a time.
    fn name<'a>(&self, time: &'a str) -> &'a str {
        match time {
            "open" => self.open,
            "close" => self.close,
            other => other,
        }
    }
}
