//! Definitions between JSON and rows, for functions of ours in SQL.

use calendar::check::check;
use calendar::{Fault, Local, json, rows};
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::kept;
use super::source::Source;
use crate::error::{Failure, clip};

fn malformed(fault: &Fault) -> Failure {
    Failure::invalid(fault.to_string(), fault.hint())
}

/// The rows of a definition.
#[pg_extern(sql = false)]
fn calendar_rows(definition: JsonB) -> Result<JsonB, ErrorReport> {
    let definition = json::read(&definition.0).map_err(|fault| malformed(&fault))?;
    check(&definition)
        .map_err(|fault| Failure::invalid(format!("calendar {}: {fault}", clip(&definition.name)), fault.hint()))?;
    Ok(JsonB(rows::write(&definition)))
}

/// The definition that a calendar's rows say.
#[pg_extern(sql = false)]
fn calendar_definition(name: &str) -> Result<Option<JsonB>, ErrorReport> {
    let Some(source) = Source::of(name) else { return Ok(None) };
    let definition = source.definition().map_err(|fault| malformed(&fault))?;
    Ok(Some(JsonB(json::write(&definition))))
}

/// Breaks as they are stored.
#[pg_extern(sql = false)]
fn calendar_breaks(breaks: JsonB) -> Result<JsonB, ErrorReport> {
    let breaks = json::read_breaks("definition", &breaks.0).map_err(|fault| malformed(&fault))?;
    Ok(JsonB(json::write_breaks(&breaks)))
}

/// A time of a definition, in microseconds after midnight of the session's date.
#[pg_extern(sql = false)]
fn calendar_time(name: &str, said: &str) -> Result<i64, ErrorReport> {
    let at = json::read_time(name, said).map_err(|fault| malformed(&fault))?;
    Ok(at.since(Local::MIDNIGHT))
}

#[pg_extern(sql = false)]
fn calendar_require_possible(name: &str) -> Result<(), ErrorReport> {
    Ok(kept::require_possible(name)?)
}

/// Why a calendar's rows are none; compiles them anew.
#[pg_extern(sql = false)]
fn calendar_fault(name: &str) -> Option<String> {
    Source::of(name)?.compile().err().map(|broken| broken.told().0)
}
