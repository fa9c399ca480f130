//! What positions and round trips would be if the journal were booked again, for `verify()`.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use analytics::position::{Fill, Method, Piece, Position};
use money::Money;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::book::Book;
use super::flip::flipped;
use super::held;
use super::journal;
use super::ledgers::{self, Bot};
use super::lots;
use super::refold::{corrections, effective};
use super::request::{Labels, Request};
use super::rules::{fee, refused};
use super::tables::{BOTS, FILLS};
use crate::error::{Answer, Failure};
use crate::pg::fields::Words;
use crate::pg::numeric::Numeric;
use crate::pg::results::Streamed;
use crate::pg::table::Table;
use crate::pg::value::{Timestamp, Value};

/// What is noted of a fill: of the one that has opened a position, and of the one that has closed a trade.
type Noted = Rc<Labels>;

/// A position as the journal has it.
struct Folded {
    book: Book,
    symbol: Rc<str>,
    opened_at: Timestamp,
    /// None: it is open.
    closed_at: Option<Timestamp>,
    first_fill: i64,
    last_fill: i64,
    position: Position,
    /// The lowest and the highest price of its fills.
    low: Money,
    high: Money,
    opening: Noted,
}

/// A round trip as the journal has it.
struct Closed {
    book: Book,
    symbol: Rc<str>,
    piece: Piece,
    opening: Noted,
    closing: Noted,
}

/// What the journal comes to.
#[derive(Default)]
struct Fold {
    positions: Vec<Folded>,
    trades: Vec<Closed>,
    /// Bots whose fills cannot be booked again, and why: the others can.
    failed: Vec<(i64, Failure)>,
}

impl Folded {
    fn begun(of: (Book, Rc<str>), (number, request): (i64, &Request), position: Position, opening: Noted) -> Folded {
        let (at, price) = (request.filled_at, request.terms.price);
        Folded {
            book: of.0,
            symbol: of.1,
            opened_at: at,
            closed_at: None,
            first_fill: number,
            last_fill: number,
            position,
            low: price,
            high: price,
            opening,
        }
    }

    fn see(&mut self, number: i64, price: Money) {
        (self.last_fill, self.low, self.high) = (number, self.low.min(price), self.high.max(price));
    }

    fn ended(self, position: Position, at: Timestamp) -> Folded {
        Folded { position, closed_at: Some(at.max(self.opened_at)), ..self }
    }
}

impl Fold {
    /// Adds the fills of one bot, in order.
    fn add(&mut self, bot: &Bot, mut entries: Vec<(i64, Request)>) -> Answer<()> {
        let key = |request: &Request| (request.terms.trade_type, request.terms.run_id, request.terms.symbol.clone());
        entries.sort_by_cached_key(|(number, request)| (key(request), *number));
        let mut current: Option<Folded> = None;
        for (number, request) in &entries {
            pgrx::check_for_interrupts!();
            let terms = &request.terms;
            let trade_type = terms.trade_type.unwrap_or(bot.trade_type);
            let book = Book { bot_id: bot.id, trade_type, run_id: terms.run_id };
            if current.as_ref().is_some_and(|open| open.book != book || *open.symbol != *terms.symbol) {
                self.positions.extend(current.take());
            }
            let noted = Rc::new(request.labels.clone());
            let begun = || {
                let position = Position::new(held::terms(bot.method, terms.multiplier));
                let of = (book, terms.symbol.as_str().into());
                Folded::begun(of, (*number, request), position, Rc::clone(&noted))
            };
            current = self.step(current.take().unwrap_or_else(begun), bot, (*number, request), &noted)?;
        }
        self.positions.extend(current);
        Ok(())
    }

    /// Adds a fill to what is open; returns what is open after it.
    fn step(
        &mut self,
        mut open: Folded,
        bot: &Bot,
        (number, request): (i64, &Request),
        noted: &Noted,
    ) -> Answer<Option<Folded>> {
        let terms = &request.terms;
        let (at, fee) = (request.filled_at.0, fee(terms, &bot.quote)?);
        let fill = Fill { number, at, side: terms.side, quantity: terms.quantity, price: terms.price, fee };
        let (before, mut pieces) = (open.position.clone(), Vec::new());
        let filled = open.position.apply(&fill, &mut pieces).map_err(|refusal| refused(refusal, terms))?;
        let of = (open.book, Rc::clone(&open.symbol));
        self.trades.extend(pieces.into_iter().map(|piece| Closed {
            book: of.0,
            symbol: Rc::clone(&of.1),
            piece,
            opening: Rc::clone(&open.opening),
            closing: Rc::clone(noted),
        }));
        open.see(number, terms.price);
        if filled.closed > Money::ZERO && filled.opened > Money::ZERO {
            let (closed, begins) = flipped(&open.position, &before, &filled);
            self.positions.push(open.ended(closed, request.filled_at));
            return Ok(Some(Folded::begun(of, (number, request), begins, Rc::clone(noted))));
        }
        if open.position.is_flat() {
            let flat = open.position.clone();
            self.positions.push(open.ended(flat, request.filled_at));
            return Ok(None);
        }
        Ok(Some(open))
    }
}

fn all_bots() -> HashMap<i64, Bot> {
    let mut bots = HashMap::new();
    let mut table = Table::open_to_read(&BOTS);
    let index = table.index(c"bot_accounts_pkey");
    table.scan_in_statement(index, &[], |row| {
        let bot = ledgers::of_bot(row);
        bots.insert(bot.id, bot);
        ControlFlow::Continue(())
    });
    table.close();
    bots
}

/// What the whole journal comes to. Reads all of it, a bot at a time.
fn fold_all() -> Answer<Fold> {
    let (bots, corrections) = (all_bots(), corrections(None)?);
    let (mut fold, mut of_bot, mut fills) = (Fold::default(), None, Vec::new());
    let mut flush = |bot: Option<i64>, fills: Vec<(i64, Request)>| {
        if let Some(bot) = bot.and_then(|bot| bots.get(&bot))
            && let Err(failure) = fold.add(bot, fills)
        {
            fold.failed.push((bot.id, failure));
        }
    };
    let mut table = Table::open_to_read(&FILLS);
    let index = table.index(c"fills_pkey");
    table.scan_in_statement(index, &[], |row| {
        let entry = journal::read(row);
        if of_bot != Some(entry.book.bot_id) {
            flush(of_bot.replace(entry.book.bot_id), std::mem::take(&mut fills));
        }
        fills.extend(effective(entry, &corrections));
        ControlFlow::Continue(())
    });
    table.close();
    flush(of_bot, fills);
    Ok(fold)
}

/// What both kinds of rows begin with: whether it is a trade, which book and symbol, and from which fill to which.
fn name(is_trade: bool, book: &Book, symbol: &str, fills: (i64, i64)) -> [Value<'static>; 7] {
    [
        Value::Bool(is_trade),
        Value::Int(book.bot_id),
        Value::Text(book.trade_type.as_str()),
        Value::Int(book.run_id),
        Value::kept(symbol),
        Value::Int(fills.0),
        Value::Int(fills.1),
    ]
}

/// What a position, and each trade of it, has of the fill that has opened it: a name of the strategy, and two that are
/// empty where nothing was said.
fn opened_with(opening: &Labels) -> [Value<'static>; 3] {
    let kept = |text: Option<&str>| Value::kept(text.unwrap_or_default());
    [
        opening.strategy_name.as_deref().map_or(Value::Null, Value::kept),
        kept(opening.entry_logic_name.as_deref()),
        kept(opening.interval.as_deref()),
    ]
}

fn position_row(folded: &Folded) -> [Value<'static>; 34] {
    pgrx::check_for_interrupts!();
    let position = &folded.position;
    let [is_trade, bot, trade_type, run, symbol, first, last] =
        name(false, &folded.book, &folded.symbol, (folded.first_fill, folded.last_fill));
    let [strategy, logic, interval] = opened_with(&folded.opening);
    let is_fifo = position.terms().method == Method::Fifo;
    let open: Vec<_> = position.seen().collect();
    [
        is_trade,
        bot,
        trade_type,
        run,
        symbol,
        first,
        last,
        Value::Text(position.direction().as_str()),
        Value::Money(position.quantity()),
        position.average_price().ok().flatten().map_or(Value::Null, Value::Money),
        Value::Time(folded.opened_at),
        folded.closed_at.map_or(Value::Null, Value::Time),
        Value::Int(i64::from(position.unconverted())),
        strategy,
        logic,
        interval,
        Value::Money(position.multiplier()),
        Value::Numeric(Numeric::of_fine(position.cost().units())),
        Value::Numeric(Numeric::of_fine(position.gain().units())),
        Value::Money(position.realized()),
        Value::Money(position.fees()),
        Value::Money(position.closed_fees()),
        Value::Int(i64::from(position.open_unconverted())),
        Value::Money(folded.low),
        Value::Money(folded.high),
        if is_fifo { Value::Json(lots::written(&open)) } else { Value::Null },
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
    ]
}

fn trade_row(closed: &Closed) -> [Value<'static>; 34] {
    pgrx::check_for_interrupts!();
    let (piece, exit) = (&closed.piece, &closed.closing);
    let [is_trade, bot, trade_type, run, symbol, first, last] =
        name(true, &closed.book, &closed.symbol, (piece.first_fill, piece.last_fill));
    let [strategy, logic, interval] = opened_with(&closed.opening);
    [
        is_trade,
        bot,
        trade_type,
        run,
        symbol,
        first,
        last,
        Value::Text(piece.direction.as_str()),
        Value::Money(piece.size),
        Value::Money(piece.entry_price),
        Value::Time(Timestamp(piece.entry_at)),
        Value::Time(Timestamp(piece.exit_at)),
        Value::Int(i64::from(piece.unconverted)),
        strategy,
        logic,
        interval,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Money(piece.exit_price),
        Value::Money(piece.gross),
        Value::Money(piece.commission),
        piece.percentage().map_or(Value::Null, |percentage| Value::Numeric(Numeric::of_ten_thousandths(percentage))),
        Value::Money(piece.mae),
        Value::Money(piece.mfe),
        Value::kept(exit.exit_logic_name.as_deref().unwrap_or_default()),
        exit.exit_reason.as_deref().map_or(Value::Null, Value::kept),
    ]
}

/// A bot whose fills cannot be booked again: neither a trade nor a position, and the reason in the place of a symbol.
fn failed_row((bot_id, failure): &(i64, Failure)) -> [Value<'static>; 34] {
    let mut row = [const { Value::Null }; 34];
    (row[1], row[4]) = (Value::Int(*bot_id), Value::kept(&failure.message));
    row
}

/// What all positions and round trips would be if they were booked again. Who may see them has been checked.
#[pg_extern(sql = false)]
fn trading_folded() -> Result<Streamed<34>, ErrorReport> {
    let Fold { positions, trades, failed } = fold_all()?;
    let positions = positions.into_iter().map(|folded| position_row(&folded));
    let trades = trades.into_iter().map(|closed| trade_row(&closed));
    Ok(Streamed(Box::new(positions.chain(trades).chain(failed.into_iter().map(|failed| failed_row(&failed))))))
}
