//! `exchange.sequencer_status()`: what the sequencer of this database is doing.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::desk::{NAME, Tally};
use super::ring::RING;
use crate::bourse::supervisor::{self, Desk};
use crate::pg::result::Composite;
use crate::pg::value::{Timestamp, Value};
use crate::pg::worker;

/// NULL: nobody waits.
#[pg_extern(sql = false)]
fn sequencer_wait_ms() -> Option<i64> {
    if !supervisor::is_preloaded() {
        return None;
    }
    let oldest = RING.with(|ring| ring.oldest(worker::my_database()))?;
    Some((Timestamp::now().0 - oldest.0).max(0) / 1000)
}

#[pg_extern(sql = false)]
fn sequencer_status() -> Result<Composite<7>, ErrorReport> {
    let (state, desk, queued) = if supervisor::is_preloaded() {
        let desk = supervisor::desk(NAME);
        let queued = RING.with(|ring| ring.queued(worker::my_database())) as i64;
        (desk.as_ref().map_or("wanted", Desk::word), desk, queued)
    } else {
        ("not preloaded", None, 0)
    };
    let setback = desk.and_then(|desk| desk.setback);
    let tally = desk.as_ref().map_or_else(Tally::default, Tally::at);
    Ok(Composite([
        Value::Text(state),
        desk.filter(|desk| desk.pid != 0).map(|desk| i64::from(desk.pid)).into(),
        Value::Int(queued),
        Value::Int(tally.batches),
        Value::Int(tally.requests),
        Value::Int(tally.largest),
        setback.map_or(Value::Null, |text| Value::kept(&text.read())),
    ]))
}
