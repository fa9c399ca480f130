//! Numbers that are behind the rows: after a restore of rows alone, or on a logical subscriber, a sequence gives ids
//! that are used already. That is no fault of the command that gets one, and must not look like one: a unique violation
//! says that a client_order_id stands for another order.

use std::panic::AssertUnwindSafe;

use pgrx::prelude::PgSqlErrorCode;
use pgrx::{PgTryBuilder, Spi};

use crate::error::{Answer, Failure};
use crate::pg::{session, worker};

/// The keys whose values the engine counts itself, and their tables.
const COUNTED: [(&str, &str); 5] = [
    ("orders_pkey", "exchange.orders"),
    ("trades_pkey", "exchange.trades"),
    ("order_amendments_pkey", "exchange.order_amendments"),
    ("assets_pkey", "exchange.assets"),
    ("transfers_pkey", "exchange.transfers"),
];
/// The key that counts the trades of a market, by the market's row.
const TRADES_OF_MARKET: &str = "trades_symbol_sequence_key";

/// Does what takes numbers; raises 55000 where one of them is used already.
pub fn told<T>(work: impl FnOnce() -> Answer<T>) -> Answer<T> {
    PgTryBuilder::new(AssertUnwindSafe(work))
        .catch_when(PgSqlErrorCode::ERRCODE_UNIQUE_VIOLATION, |error| match behind(&worker::failure(&error).message) {
            // Raised, not returned: what has been written is undone by an ERROR only.
            Some(failure) => session::raise_unfit(failure.code, &failure.message, &failure.hint),
            None => error.rethrow(),
        })
        .execute()
}

/// Refuses before anything is done that nobody waits for: in a database to which rows still come.
pub fn require_none() -> Answer<()> {
    let table = Spi::get_one::<String>("SELECT exchange_private.table_behind()");
    match table {
        Ok(None) => Ok(()),
        Ok(Some(table)) => Err(ids_of(&table)),
        Err(error) => pgrx::error!("ids not compared with sequences: {error}"),
    }
}

/// What is behind, if a unique violation is about a number that the engine has counted. The message names the key, in
/// whatever language.
fn behind(message: &str) -> Option<Failure> {
    let names =
        |key: &str| message.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).any(|word| word == key);
    if names(TRADES_OF_MARKET) {
        return Some(Failure::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            "exchange.markets is behind exchange.trades",
            "Restore both as of one moment; exchange.verify() names the market.",
        ));
    }
    COUNTED.iter().find(|(key, _)| names(key)).map(|(_, table)| ids_of(table))
}

fn ids_of(table: &str) -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("the ids of {table} are behind its rows"),
        "SELECT * FROM bourse.align_sequences() moves every sequence behind its rows; an admin may call it.",
    )
}
