//! The journal of fills: what was told of them, and what was answered.

use money::Money;
use pgrx::PgSqlErrorCode;

use super::book::Book;
use super::ledgers::Bot;
use super::request::{Labels, Request, Terms};
use super::tables::{FILLS, fills};
use crate::error::{Answer, Failure, clip};
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::{Timestamp, Value};

/// What a fill was answered with, the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    pub position_id: i64,
    pub trade_id: i64,
    /// What is open; below zero: short.
    pub quantity: Money,
    pub average_price: Option<Money>,
    /// Gain of what it has closed, without fees.
    pub realized_pnl: Money,
    /// Its own fee, as far as it could be converted.
    pub commission: Money,
    pub balance: Money,
}

/// A fill that was booked.
#[derive(Clone, Debug)]
pub struct Entry {
    pub book: Book,
    pub number: i64,
    pub fill_id: String,
    pub terms: Terms,
    pub labels: Labels,
    pub filled_at: Timestamp,
    pub told_at: Timestamp,
    pub booked: Booked,
}

/// The journal, open.
pub struct Journal(Table);

impl Booked {
    /// As the columns of `trading.fill_result`.
    pub fn columns(&self) -> [Value<'static>; 7] {
        [
            Value::Int(self.position_id),
            Value::Int(self.trade_id),
            Value::Money(self.quantity),
            self.average_price.map_or(Value::Null, Value::Money),
            Value::Money(self.realized_pnl),
            Value::Money(self.commission),
            Value::Money(self.balance),
        ]
    }
}

impl Journal {
    pub fn open() -> Journal {
        Journal(Table::open(&FILLS))
    }

    /// The fill of a bot that has this id.
    pub fn find(&mut self, bot: &Bot, fill_id: &str) -> Option<Entry> {
        let index = self.0.index(c"fills_pkey");
        self.0.find(index, &[Key::Int(bot.user_id), Key::Int(bot.id), Key::Text(fill_id)], read)
    }

    pub fn insert(&mut self, bot: &Bot, entry: &Entry) {
        let Entry { book, terms, labels, booked, .. } = entry;
        let new = fills::New {
            bot_id: book.bot_id,
            user_id: bot.user_id,
            fill_id: &entry.fill_id,
            number: entry.number,
            trade_type: book.trade_type,
            run_id: book.run_id,
            symbol: &terms.symbol,
            side: terms.side,
            quantity: terms.quantity,
            price: terms.price,
            fee: terms.fee,
            fee_currency: terms.fee_currency.as_deref(),
            fee_rate: terms.fee_rate,
            filled_at: entry.filled_at,
            multiplier: terms.multiplier,
            strategy_name: labels.strategy_name.as_deref(),
            entry_logic_name: labels.entry_logic_name.as_deref(),
            exit_logic_name: labels.exit_logic_name.as_deref(),
            interval: labels.interval.as_deref(),
            exit_reason: labels.exit_reason.as_deref(),
            position_id: booked.position_id,
            trade_id: booked.trade_id,
            position_quantity: booked.quantity,
            average_price: booked.average_price,
            realized_pnl: booked.realized_pnl,
            commission: booked.commission,
            balance: booked.balance,
            created_at: entry.told_at,
        };
        new.insert(&mut self.0);
    }

    pub fn close(self) {
        self.0.close();
    }
}

/// A row of the journal.
pub fn read(row: &Row<'_>) -> Entry {
    let read = fills::of(row);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let book = Book { bot_id: read.bot_id(), trade_type: read.trade_type(), run_id: read.run_id() };
    let terms = Terms {
        trade_type: Some(read.trade_type()),
        run_id: read.run_id(),
        symbol: read.symbol().to_owned(),
        side: read.side(),
        quantity: read.quantity(),
        price: read.price(),
        fee: read.fee(),
        fee_currency: owned(read.fee_currency()),
        fee_rate: read.fee_rate(),
        multiplier: read.multiplier(),
    };
    let labels = Labels {
        strategy_name: owned(read.strategy_name()),
        entry_logic_name: owned(read.entry_logic_name()),
        exit_logic_name: owned(read.exit_logic_name()),
        interval: owned(read.interval()),
        exit_reason: owned(read.exit_reason()),
    };
    let booked = Booked {
        position_id: read.position_id(),
        trade_id: read.trade_id(),
        quantity: read.position_quantity(),
        average_price: read.average_price(),
        realized_pnl: read.realized_pnl(),
        commission: read.commission(),
        balance: read.balance(),
    };
    let (number, fill_id, filled_at) = (read.number(), read.fill_id().to_owned(), read.filled_at());
    Entry { book, number, fill_id, terms, labels, filled_at, told_at: read.created_at(), booked }
}

impl Entry {
    /// The first answer, if this asks for the same; or a refusal (23505). When it was filled, and what was noted of it,
    /// may be told anew: it changes no figure.
    pub fn answer_again(&self, request: &Request, book: Book) -> Answer<Booked> {
        let terms = Terms { trade_type: Some(book.trade_type), run_id: book.run_id, ..request.terms.clone() };
        if self.book == book && self.terms == terms {
            return Ok(self.booked);
        }
        Err(Failure::new(
            PgSqlErrorCode::ERRCODE_UNIQUE_VIOLATION,
            format!("fill {:?} of bot {} was booked with other figures", clip(&self.fill_id), book.bot_id),
            "A fill_id names one fill for ever: send the same figures again, or correct_fill() if they were wrong.",
        ))
    }
}
