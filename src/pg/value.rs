//! Column values on their way into a row.

use std::ffi::{CStr, CString};
use std::fmt;
use std::ops::Add;
use std::time::Duration;

use money::{Money, Rate, Sum};
use pgrx::datum::{Interval, TimestampWithTimeZone, ToIsoString};
use pgrx::{IntoDatum, pg_sys};

use super::numeric;
use super::random::{self, NoRandomness};

/// Microseconds since 2000-01-01 UTC: PostgreSQL's timestamptz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time now, not the start of the transaction: under the market lock it never runs backwards.
    pub fn now() -> Timestamp {
        // SAFETY: reads the clock.
        Timestamp(unsafe { pg_sys::GetCurrentTimestamp() })
    }

    /// In UTC, whatever the session's settings: `2026-11-30T14:30:00+00:00`.
    pub fn iso(self) -> String {
        let time = TimestampWithTimeZone::try_from(self.0).ok();
        time.and_then(|time| time.to_iso_string_with_timezone("UTC").ok()).unwrap_or_else(|| self.0.to_string())
    }

    /// Whether it is neither `infinity` nor `-infinity`.
    pub fn is_finite(self) -> bool {
        self.0 != i64::MIN && self.0 != i64::MAX
    }

    /// Whether what was to be done at this time, after a pause of at most `longest`, is due. A clock that has been set
    /// back leaves times that no pause explains: those are due as well.
    pub fn is_due(self, now: Timestamp, longest: Duration) -> bool {
        self <= now || self.0.saturating_sub(now.0) > longest.as_micros() as i64
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, duration: Duration) -> Timestamp {
        Timestamp(self.0 + duration.as_micros() as i64)
    }
}

/// A uuid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// A new one that nobody can guess.
    pub fn new() -> Result<Uuid, NoRandomness> {
        let mut bytes = random::few_bytes::<16>()?;
        // As RFC 9562 marks one that is random.
        bytes[6] = bytes[6] & 0x0F | 0x40;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        Ok(Uuid(bytes))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(to, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

/// A jsonb as it came, which nobody here looks into but for a field of an object.
#[derive(Clone, Copy, Debug)]
pub struct Json(pg_sys::Datum);

impl Json {
    pub(super) fn from_raw(datum: pg_sys::Datum) -> Json {
        Json(datum)
    }

    /// A copy in the current memory context.
    pub(super) fn kept(datum: pg_sys::Datum) -> Json {
        // SAFETY: the caller's datum is a jsonb.
        Json(unsafe { pg_sys::Datum::from(pg_sys::pg_detoast_datum_copy(datum.cast_mut_ptr())) })
    }

    /// Reads what is valid JSON, into the current memory context.
    pub fn of_text(text: &str) -> Json {
        let text = CString::new(text).expect("no text of the server has a zero in it");
        // SAFETY: the input function of the type.
        Json(unsafe {
            pg_sys::OidInputFunctionCall(pg_sys::F_JSONB_IN.into(), text.as_ptr().cast_mut(), pg_sys::JSONBOID, -1)
        })
    }

    /// Its bytes, without the header that tells their length.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: a jsonb of this call, or a copy, or one that is made flat here; each lives as long as the call.
        unsafe { pgrx::varlena_to_byte_slice(pg_sys::pg_detoast_datum_packed(self.0.cast_mut_ptr())) }
    }

    /// As PostgreSQL spells it.
    pub fn spelled(self) -> String {
        // SAFETY: the output function of the type of the datum gives a fresh C string.
        unsafe { CStr::from_ptr(pg_sys::OidOutputFunctionCall(pg_sys::F_JSONB_OUT.into(), self.0)) }
            .to_string_lossy()
            .into_owned()
    }

    /// A field of an object; none: there is none, or it is no object.
    pub fn field(self, name: &str) -> Option<Json> {
        let arguments = [Some(self.0), name.into_datum()];
        // SAFETY: a function of jsonb and text, which answers with jsonb.
        let field: Option<pg_sys::Datum> =
            unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_object_field, &arguments) };
        field.map(Json)
    }

    /// An object with the fields of another one over its own: `||`.
    pub fn overlaid(self, over: Json) -> Json {
        // SAFETY: a function of two jsonb, which answers with jsonb, and never NULL.
        let both = unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_concat, &[Some(self.0), Some(over.0)]) };
        both.map_or(over, Json)
    }

    /// The text of such a field.
    pub fn text(self, name: &str) -> Option<String> {
        let arguments = [Some(self.0), name.into_datum()];
        // SAFETY: a function of jsonb and text, which answers with text.
        unsafe { pgrx::direct_function_call(pg_sys::jsonb_object_field_text, &arguments) }
    }
}

/// A tstzmultirange.
#[derive(Clone, Copy, Debug)]
pub struct TimeRanges(pg_sys::Datum);

impl TimeRanges {
    /// From each first time up to the second, which does not belong to it; in the current memory context.
    pub fn of(ranges: &[(Timestamp, Timestamp)]) -> TimeRanges {
        let spelled: Vec<String> = ranges.iter().map(|(from, to)| format!("[{},{})", from.iso(), to.iso())).collect();
        let text = CString::new(format!("{{{}}}", spelled.join(","))).unwrap_or_default();
        // SAFETY: the input function of the type is given a text that ends with a zero, and writes nothing to it.
        TimeRanges(unsafe {
            pg_sys::OidInputFunctionCall(
                pg_sys::F_MULTIRANGE_IN.into(),
                text.as_ptr().cast_mut(),
                pg_sys::TSTZMULTIRANGEOID,
                -1,
            )
        })
    }
}

impl IntoDatum for Json {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        Some(self.0)
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::JSONBOID
    }
}

/// An interval as PostgreSQL spells it.
pub fn spelled(interval: Interval) -> String {
    // SAFETY: the output function of the type of the datum.
    let text = interval.into_datum().map(|datum| unsafe {
        CStr::from_ptr(pg_sys::OidOutputFunctionCall(pg_sys::F_INTERVAL_OUT.into(), datum))
            .to_string_lossy()
            .into_owned()
    });
    text.unwrap_or_default()
}

/// How long an interval is, months of 30 days; the longest that there is for more.
pub fn microseconds(interval: Interval) -> i64 {
    const DAY: i64 = 86_400_000_000;
    let days = i64::from(interval.months()) * 30 + i64::from(interval.days());
    days.saturating_mul(DAY).saturating_add(interval.micros())
}

/// One column of a row.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// bigint.
    Int(i64),
    /// integer.
    Int4(i32),
    /// smallint.
    Int2(i16),
    /// uuid.
    Uuid(Uuid),
    /// jsonb.
    Json(Json),
    /// NUMERIC(20,8).
    Money(Money),
    /// NUMERIC as it came: nothing has been checked.
    Numeric(numeric::Numeric),
    /// text.
    Text(&'a str),
    /// interval.
    Interval(Interval),
    /// double precision.
    Real(f64),
    /// boolean.
    Bool(bool),
    /// timestamptz.
    Time(Timestamp),
    /// date: days since 2000-01-01.
    Date(i32),
    /// tstzmultirange.
    Times(TimeRanges),
}

impl Value<'_> {
    /// The datum, in the current memory context; `None` is NULL.
    pub(super) fn datum(self) -> Option<pg_sys::Datum> {
        match self {
            Value::Null => None,
            Value::Int(n) | Value::Time(Timestamp(n)) => n.into_datum(),
            Value::Int4(n) | Value::Date(n) => n.into_datum(),
            Value::Times(ranges) => Some(ranges.0),
            Value::Int2(n) => n.into_datum(),
            Value::Uuid(uuid) => pgrx::Uuid::from_bytes(uuid.0).into_datum(),
            Value::Json(json) => Some(json.0),
            Value::Money(money) => Some(numeric::encode(money)),
            Value::Numeric(number) => Some(number.datum()),
            Value::Text(text) => text.into_datum(),
            Value::Interval(length) => length.into_datum(),
            Value::Real(number) => number.into_datum(),
            Value::Bool(b) => b.into_datum(),
        }
    }
}

impl Value<'static> {
    /// A text for a row that is returned from this memory context.
    pub fn kept(text: &str) -> Value<'static> {
        // SAFETY: a copy of valid UTF-8 that ends with a zero, and lives as long as what is returned from here.
        Value::Text(unsafe {
            let copy = pgrx::PgMemoryContexts::CurrentMemoryContext.pstrdup(text);
            std::str::from_utf8_unchecked(CStr::from_ptr(copy).to_bytes())
        })
    }
}

impl From<Duration> for Value<'_> {
    fn from(length: Duration) -> Self {
        let length = i64::try_from(length.as_micros()).ok().and_then(|length| Interval::new(0, 0, length).ok());
        length.map_or(Value::Null, Value::Interval)
    }
}

impl From<Rate> for Value<'_> {
    fn from(rate: Rate) -> Self {
        Value::Money(rate.into())
    }
}

impl From<Sum> for Value<'_> {
    /// What no `NUMERIC(20,8)` holds is an ERROR (22003).
    fn from(sum: Sum) -> Self {
        Value::Money(numeric::fitting(sum))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Value::Null, Value::Text)
    }
}

impl From<Option<numeric::Numeric>> for Value<'_> {
    fn from(number: Option<numeric::Numeric>) -> Self {
        number.map_or(Value::Null, Value::Numeric)
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(n: Option<i64>) -> Self {
        n.map_or(Value::Null, Value::Int)
    }
}

impl From<Option<bool>> for Value<'_> {
    fn from(b: Option<bool>) -> Self {
        b.map_or(Value::Null, Value::Bool)
    }
}

impl From<Option<Timestamp>> for Value<'_> {
    fn from(time: Option<Timestamp>) -> Self {
        time.map_or(Value::Null, Value::Time)
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::pg_test;

    use super::*;

    #[pg_test]
    fn a_clock_that_is_set_back_makes_pauses_end() {
        let (now, pause) = (Timestamp(1_000_000_000), Duration::from_secs(5));
        assert!(now.is_due(now, pause) && Timestamp(0).is_due(now, pause));
        assert!(!(now + Duration::from_millis(1)).is_due(now, pause));
        assert!(!(now + pause).is_due(now, pause));
        assert!((now + Duration::from_secs(6)).is_due(now, pause));
        assert!((now + Duration::from_secs(3600)).is_due(now, pause));
        // "All that there are", as a sequencer asks that retires.
        assert!((now + pause).is_due(Timestamp(i64::MAX), pause));
    }

    #[pg_test(error = "1000000000000 leaves the range of NUMERIC(20,8)")]
    fn never_cuts_off_a_sum_that_does_not_fit() {
        let _ = Value::from(Sum::from(Money::MAX) + Money::known_to_fit(1));
    }
}
