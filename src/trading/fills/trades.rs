//! Round trips as rows of `trading.trades`, which is partitioned by the time of entry.

use analytics::position::{Lot, Piece};
use money::Money;

use super::held::{Held, OpenTrade};
use super::places;
use super::request::{Labels, Request};
use super::rules::FACTS;
use super::tables::{TRADE_KEY, TRADES, trades};
use crate::bourse::partitions;
use crate::error::{Answer, Failure};
use crate::pg::definition::Definition;
use crate::pg::numeric::Numeric;
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::session;
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;

/// A round trip that a fill has closed.
#[derive(Clone, Debug)]
pub struct Closed {
    /// The row that it ends; a new one where that is not stored.
    pub trade: OpenTrade,
    pub piece: Piece,
    /// Of the fill that has closed it.
    pub exit: Labels,
    /// When that was told, if it was told late.
    pub told_at: Option<Timestamp>,
}

/// Who tells a fill more than so long after its time has told it late.
const LATE: i64 = 1_000_000;

/// When somebody has told a fill that has closed a round trip, if that was late: what he says of the time opens nothing
/// that guards keep closed. What our own exchange has executed is as old as it says.
pub fn told_late(request: &Request, piece: &Piece) -> Option<Timestamp> {
    let is_late = request.told_at.0 > piece.exit_at.saturating_add(LATE) && !request.fill_id.starts_with(FACTS);
    is_late.then_some(request.told_at)
}

/// The partitions that a call has come by, open.
#[derive(Default)]
pub struct Trades {
    open: Vec<(&'static Definition, Table)>,
}

impl Trades {
    fn at(&mut self, entry: Timestamp) -> Answer<&mut Table> {
        let definition = partitions::definition_at(&TRADES, entry)?;
        let known = self.open.iter().position(|(known, _)| std::ptr::eq(*known, definition));
        let place = match known {
            Some(place) => place,
            None => {
                self.open.push(partitions::open_at(&TRADES, entry)?);
                self.open.len() - 1
            }
        };
        Ok(&mut self.open[place].1)
    }

    fn find(&mut self, trade: OpenTrade) -> Answer<(&mut Table, Tid)> {
        let table = self.at(trade.entry_at)?;
        let is_it = |row: &Row<'_>| trades::of(row).id() == trade.id;
        // Whoever changes it holds its bot.
        let known = places::trade(trade.id);
        if let Some(tid) = known.and_then(|tid| table.find_at_to_change(tid, is_it, |row| row.tid())) {
            return Ok((table, tid));
        }
        let index = table.index_on(TRADE_KEY).unwrap_or_else(|| session::raise_missing("index trading.trades_pkey"));
        let tid = table.find(index, &[Key::Int(trade.id)], |row| row.tid());
        let tid = tid.ok_or_else(|| gone(trade.id))?;
        Ok((table, tid))
    }

    /// Writes a round trip.
    pub fn write_closed(&mut self, held: &Held, closed: &Closed, now: Timestamp) -> Answer<()> {
        let Closed { trade, piece, exit, told_at } = closed;
        let percentage = piece.percentage().map(Numeric::of_ten_thousandths);
        if !trade.is_stored {
            return self.insert(held, &closed_row(closed, percentage, now)).map(|_| ());
        }
        let (table, tid) = self.find(*trade)?;
        let changes = trades::Changes {
            exit_logic_name: Some(exit.exit_logic_name.as_deref().unwrap_or_default()),
            exit_time: Some(Some(Timestamp(piece.exit_at))),
            entry_price: Some(piece.entry_price),
            exit_price: Some(Some(piece.exit_price)),
            size: Some(piece.size),
            commission: Some(piece.commission),
            gross_pnl: Some(piece.gross),
            net_pnl: Some(piece.net),
            pnl_percentage: Some(percentage),
            exit_reason: Some(exit.exit_reason.as_deref()),
            status: Some("closed"),
            updated_at: Some(now),
            mae: Some(Some(piece.mae)),
            mfe: Some(Some(piece.mfe)),
            last_fill: Some(Some(piece.last_fill)),
            unconverted_fees: Some(i64::from(piece.unconverted)),
            told_at: Some(*told_at),
            ..trades::Changes::default()
        };
        changes.update(table, tid);
        places::set_trade(trade.id, None);
        Ok(())
    }

    /// Writes the trade that is open with a position.
    pub fn write_open(&mut self, held: &Held, trade: OpenTrade, now: Timestamp) -> Answer<()> {
        let Some(oldest) = held.position.seen().next() else { return Ok(()) };
        let unconverted = held.position.open_unconverted();
        let fees = held.position.fees() - held.position.closed_fees();
        let (price, size) = (held.average_price().unwrap_or_default(), held.position.quantity());
        if trade.is_stored {
            let (table, tid) = self.find(trade)?;
            let changes = trades::Changes {
                entry_price: Some(price),
                size: Some(size),
                commission: Some(fees),
                net_pnl: Some(-fees),
                updated_at: Some(now),
                unconverted_fees: Some(i64::from(unconverted)),
                ..trades::Changes::default()
            };
            places::set_trade(trade.id, Some(changes.update(table, tid)));
            return Ok(());
        }
        let open = open_row(trade, &oldest, now);
        let tid = self.insert(held, &Figures { price, size, fees, unconverted, ..open })?;
        places::set_trade(trade.id, Some(tid));
        Ok(())
    }

    fn insert(&mut self, held: &Held, figures: &Figures<'_>) -> Answer<Tid> {
        let labels = &held.labels;
        let new = trades::New {
            id: figures.trade.id,
            bot_id: held.book.bot_id,
            user_id: held.user_id,
            position_id: Some(held.id),
            trade_type: held.book.trade_type,
            strategy_name: labels.strategy_name.as_deref(),
            entry_logic_name: labels.entry_logic_name.as_deref().unwrap_or_default(),
            exit_logic_name: figures.exit_logic_name,
            symbol: &held.symbol,
            interval: labels.interval.as_deref().unwrap_or_default(),
            entry_time: figures.trade.entry_at,
            exit_time: figures.exit.map(|exit| Timestamp(exit.exit_at)),
            entry_price: figures.price,
            exit_price: figures.exit.map(|exit| exit.exit_price),
            size: figures.size,
            direction: held.position.direction(),
            commission: figures.fees,
            gross_pnl: figures.exit.map_or(Money::ZERO, |exit| exit.gross),
            net_pnl: figures.exit.map_or(-figures.fees, |exit| exit.net),
            pnl_percentage: figures.percentage,
            exit_reason: figures.exit_reason,
            status: if figures.exit.is_some() { "closed" } else { "open" },
            created_at: figures.now,
            updated_at: figures.now,
            run_id: held.book.run_id,
            mae: figures.exit.map(|exit| exit.mae),
            mfe: figures.exit.map(|exit| exit.mfe),
            first_fill: Some(figures.first_fill),
            last_fill: figures.exit.map(|exit| exit.last_fill),
            unconverted_fees: i64::from(figures.unconverted),
            told_at: figures.told_at,
        };
        Ok(new.insert(self.at(figures.trade.entry_at)?))
    }

    /// Closes all that was opened.
    pub fn close(self) {
        self.open.into_iter().for_each(|(_, table)| table.close());
    }
}

/// What differs between rows of one position.
struct Figures<'a> {
    trade: OpenTrade,
    price: Money,
    size: Money,
    fees: Money,
    unconverted: u32,
    first_fill: i64,
    exit: Option<&'a Piece>,
    percentage: Option<Numeric>,
    exit_logic_name: &'a str,
    exit_reason: Option<&'a str>,
    told_at: Option<Timestamp>,
    now: Timestamp,
}

fn closed_row(closed: &Closed, percentage: Option<Numeric>, now: Timestamp) -> Figures<'_> {
    let (piece, exit) = (&closed.piece, &closed.exit);
    Figures {
        trade: closed.trade,
        price: piece.entry_price,
        size: piece.size,
        fees: piece.commission,
        unconverted: piece.unconverted,
        first_fill: piece.first_fill,
        exit: Some(piece),
        percentage,
        exit_logic_name: exit.exit_logic_name.as_deref().unwrap_or_default(),
        exit_reason: exit.exit_reason.as_deref(),
        told_at: closed.told_at,
        now,
    }
}

fn open_row(trade: OpenTrade, oldest: &Lot, now: Timestamp) -> Figures<'static> {
    Figures {
        trade,
        price: Money::ZERO,
        size: Money::ZERO,
        fees: Money::ZERO,
        unconverted: 0,
        first_fill: oldest.first_fill,
        exit: None,
        percentage: None,
        exit_logic_name: "",
        exit_reason: None,
        told_at: None,
        now,
    }
}

fn gone(id: i64) -> Failure {
    Failure::of(
        "XX001",
        &format!("the open row of trade {id} is gone from trading.trades"),
        "Restore it: trading.verify().",
    )
}
