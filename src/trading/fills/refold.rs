//! Positions out of the journal: booked again after a correction, and compared with what stands.

use std::collections::HashMap;
use std::ops::ControlFlow;

use analytics::position::{Fill, Position};
use money::Money;
use pgrx::prelude::*;

use super::book::Book;
use super::books::Old;
use super::desk::with_books;
use super::flip::flipped;
use super::held::{self, Before};
use super::journal::{self, Entry};
use super::ledgers::Bot;
use super::request::{Request, Terms};
use super::rules::{fee, refused};
use super::tables::FILLS;
use crate::error::{Answer, Failure};
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::{owner, session};

/// So many fills of a book in a symbol are booked again by one correction.
const MOST_FILLS: usize = 100_000;

/// What became of fills: the figures that count instead, or none for one that never was.
type Corrections = HashMap<(i64, String), Option<(Money, Money, Money)>>;

/// Runs a statement of ours about a book in a symbol, and reads its rows.
fn rows<T>(
    statement: &str,
    user_id: i64,
    (book, symbol): &(Book, String),
    read: impl Fn(&spi::SpiHeapTupleData<'_>) -> spi::Result<T>,
) -> Answer<Vec<T>> {
    use crate::pg::fields::Words;
    let trade_type = book.trade_type.as_str();
    let (bot_id, run_id) = (book.bot_id, book.run_id);
    let arguments = [user_id.into(), bot_id.into(), trade_type.into(), symbol.as_str().into(), run_id.into()];
    let run = || {
        Spi::connect_mut(|client| {
            client.update(statement, None, &arguments)?.map(|row| read(&row)).collect::<spi::Result<Vec<T>>>()
        })
    };
    session::as_role(owner::NAME, run).map_err(|error| Failure::of("XX000", &error.to_string(), ""))
}

fn money(row: &spi::SpiHeapTupleData<'_>, column: usize) -> spi::Result<Money> {
    let text = row.get::<String>(column)?.unwrap_or_default();
    text.parse().map_err(|_| spi::Error::NoTupleTable)
}

/// Takes the rows of a book in a symbol away.
fn take_away(user_id: i64, key: &(Book, String)) -> Answer<Old> {
    const WHICH: &str = "user_id = $1 AND bot_id = $2 AND trade_type = $3 AND symbol = $4 AND run_id = $5";
    let trades = rows(
        &format!(
            "DELETE FROM trading.trades WHERE {WHICH} AND first_fill IS NOT NULL
            RETURNING id, net_pnl::text, status = 'closed'"
        ),
        user_id,
        key,
        |row| Ok((row.get::<i64>(1)?.unwrap_or_default(), money(row, 2)?, row.get::<bool>(3)? == Some(true))),
    )?;
    let positions = rows(
        &format!(
            "DELETE FROM trading.positions WHERE {WHICH}
            RETURNING id, first_fill, funding::text, low::text, high::text, status = 'open'"
        ),
        user_id,
        key,
        |row| {
            let id = row.get(1)?.unwrap_or_default();
            let (first_fill, funding) = (row.get(2)?.unwrap_or_default(), money(row, 3)?);
            let (low, high) = (money(row, 4)?, money(row, 5)?);
            Ok((Before { id, first_fill, funding, low, high }, row.get::<bool>(6)? == Some(true)))
        },
    )?;
    let net = trades.iter().map(|(_, net, _)| *net).sum::<money::Sum>();
    let net = net.money().map_err(|_| Failure::of("22003", "what was booked leaves the range of NUMERIC(20,8)", ""))?;
    let mut ids: Vec<i64> = trades.iter().map(|(id, ..)| *id).collect();
    ids.sort_unstable();
    let open_positions = positions.iter().filter(|(_, is_open)| *is_open).count() as i32;
    let mut positions: Vec<Before> = positions.into_iter().map(|(before, _)| before).collect();
    positions.sort_unstable_by_key(|before| before.id);
    let closed_trades = trades.iter().filter(|(.., is_closed)| *is_closed).count() as i64;
    Ok(Old { key: key.clone(), positions, trades: ids, closed_trades, open_positions, net })
}

fn corrections(bot_id: Option<i64>) -> Answer<Corrections> {
    let statement = "SELECT DISTINCT ON (c.bot_id, c.fill_id) c.bot_id, c.fill_id, c.quantity::text, c.price::text,
        c.fee::text, c.kind = 'bust' FROM trading.fill_corrections c WHERE $1 IS NULL OR c.bot_id = $1
        ORDER BY c.bot_id, c.fill_id, c.id DESC";
    let run = || {
        Spi::connect(|client| {
            let row = |row: spi::SpiHeapTupleData<'_>| {
                let name = (row.get::<i64>(1)?.unwrap_or_default(), row.get::<String>(2)?.unwrap_or_default());
                let is_bust = row.get::<bool>(6)? == Some(true);
                let figures = if is_bust { None } else { Some((money(&row, 3)?, money(&row, 4)?, money(&row, 5)?)) };
                Ok((name, figures))
            };
            client.select(statement, None, &[bot_id.into()])?.map(row).collect::<spi::Result<Corrections>>()
        })
    };
    session::as_role(owner::NAME, run).map_err(|error| Failure::of("XX000", &error.to_string(), ""))
}

/// A fill as it counts; none: it was busted.
fn effective(entry: Entry, corrections: &Corrections) -> Option<(i64, Request)> {
    let name = (entry.book.bot_id, entry.fill_id);
    let terms = match corrections.get(&name) {
        None => entry.terms,
        Some(None) => return None,
        Some(Some((quantity, price, fee))) => Terms { quantity: *quantity, price: *price, fee: *fee, ..entry.terms },
    };
    let (bot_id, fill_id) = name;
    Some((entry.number, Request { bot_id, fill_id, terms, labels: entry.labels, filled_at: entry.filled_at }))
}

/// Books a book in a symbol again.
pub fn refold(book: Book, symbol: &str) -> Answer<()> {
    let key = (book, symbol.to_owned());
    let corrections = corrections(Some(book.bot_id))?;
    with_books([book.bot_id], |books| {
        let user_id = books.bot(book.bot_id)?.user_id;
        let old = take_away(user_id, &key)?;
        session::advance();
        let mut entries = Vec::new();
        let mut table = Table::open_to_read(&FILLS);
        let index = table.index(c"fills_pkey");
        table.scan(index, &[Key::Int(user_id), Key::Int(book.bot_id)], |row| {
            let entry = journal::read(row);
            if entry.book == book && entry.terms.symbol == symbol {
                entries.extend(effective(entry, &corrections));
            }
            if entries.len() <= MOST_FILLS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        table.close();
        if entries.len() > MOST_FILLS {
            return Err(Failure::of(
                "54000",
                &format!("more than {MOST_FILLS} fills would be booked again"),
                "Book the difference as a fill of its own.",
            ));
        }
        entries.sort_unstable_by_key(|(number, _)| *number);
        books.replay(&old, &entries)
    })
}

/// A position as the journal has it.
pub struct Folded {
    pub book: Book,
    pub symbol: String,
    pub first_fill: i64,
    pub last_fill: i64,
    pub position: Position,
    /// What its trades have come to, the open one included.
    pub net: Money,
}

/// The positions that the fills of one bot come to, in order.
fn fold(bot: &Bot, mut entries: Vec<(i64, Request)>, folded: &mut Vec<Folded>) -> Answer<()> {
    let key = |request: &Request| (request.terms.trade_type, request.terms.run_id, request.terms.symbol.clone());
    entries.sort_by_key(|(number, request)| (key(request), *number));
    let mut current: Option<Folded> = None;
    for (number, request) in &entries {
        let terms = &request.terms;
        let trade_type = terms.trade_type.unwrap_or(bot.trade_type);
        let book = Book { bot_id: bot.id, trade_type, run_id: terms.run_id };
        let new = |position| {
            let (symbol, number) = (terms.symbol.clone(), *number);
            Folded { book, symbol, first_fill: number, last_fill: number, position, net: Money::ZERO }
        };
        if current.as_ref().is_some_and(|open| open.book != book || open.symbol != terms.symbol) {
            folded.extend(current.take().map(ended));
        }
        let begun = || new(Position::new(held::terms(bot.method, terms.multiplier)));
        let mut open = current.take().unwrap_or_else(begun);
        let fill = Fill {
            number: *number,
            at: request.filled_at.0,
            side: terms.side,
            quantity: terms.quantity,
            price: terms.price,
            fee: fee(terms, &bot.quote)?,
        };
        let before = open.position.clone();
        let filled = open.position.apply(&fill, &mut Vec::new()).map_err(|refusal| refused(refusal, terms))?;
        open.last_fill = *number;
        if filled.closed > Money::ZERO && filled.opened > Money::ZERO {
            let (closed, begins) = flipped(&open.position, &before, &filled);
            folded.push(ended(Folded { position: closed, ..open }));
            current = Some(new(begins));
        } else if open.position.is_flat() {
            folded.push(ended(open));
        } else {
            current = Some(open);
        }
    }
    folded.extend(current.map(ended));
    Ok(())
}

fn ended(folded: Folded) -> Folded {
    // Of an open position its open trade has the fees that no other has.
    let net = folded.position.realized().minus(folded.position.fees()).unwrap_or_default();
    Folded { net, ..folded }
}

/// The positions that the whole journal comes to. Reads all of it, a bot at a time.
pub fn fold_all(bots: &HashMap<i64, Bot>) -> Answer<Vec<Folded>> {
    let corrections = corrections(None)?;
    let (mut folded, mut of_bot, mut fills): (Vec<Folded>, Option<i64>, Vec<(i64, Request)>) = Default::default();
    let mut failed = Ok(());
    let mut flush = |bot: Option<i64>, fills: Vec<(i64, Request)>| match bot.and_then(|bot| bots.get(&bot)) {
        Some(bot) => fold(bot, fills, &mut folded),
        None => Ok(()),
    };
    let mut table = Table::open_to_read(&FILLS);
    let index = table.index(c"fills_pkey");
    table.scan_in_statement(index, &[], |row| {
        let entry = journal::read(row);
        if of_bot != Some(entry.book.bot_id) {
            failed = flush(of_bot.replace(entry.book.bot_id), std::mem::take(&mut fills));
        }
        fills.extend(effective(entry, &corrections));
        if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    table.close();
    failed?;
    flush(of_bot, fills)?;
    Ok(folded)
}
