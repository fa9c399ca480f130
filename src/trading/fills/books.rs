//! Booking fills: what is touched by a call is read once, locked, and written once, in its final state.
//!
//! Bots come first, in the order of their ids; whoever holds a bot may book whatever is of it. A fill that is refused has
//! changed nothing, so the others of a batch go on.

use std::collections::{HashMap, VecDeque};
use std::ffi::CStr;
use std::rc::Rc;

use analytics::position::{Fill, Filled, Piece, Position};
use money::Money;
use pgrx::pg_sys::Oid;

use super::book::Book;
use super::flip::flipped;
use super::held::{self, Before, Held, OpenTrade};
use super::journal::{Booked, Entry, Journal};
use super::ledgers::{Bot, Ledgers, Sums};
use super::places;
use super::request::{Request, TOO_LARGE, Terms};
use super::rules::{FACTS, fee, not_yours, refused, require_taken};
use super::tables::POSITIONS;
use super::trades::{Closed, Trades, told_late};
use crate::bourse::amounts::overflow;
use crate::error::{Answer, Failure, clip};
use crate::pg::sequence;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

/// Whether the status of a bot decides over its fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It takes what it may.
    ByStatus,
    /// It takes what has happened.
    Facts,
}

/// Which number a fill has in its book.
#[derive(Clone, Copy)]
enum Number {
    /// A new one, if this rule lets it in.
    Next(Rule),
    /// That of the journal.
    Known(i64),
}

/// The books of some bots, open.
pub struct Books {
    ledgers: Ledgers,
    positions: Table,
    journal: Journal,
    trades: Trades,
    position_ids: Ids,
    trade_ids: Ids,
    now: Timestamp,
    /// What is open, as far as it was asked for; none: nothing is.
    open: HashMap<(Book, String), Option<Holding>>,
    /// Positions that this call has closed.
    closed: Vec<Holding>,
    entries: Vec<(Rc<Bot>, Entry)>,
    /// Where the entries stand, by bot and fill.
    booked: HashMap<(i64, String), usize>,
    pieces: Vec<Piece>,
}

/// What was booked of a book in a symbol, and is to be booked again.
pub struct Old {
    pub key: (Book, String),
    pub positions: Vec<Before>,
    /// Ids of its trades.
    pub trades: Vec<i64>,
    pub closed_trades: i64,
    pub open_positions: i32,
    /// What its trades have come to.
    pub net: Money,
}

/// Ids for new rows: first those of rows that were taken away.
struct Ids {
    free: VecDeque<i64>,
    sequence: Oid,
}

impl Ids {
    fn new(sequence: &'static CStr) -> Ids {
        Ids { free: VecDeque::new(), sequence: sequence::named(c"trading", sequence) }
    }

    fn next(&mut self) -> i64 {
        self.free.pop_front().unwrap_or_else(|| sequence::next_value(self.sequence))
    }
}

/// A position, and what this call has closed of it.
struct Holding {
    held: Held,
    trades: Vec<Closed>,
    is_changed: bool,
}

/// What a fill has come to, before anything is noted.
struct Step {
    number: i64,
    position: Position,
    filled: Filled,
    sums: Sums,
}

impl Books {
    /// Locks bots; those that are not there are refused fill by fill.
    pub fn open(bot_ids: impl IntoIterator<Item = i64>) -> Books {
        Books {
            ledgers: Ledgers::lock(bot_ids),
            positions: Table::open(&POSITIONS),
            journal: Journal::open(),
            trades: Trades::default(),
            position_ids: Ids::new(c"positions_id_seq"),
            trade_ids: Ids::new(c"trades_id_seq"),
            now: Timestamp::now(),
            open: HashMap::new(),
            closed: Vec::new(),
            entries: Vec::new(),
            booked: HashMap::new(),
            pieces: Vec::new(),
        }
    }

    /// A bot that is locked.
    pub fn bot(&self, id: i64) -> Answer<&Rc<Bot>> {
        self.ledgers.bot(id)
    }

    /// Books a fill, or answers a repeat of it as the first time.
    pub fn apply(&mut self, request: &Request, rule: Rule) -> Answer<Booked> {
        let bot = Rc::clone(self.ledgers.bot(request.bot_id)?);
        let book = self.ledgers.book(&bot, request.terms.trade_type, request.terms.run_id)?;
        let name = (bot.id, request.fill_id.clone());
        if let Some(place) = self.booked.get(&name) {
            return self.entries[*place].1.answer_again(request, book);
        }
        if let Some(entry) = self.journal.find(&bot, &request.fill_id) {
            return entry.answer_again(request, book);
        }
        if rule == Rule::ByStatus && request.fill_id.starts_with(FACTS) {
            return Err(not_yours(&request.fill_id));
        }
        let key = (book, request.terms.symbol.clone());
        if !self.open.contains_key(&key) {
            let held = held::open(&mut self.positions, &key);
            let holding = held.map(|held| Holding { held, trades: Vec::new(), is_changed: false });
            self.open.insert(key.clone(), holding);
        }
        let step = self.step(&bot, &key, request, Number::Next(rule))?;
        let booked = self.note(&bot, key, request, step);
        let terms = Terms { trade_type: Some(book.trade_type), run_id: book.run_id, ..request.terms.clone() };
        let entry = Entry {
            book,
            number: booked.0,
            fill_id: request.fill_id.clone(),
            terms,
            labels: request.labels.clone(),
            filled_at: request.filled_at,
            told_at: request.told_at,
            booked: booked.1,
        };
        self.booked.insert(name, self.entries.len());
        self.entries.push((bot, entry));
        Ok(booked.1)
    }

    /// Finds what a fill comes to; changes nothing.
    fn step(&mut self, bot: &Bot, key: &(Book, String), request: &Request, number: Number) -> Answer<Step> {
        let (book, terms) = (key.0, &request.terms);
        let before = self.open.get(key).and_then(Option::as_ref).map(|holding| &holding.held.position);
        let mut position = match before {
            Some(position) => position.clone(),
            None => Position::new(held::terms(bot.method, terms.multiplier)),
        };
        if position.multiplier() != terms.multiplier {
            return Err(Failure::invalid(
                format!(
                    "multiplier is {}, and the open position in {:?} has {}",
                    terms.multiplier,
                    clip(&key.1),
                    position.multiplier()
                ),
                "A position has one multiplier: close it first.",
            ));
        }
        let sums = self.ledgers.sums(bot, book);
        let fill = Fill {
            number: if let Number::Known(number) = number { number } else { sums.fills + 1 },
            at: request.filled_at.0,
            side: terms.side,
            quantity: terms.quantity,
            price: terms.price,
            fee: fee(terms, &bot.quote)?,
        };
        self.pieces.clear();
        let filled = position.apply(&fill, &mut self.pieces).map_err(|refusal| refused(refusal, terms))?;
        if let Number::Next(Rule::ByStatus) = number {
            require_taken(bot, book, terms.quantity, &filled)?;
        }
        let result =
            filled.gross.minus(filled.commission).map_err(|_| overflow("the result of the fill", TOO_LARGE))?;
        let mut sums = sums.with(result)?;
        sums.fills += i64::from(matches!(number, Number::Next(_)));
        sums.trades += self.pieces.len() as i64;
        sums.open_positions += i32::from(!position.is_flat()) - i32::from(before.is_some());
        Ok(Step { number: fill.number, position, filled, sums })
    }

    /// Notes what a fill has come to. Nothing is refused any more.
    fn note(&mut self, bot: &Bot, key: (Book, String), request: &Request, step: Step) -> (i64, Booked) {
        let Step { number, position, filled, sums } = step;
        let book = key.0;
        let at = request.filled_at;
        let existing = self.open.get_mut(&key).and_then(Option::take);
        let is_flip = filled.closed > Money::ZERO && filled.opened > Money::ZERO;
        let mut holding = existing.unwrap_or_else(|| begun(bot, book, request, number, self.position_ids.next()));
        holding.is_changed = true;
        let pieces = std::mem::take(&mut self.pieces);
        let mut trade_id = close_trades(&mut holding, &pieces, request, &mut self.trade_ids);
        self.pieces = pieces;
        holding.held.see(request.terms.price);
        holding.held.last_fill = number;
        let mut rest = Some(position);
        if is_flip && let Some(position) = rest.take() {
            let (ended, begins) = flipped(&position, &holding.held.position, &filled);
            end(&mut holding.held, ended, at);
            self.closed.push(holding);
            holding = begun(bot, book, request, number, self.position_ids.next());
            rest = Some(begins);
        }
        if let Some(position) = rest {
            holding.held.position = position;
        }
        let (held, mut quantity) = (&mut holding.held, Money::ZERO);
        if let Some(oldest) = held.position.seen().next() {
            let entry_at = Timestamp(oldest.entry_at);
            let new = || OpenTrade { id: self.trade_ids.next(), entry_at, is_stored: false };
            let trade = *held.trade.get_or_insert_with(new);
            (trade_id, quantity) = (trade.id, held.signed_quantity());
        } else {
            held.closed_at = Some(at.max(held.opened_at));
        }
        let booked = Booked {
            position_id: held.id,
            trade_id,
            quantity,
            average_price: held.average_price(),
            realized_pnl: filled.gross,
            commission: filled.commission,
            balance: sums.balance,
        };
        if holding.held.position.is_flat() {
            self.closed.push(holding);
        } else {
            self.open.insert(key, Some(holding));
        }
        self.ledgers.set(book, sums);
        (number, booked)
    }

    /// Books again what the journal has of a book in a symbol, whose rows were taken away: their ids are given again.
    pub fn replay(&mut self, old: &Old, entries: &[(i64, Request)]) -> Answer<()> {
        let bot = Rc::clone(self.ledgers.bot(old.key.0.bot_id)?);
        let mut sums = self.ledgers.sums(&bot, old.key.0).with(-old.net)?;
        sums.trades -= old.closed_trades;
        sums.open_positions -= old.open_positions;
        self.ledgers.set(old.key.0, sums);
        self.open.insert(old.key.clone(), None);
        self.position_ids.free = old.positions.iter().map(|position| position.id).collect();
        self.trade_ids.free = old.trades.iter().copied().collect();
        for (number, request) in entries {
            pgrx::check_for_interrupts!();
            let step = self.step(&bot, &old.key, request, Number::Known(*number))?;
            self.note(&bot, old.key.clone(), request, step);
        }
        let open = self.open.get_mut(&old.key).and_then(Option::as_mut);
        for holding in self.closed.iter_mut().chain(open) {
            if let Some(before) = old.positions.iter().find(|before| before.id == holding.held.id) {
                holding.held.take_over(before);
            }
        }
        Ok(())
    }

    /// Writes all of it, each row once. Returns the bots that may only close positions.
    pub fn write(mut self) -> Answer<Vec<i64>> {
        let now = self.now;
        for (bot, entry) in &self.entries {
            pgrx::check_for_interrupts!();
            self.journal.insert(bot, entry);
        }
        let open = self.open.into_values().flatten().filter(|holding| holding.is_changed);
        for Holding { held, trades, .. } in self.closed.into_iter().chain(open) {
            pgrx::check_for_interrupts!();
            let place = held.write(&mut self.positions, now);
            places::set_position((held.book, held.symbol.clone()), (!held.position.is_flat()).then_some(place));
            for closed in &trades {
                self.trades.write_closed(&held, closed, now)?;
            }
            if let Some(trade) = held.trade {
                self.trades.write_open(&held, trade, now)?;
            }
        }
        self.journal.close();
        self.positions.close();
        self.trades.close();
        Ok(self.ledgers.write())
    }
}

/// A position that a fill opens.
fn begun(bot: &Bot, book: Book, request: &Request, number: i64, id: i64) -> Holding {
    let terms = &request.terms;
    let held = Held {
        id,
        book,
        user_id: bot.user_id,
        symbol: terms.symbol.clone(),
        position: Position::new(held::terms(bot.method, terms.multiplier)),
        opened_at: request.filled_at,
        closed_at: None,
        first_fill: number,
        last_fill: number,
        trade: None,
        low: terms.price,
        high: terms.price,
        labels: request.labels.clone(),
        tid: None,
    };
    Holding { held, trades: Vec::new(), is_changed: true }
}

/// Gives each round trip its row: the first to end a lot ends the row that is open, which is that of the oldest. Returns
/// the last one's id.
fn close_trades(holding: &mut Holding, pieces: &[Piece], request: &Request, ids: &mut Ids) -> i64 {
    let mut last = 0;
    for piece in pieces {
        let open = if piece.ends_lot { holding.held.trade.take() } else { None };
        let entry_at = Timestamp(piece.entry_at);
        let trade = open.unwrap_or_else(|| OpenTrade { id: ids.next(), entry_at, is_stored: false });
        last = trade.id;
        let exit = request.labels.clone();
        holding.trades.push(Closed { trade, piece: *piece, exit, told_at: told_late(request, piece) });
    }
    last
}

fn end(held: &mut Held, position: Position, at: Timestamp) {
    (held.position, held.closed_at) = (position, Some(at.max(held.opened_at)));
}
