//! `return_statistics()`: `sql/analytics/statistics.sql`.

use analytics::returns::{Figure, PERIODS, ReturnStatistics};
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::document::{Document, number};
use super::functions::transitions;
use super::refusals::{raise, require_finite, require_in_range, require_room, varies};
use crate::error::{Answer, Failure};
use crate::pg::aggregate::{Answered, Call};
use crate::pg::value::{Timestamp, Value};

/// Where the time stands, and how many observations a year has.
const AT: usize = 2;
const YEAR: usize = 3;

struct Statistics {
    periods: f64,
    returns: ReturnStatistics,
}

/// A time that puts rows in order.
pub(super) fn moment(call: &Call, place: usize, name: &str) -> Answer<Timestamp> {
    let at = Timestamp(call.int(place).ok_or_else(|| Failure::null(name))?);
    if at.is_finite() {
        return Ok(at);
    }
    Err(Failure::invalid(format!("{name} is infinite"), format!("Give a moment for {name}.")))
}

/// The return of a row, and its time.
#[inline]
fn given(call: &Call) -> Option<(i64, f64)> {
    let r = call.real(1)?;
    require_finite(r);
    match call.int(AT) {
        Some(at) if Timestamp(at).is_finite() => Some((at, r)),
        _ => raise(moment(call, AT, "t").err().unwrap_or_else(|| Failure::null("t"))),
    }
}

fn begin(given: Option<f64>) -> Answer<Statistics> {
    let periods = super::refusals::periods(given.ok_or_else(|| Failure::null("periods"))?)?;
    Ok(Statistics { periods, returns: ReturnStatistics::new(periods) })
}

fn add(mut call: Call) -> Answered {
    let row = given(&call);
    let periods = if call.arguments() > YEAR { call.real(YEAR) } else { Some(PERIODS) };
    if let Some(state) = call.state::<Statistics>(0) {
        if periods != Some(state.periods) {
            raise(varies());
        }
        require_room(row.into_iter().try_for_each(|(at, r)| state.returns.add(at, r)));
        return call.same();
    }
    let mut state = begin(periods).unwrap_or_else(|failure| raise(failure));
    require_room(row.into_iter().try_for_each(|(at, r)| state.returns.add(at, r)));
    call.keep(state)
}

transitions! {
    analytics_statistics_add = add;
}

#[pg_extern(sql = false)]
fn analytics_return_statistics(call: pg_sys::FunctionCallInfo) -> Answered {
    let mut call = Call::of(call);
    let mut none = Statistics { periods: PERIODS, returns: ReturnStatistics::new(PERIODS) };
    let state = call.state::<Statistics>(0).unwrap_or(&mut none);
    let mut document = Document::default();
    document.span("from", "to", state.returns.span());
    document.say("periods", number(Some(state.periods)));
    for (name, figure) in require_room(state.returns.figures()) {
        document.say(
            name,
            match figure {
                Figure::Ratio(ratio) => number(ratio.inspect(|ratio| require_in_range(*ratio))),
                Figure::Count(count) => count.to_string(),
            },
        );
    }
    Answered::value(Value::Json(document.json()))
}
