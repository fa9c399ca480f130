//! Candles, as far as runs come at their ends.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::pg::arguments::Arguments;
use crate::pg::value::Timestamp;

const MINUTE: i64 = 60_000_000;
/// 1 January 2001 was a Monday: candles of a week begin there. In microseconds since 2000-01-01.
const ORIGIN: i64 = 366 * 24 * 60 * MINUTE;

/// How long a candle of a timeframe lasts, in microseconds; none: there is no such timeframe.
fn width(timeframe: &str) -> Option<i64> {
    let (count, unit) = timeframe.split_at_checked(timeframe.len().checked_sub(1)?)?;
    let unit = match unit {
        "m" => MINUTE,
        "h" => 60 * MINUTE,
        "d" => 24 * 60 * MINUTE,
        "w" => 7 * 24 * 60 * MINUTE,
        _ => return None,
    };
    count.parse::<i64>().ok().filter(|count| *count > 0)?.checked_mul(unit)
}

/// When the candle of a timeframe ends that is open at a time; none: there is no such timeframe.
pub fn next_tick(timeframe: &str, at: Timestamp) -> Option<Timestamp> {
    let width = width(timeframe)?;
    let into = at.0.checked_sub(ORIGIN)?.rem_euclid(width);
    at.0.checked_add(width - into).map(Timestamp).filter(|_| at.is_finite())
}

#[pg_extern(sql = false)]
fn marketplace_next_tick(call: pg_sys::FunctionCallInfo) -> Result<Option<i64>, ErrorReport> {
    let arguments = Arguments::of(call);
    let (timeframe, at): (Option<&str>, Option<i64>) = (arguments.get(0), arguments.get(1));
    let tick = timeframe.zip(at).and_then(|(timeframe, at)| next_tick(timeframe, Timestamp(at)));
    // A timestamptz is so many microseconds.
    Ok(tick.map(|tick| tick.0))
}
