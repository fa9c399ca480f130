//! The bell of a market with a calendar: it opens and closes the market.
//!
//! The row of such a market says when its bell rings next. The first command after that rings it, under the market's
//! lock and before anything else: no order depends on a process that is late. Where no command comes, the sequencer
//! rings. What an operator has halted or closed stays so: the bell itself does neither.

use std::ops::ControlFlow;

use matching::MarketStatus;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::fields::markets;
use super::tables;
use crate::error::{Answer, Failure};
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;
use crate::pg::{owner, session};

/// What a bell brings.
#[derive(Clone, Copy, Debug)]
pub struct Bell {
    /// What the market becomes.
    pub status: MarketStatus,
    /// When it rings again.
    pub next: Option<Timestamp>,
    /// When the next session begins.
    pub opens_at: Option<Timestamp>,
}

/// What the bell of a market that has this status brings at this time.
pub fn brings(symbol: &str, status: MarketStatus, now: Timestamp) -> Answer<Bell> {
    let at = TimestampWithTimeZone::try_from(now.0).ok();
    let told = session::as_role(owner::NAME, || {
        let of = "SELECT b.status, b.bell_at, b.opens_at FROM exchange_private.bell_of($1, $2) b";
        Spi::get_three_with_args::<String, TimestampWithTimeZone, TimestampWithTimeZone>(
            of,
            &[symbol.into(), at.into()],
        )
    });
    let (word, next, opens_at) = told.map_err(|error| {
        Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, format!("the bell of market {symbol}: {error}"), "")
    })?;
    let after = match status {
        MarketStatus::Halted | MarketStatus::Closed => status,
        _ => word.as_deref().and_then(MarketStatus::parse).unwrap_or(status),
    };
    let time = |at: TimestampWithTimeZone| Timestamp(at.into());
    Ok(Bell { status: after, next: next.map(time), opens_at: opens_at.map(time) })
}

/// Why a market has another status.
pub enum Because<'a> {
    /// Its bell has rung.
    Bell,
    /// An operator has set it, and may have said why.
    Operator(Option<&'a str>),
}

/// Tells the audit trail that a market has another status: its trigger does not see what the engine writes.
pub fn record_status(symbol: &str, before: MarketStatus, after: MarketStatus, because: Because<'_>) {
    let (by_bell, reason) = match because {
        Because::Bell => (true, None),
        Because::Operator(reason) => (false, reason),
    };
    let recorded = session::as_role(owner::NAME, || {
        let arguments = [symbol.into(), before.as_str().into(), after.as_str().into(), by_bell.into(), reason.into()];
        Spi::run_with_args("SELECT exchange_private.record_market_status($1, $2, $3, $4, $5)", &arguments)
    });
    if let Err(error) = recorded {
        pgrx::error!("status of market {symbol} not recorded: {error}");
    }
}

/// Markets whose bell is due, up to so many, those that are due longest first.
pub fn due(most: usize) -> Vec<String> {
    let mut table = Table::open(&tables::MARKETS);
    let index = table.index(c"idx_markets_bell");
    let mut symbols = Vec::new();
    table.scan(index, &[Key::Until(Timestamp::now())], |row| {
        symbols.push(markets::of(row).symbol().to_owned());
        if symbols.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    table.close();
    symbols
}
