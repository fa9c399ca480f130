//! `equity_returns()`: `sql/analytics/equity.sql`.

use analytics::equity::{Clocks, Every, Refused, returns};
use analytics::series::Series;
use pgrx::PgSqlErrorCode;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::functions::transitions;
use super::refusals::{full, raise, require_room, varies};
use super::statistics::moment;
use crate::bourse::zones::require_zone;
use crate::error::{Answer, Failure, clip};
use crate::pg::aggregate::{Answered, Call};
use crate::pg::numeric::{Inexact, Numeric};
use crate::pg::value::{Timestamp, Value, spelled};
use crate::pg::zone::TimeZone;

/// Where the arguments stand.
const EQUITY: usize = 1;
const AT: usize = 2;
const EVERY: usize = 3;
const ZONE: usize = 4;

/// Seconds from 1970 to 2000.
const EPOCH: i64 = 946_684_800;
const SECOND: i64 = 1_000_000;

struct Curve {
    every: Every,
    zone: TimeZone,
    /// The name of the zone as it was given.
    name: String,
    values: Series<(i64, f64)>,
}

struct In(TimeZone);

impl Clocks for In {
    fn ahead_at(&self, moment: i64) -> i64 {
        self.0.offset_at(moment.div_euclid(SECOND) + EPOCH).0 * SECOND
    }

    fn midnight(&self, day: i64) -> i64 {
        // It is asked for with every period, of which there may be millions.
        pgrx::check_for_interrupts!();
        i32::try_from(day).map_or(i64::MAX, |day| self.0.instant(day, 0))
    }
}

fn every(call: &Call) -> Answer<Every> {
    let given = call.interval(EVERY).ok_or_else(|| Failure::null("every"))?;
    let every = Every::of(given.months().into(), given.days().into(), given.micros());
    every.map_err(|_| {
        let hint = "Give months, or days, or a time that divides 24 hours: '1 month', '1 day', '4 hours'.";
        Failure::invalid(format!("every is {}", spelled(given)), hint)
    })
}

/// A value for ratios.
fn real(equity: Numeric) -> Answer<f64> {
    let no_value = || {
        Failure::invalid(
            format!("{} is no equity", clip(&equity.to_string())),
            "Leave it out (FILTER), or make it NULL: NULL is skipped.",
        )
    };
    match equity.money() {
        Ok(money) => Ok(money.units() as f64 / 1e8),
        Err(Inexact::NotANumber | Inexact::Infinite) => Err(no_value()),
        Err(_) => equity.to_string().parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(no_value),
    }
}

fn begin(call: &Call) -> Answer<Curve> {
    let name = call.text(ZONE).ok_or_else(|| Failure::null("time_zone"))?;
    Ok(Curve { every: every(call)?, zone: require_zone(name)?, name: name.to_owned(), values: Series::default() })
}

fn value(call: &Call) -> Answer<Option<(i64, f64)>> {
    let Some(equity) = call.numeric(EQUITY) else { return Ok(None) };
    Ok(Some((moment(call, AT, "at")?.0, real(equity)?)))
}

fn add(mut call: Call) -> Answered {
    let value = value(&call).unwrap_or_else(|failure| raise(failure));
    let every = every(&call).unwrap_or_else(|failure| raise(failure));
    let name = call.text(ZONE).map(ToOwned::to_owned);
    if let Some(curve) = call.state::<Curve>(0) {
        if curve.every != every || name.as_ref() != Some(&curve.name) {
            raise(varies());
        }
        require_room(value.into_iter().try_for_each(|value| curve.values.push(value)));
        return call.same();
    }
    let mut curve = begin(&call).unwrap_or_else(|failure| raise(failure));
    require_room(value.into_iter().try_for_each(|value| curve.values.push(value)));
    call.keep(curve)
}

transitions! {
    analytics_equity_add = add;
}

#[pg_extern(sql = false)]
fn analytics_equity_returns(call: pg_sys::FunctionCallInfo) -> Answered {
    let mut call = Call::of(call);
    let Some(curve) = call.state::<Curve>(0) else { return Answered::NULL };
    require_room(curve.values.sort_by_key(|value| value.0));
    let found = returns(&curve.values, curve.every, &In(curve.zone));
    let found = found.unwrap_or_else(|refused| raise(failure(refused)));
    call.rows(found.iter().map(|(at, r)| [Value::Time(Timestamp(*at)), r.map_or(Value::Null, Value::Real)]))
}

fn failure(refused: Refused) -> Failure {
    if let Refused::NoRoom(why) = refused {
        return full(why);
    }
    Failure::new(
        PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        format!("more than {} periods", analytics::equity::MOST_PERIODS),
        "Take longer periods, or a shorter time.",
    )
}
