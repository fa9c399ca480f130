//! Every live order of a user, cancelled at once.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use ids::{OrderId, UserId};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::carry_out::{carry_out, carry_out_here, require_write};
use super::command::{Action, Command, Target};
use super::door_rule::Door;
use super::errand::{Piece, Sweep};
use super::fields::orders;
use super::market_row::require_market;
use super::{market_rows, refusals, tables};
use crate::error::{Answer, Failure};
use crate::identity;
use crate::pg::scan::Key;
use crate::pg::table::Table;

/// In how many markets one call cancels: each takes a lock of the server, and those are counted.
const MOST_MARKETS: usize = 1000;
/// How many orders are cancelled in one transaction of the sequencer.
const PIECE: usize = 1000;

#[pg_extern(sql = false)]
fn cancel_all_orders(user_id: Option<i64>, symbol: Option<&str>) -> Result<i64, ErrorReport> {
    let user = user_who_cancels("cancel_all_orders()", user_id, symbol)?;
    Door::CANCEL_ALL.require_open()?;
    Ok(cancel_all(user, symbol)?)
}

/// The user, if the session may act for him and the market, where one is named, takes cancels.
pub fn user_who_cancels(call: &str, user_id: Option<i64>, symbol: Option<&str>) -> Answer<UserId> {
    require_write(call)?;
    let user = user_id.ok_or_else(|| Failure::null("user_id"))?;
    identity::require_acts_for(user)?;
    if let Some(symbol) = symbol {
        let market = require_market(symbol)?;
        let refused = |_| refusals::market_not_open(&market.subject(user, symbol), market.rules.status);
        market.rules.takes_cancels().map_err(refused)?;
    }
    Ok(UserId(user))
}

/// Cancels what is live, in one market or in all; returns how many orders that was.
fn cancel_all(user: UserId, symbol: Option<&str>) -> Answer<i64> {
    // Once to learn which markets to lock, once more to see what is live under the locks. Others may have placed orders
    // of this user in further markets meanwhile: to take those as well would be out of order.
    let live = live_orders(user, symbol);
    let symbols: BTreeSet<&str> = live.iter().map(|command| command.symbol.as_str()).collect();
    if symbols.len() > MOST_MARKETS {
        return Err(refusals::too_many_markets(user.0, symbols.len(), MOST_MARKETS));
    }
    market_rows::hold_for_call(&symbols)?;
    let mut held = live_orders(user, symbol);
    held.retain(|command| symbols.contains(command.symbol.as_str()));
    let answers = carry_out_here(Door::CANCEL_ALL, &held)?;
    Ok(answers.iter().filter(|a| a.is_ok()).count() as i64)
}

/// Cancels the next orders of a sweep, in the transaction of the sequencer.
pub fn cancel_piece(sweep: &Sweep) -> Answer<Piece> {
    market_rows::hold_for_call(&BTreeSet::from([sweep.symbol.as_str()]))?;
    let mut ids = Vec::new();
    scan_live(sweep.user, Some(&sweep.symbol), sweep.after, |id, _| {
        if id <= sweep.newest {
            ids.push(id);
        }
        if id < sweep.newest && ids.len() < PIECE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let cancels: Vec<Command> = ids.iter().map(|id| cancel(sweep.user, &sweep.symbol, *id)).collect();
    let answers = if cancels.is_empty() { Vec::new() } else { carry_out(&cancels)? };
    let cancelled = answers.iter().filter(|answer| answer.is_ok()).count() as i64;
    Ok(Piece { cancelled, last: ids.last().copied().filter(|_| ids.len() == PIECE) })
}

/// A cancel for each live order of a user.
fn live_orders(user: UserId, symbol: Option<&str>) -> Vec<Command> {
    let mut commands = Vec::new();
    scan_live(user, symbol, OrderId(0), |id, symbol| {
        commands.push(cancel(user, symbol, id));
        ControlFlow::Continue(())
    });
    commands
}

fn cancel(user: UserId, symbol: &str, id: OrderId) -> Command {
    Command { user, symbol: symbol.to_owned(), action: Action::Cancel(Target::Id(id)) }
}

/// Goes through the live orders of a user, market by market in the order of their ids; in one market from an id on.
pub fn scan_live(
    user: UserId,
    symbol: Option<&str>,
    after: OrderId,
    mut each: impl FnMut(OrderId, &str) -> ControlFlow<()>,
) {
    let mut table = Table::open(&tables::ORDERS);
    let index = table.index(c"idx_orders_user_live");
    let keys = [Key::Int(user.0), Key::Text(symbol.unwrap_or_default()), Key::After(after.0)];
    table.scan(index, if symbol.is_some() { &keys } else { &keys[..1] }, |row| {
        let order = orders::of(row);
        each(OrderId(order.id()), order.symbol())
    });
    table.close();
}
