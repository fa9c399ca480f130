//! The row of a market as the engine reads it.

use std::ops::ControlFlow;

use matching::{MarketStatus, Rates, Rules};
use money::Money;

use super::columns::markets;
use super::{refusals, tables};
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
    /// Whether logins without a trusted role trade here through the sequencer only.
    pub sequencer_only: bool,
    /// Where the row stands, as long as the market is held.
    pub tid: Tid,
    /// Who wrote this version of it.
    pub writer: u32,
}

impl MarketRow {
    /// Reads it.
    pub fn read(row: &Row<'_>) -> MarketRow {
        use markets as c;
        let rules = Rules {
            tick: row.amount(c::TICK),
            lot: row.amount(c::LOT),
            min_amount: row.some_amount(c::MIN_AMOUNT),
            max_amount: row.some_amount(c::MAX_AMOUNT),
            min_notional: row.some_amount(c::MIN_NOTIONAL),
            price_band: row.some_rate(c::PRICE_BAND),
            band_halts: row.word(c::BAND_ACTION, |word| one_of(word, "refuse", "halt")),
            status: row.word(c::STATUS, MarketStatus::parse),
        };
        for (step, column) in [(rules.tick, c::TICK), (rules.lot, c::LOT)] {
            if step == Money::ZERO {
                row.raise_corrupted(column);
            }
        }
        MarketRow {
            base: row.text(c::BASE).to_owned(),
            quote: row.text(c::QUOTE).to_owned(),
            rules,
            rates: Rates { maker: row.rate(c::MAKER_RATE), taker: row.rate(c::TAKER_RATE) },
            last_price: row.some_amount(c::LAST_PRICE),
            updated_at: row.time(c::UPDATED_AT),
            max_open_orders: row.some_int4(c::MAX_OPEN_ORDERS).map(i64::from),
            sequencer_only: is_for_sequencer(row),
            last_priority: row.count(c::LAST_PRIORITY),
            last_sequence: row.count(c::LAST_SEQUENCE),
            stops_sequence: row.some_int(c::STOPS_SEQUENCE),
            tid: row.tid(),
            writer: row.writer(),
        }
    }
}

/// Whether a market lets logins without a trusted role trade through the sequencer only.
fn is_for_sequencer(row: &Row<'_>) -> bool {
    row.word(markets::DOOR, |word| one_of(word, "any", "sequencer"))
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
        found = is_for_sequencer(row).then(|| row.text(markets::SYMBOL).to_owned());
        if found.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    table.close();
    found
}

/// Which of two words it is: false for the first, true for the second.
fn one_of(word: &str, first: &str, second: &str) -> Option<bool> {
    (word == first || word == second).then_some(word == second)
}
