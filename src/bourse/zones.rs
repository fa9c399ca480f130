//! The names of time zones: `sql/bourse/zones.sql`.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{Answer, Failure, clip};
use crate::pg::zone::TimeZone;

/// The zone that somebody names.
pub fn require_zone(name: &str) -> Answer<TimeZone> {
    TimeZone::strictly_named(name).ok_or_else(|| unknown(name))
}

/// The zone that a row says. It was asked for its name when it was written; by then more may have been taken for one.
pub fn stored_zone(name: &str) -> Answer<TimeZone> {
    TimeZone::named(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Failure {
    let hint = "Name one of pg_timezone_names, like Europe/Berlin, or UTC.";
    Failure::invalid(format!("{:?} is no time zone", clip(name)), hint)
}

#[pg_extern(sql = false, stable, parallel_safe)]
fn require_zone_of(name: Option<&str>) -> Result<(), ErrorReport> {
    if let Some(name) = name {
        require_zone(name)?;
    }
    Ok(())
}

#[pg_extern(sql = false, stable, parallel_safe)]
fn is_zone(name: &str) -> bool {
    TimeZone::strictly_named(name).is_some()
}
