//! Positions out of the journal, booked again after a correction.

use std::collections::HashMap;
use std::ops::ControlFlow;

use money::Money;
use pgrx::prelude::*;

use super::book::Book;
use super::books::Old;
use super::desk::with_books;
use super::held::Before;
use super::journal::{self, Entry};
use super::request::{Request, Terms};
use super::tables::FILLS;
use crate::error::{Answer, Failure};
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::{owner, session};

/// So many fills of a book in a symbol are booked again by one correction.
const MOST_FILLS: usize = 100_000;

/// What became of fills: the figures that count instead, or none for one that never was.
pub type Corrections = HashMap<(i64, String), Option<(Money, Money, Money)>>;

/// Runs a statement of ours about a book in a symbol, and reads its rows.
fn rows<T>(
    statement: &str,
    user_id: i64,
    (book, symbol): &(Book, String),
    read: impl Fn(&spi::SpiHeapTupleData<'_>) -> Answer<T>,
) -> Answer<Vec<T>> {
    use crate::pg::fields::Words;
    let trade_type = book.trade_type.as_str();
    let (bot_id, run_id) = (book.bot_id, book.run_id);
    let arguments = [user_id.into(), bot_id.into(), trade_type.into(), symbol.as_str().into(), run_id.into()];
    let run = || {
        Spi::connect_mut(|client| {
            client.update(statement, None, &arguments).map_err(unreadable)?.map(|row| read(&row)).collect()
        })
    };
    session::as_role(owner::NAME, run)
}

fn unreadable(error: spi::Error) -> Failure {
    Failure::of("XX000", &error.to_string(), "")
}

/// What books do not hold, unless somebody has gone round the platform.
pub fn damaged(what: &str) -> Failure {
    Failure::of("XX001", what, "Nothing has changed. trading.verify() tells more: mend the row, or restore it.")
}

fn money(row: &spi::SpiHeapTupleData<'_>, column: usize, name: &str) -> Answer<Money> {
    let text = row.get::<String>(column).map_err(unreadable)?.unwrap_or_default();
    text.parse().map_err(|_| damaged(&format!("{name} is {text:?} in a row that is to be booked again")))
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
        |row| {
            let id = row.get::<i64>(1).map_err(unreadable)?.unwrap_or_default();
            Ok((id, money(row, 2, "net_pnl")?, row.get::<bool>(3).map_err(unreadable)? == Some(true)))
        },
    )?;
    let positions = rows(
        &format!(
            "DELETE FROM trading.positions WHERE {WHICH}
            RETURNING id, first_fill, low::text, high::text, status = 'open'"
        ),
        user_id,
        key,
        |row| {
            let id = row.get(1).map_err(unreadable)?.unwrap_or_default();
            let first_fill = row.get(2).map_err(unreadable)?.unwrap_or_default();
            let (low, high) = (money(row, 3, "low")?, money(row, 4, "high")?);
            Ok((Before { id, first_fill, low, high }, row.get::<bool>(5).map_err(unreadable)? == Some(true)))
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

/// The corrections that count, of one bot or of all.
pub fn corrections(bot_id: Option<i64>) -> Answer<Corrections> {
    let statement = "SELECT DISTINCT ON (c.bot_id, c.fill_id) c.bot_id, c.fill_id, c.quantity::text, c.price::text,
        c.fee::text, c.kind = 'bust' FROM trading.fill_corrections c WHERE $1 IS NULL OR c.bot_id = $1
        ORDER BY c.bot_id, c.fill_id, c.id DESC";
    let run = || {
        Spi::connect(|client| {
            let row = |row: spi::SpiHeapTupleData<'_>| {
                let bot_id = row.get::<i64>(1).map_err(unreadable)?.unwrap_or_default();
                let fill_id = row.get::<String>(2).map_err(unreadable)?.unwrap_or_default();
                let figures = match row.get::<bool>(6).map_err(unreadable)? {
                    Some(true) => None,
                    _ => Some((money(&row, 3, "quantity")?, money(&row, 4, "price")?, money(&row, 5, "fee")?)),
                };
                Ok(((bot_id, fill_id), figures))
            };
            client.select(statement, None, &[bot_id.into()]).map_err(unreadable)?.map(row).collect()
        })
    };
    session::as_role(owner::NAME, run)
}

/// A fill as it counts; none: it was busted.
pub fn effective(entry: Entry, corrections: &Corrections) -> Option<(i64, Request)> {
    let name = (entry.book.bot_id, entry.fill_id);
    let terms = match corrections.get(&name) {
        None => entry.terms,
        Some(None) => return None,
        Some(Some((quantity, price, fee))) => Terms { quantity: *quantity, price: *price, fee: *fee, ..entry.terms },
    };
    let (bot_id, fill_id) = name;
    let Entry { number, labels, filled_at, told_at, .. } = entry;
    Some((number, Request { bot_id, fill_id, terms, labels, filled_at, told_at }))
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
