//! Positions as their rows keep them.

use analytics::position::{Beyond, Direction, Exact, Kept, Lot, Method, Position, Terms};
use money::Money;

use super::book::Book;
use super::lots;
use super::places;
use super::request::Labels;
use super::tables::{OPEN_POSITION, positions};
use crate::pg::fields::Words;
use crate::pg::numeric::Numeric;
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::session;
use crate::pg::table::{Table, Tid};
use crate::pg::value::{Json, Timestamp};

/// So many lots of a position are kept: each is read and written with every fill. What comes on top of them joins the
/// youngest.
pub const MOST_LOTS: usize = 1000;

/// The trade that is open with a position: that of its oldest lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenTrade {
    pub id: i64,
    pub entry_at: Timestamp,
    /// Whether its row is there.
    pub is_stored: bool,
}

/// A position of a bot, or one that has just been closed.
#[derive(Clone, Debug)]
pub struct Held {
    pub id: i64,
    pub book: Book,
    pub user_id: i64,
    pub symbol: String,
    pub position: Position,
    pub opened_at: Timestamp,
    /// None: it is open.
    pub closed_at: Option<Timestamp>,
    pub first_fill: i64,
    pub last_fill: i64,
    /// None: it is closed.
    pub trade: Option<OpenTrade>,
    /// The lowest and the highest price that was seen while it was open.
    pub low: Money,
    pub high: Money,
    /// Of the fill that has opened it.
    pub labels: Labels,
    /// Where its row stands; none: there is none yet.
    pub tid: Option<Tid>,
}

/// What a position was before it was booked again.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    pub id: i64,
    pub first_fill: i64,
    pub low: Money,
    pub high: Money,
}

/// How a new position begins.
#[must_use]
pub fn terms(method: Method, multiplier: Money) -> Terms {
    Terms { method, multiplier, most_lots: MOST_LOTS, beyond: Beyond::Joins }
}

/// The open position of a bot in a symbol, locked.
pub fn open(table: &mut Table, key: &(Book, String)) -> Option<Held> {
    let (book, symbol) = (key.0, key.1.as_str());
    let is_it = |row: &Row<'_>| {
        let read = positions::of(row);
        let of = Book { bot_id: read.bot_id(), trade_type: read.trade_type(), run_id: read.run_id() };
        of == book && read.status() == "open" && read.symbol() == symbol
    };
    let known = places::position(key).and_then(|tid| table.relock(tid, is_it, |row| read(row, book)));
    if known.is_some() {
        return known;
    }
    let index =
        table.index_on(OPEN_POSITION).unwrap_or_else(|| session::raise_missing("index trading.positions_open_key"));
    let keys = [Key::Int(book.bot_id), Key::Text(book.trade_type.as_str()), Key::Text(symbol), Key::Int(book.run_id)];
    table.find_locked(index, &keys, |row| read(row, book))
}

fn read(row: &Row<'_>, book: Book) -> Held {
    let read = positions::of(row);
    let (open_id, entry) = (read.open_trade_id(), read.open_trade_entry());
    let trade = open_id.zip(entry).map(|(id, entry_at)| OpenTrade { id, entry_at, is_stored: true });
    let labels = Labels {
        strategy_name: read.strategy_name().map(str::to_owned),
        entry_logic_name: Some(read.entry_logic_name().to_owned()).filter(|name| !name.is_empty()),
        interval: Some(read.interval().to_owned()).filter(|interval| !interval.is_empty()),
        ..Labels::default()
    };
    Held {
        id: read.id(),
        book,
        user_id: read.user_id(),
        symbol: read.symbol().to_owned(),
        position: position(row),
        opened_at: read.opened_at(),
        closed_at: read.closed_at(),
        first_fill: read.first_fill(),
        last_fill: read.last_fill(),
        trade,
        low: read.low(),
        high: read.high(),
        labels,
        tid: Some(row.tid()),
    }
}

fn position(row: &Row<'_>) -> Position {
    let read = positions::of(row);
    let exact = |number: Numeric, at| {
        let units = number.fine().ok().and_then(|units| Exact::from_units(units).ok());
        row.require(at, units)
    };
    let count = |number: i64, at| row.require(at, u32::try_from(number).ok());
    let lots = match read.lots() {
        Some(kept) => row.require(positions::at::lots, lots::read(kept)),
        // By average cost all that is open is one lot, as old as the position.
        None if read.qty_open() > Money::ZERO => vec![Lot {
            quantity: read.qty_open(),
            cost: exact(read.cost(), positions::at::cost),
            fees: read.fees() - read.closed_fees(),
            unconverted: count(read.open_unconverted(), positions::at::open_unconverted),
            first_fill: read.first_fill(),
            entry_at: read.opened_at().0,
            low: read.low(),
            high: read.high(),
        }],
        None => vec![],
    };
    let kept = Kept {
        terms: terms(read.method(), read.multiplier()),
        direction: read.direction(),
        lots,
        gain: exact(read.gain(), positions::at::gain),
        realized: read.realized_pnl(),
        fees: read.fees(),
        closed_fees: read.closed_fees(),
        unconverted: count(read.unconverted_fees(), positions::at::unconverted_fees),
        funding: read.funding(),
    };
    row.require(positions::at::cost, Position::of(&kept).ok())
}

impl Held {
    /// How much is open; below zero: short.
    pub fn signed_quantity(&self) -> Money {
        let quantity = self.position.quantity();
        if self.position.direction() == Direction::Long { quantity } else { -quantity }
    }

    /// What one has cost; none: nothing is open.
    pub fn average_price(&self) -> Option<Money> {
        // What does not fit was refused when the cost was booked: the price of a lot is one of its fills', or between two.
        self.position.average_price().ok().flatten()
    }

    /// A price is seen.
    pub fn see(&mut self, price: Money) {
        (self.low, self.high) = (self.low.min(price), self.high.max(price));
    }

    /// Takes over what no fill has told: the marks that it has seen.
    pub fn take_over(&mut self, before: &Before) {
        if before.first_fill == self.first_fill {
            self.see(before.low);
            self.see(before.high);
        }
    }

    /// Writes its row; returns where it stands.
    pub fn write(&self, table: &mut Table, now: Timestamp) -> Tid {
        let position = &self.position;
        let is_fifo = position.terms().method == Method::Fifo;
        let kept = is_fifo.then(|| lots::written(&position.seen().collect::<Vec<_>>()));
        let trade = self.trade;
        let changes = positions::Changes {
            closed_at: Some(self.closed_at),
            qty_open: Some(position.quantity()),
            avg_price: Some(self.average_price()),
            realized_pnl: Some(position.realized()),
            status: Some(self.status()),
            cost: Some(Numeric::of_fine(position.cost().units())),
            gain: Some(Numeric::of_fine(position.gain().units())),
            fees: Some(position.fees()),
            closed_fees: Some(position.closed_fees()),
            funding: Some(position.funding()),
            unconverted_fees: Some(i64::from(position.unconverted())),
            open_unconverted: Some(i64::from(position.open_unconverted())),
            low: Some(self.low),
            high: Some(self.high),
            lots: Some(kept),
            last_fill: Some(self.last_fill),
            open_trade_id: Some(trade.map(|trade| trade.id)),
            open_trade_entry: Some(trade.map(|trade| trade.entry_at)),
            updated_at: Some(now),
            ..positions::Changes::default()
        };
        match self.tid {
            Some(tid) => changes.update(table, tid),
            None => self.insert(table, kept, now),
        }
    }

    fn insert(&self, table: &mut Table, lots: Option<Json>, now: Timestamp) -> Tid {
        let (position, labels) = (&self.position, &self.labels);
        let new = positions::New {
            id: self.id,
            bot_id: self.book.bot_id,
            user_id: self.user_id,
            trade_type: self.book.trade_type,
            symbol: &self.symbol,
            direction: position.direction(),
            opened_at: self.opened_at,
            closed_at: self.closed_at,
            qty_open: position.quantity(),
            avg_price: self.average_price(),
            realized_pnl: position.realized(),
            status: self.status(),
            run_id: self.book.run_id,
            method: position.terms().method,
            multiplier: position.multiplier(),
            cost: Numeric::of_fine(position.cost().units()),
            gain: Numeric::of_fine(position.gain().units()),
            fees: position.fees(),
            closed_fees: position.closed_fees(),
            funding: position.funding(),
            unconverted_fees: i64::from(position.unconverted()),
            open_unconverted: i64::from(position.open_unconverted()),
            low: self.low,
            high: self.high,
            lots,
            first_fill: self.first_fill,
            last_fill: self.last_fill,
            open_trade_id: self.trade.map(|trade| trade.id),
            open_trade_entry: self.trade.map(|trade| trade.entry_at),
            strategy_name: labels.strategy_name.as_deref(),
            entry_logic_name: labels.entry_logic_name.as_deref().unwrap_or_default(),
            interval: labels.interval.as_deref().unwrap_or_default(),
            updated_at: now,
        };
        new.insert(table)
    }

    fn status(&self) -> &'static str {
        if self.position.is_flat() { "closed" } else { "open" }
    }
}
