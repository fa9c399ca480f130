//! The inbox of the bulk door, `exchange.order_commands`: a batch of it to a transaction.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use ids::UserId;

use super::carry_out::carry_out_some;
use super::command::{Action, Command, Target};
use super::fields::{command_rejections, order_commands};
use super::tables;
use super::ticket::{OrderArguments, client_order_id, exact_if_given, require_short};
use super::{calls, refusals};
use crate::error::{Answer, Failure, clip};
use crate::pg::scan::{Key, Row};
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;
use crate::pg::{attached, session};

/// The most bytes of commands in one batch.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// The most markets in one batch: each takes a lock of the server, and those are counted.
const BATCH_MARKETS: usize = 1000;
/// The most bytes of a text that a rejection keeps: the inbox takes no longer ones, but once did.
const KEPT_BYTES: usize = 1000;

/// A command of the inbox: where it stands and what it asks for, if that can be read.
struct QueuedCommand {
    tid: Tid,
    id: i64,
    command: Answer<Command>,
}

/// Which commands are to be carried out.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Those of one market; none: of all.
    pub symbol: Option<&'a str>,
    /// No more than so many.
    pub most: usize,
    /// None with a higher id.
    pub until: i64,
}

/// Whether a command waits in the inbox.
pub fn is_waiting() -> bool {
    !waiting(1, i64::MAX).is_empty()
}

/// The ids of the first commands that wait.
pub fn waiting(most: usize, until: i64) -> Vec<i64> {
    let mut inbox = Table::open(&tables::ORDER_COMMANDS);
    let index = inbox.index(c"order_commands_pkey");
    let mut ids = Vec::new();
    inbox.scan(index, &[], |row| {
        let id = order_commands::of(row).id();
        if id > until {
            return ControlFlow::Break(());
        }
        if order_commands::of(row).set_aside_at().is_none() {
            ids.push(id);
        }
        if ids.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    inbox.close();
    ids
}

/// The highest id in the inbox.
pub fn highest_id() -> Option<i64> {
    let mut inbox = Table::open(&tables::ORDER_COMMANDS);
    let index = inbox.index(c"order_commands_pkey");
    let id = inbox.last(index, |row| order_commands::of(row).id());
    inbox.close();
    id
}

impl Skipped {
    fn has(&self, command: &Command) -> bool {
        self.symbols.contains(&command.symbol) || self.users.contains(&command.user.0)
    }
}

/// What a batch has tried, also when it fails on the way.
#[derive(Default)]
pub struct Tried {
    /// The commands, by id.
    pub ids: Vec<i64>,
    /// The market and the user of the last of them.
    pub symbol: Option<String>,
    pub user: Option<i64>,
}

/// Whose commands are left out.
#[derive(Default)]
pub struct Skipped {
    /// Markets.
    pub symbols: HashSet<String>,
    /// Users.
    pub users: HashSet<i64>,
}

/// Carries out the next commands, some left out; returns how many, and how many of them were
/// accepted.
pub fn batch(wanted: Wanted<'_>, skipped: &Skipped, tried: &mut Tried) -> Answer<(usize, usize)> {
    attached::firing(|| carry_out_batch(wanted, skipped, tried))
}

fn carry_out_batch(wanted: Wanted<'_>, skipped: &Skipped, tried: &mut Tried) -> Answer<(usize, usize)> {
    let mut inbox = Table::open(&tables::ORDER_COMMANDS);
    let queued = take(&mut inbox, wanted, skipped);
    tried.ids.extend(queued.iter().map(|entry| entry.id));
    if let Some(Ok(command)) = queued.last().map(|last| &last.command) {
        (tried.symbol, tried.user) = (Some(command.symbol.clone()), Some(command.user.0));
    }
    let commands: Vec<Command> = queued.iter().filter_map(|q| q.command.as_ref().ok().cloned()).collect();
    let mut answers = carry_out_some(&commands)?.into_iter();
    let (mut done, mut accepted, mut rejections) = (0, 0, None);
    for entry in &queued {
        let refused = match &entry.command {
            Ok(_) => match answers.next() {
                Some(answer) => answer.err(),
                // The others are enough for one transaction.
                None => break,
            },
            Err(failure) => Some(failure.clone()),
        };
        done += 1;
        match refused {
            Some(failure) => reject(&mut inbox, &mut rejections, entry.id, &failure),
            None => accepted += 1,
        }
        inbox.delete(entry.tid);
    }
    inbox.close();
    if let Some(table) = rejections {
        table.close();
    }
    session::advance();
    Ok((done, accepted))
}

/// Refuses one command, by its id: one with a lower id may have come meanwhile.
pub fn refuse(id: i64, failure: &Failure) -> Answer<()> {
    attached::firing(|| move_to_rejections(id, failure));
    Ok(())
}

fn move_to_rejections(id: i64, failure: &Failure) {
    let mut inbox = Table::open(&tables::ORDER_COMMANDS);
    let index = inbox.index(c"order_commands_pkey");
    // Whoever has deleted it meanwhile wanted nothing of it.
    if let Some(tid) = inbox.find(index, &[Key::Int(id)], |row| row.tid()) {
        let mut rejections = None;
        reject(&mut inbox, &mut rejections, id, failure);
        inbox.delete(tid);
        if let Some(table) = rejections {
            table.close();
        }
    }
    inbox.close();
    session::advance();
}

/// Leaves one command where it stands, for an operator to look at: nobody tries it again.
pub fn set_aside(id: i64, failure: &Failure) -> Answer<()> {
    attached::firing(|| mark_set_aside(id, failure));
    Ok(())
}

fn mark_set_aside(id: i64, failure: &Failure) {
    let mut inbox = Table::open(&tables::ORDER_COMMANDS);
    let index = inbox.index(c"order_commands_pkey");
    if let Some(tid) = inbox.find(index, &[Key::Int(id)], |row| row.tid()) {
        let sqlstate = failure.sqlstate();
        let changes = order_commands::Changes {
            set_aside_at: Some(Some(Timestamp::now())),
            set_aside_sqlstate: Some(Some(&sqlstate)),
            set_aside_reason: Some(Some(&failure.message)),
            ..order_commands::Changes::default()
        };
        changes.update(&mut inbox, tid);
    }
    inbox.close();
    session::advance();
}

/// Tells the server log.
pub fn tell_of_aside(id: i64, failure: &Failure) {
    let (message, sqlstate) = (&failure.message, failure.sqlstate());
    pgrx::log!("pg_bourse: command {id} of the inbox is set aside: {message} (SQLSTATE {sqlstate})");
}

/// The columns that can be long.
const LONG: [usize; 12] = {
    use order_commands::at;
    [
        at::action,
        at::symbol,
        at::client_order_id,
        at::side,
        at::order_type,
        at::time_in_force,
        at::self_trade_prevention,
        at::price,
        at::amount,
        at::stop_price,
        at::display_amount,
        at::quote_amount,
    ]
};

/// The next commands, in order of id, as far as they are wanted and one batch has room for them.
fn take(inbox: &mut Table, wanted: Wanted<'_>, skipped: &Skipped) -> Vec<QueuedCommand> {
    let index = inbox.index(c"order_commands_pkey");
    let (mut queued, mut bytes) = (Vec::<QueuedCommand>::new(), 0);
    // The markets of orders that this very batch places, by what their users call them.
    let mut placed = HashMap::new();
    let mut markets = HashSet::new();
    inbox.scan(index, &[], |row| {
        let id = order_commands::of(row).id();
        if id > wanted.until {
            return ControlFlow::Break(());
        }
        if order_commands::of(row).set_aside_at().is_some() {
            return ControlFlow::Continue(());
        }
        // Before it is read: a text of its own may be as large as a batch.
        bytes += LONG.iter().map(|column| row.size(*column)).sum::<usize>();
        if bytes > BATCH_BYTES && !queued.is_empty() {
            return ControlFlow::Break(());
        }
        let command = read(row, &placed);
        let waits = command.as_ref().is_ok_and(|command| skipped.has(command));
        let is_wanted = !waits
            && wanted.symbol.is_none_or(|wanted| match &command {
                Ok(command) => command.symbol == wanted,
                Err(_) => order_commands::of(row).symbol() == Some(wanted),
            });
        if is_wanted {
            if let Ok(Command { user, symbol, action: Action::New { ticket, .. } }) = &command
                && let Some(id) = &ticket.client_order_id
            {
                placed.insert((*user, id.clone()), symbol.clone());
            }
            markets.extend(command.as_ref().ok().map(|command| command.symbol.clone()));
            queued.push(QueuedCommand { tid: row.tid(), id, command });
        }
        if queued.len() < wanted.most && markets.len() < BATCH_MARKETS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    queued
}

fn read(row: &Row<'_>, placed: &HashMap<(UserId, String), String>) -> Answer<Command> {
    let command = order_commands::of(row);
    match command.action() {
        Some("new") => Ok(Command::new(OrderArguments::of_command(row).ticket()?, None)),
        Some(action @ ("cancel" | "amend")) => {
            require_short("symbol", command.symbol())?;
            let user = UserId(command.user_id().ok_or_else(|| Failure::null("user_id"))?);
            let client_id = command.client_order_id().ok_or_else(|| Failure::null("client_order_id"))?;
            let client_id = client_order_id(client_id)?;
            let action = if action == "cancel" {
                Action::Cancel(Target::Client(client_id.clone()))
            } else {
                amend(row, client_id.clone())?
            };
            // The order is named by user and client_order_id; its market need not be repeated.
            let key = (user, client_id);
            let symbol = command.symbol().map(str::to_owned).or_else(|| placed.get(&key).cloned());
            let symbol = symbol.or_else(|| calls::symbol_of(user, &key.1));
            let symbol = symbol.ok_or_else(|| refusals::unknown_order(&format!("{:?}", clip(&key.1))))?;
            Ok(Command { user, symbol, action })
        }
        other => Err(Failure::invalid(
            format!("Invalid action: {}", other.map_or("NULL".to_owned(), |a| format!("{:?}", clip(a)))),
            "An action is new, cancel or amend.",
        )),
    }
}

fn amend(row: &Row<'_>, client_id: String) -> Answer<Action> {
    let command = order_commands::of(row);
    let price = exact_if_given("price", command.price())?;
    let amount = exact_if_given("amount", command.amount())?;
    if price.is_none() && amount.is_none() {
        return Err(Failure::null("price and amount together"));
    }
    Ok(Action::Amend { target: Target::Client(client_id), price, amount })
}

/// As much of a text as a rejection keeps.
fn kept(text: &str) -> &str {
    &text[..text.floor_char_boundary(KEPT_BYTES.min(text.len()))]
}

/// Keeps a refused command, as it came, with the reason. One of the same id that was refused before gives way.
fn reject(inbox: &mut Table, rejections: &mut Option<Table>, id: i64, failure: &Failure) {
    let table = rejections.get_or_insert_with(|| Table::open(&tables::COMMAND_REJECTIONS));
    let index = table.index(c"command_rejections_pkey");
    if let Some(before) = table.find(index, &[Key::Int(id)], |row| row.tid()) {
        table.delete(before);
    }
    let index = inbox.index(c"order_commands_pkey");
    inbox.find(index, &[Key::Int(id)], |row| {
        let command = order_commands::of(row);
        let rejection = command_rejections::New {
            sqlstate: &failure.sqlstate(),
            reason: &failure.message,
            hint: Some(failure.hint.as_str()).filter(|hint| !hint.is_empty()),
            rejected_at: Timestamp::now(),
            command_id: id,
            action: command.action().map(kept),
            user_id: command.user_id(),
            symbol: command.symbol().map(kept),
            client_order_id: command.client_order_id().map(kept),
            side: command.side().map(kept),
            price: command.price(),
            amount: command.amount(),
            order_type: command.order_type().map(kept),
            time_in_force: command.time_in_force().map(kept),
            stop_price: command.stop_price(),
            display_amount: command.display_amount(),
            quote_amount: command.quote_amount(),
            post_only: command.post_only(),
            expires_at: command.expires_at(),
            self_trade_prevention: command.self_trade_prevention().map(kept),
            created_at: command.created_at(),
        };
        rejection.insert(table);
    });
}
