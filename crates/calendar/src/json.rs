//! A definition as people write it: the argument of `calendar.load_calendar()`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::day::Day;
use crate::definition::{Around, Definition, Exception, Hours, Kind, Span, Weekly};
use crate::fault::{Fault, Impossible};
use crate::keys::Keys;
use crate::local::Local;

/// The most characters of names and descriptions, which are those of their columns.
const NAME: usize = 100;
const EXCHANGE: usize = 50;
const ZONE: usize = 50;
const DESCRIPTION: usize = 200;

/// Reads a definition; what it says may still be impossible ([`crate::check`]).
pub fn read(value: &Value) -> Result<Definition, Fault> {
    let known = ["name", "exchange", "timezone", "from", "to", "weekly", "holidays", "special"];
    let keys = Keys::of("definition".to_owned(), value, &known)?;
    let mut weekly = Vec::new();
    for (at, entry) in keys.list("weekly")?.iter().enumerate() {
        read_weekly(format!("weekly[{at}]"), entry, &mut weekly)?;
    }
    let mut exceptions = Vec::new();
    for (at, entry) in keys.list("holidays")?.iter().enumerate() {
        exceptions.push(read_holiday(format!("holidays[{at}]"), entry)?);
    }
    refuse_twice(&mut exceptions)?;
    let mut special = Vec::new();
    for (at, entry) in keys.list("special")?.iter().enumerate() {
        special.push(read_special(format!("special[{at}]"), entry)?);
    }
    refuse_twice(&mut special)?;
    Ok(Definition {
        name: keys.text("name", NAME)?,
        exchange: keys.some_text("exchange", EXCHANGE)?,
        timezone: keys.text("timezone", ZONE)?,
        coverage: Some((keys.day("from")?, keys.day("to")?)),
        weekly,
        exceptions: merged(exceptions, special),
    })
}

/// Sorts by date.
fn refuse_twice(exceptions: &mut [Exception]) -> Result<(), Fault> {
    exceptions.sort_by_key(|exception| exception.date);
    let twice = exceptions.windows(2).find(|pair| pair[0].date == pair[1].date);
    twice.map_or(Ok(()), |pair| Err(Fault::Twice(pair[0].date)))
}

/// A special session is stronger than a holiday on its date, which may lend it the description.
fn merged(holidays: Vec<Exception>, special: Vec<Exception>) -> Vec<Exception> {
    let mut by_date: BTreeMap<Day, Exception> = holidays.into_iter().map(|holiday| (holiday.date, holiday)).collect();
    for mut session in special {
        let holiday = by_date.remove(&session.date);
        session.description = session.description.or(holiday.and_then(|holiday| holiday.description));
        by_date.insert(session.date, session);
    }
    by_date.into_values().collect()
}

fn read_weekly(place: String, value: &Value, into: &mut Vec<Weekly>) -> Result<(), Fault> {
    let known = ["days", "from", "to", "open", "close", "breaks", "pre_market", "post_market", "is_trading_day"];
    let keys = Keys::of(place, value, &known)?;
    // A rule inherits from nothing: to say nothing and to say that there is nothing are one.
    let unsaid = |around| if around == Around::Nothing { Around::Unsaid } else { around };
    let hours = read_hours(&keys)?.map(|hours| Hours {
        breaks: Some(hours.breaks.unwrap_or_default()),
        pre_market: unsaid(hours.pre_market),
        post_market: unsaid(hours.post_market),
        ..hours
    });
    let is_trading_day = keys.some_bool("is_trading_day")?.unwrap_or(true);
    if is_trading_day && hours.is_none() {
        return Err(Fault::Malformed(keys.place_of("open"), Impossible::Missing.to_string()));
    }
    let (from, to) = (keys.some_day("from")?, keys.some_day("to")?);
    let days = keys.list("days")?;
    if days.is_empty() {
        return Err(keys.fault("days", "a list of days of the week, 0 (Monday) to 6 (Sunday),"));
    }
    for day in days {
        let weekday = day.as_u64().filter(|day| *day <= 6);
        let weekday =
            weekday.ok_or_else(|| Fault::Malformed(keys.place_of("days"), Impossible::Weekday.to_string()))?;
        into.push(Weekly { weekday: weekday as u8, from, to, is_trading_day, hours: hours.clone() });
    }
    Ok(())
}

fn read_holiday(place: String, value: &Value) -> Result<Exception, Fault> {
    let keys = Keys::of(place, value, &["date", "type", "description"])?;
    let kind = read_kind(&keys)?.unwrap_or(Kind::FullDay);
    Ok(Exception {
        date: keys.day("date")?,
        kind,
        description: keys.some_text("description", DESCRIPTION)?,
        hours: None,
    })
}

fn read_special(place: String, value: &Value) -> Result<Exception, Fault> {
    let known = ["date", "type", "description", "open", "close", "breaks", "pre_market", "post_market"];
    let keys = Keys::of(place, value, &known)?;
    let kind = read_kind(&keys)?.unwrap_or(Kind::Special);
    let hours = read_hours(&keys)?;
    if hours.is_none() {
        return Err(Fault::Malformed(keys.place_of("open"), Impossible::Missing.to_string()));
    }
    if kind == Kind::FullDay {
        return Err(Fault::Malformed(keys.place_of("type"), Impossible::OnFullDay.to_string()));
    }
    Ok(Exception { date: keys.day("date")?, kind, description: keys.some_text("description", DESCRIPTION)?, hours })
}

fn read_kind(keys: &Keys<'_>) -> Result<Option<Kind>, Fault> {
    let Some(value) = keys.get("type") else { return Ok(None) };
    let kind = Kind::ALL.into_iter().find(|kind| value.as_str() == Some(kind.name()));
    kind.map(Some).ok_or_else(|| keys.fault("type", "full_day, muhurat or special"))
}

fn read_hours(keys: &Keys<'_>) -> Result<Option<Hours>, Fault> {
    let (open, close) = (keys.some_time("open")?, keys.some_time("close")?);
    let breaks = keys.get("breaks").map(|_| read_list(keys)).transpose()?;
    let (pre_market, post_market) = (read_around(keys, "pre_market")?, read_around(keys, "post_market")?);
    match (open, close) {
        (Some(open), Some(close)) => Ok(Some(Hours { open, close, breaks, pre_market, post_market })),
        (None, None) => Ok(None),
        _ => Err(Fault::Malformed(keys.place_of("open"), Impossible::Missing.to_string())),
    }
}

fn read_around(keys: &Keys<'_>, key: &str) -> Result<Around, Fault> {
    match keys.get(key) {
        None => Ok(Around::Unsaid),
        Some(value) if value.as_array().is_some_and(Vec::is_empty) => Ok(Around::Nothing),
        Some(value) => read_span(keys, key, value).map(Around::At),
    }
}

fn read_span(keys: &Keys<'_>, key: &str, value: &Value) -> Result<Span, Fault> {
    match value.as_array().map(Vec::as_slice) {
        Some([start, end]) => Ok(Span { start: keys.time_of(key, start)?, end: keys.time_of(key, end)? }),
        _ => Err(keys.fault(key, "two times like [\"11:30\", \"12:30\"]")),
    }
}

fn read_list(keys: &Keys<'_>) -> Result<Vec<Span>, Fault> {
    keys.list("breaks")?.iter().map(|pair| read_span(keys, "breaks", pair)).collect()
}

/// Reads a time alone, by the name of what it is.
pub fn read_time(name: &str, text: &str) -> Result<Local, Fault> {
    let object = json!({});
    Keys::of("definition".to_owned(), &object, &[])?.time_of(name, &text.into())
}

/// Reads breaks alone, as they stand in a column.
pub fn read_breaks(place: &str, value: &Value) -> Result<Vec<Span>, Fault> {
    let object = json!({ "breaks": value });
    let keys = Keys::of(place.to_owned(), &object, &["breaks"])?;
    read_list(&keys)
}

/// Breaks, as [`read_breaks`] reads them.
#[must_use]
pub fn write_breaks(breaks: &[Span]) -> Value {
    breaks.iter().map(|span| write_span(*span)).collect()
}

/// A definition that [`read`] makes the same of. Days of the week with the same hours stand together.
#[must_use]
pub fn write(definition: &Definition) -> Value {
    let mut weekly: Vec<(Vec<u8>, &Weekly)> = Vec::new();
    for row in &definition.weekly {
        let same = |other: &Weekly| Weekly { weekday: row.weekday, ..other.clone() } == *row;
        match weekly.iter_mut().find(|(_, other)| same(other)) {
            Some((days, _)) => days.push(row.weekday),
            None => weekly.push((vec![row.weekday], row)),
        }
    }
    let (special, holidays): (Vec<&Exception>, Vec<&Exception>) =
        definition.exceptions.iter().partition(|exception| exception.hours.is_some());
    let mut object = Map::new();
    object.insert("name".to_owned(), definition.name.clone().into());
    put(&mut object, "exchange", definition.exchange.clone());
    object.insert("timezone".to_owned(), definition.timezone.clone().into());
    put_day(&mut object, "from", definition.coverage.map(|(first, _)| first));
    put_day(&mut object, "to", definition.coverage.map(|(_, last)| last));
    object.insert("weekly".to_owned(), weekly.into_iter().map(|(days, row)| write_weekly(days, row)).collect());
    object.insert("holidays".to_owned(), holidays.into_iter().map(write_exception).collect());
    object.insert("special".to_owned(), special.into_iter().map(write_exception).collect());
    object.into()
}

fn write_weekly(mut days: Vec<u8>, row: &Weekly) -> Value {
    days.sort_unstable();
    let mut object = Map::new();
    object.insert("days".to_owned(), days.into());
    put_day(&mut object, "from", row.from);
    put_day(&mut object, "to", row.to);
    put(&mut object, "is_trading_day", (!row.is_trading_day).then_some(false));
    // Of a day of the week no breaks are what nothing said is.
    let hours = row.hours.clone().map(|hours| Hours { breaks: hours.breaks.filter(|b| !b.is_empty()), ..hours });
    put_hours(&mut object, hours.as_ref());
    object.into()
}

fn write_exception(exception: &Exception) -> Value {
    let mut object = Map::new();
    put_day(&mut object, "date", Some(exception.date));
    object.insert("type".to_owned(), exception.kind.name().into());
    put(&mut object, "description", exception.description.clone());
    put_hours(&mut object, exception.hours.as_ref());
    object.into()
}

fn put_hours(object: &mut Map<String, Value>, hours: Option<&Hours>) {
    let Some(hours) = hours else { return };
    object.insert("open".to_owned(), hours.open.to_string().into());
    object.insert("close".to_owned(), hours.close.to_string().into());
    put(object, "breaks", hours.breaks.as_deref().map(write_breaks));
    put(object, "pre_market", write_around(hours.pre_market));
    put(object, "post_market", write_around(hours.post_market));
}

fn write_around(around: Around) -> Option<Value> {
    match around {
        Around::Unsaid => None,
        Around::Nothing => Some(json!([])),
        Around::At(span) => Some(write_span(span)),
    }
}

fn write_span(span: Span) -> Value {
    json!([span.start.to_string(), span.end.to_string()])
}

fn put(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

fn put_day(object: &mut Map<String, Value>, key: &str, day: Option<Day>) {
    put(object, key, day.map(|day| day.to_string()));
}
