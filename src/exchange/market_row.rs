//! The row of a market as the engine reads it.

use std::ops::ControlFlow;

use matching::{Rates, Rules};
use money::Money;

use super::fields::markets;
use super::refusals::{self, Subject};
use super::tables;
use super::words::{BandAction, MarketDoor};
use crate::error::Answer;
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;

/// A row of `exchange.markets`.
#[derive(Clone, Debug)]
pub struct MarketRow {
    pub base: String,
    pub quote: String,
    pub rules: Rules,
    pub rates: Rates,
    pub last_priority: i64,
    pub last_sequence: i64,
    /// The last trade whose stops have all been entered, while some are left.
    pub stops_sequence: Option<i64>,
    pub last_price: Option<Money>,
    pub updated_at: Timestamp,
    pub max_open_orders: Option<i64>,
    /// Whether a calendar says when it is open.
    pub keeps_hours: bool,
    /// When its calendar moves its status next.
    pub bell_at: Option<Timestamp>,
    /// When it opens next, as of the last bell.
    pub opens_at: Option<Timestamp>,
    /// Why it is not open, as an operator has said.
    pub status_reason: Option<String>,
    /// Whether logins without a trusted role trade here through the sequencer only.
    pub sequencer_only: bool,
    /// Where the row stands, as long as the market is held.
    pub tid: Tid,
    /// Who wrote this version of it.
    pub writer: u32,
}

impl MarketRow {
    /// What a refusal of a user's order in this market names.
    pub fn subject<'a>(&'a self, user: i64, symbol: &'a str) -> Subject<'a> {
        let MarketRow { base, quote, keeps_hours, opens_at, status_reason, .. } = self;
        let (keeps_hours, opens_at, reason) = (*keeps_hours, *opens_at, status_reason.as_deref());
        Subject { user, symbol, base, quote, keeps_hours, opens_at, reason }
    }

    /// Whether its status is not what its calendar says, perhaps, until the bell has rung.
    pub fn is_bell_due(&self, now: Timestamp) -> bool {
        self.bell_at.is_some_and(|at| at <= now)
    }

    /// Reads it.
    pub fn read(row: &Row<'_>) -> MarketRow {
        let market = markets::of(row);
        let rules = Rules {
            tick: market.tick_size(),
            lot: market.lot_size(),
            min_amount: market.min_amount(),
            max_amount: market.max_amount(),
            min_notional: market.min_notional(),
            price_band: market.price_band(),
            band_halts: market.band_action() == BandAction::Halt,
            status: market.status(),
        };
        for (step, column) in [(rules.tick, markets::at::tick_size), (rules.lot, markets::at::lot_size)] {
            if step == Money::ZERO {
                row.raise_corrupted(column);
            }
        }
        MarketRow {
            base: market.base().to_owned(),
            quote: market.quote().to_owned(),
            rules,
            rates: Rates { maker: market.maker_rate(), taker: market.taker_rate() },
            last_price: market.last_price(),
            updated_at: market.updated_at(),
            max_open_orders: market.max_open_orders().map(i64::from),
            keeps_hours: market.calendar().is_some(),
            bell_at: market.bell_at(),
            opens_at: market.opens_at(),
            status_reason: market.status_reason().map(str::to_owned),
            sequencer_only: market.door() == MarketDoor::Sequencer,
            last_priority: market.last_priority(),
            last_sequence: market.last_sequence(),
            stops_sequence: market.stops_sequence(),
            tid: row.tid(),
            writer: row.writer(),
        }
    }
}

/// The row of a market, as it is now.
pub fn require_market(symbol: &str) -> Answer<MarketRow> {
    let mut table = Table::open(&tables::MARKETS);
    let index = table.index(c"markets_pkey");
    let row = table.find(index, &[Key::Text(symbol)], MarketRow::read);
    table.close();
    row.ok_or_else(|| refusals::unknown_market(symbol))
}

/// A market that lets logins without a trusted role trade through the sequencer only, if there is one.
pub fn any_for_sequencer() -> Option<String> {
    let mut table = Table::open(&tables::MARKETS);
    let index = table.index(c"markets_pkey");
    let mut found = None;
    table.scan(index, &[], |row| {
        found = (markets::of(row).door() == MarketDoor::Sequencer).then(|| markets::of(row).symbol().to_owned());
        if found.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    table.close();
    found
}
