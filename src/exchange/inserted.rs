//! Orders that a plain INSERT stores: checked before, placed after.

use ids::OrderId;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::calls::find_order;
use super::carry_out::{carry_out_here, require_write};
use super::command::Command;
use super::door_rule::Door;
use super::market_row::require_market;
use super::rows::OrderRow;
use super::tables;
use super::ticket::OrderArguments;
use super::{amendments, locks, refusals};
use crate::bourse::hidden::require_line;
use crate::error::Failure;
use crate::identity;
use crate::pg::arguments::Arguments;
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

/// How many orders one statement places.
const MOST: usize = 100_000;

/// Refuses what place_order() would refuse before it looks at the book, for an order that an INSERT is about to
/// store; waits for the user's client ids as place_order() does. The arguments are those of place_order().
#[pg_extern(sql = false)]
fn check_inserted(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    require_write("INSERT INTO exchange.orders")?;
    Door::INSERT.require_open()?;
    let arguments = Arguments::of(call);
    let ticket = OrderArguments::of_call(&arguments).ticket()?;
    identity::require_acts_for(ticket.user.0)?;
    let market = require_market(&ticket.symbol)?;
    Door::INSERT.require_open_in(&ticket.symbol, &market)?;
    let mut repeats = false;
    if let Some(client_id) = &ticket.client_order_id {
        locks::hold_client_ids(ticket.user)?;
        let keys = [Key::Int(ticket.user.0), Key::Text(client_id)];
        let first = find_order(c"orders_client_order_id_key", &keys);
        // The very same order is left to the unique constraint, and so to ON CONFLICT DO NOTHING.
        repeats = first.is_some();
        if first.is_some_and(|first| !amendments::first(&first).ticket.asks_the_same(&ticket)) {
            Err(refusals::client_order_id_used(client_id, ticket.user.0))?;
        }
    }
    if !repeats {
        ticket.client_order_id.as_deref().map_or(Ok(()), |client_id| require_line("client_order_id", client_id))?;
        identity::require_may_trade(ticket.user.0)?;
    }
    let new = ticket.order(OrderId(0), market.rates);
    let (rules, now) = (market.rules, Timestamp::now());
    // A bell that is due rings when the order is placed, and its status is looked at then.
    let takes = if market.is_bell_due(now) { Ok(()) } else { rules.takes(&new) };
    let admitted = takes.and_then(|()| rules.admit(&new, now.0));
    let (user, symbol) = (ticket.user.0, ticket.symbol.as_str());
    let on = market.subject(user, symbol);
    admitted.map_err(|refusal| refusals::failure(refusal, &on))?;
    Ok(())
}

#[pg_extern(sql = false)]
fn place_inserted(order_ids: Option<Vec<i64>>) -> Result<(), ErrorReport> {
    let order_ids = order_ids.unwrap_or_default();
    if order_ids.is_empty() {
        return Ok(());
    }
    if order_ids.len() > MOST {
        Err(Failure::new(
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            format!("one INSERT places {} orders, the limit is {MOST}", order_ids.len()),
            "Send them in several statements, or through exchange.order_commands.",
        ))?;
    }
    require_write("INSERT INTO exchange.orders")?;
    let mut table = Table::open(&tables::ORDERS);
    let index = table.index(c"orders_pkey");
    let mut commands = Vec::with_capacity(order_ids.len());
    for id in order_ids {
        let ticket = table.find(index, &[Key::Int(id)], |row| match OrderRow::read(row) {
            placed if placed.priority != 0 => Err(refusals::unknown_order(&id.to_string())),
            _ => OrderArguments::of_order(row).ticket(),
        });
        let ticket = ticket.unwrap_or_else(|| Err(refusals::unknown_order(&id.to_string())))?;
        commands.push(Command::new(ticket, Some(OrderId(id))));
    }
    table.close();
    for answer in carry_out_here(Door::INSERT, &commands)? {
        answer?;
    }
    Ok(())
}
