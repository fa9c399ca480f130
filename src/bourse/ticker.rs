//! The ticker: calls `bourse_private.tick()` again and again, each time in a transaction of its own.
//!
//! It is there for what is due at a time and nobody asks for. A database without that function has no ticker, nor has
//! any while `bourse.ticker` is off.

use std::time::Duration;

use pgrx::prelude::*;

use super::settings::{self, ticker_interval};
use super::supervisor::{self, Complaints, Kind};
use super::{require_at_work, require_home};
use crate::error::{Answer, Failure};
use crate::pg::latch;
use crate::pg::{session, worker};

const NAME: &str = "ticker";
/// The longest pause after ticks that have failed, unless the interval is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The worker.
pub static TICKER: Kind =
    Kind { name: NAME, is_wanted: settings::ticks, require_work, work, refuse: |_| (), leave: || () };

/// What a tick has come to.
enum Tick {
    /// There is nothing to call any more.
    Gone,
    /// The database is to be left alone.
    Paused(Failure),
    /// It was called.
    Done,
}

fn require_work() -> Answer<()> {
    require_home()?;
    if session::function(c"bourse_private", c"tick", &[]).is_some() {
        return Ok(());
    }
    Err(Failure::unknown("function bourse_private.tick()", "SELECT bourse.migrate(); this library may be newer."))
}

fn work() {
    let (mut complaints, mut setbacks) = (Complaints::of(NAME), 0_u32);
    while supervisor::is_to_go_on(NAME) {
        let failure = match worker::transaction(c"pg_bourse: ticking", tick) {
            Ok(Tick::Gone) => return,
            Ok(Tick::Done) => None,
            Ok(Tick::Paused(failure)) => {
                supervisor::note(NAME, true, Some(&told(&failure)));
                complaints.tell(failure);
                latch::sleep(supervisor::LOOK);
                continue;
            }
            Err(failure) => Some(failure),
        };
        supervisor::note(NAME, false, failure.as_ref().map(told).as_deref());
        setbacks = if failure.is_some() { setbacks + 1 } else { 0 };
        failure.into_iter().for_each(|failure| complaints.tell(failure));
        let pause = ticker_interval();
        latch::sleep(pause.saturating_mul(1 << setbacks.min(16)).min(LONGEST_PAUSE.max(pause)));
    }
}

fn tick() -> Answer<Tick> {
    if require_work().is_err() {
        return Ok(Tick::Gone);
    }
    if let Err(failure) = require_at_work() {
        return Ok(Tick::Paused(failure));
    }
    let ticked = Spi::run("SELECT bourse_private.tick()");
    ticked.map(|()| Tick::Done).map_err(|error| {
        Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, format!("bourse_private.tick() failed: {error}"), "")
    })
}

fn told(failure: &Failure) -> String {
    format!("{} ({})", failure.message, failure.sqlstate())
}
