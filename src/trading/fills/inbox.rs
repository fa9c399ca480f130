//! The inbox of the bulk door, `trading.fill_commands`: a batch of it to a transaction.
//!
//! Whoever empties it holds it, and so waits for nobody: the fills of a bot that somebody else holds are passed over, all
//! of them, for those of a bot are booked in their order. A call comes back to them a few times, and sleeps before it
//! holds the inbox again.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Duration;

use super::INBOX;
use super::books::Rule;
use super::desk::with_books;
use super::request::{FillArguments, Request};
use super::tables::{BOTS, FILL_COMMANDS, FILL_REJECTIONS, bots, fill_commands, fill_rejections};
use crate::error::{Answer, Failure};
use crate::pg::scan::{Key, Locked, Row};
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;
use crate::pg::{latch, session};

/// The most bytes of a text that a rejection keeps.
const KEPT_BYTES: usize = 1000;
/// So often a call comes back to the fills of bots that somebody holds, this long after it has seen that.
const ROUNDS: usize = 10;
const REST: Duration = Duration::from_millis(100);

/// A fill of the inbox, if it can be read.
struct Queued {
    tid: Tid,
    id: i64,
    bot_id: Option<i64>,
    request: Answer<Request>,
}

/// A call, from one batch to the next.
pub struct Call {
    /// How often it may come back still.
    rounds: usize,
    is_to_rest: bool,
    /// It has looked at all commands up to this id.
    looked: i64,
    /// Bots that somebody else holds, and the first command that was passed over for one.
    held: HashSet<i64>,
    passed: Option<i64>,
}

impl Call {
    pub fn new() -> Call {
        Call { rounds: ROUNDS, is_to_rest: false, looked: i64::MIN, held: HashSet::new(), passed: None }
    }

    /// Books the next fills, in order of id, in a transaction of their own. Returns whether there is more to do.
    pub fn batch(&mut self, most: usize) -> Answer<bool> {
        if std::mem::take(&mut self.is_to_rest) {
            latch::sleep(REST);
        }
        INBOX.only().acquire();
        session::advance();
        let mut inbox = Table::open(&FILL_COMMANDS);
        let queued = self.take(&mut inbox, most);
        if queued.is_empty() {
            inbox.close();
            return Ok(self.comes_back());
        }
        book(inbox, &queued)?;
        Ok(true)
    }

    /// Goes back to what it has passed over, if it may.
    fn comes_back(&mut self) -> bool {
        let Some(passed) = self.passed.take().filter(|_| self.rounds > 0) else { return false };
        (self.rounds, self.is_to_rest, self.looked) = (self.rounds - 1, true, passed - 1);
        self.held.clear();
        true
    }

    /// The next commands of bots that nobody else holds; they are held from now on.
    fn take(&mut self, inbox: &mut Table, most: usize) -> Vec<Queued> {
        let (mut queued, mut mine) = (Vec::new(), HashSet::new());
        let mut table = Table::open(&BOTS);
        let index = inbox.index(c"fill_commands_pkey");
        inbox.scan(index, &[Key::After(self.looked)], |row| {
            let read = fill_commands::of(row);
            let (id, bot_id) = (read.id(), read.bot_id());
            self.looked = id;
            if bot_id.is_some_and(|bot_id| self.is_held(&mut table, bot_id, &mut mine)) {
                self.passed.get_or_insert(id);
                return ControlFlow::Continue(());
            }
            let request = FillArguments::of_command(row).request();
            queued.push(Queued { tid: row.tid(), id, bot_id, request });
            if queued.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        table.close();
        queued
    }

    /// Whether somebody else holds a bot; if nobody does it is ours. One that is not there is nobody's.
    fn is_held(&mut self, table: &mut Table, bot_id: i64, mine: &mut HashSet<i64>) -> bool {
        if self.held.contains(&bot_id) || mine.contains(&bot_id) {
            return self.held.contains(&bot_id);
        }
        let index = table.index(c"bot_accounts_pkey");
        let place = table.find(index, &[Key::Int(bot_id)], |row| row.tid());
        let is_it = |row: &Row<'_>| row.some_int(bots::at::id) == Some(bot_id);
        let locked = place.map(|tid| table.try_lock(tid, is_it, |_| ()));
        let is_held = matches!(locked, Some(Locked::Busy));
        if is_held {
            self.held.insert(bot_id)
        } else {
            mine.insert(bot_id)
        };
        is_held
    }
}

/// Books commands, or says why not; they leave the inbox.
fn book(mut inbox: Table, queued: &[Queued]) -> Answer<()> {
    let bot_ids = queued.iter().filter_map(|entry| entry.bot_id);
    with_books(bot_ids, |books| {
        let mut rejections = None;
        for entry in queued {
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
        Ok(())
    })
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
