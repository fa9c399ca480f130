//! The SQL calls, one order each: carried out here (`place_order` …) or by the sequencer (`submit_order` …).
//! Signatures, defaults and comments are in `sql/exchange/doors.sql` and `sql/exchange/sequencer.sql`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use matching::{OrderId, UserId};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::calls::{self, order_call};
use super::command::{Action, Command, Target};
use super::market_calls::require_market;
use super::rows::orders;
use super::sequencer::submit;
use super::ticket::Request;
use super::{carry_out, refusals, require_write, result, venue};
use crate::error::{Answer, Failure};
use crate::identity;
use crate::pg::lock::Lock;
use crate::pg::numeric::Numeric;
use crate::pg::result::Composite;
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

order_call! {
    fn place_order(request) -> Composite<7> {
        require_write("place_order()")?;
        Ok(one(&calls::new_order(&request)?)?)
    }
}

#[pg_extern(sql = false)]
fn cancel_order(order_id: Option<i64>) -> Result<Composite<7>, ErrorReport> {
    require_write("cancel_order()")?;
    Ok(one(&calls::cancel(order_id)?)?)
}

#[pg_extern(sql = false)]
fn cancel_client_order(user_id: Option<i64>, client_order_id: Option<&str>) -> Result<Composite<7>, ErrorReport> {
    require_write("cancel_order()")?;
    Ok(one(&calls::cancel_by_client(user_id, client_order_id)?)?)
}

#[pg_extern(sql = false)]
fn amend_order(
    order_id: Option<i64>,
    new_price: Option<Numeric>,
    new_amount: Option<Numeric>,
) -> Result<Composite<7>, ErrorReport> {
    require_write("amend_order()")?;
    Ok(one(&calls::amend(order_id, new_price, new_amount)?)?)
}

/// Carries out one command; a refusal is the caller's ERROR.
fn one(command: &Command) -> Answer<Composite<7>> {
    let answer = carry_out(std::slice::from_ref(command))?.pop();
    let done = answer.unwrap_or_else(|| Err(refusals::unknown_market(&command.symbol)))?;
    Ok(result::of(command, done)?.row())
}

order_call! {
    fn submit_order(request) -> Composite<7> {
        require_write("submit_order()")?;
        Ok(submit(&calls::new_order(&request)?)?.row())
    }
}

#[pg_extern(sql = false)]
fn submit_cancel(order_id: Option<i64>) -> Result<Composite<7>, ErrorReport> {
    require_write("submit_cancel()")?;
    Ok(submit(&calls::cancel(order_id)?)?.row())
}

#[pg_extern(sql = false)]
fn submit_client_cancel(user_id: Option<i64>, client_order_id: Option<&str>) -> Result<Composite<7>, ErrorReport> {
    require_write("submit_cancel()")?;
    Ok(submit(&calls::cancel_by_client(user_id, client_order_id)?)?.row())
}

#[pg_extern(sql = false)]
fn submit_amend(
    order_id: Option<i64>,
    new_price: Option<Numeric>,
    new_amount: Option<Numeric>,
) -> Result<Composite<7>, ErrorReport> {
    require_write("submit_amend()")?;
    Ok(submit(&calls::amend(order_id, new_price, new_amount)?)?.row())
}

#[pg_extern(sql = false)]
fn cancel_all_orders(user_id: Option<i64>, symbol: Option<&str>) -> Result<i64, ErrorReport> {
    require_write("cancel_all_orders()")?;
    let user = user_id.ok_or_else(|| Failure::null("user_id"))?;
    identity::require_acts_for(user)?;
    if let Some(symbol) = symbol {
        let rules = require_market(symbol)?.rules;
        rules.takes_cancels().map_err(|_| refusals::market_not_open(symbol, rules.status))?;
    }
    // Once to learn which markets to lock, once more to see what is live under the locks.
    let live = live_orders(UserId(user), symbol);
    let symbols: BTreeSet<&str> = live.iter().map(|command| command.symbol.as_str()).collect();
    venue::acquire(symbols.into_iter().map(Lock::Market));
    let answers = carry_out(&live_orders(UserId(user), symbol))?;
    Ok(answers.iter().filter(|a| a.is_ok()).count() as i64)
}

/// A cancel for each live order of a user.
fn live_orders(user: UserId, symbol: Option<&str>) -> Vec<Command> {
    let mut table = Table::open(c"exchange", c"orders", orders::ALL);
    let index = table.index(c"idx_orders_user_live");
    let (one_user, one_market) = ([Key::Int(user.0)], [Key::Int(user.0), Key::Text(symbol.unwrap_or_default())]);
    let mut commands = Vec::new();
    table.scan(index, if symbol.is_some() { &one_market } else { &one_user }, |row| {
        let id = OrderId(row.int(orders::ID).unwrap_or_default());
        let action = Action::Cancel(Target::Id(id));
        commands.push(Command { user, symbol: row.text(orders::SYMBOL).to_owned(), action });
        ControlFlow::Continue(())
    });
    table.close();
    commands
}
