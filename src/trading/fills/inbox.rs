//! The inbox of the bulk door, `trading.fill_commands`: a batch of it to a transaction.

use std::ops::ControlFlow;

use super::INBOX;
use super::books::Rule;
use super::desk::with_books;
use super::request::{FillArguments, Request};
use super::tables::{FILL_COMMANDS, FILL_REJECTIONS, fill_commands, fill_rejections};
use crate::error::{Answer, Failure};
use crate::pg::scan::Key;
use crate::pg::session;
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;

/// The most bytes of a text that a rejection keeps.
const KEPT_BYTES: usize = 1000;

/// A fill of the inbox, if it can be read.
struct Queued {
    tid: Tid,
    id: i64,
    bot_id: Option<i64>,
    request: Answer<Request>,
}

/// Books the next fills, in order of id; returns how many have left the inbox. One batch at a time.
pub fn batch(most: usize) -> Answer<usize> {
    INBOX.only().acquire();
    session::advance();
    let mut inbox = Table::open(&FILL_COMMANDS);
    let queued = take(&mut inbox, most);
    if queued.is_empty() {
        inbox.close();
        return Ok(0);
    }
    let bot_ids = queued.iter().filter_map(|entry| entry.bot_id);
    with_books(bot_ids, |books| {
        let mut rejections = None;
        for entry in &queued {
            pgrx::check_for_interrupts!();
            let applied = match &entry.request {
                Ok(request) => books.apply(request, Rule::ByStatus).map(|_| ()),
                Err(failure) => Err(failure.clone()),
            };
            if let Err(failure) = applied {
                let user_id = entry.bot_id.and_then(|id| books.bot(id).ok()).map(|bot| bot.user_id);
                reject(
                    &mut inbox,
                    rejections.get_or_insert_with(|| Table::open(&FILL_REJECTIONS)),
                    entry.id,
                    user_id,
                    &failure,
                );
            }
            inbox.delete(entry.tid);
        }
        if let Some(table) = rejections {
            table.close();
        }
        inbox.close();
        Ok(queued.len())
    })
}

fn take(inbox: &mut Table, most: usize) -> Vec<Queued> {
    let index = inbox.index(c"fill_commands_pkey");
    let mut queued = Vec::new();
    inbox.scan(index, &[], |row| {
        let request = FillArguments::of_command(row).request();
        let read = fill_commands::of(row);
        queued.push(Queued { tid: row.tid(), id: read.id(), bot_id: read.bot_id(), request });
        if queued.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    queued
}

/// As much of a text as a rejection keeps.
fn kept(text: &str) -> &str {
    &text[..text.floor_char_boundary(KEPT_BYTES.min(text.len()))]
}

/// Keeps a refused fill, as it came, with the reason. One of the same id that was refused before gives way.
fn reject(inbox: &mut Table, table: &mut Table, id: i64, user_id: Option<i64>, failure: &Failure) {
    let index = table.index(c"fill_rejections_pkey");
    if let Some(before) = table.find(index, &[Key::Int(id)], |row| row.tid()) {
        table.delete(before);
    }
    let index = inbox.index(c"fill_commands_pkey");
    inbox.find(index, &[Key::Int(id)], |row| {
        let fill = fill_commands::of(row);
        let rejection = fill_rejections::New {
            command_id: id,
            sqlstate: &failure.sqlstate(),
            reason: &failure.message,
            hint: Some(failure.hint.as_str()).filter(|hint| !hint.is_empty()),
            rejected_at: Timestamp::now(),
            bot_id: fill.bot_id(),
            user_id,
            fill_id: fill.fill_id().map(kept),
            symbol: fill.symbol().map(kept),
            side: fill.side().map(kept),
            quantity: fill.quantity(),
            price: fill.price(),
            fee: fill.fee(),
            fee_currency: fill.fee_currency().map(kept),
            fee_rate: fill.fee_rate(),
            filled_at: fill.filled_at(),
            trade_type: fill.trade_type().map(kept),
            strategy_name: fill.strategy_name().map(kept),
            entry_logic_name: fill.entry_logic_name().map(kept),
            exit_logic_name: fill.exit_logic_name().map(kept),
            interval: fill.interval().map(kept),
            exit_reason: fill.exit_reason().map(kept),
            multiplier: fill.multiplier(),
            run_id: fill.run_id(),
            created_at: fill.created_at(),
        };
        rejection.insert(table);
    });
}
