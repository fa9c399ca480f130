//! Stops that are triggered and still wait in the queue: they enter with the commands that follow, or by themselves
//! when none comes.

use std::ops::ControlFlow;

use matching::MarketStatus;

use super::carry_out::carry_out;
use super::command::{Action, Command};
use super::fields::markets;
use super::tables;
use crate::error::Answer;
use crate::pg::scan::Key;
use crate::pg::table::Table;

/// The open markets with stops in the queue.
pub fn left(symbol: Option<&str>) -> Vec<String> {
    let mut table = Table::open(&tables::MARKETS);
    let index = table.index(c"idx_markets_stops");
    let keys: Vec<Key<'_>> = symbol.into_iter().map(Key::Text).collect();
    let mut symbols = Vec::new();
    table.scan(index, &keys, |row| {
        // Nothing else of the row: one that cannot be read is its market's trouble, not that of the others.
        if row.some_text(markets::at::status) == Some(MarketStatus::Open.as_str()) {
            symbols.push(markets::of(row).symbol().to_owned());
        }
        ControlFlow::Continue(())
    });
    table.close();
    symbols
}

/// Enters stops of the queue in these markets, as many as one command does. Returns in how many markets.
pub fn enter(symbols: &[String]) -> Answer<usize> {
    let commands: Vec<Command> = symbols.iter().map(|symbol| Command::market(symbol, Action::Stops)).collect();
    if !commands.is_empty() {
        carry_out(&commands)?;
    }
    Ok(commands.len())
}
