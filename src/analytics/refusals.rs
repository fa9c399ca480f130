//! What aggregates refuse.

use analytics::series::{Full, MOST_BYTES};
use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::{ErrorReport, ErrorReportable};

use crate::error::{Answer, Failure};

/// Raises a failure from where a result would cost time in every row.
#[cold]
#[inline(never)]
pub fn raise(failure: Failure) -> ! {
    Err::<(), ErrorReport>(failure.into()).unwrap_or_report();
    unreachable!("a failure is an ERROR")
}

/// Refuses a return that is none.
#[inline]
pub fn require_finite(r: f64) {
    if !r.is_finite() {
        raise(Failure::invalid(
            format!("{} is no return", spelled(r)),
            "Leave it out (FILTER), or make it NULL with nullif(): NULL is skipped.",
        ));
    }
}

/// A number as PostgreSQL spells it.
pub fn spelled(number: f64) -> String {
    match number {
        _ if number.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => number.to_string(),
    }
}

/// Refuses a figure that no `double precision` holds.
pub fn require_in_range(figure: f64) {
    if !figure.is_finite() {
        raise(Failure::new(
            PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
            "the figure leaves the range of double precision",
            "Take returns that are fractions (0.01 is 1 %), or fewer of them.",
        ));
    }
}

/// There is no room for a row.
#[cold]
pub fn full(full: Full) -> Failure {
    let hint = "Take fewer rows at a time: a frame of fewer, a shorter time, or groups one after the other (SET \
        enable_hashagg = off).";
    match full {
        Full::Bound => {
            let most = MOST_BYTES >> 20;
            let message = format!("aggregates would keep rows of more than {most} MB in this process");
            Failure::new(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, message, hint)
        }
        Full::Memory => {
            let message = "there is no memory for one row more";
            Failure::new(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY, message, hint)
        }
    }
}

/// Refuses a row for which there is no room.
#[inline]
pub fn require_room<T>(kept: Result<T, Full>) -> T {
    kept.unwrap_or_else(|why| raise(full(why)))
}

/// A parameter changes from row to row.
pub fn varies() -> Failure {
    Failure::invalid("a parameter is not the same in all rows", "Give one value, or GROUP BY it.")
}

/// How many observations a year has.
pub fn periods(periods: f64) -> Answer<f64> {
    if periods > 0.0 && periods.is_finite() {
        return Ok(periods);
    }
    Err(Failure::invalid(
        format!("periods is {}", spelled(periods)),
        "Give how many observations a year has: 252 for days of trading, 365 for days.",
    ))
}

/// How sure a value at risk is.
pub fn confidence(confidence: f64) -> Answer<f64> {
    if confidence > 0.0 && confidence < 1.0 {
        return Ok(confidence);
    }
    Err(Failure::invalid(
        format!("confidence is {}", spelled(confidence)),
        "Give a fraction between 0 and 1: 0.95 leaves out the worst 5 %.",
    ))
}
