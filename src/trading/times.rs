//! Times that bots are told of.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::value::Timestamp;

/// 1970-01-01 00:00 UTC in microseconds since 2000-01-01.
const FIRST_DAY: Timestamp = Timestamp(-946_684_800_000_000);
/// By how much the clocks of venues, and time zones that somebody has forgotten, are ahead at most.
const AHEAD: i64 = 86_400_000_000;

/// A time at which something can have happened: what is told of months to come would stand where their partitions are to
/// be made.
pub fn that_has_come(name: &str, at: Timestamp) -> Answer<Timestamp> {
    if at < FIRST_DAY || at.0 >= Timestamp::now().0 + AHEAD {
        return Err(Failure::invalid(
            format!("{name} is before 1970, or more than a day ahead"),
            "Give the time at which it has happened, with its time zone.",
        ));
    }
    Ok(at)
}

#[pg_extern(sql = false)]
fn trading_require_time(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let arguments = Arguments::of(call);
    let name: &str = arguments.get(0).unwrap_or_default();
    let at = arguments.get(1).map(Timestamp).ok_or_else(|| Failure::null(name))?;
    that_has_come(name, at)?;
    Ok(())
}
