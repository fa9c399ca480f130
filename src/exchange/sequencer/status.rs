//! `exchange.sequencer_status()`: what the sequencer of this database is doing.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::desks::{DESKS_OF_SERVER, Desk, State};
use super::ring::RING;
use crate::pg::result::Composite;
use crate::pg::value::Value;
use crate::pg::worker;

#[pg_extern(sql = false)]
fn sequencer_status() -> Result<Composite<7>, ErrorReport> {
    let (state, desk, queued) = if super::is_preloaded() {
        let database = worker::my_database();
        let desk = DESKS_OF_SERVER.with(|desks| desks.of(database).map(|desk| *desk));
        let queued = RING.with(|ring| ring.queued(database)) as i64;
        let is_paused = |desk: &Desk| desk.state == State::Working && desk.paused;
        let state = desk.as_ref().map_or("wanted", |desk| if is_paused(desk) { "paused" } else { desk.state.as_str() });
        (state, desk, queued)
    } else {
        ("not preloaded", None, 0)
    };
    let setback = desk.filter(|desk| desk.pid != 0).and_then(|desk| desk.setback);
    let work = desk.map_or_else(Default::default, |desk| desk.work);
    Ok(Composite([
        Value::Text(state),
        desk.filter(|desk| desk.pid != 0).map(|desk| i64::from(desk.pid)).into(),
        Value::Int(queued),
        Value::Int(work.batches),
        Value::Int(work.requests),
        Value::Int(work.largest),
        setback.map_or(Value::Null, |text| Value::kept(&text.read())),
    ]))
}
