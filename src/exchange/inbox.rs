//! The bulk door: commands out of `exchange.order_commands`, a batch to a transaction.

use std::collections::HashMap;
use std::ops::ControlFlow;

use matching::UserId;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::columns::commands;
use super::command::{Action, Command, Target};
use super::market_calls::require_market;
use super::ticket::{Request, client_order_id, exact_if_given, request_of};
use super::{Door, calls, carry_out, refusals, require_write, stops};
use crate::error::{Answer, Failure};
use crate::pg::lock::Lock;
use crate::pg::scan::{Key, Row};
use crate::pg::table::{Table, Tid};
use crate::pg::value::{Timestamp, Value};
use crate::pg::{session, subtransaction};

/// A command of the inbox: where it stands and what it asks for, if that can be read.
struct Queued {
    tid: Tid,
    id: i64,
    command: Answer<Command>,
}

#[pg_extern(sql = false)]
fn match_batch(symbol: Option<&str>, batch_size: Option<i32>) -> Result<i64, ErrorReport> {
    require_write("match_orders()")?;
    let limit = batch_size.filter(|n| *n > 0).ok_or_else(|| {
        let given = batch_size.map_or("NULL".to_owned(), |n| n.to_string());
        Failure::invalid(format!("batch_size is {given}"), "Take at least one command to a batch.")
    })?;
    if let Some(symbol) = symbol {
        require_market(symbol)?;
    }
    Door::DRAIN.require_open_everywhere(symbol)?;
    // One drain at a time: commands are carried out in order of id.
    Lock::Inbox.acquire();
    let count = match drain(symbol, limit as usize)? {
        // Nothing waits: what cascades have left goes on.
        0 => stops::enter(&stops::left(symbol))?,
        count => count,
    };
    Ok(count as i64)
}

/// Whether a command stands in the inbox.
pub fn is_waiting() -> bool {
    let mut inbox = Table::open(c"exchange", c"order_commands", commands::ALL);
    let index = inbox.index(c"order_commands_pkey");
    let waiting = inbox.find(index, &[], |_| ()).is_some();
    inbox.close();
    waiting
}

/// Carries out the next commands of all markets, unless somebody else is at it. Returns how many.
pub fn drain_if_free(limit: usize) -> Answer<usize> {
    if Lock::Inbox.try_acquire() { drain(None, limit) } else { Ok(0) }
}

/// Carries out the next commands. The caller holds the inbox. Where an error stops all of them, each half is tried
/// alone, down to the one command that is to blame: that one is refused with the error.
fn drain(symbol: Option<&str>, limit: usize) -> Answer<usize> {
    let mut ids = Vec::new();
    let Err(failure) = subtransaction::attempt(|| batch(symbol, limit, &mut ids)) else { return Ok(ids.len()) };
    match ids[..] {
        _ if !may_be_a_commands(&failure) => Err(failure),
        [] => Err(failure),
        [id] => subtransaction::attempt(|| refuse(id, &failure)).map(|()| 1),
        _ => Ok(drain(symbol, ids.len() / 2)? + drain(symbol, ids.len() - ids.len() / 2)?),
    }
}

/// Whether an error may come from what one command asks for: not when somebody is in the way, when the work is
/// cancelled, or when the server or the tables are not fit for any command.
fn may_be_a_commands(failure: &Failure) -> bool {
    let sqlstate = failure.sqlstate();
    let others = ["08", "25", "40", "53", "55", "57", "58", "F0", "XX001", "XX002"];
    !others.iter().any(|class| sqlstate.starts_with(class))
}

/// Carries out the next commands. `ids` says which those are, also when it fails on the way.
fn batch(symbol: Option<&str>, limit: usize, ids: &mut Vec<i64>) -> Answer<()> {
    let mut inbox = Table::open(c"exchange", c"order_commands", commands::ALL);
    let queued = take(&mut inbox, symbol, limit);
    ids.extend(queued.iter().map(|entry| entry.id));
    let commands: Vec<Command> = queued.iter().filter_map(|q| q.command.as_ref().ok().cloned()).collect();
    let mut answers = carry_out(&commands)?.into_iter();
    let mut rejections = None;
    for entry in &queued {
        let refused = match &entry.command {
            Ok(_) => answers.next().and_then(Result::err),
            Err(failure) => Some(failure.clone()),
        };
        if let Some(failure) = refused {
            reject(&mut inbox, &mut rejections, entry.id, &failure);
        }
        inbox.delete(entry.tid);
    }
    inbox.close();
    if let Some(table) = rejections {
        table.close();
    }
    session::advance();
    Ok(())
}

/// Refuses one command, by its id: one with a lower id may have come meanwhile.
fn refuse(id: i64, failure: &Failure) -> Answer<()> {
    let mut inbox = Table::open(c"exchange", c"order_commands", commands::ALL);
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
    Ok(())
}

/// The next commands, in order of id.
fn take(inbox: &mut Table, symbol: Option<&str>, limit: usize) -> Vec<Queued> {
    let index = inbox.index(c"order_commands_pkey");
    let mut queued: Vec<Queued> = Vec::new();
    // The markets of orders that this very batch places, by what their users call them.
    let mut placed = HashMap::new();
    inbox.scan(index, &[], |row| {
        let command = read(row, &placed);
        let wanted = symbol.is_none_or(|wanted| match &command {
            Ok(command) => command.symbol == wanted,
            Err(_) => row.some_text(commands::SYMBOL) == Some(wanted),
        });
        if wanted {
            if let Ok(Command { user, symbol, action: Action::New { ticket, .. } }) = &command
                && let Some(id) = &ticket.client_order_id
            {
                placed.insert((*user, id.clone()), symbol.clone());
            }
            queued.push(Queued { tid: row.tid(), id: row.int(commands::ID).unwrap_or_default(), command });
        }
        if queued.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    queued
}

fn read(row: &Row<'_>, placed: &HashMap<(UserId, String), String>) -> Answer<Command> {
    match row.some_text(commands::ACTION) {
        Some("new") => Ok(Command::new(request_of!(row, commands).ticket()?, None)),
        Some(action @ ("cancel" | "amend")) => {
            let user = UserId(row.int(commands::USER_ID).ok_or_else(|| Failure::null("user_id"))?);
            let client_id = row.some_text(commands::CLIENT_ORDER_ID).ok_or_else(|| Failure::null("client_order_id"))?;
            let client_id = client_order_id(client_id)?;
            let action = if action == "cancel" {
                Action::Cancel(Target::Client(client_id.clone()))
            } else {
                amend(row, client_id.clone())?
            };
            // The order is named by user and client_order_id; its market need not be repeated.
            let key = (user, client_id);
            let symbol = row.some_text(commands::SYMBOL).map(str::to_owned).or_else(|| placed.get(&key).cloned());
            let symbol = symbol.or_else(|| calls::symbol_of(user, &key.1));
            let symbol = symbol.ok_or_else(|| refusals::unknown_order(&format!("{:?}", key.1)))?;
            Ok(Command { user, symbol, action })
        }
        other => Err(Failure::invalid(
            format!("Invalid action: {}", other.map_or("NULL".to_owned(), |a| format!("{a:?}"))),
            "An action is new, cancel or amend.",
        )),
    }
}

fn amend(row: &Row<'_>, client_id: String) -> Answer<Action> {
    let price = exact_if_given("price", row.numeric(commands::PRICE))?;
    let amount = exact_if_given("amount", row.numeric(commands::AMOUNT))?;
    if price.is_none() && amount.is_none() {
        return Err(Failure::null("price and amount together"));
    }
    Ok(Action::Amend { target: Target::Client(client_id), price, amount })
}

/// Keeps a refused command, as it came, with the reason. One of the same id that was refused before gives way.
fn reject(inbox: &mut Table, rejections: &mut Option<Table>, id: i64, failure: &Failure) {
    let table = rejections
        .get_or_insert_with(|| Table::open(c"exchange", c"command_rejections", super::columns::rejections::ALL));
    let index = table.index(c"command_rejections_pkey");
    if let Some(before) = table.find(index, &[Key::Int(id)], |row| row.tid()) {
        table.delete(before);
    }
    let index = inbox.index(c"order_commands_pkey");
    inbox.find(index, &[Key::Int(id)], |row| {
        let sqlstate = failure.sqlstate();
        let text = |column| Value::from(row.some_text(column));
        let number = |column| Value::from(row.numeric(column));
        table.insert(&[
            Value::Text(&sqlstate),
            Value::Text(&failure.message),
            Some(failure.hint.as_str()).filter(|hint| !hint.is_empty()).into(),
            Value::Time(Timestamp::now()),
            Value::Int(id),
            text(commands::ACTION),
            row.int(commands::USER_ID).into(),
            text(commands::SYMBOL),
            text(commands::CLIENT_ORDER_ID),
            text(commands::SIDE),
            number(commands::PRICE),
            number(commands::AMOUNT),
            text(commands::ORDER_TYPE),
            text(commands::TIME_IN_FORCE),
            number(commands::STOP_PRICE),
            number(commands::DISPLAY_AMOUNT),
            number(commands::QUOTE_AMOUNT),
            row.bool(commands::POST_ONLY).into(),
            row.time(commands::EXPIRES_AT).into(),
            text(commands::SELF_TRADE),
            row.time(commands::CREATED_AT).into(),
        ]);
    });
}
