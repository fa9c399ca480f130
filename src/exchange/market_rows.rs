//! Holding markets: the lock of each, then its row.
//!
//! The lock is what calls queue for. The row is locked after it, so that whoever changes a market's rules by hand needs
//! no lock of ours: an UPDATE waits for the row, and holds that row only. A call never waits for a row while it holds
//! locks that it has just taken, for who holds the row may ask for one of them next. It lets go of its locks, waits for
//! the row, and begins again.
//!
//! Where a row stands is remembered from call to call, as with balances: a look into the index walks over every dead
//! version that cannot be cleaned away yet.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::fields::markets;
use super::locks::MARKETS;
use super::rows::MarketRow;
use super::tables;
use crate::error::{Answer, Failure};
use crate::pg::lock::{self, Lock};
use crate::pg::scan::{Key, Locked, Row};
use crate::pg::subtransaction;
use crate::pg::table::{Table, Tid};

/// Beyond so many markets all are forgotten.
const MOST: usize = 100_000;

thread_local! {
    static REMEMBERED: RefCell<HashMap<String, Tid>> = RefCell::new(HashMap::new());
}

/// Notes where the row of a market stands, for the next call.
pub fn remember(symbol: &str, tid: Tid) {
    REMEMBERED.with_borrow_mut(|places| {
        if let Some(place) = places.get_mut(symbol) {
            *place = tid;
            return;
        }
        if places.len() >= MOST {
            places.clear();
        }
        places.insert(symbol.to_owned(), tid);
    });
}

/// Holds these markets to the end of the transaction. Returns the rows of those that exist, in order of symbol.
pub fn hold(table: &mut Table, symbols: &BTreeSet<&str>) -> Answer<Vec<(String, MarketRow)>> {
    loop {
        let taken = lock::acquire_all(symbols.iter().map(|symbol| MARKETS.named(symbol)));
        let busy = match lock_rows(table, symbols)? {
            Ok(rows) => return Ok(rows),
            Err(busy) => busy,
        };
        taken.into_iter().for_each(Lock::release);
        wait(table, busy)?;
    }
}

/// The rows of these markets, locked; or the market whose row somebody else holds: then those of the others are let go
/// again, which only the end of a subtransaction does.
fn lock_rows<'a>(table: &mut Table, symbols: &BTreeSet<&'a str>) -> Answer<Result<Vec<(String, MarketRow)>, &'a str>> {
    let mut busy = None;
    let mut work = || {
        let mut rows = Vec::with_capacity(symbols.len());
        for symbol in symbols {
            match lock_row(table, symbol, MarketRow::read) {
                Locked::Row(row) => rows.push(((*symbol).to_owned(), row)),
                Locked::Gone => {}
                Locked::Busy => {
                    busy = Some(*symbol);
                    return Err(held(symbol));
                }
            }
        }
        Ok(rows)
    };
    // Of one market there is no other row to let go.
    let rows = if symbols.len() > 1 { subtransaction::attempt(work) } else { work() };
    match (rows, busy) {
        (Err(_), Some(busy)) => Ok(Err(busy)),
        (rows, _) => rows.map(Ok),
    }
}

/// What undoes the lock of a row, and is told to nobody.
fn held(symbol: &str) -> Failure {
    Failure::invalid(format!("the row of market {symbol} is locked"), "Wait until it is free.")
}

/// As [`hold`], before the tables of a venue are opened.
pub fn hold_for_call(symbols: &BTreeSet<&str>) -> Answer<Vec<(String, MarketRow)>> {
    let mut table = Table::open(&tables::MARKETS);
    let held = hold(&mut table, symbols)?;
    table.close();
    Ok(held)
}

/// Whether somebody else holds a market just now, whatever stands in its row. What this takes is for the caller's
/// transaction to let go.
pub fn is_held(symbol: &str) -> bool {
    if !MARKETS.named(symbol).try_acquire() {
        return true;
    }
    let mut table = Table::open(&tables::MARKETS);
    let busy = matches!(lock_row(&mut table, symbol, |_| ()), Locked::Busy);
    table.close();
    busy
}

/// Locks the row of a market if nobody else holds it now.
fn lock_row<T>(table: &mut Table, symbol: &str, read: fn(&Row<'_>) -> T) -> Locked<T> {
    let is_it = |row: &Row<'_>| row.some_text(markets::at::symbol) == Some(symbol);
    let known = REMEMBERED.with_borrow(|places| places.get(symbol).copied());
    match known.map(|tid| table.try_lock(tid, is_it, read)) {
        Some(Locked::Gone) | None => {}
        Some(found) => return found,
    }
    let index = table.index(c"markets_pkey");
    let found = table.find(index, &[Key::Text(symbol)], |row| row.tid());
    found.map_or(Locked::Gone, |tid| table.try_lock(tid, is_it, read))
}

/// Waits until nobody else holds the row of a market, and leaves it free: who has waited queues for the lock again.
fn wait(table: &mut Table, symbol: &str) -> Answer<()> {
    let index = table.index(c"markets_pkey");
    let mut waited = false;
    let undone: Answer<()> = subtransaction::attempt(|| {
        table.find_locked(index, &[Key::Text(symbol)], |_| ());
        waited = true;
        Err(held(symbol))
    });
    undone.or_else(|failure| if waited { Ok(()) } else { Err(failure) })
}
