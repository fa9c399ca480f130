//! Writing what a transaction has done: each touched row once, in its final state.

use std::collections::{BTreeMap, BTreeSet};

use ids::{IdMap, OrderId};
use matching::CancelReason;
use pgrx::pg_sys;

use super::fields::{assets, markets};
use super::rows;
use super::run::Effects;
use super::tables;
use super::venue::{OpenMarket, Venue};
use super::{market_rows, settings};
use crate::bourse::tally;
use crate::pg::scan::Key;
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;
use crate::pg::{attached, sequence, session};

/// Writes everything, closes the tables, and fires what others have attached to them.
pub fn write(venue: Venue, effects: Effects) {
    attached::firing(|| write_all(venue, effects));
}

fn write_all(mut venue: Venue, effects: Effects) {
    let now = venue.now;
    let mut markets_of_venue = std::mem::take(&mut venue.markets);
    let mut changed = BTreeSet::new();
    let mut cancelled = 0;
    for (symbol, market) in &mut markets_of_venue {
        let written = write_orders(&mut venue.orders_table, market, &venue.order_rows, &effects, now);
        if written.any {
            changed.insert(symbol.clone());
        }
        cancelled += written.cancelled;
    }
    tally::count(&[("exchange.cancels", cancelled)]);
    write_markets(&mut markets_of_venue, &changed, &mut venue.markets_table, now);
    write_amendments(&markets_of_venue, &effects, now);
    write_balances(&mut venue, now);
    venue.close();
    session::advance();
}

/// What has become of the orders of a market.
struct Written {
    /// Whether any has changed.
    any: bool,
    /// How many their users have cancelled.
    cancelled: i64,
}

fn write_orders(
    table: &mut Table,
    market: &mut OpenMarket,
    loaded: &IdMap<OrderId, (Tid, bool)>,
    effects: &Effects,
    now: Timestamp,
) -> Written {
    let rules = market.row.rules;
    let changed = market.core.book.drain_changed();
    let any = !changed.is_empty();
    let mut cancelled = 0;
    if any && settings::notifies() {
        session::notify(c"bourse", &market.symbol);
    }
    for change in changed {
        pgrx::check_for_interrupts!();
        let order = &change.order;
        cancelled += i64::from(order.cancel_reason == Some(CancelReason::User));
        match effects.fresh.get(&order.id).filter(|_| change.is_new) {
            Some(fresh) if !fresh.stored => {
                let tid = rows::insert_order(table, fresh, order, &rules, now);
                market.known.note(order, &rules, tid);
            }
            fresh => {
                let mut changes = rows::order_changes(order, fresh, &rules, now);
                let stored = loaded.get(&order.id).copied();
                let (tid, waited) = stored.unwrap_or_else(|| inserted(table, order.id.0));
                if waited && rows::has_triggered(order) {
                    changes.triggered_at = Some(Some(now));
                }
                let tid = changes.update(table, tid);
                market.known.note(order, &rules, tid);
            }
        }
    }
    Written { any, cancelled }
}

/// Where an order stands that a plain INSERT has stored.
fn inserted(table: &mut Table, id: i64) -> (Tid, bool) {
    let index = table.index(c"orders_pkey");
    let found = table.find(index, &[Key::Int(id)], |row| row.tid());
    (found.unwrap_or_else(|| pgrx::error!("order {id}, which an INSERT has stored, is gone")), true)
}

/// Writes the row of each market in which anything has changed, even if none of its own columns has: what a session
/// knows of a book holds for one version of that row. Writes the trades.
fn write_markets(
    open: &mut BTreeMap<String, OpenMarket>,
    changed: &BTreeSet<String>,
    markets_table: &mut Table,
    now: Timestamp,
) {
    let mut trades_table: Option<(Table, pg_sys::Oid)> = None;
    for (symbol, market) in open {
        let made = market.core.drain_trades();
        let status = market.core.rules.status;
        let known = std::mem::take(&mut market.known);
        let left = (market.core.looked < market.core.sequence).then_some(market.core.looked);
        let bell = market.bell.take();
        let reason = (market.reason != market.row.status_reason).then_some(market.reason.as_deref());
        let is_as_before = status == market.row.rules.status;
        if !is_as_before && settings::notifies() {
            session::notify(c"bourse", symbol);
        }
        let same = is_as_before && left == market.row.stops_sequence && bell.is_none() && reason.is_none();
        let moved = changed.contains(symbol) || market.core.priority != market.row.last_priority;
        if !moved && same {
            market_rows::remember(symbol, market.row.tid);
            known.remember(symbol, (market.row.tid, market.row.writer));
            continue;
        }
        let changes = markets::Changes {
            last_priority: Some(market.core.priority),
            status: Some(status),
            status_reason: reason,
            updated_at: Some(now),
            stops_sequence: Some(left),
            bell_at: bell.map(|bell| bell.next),
            opens_at: bell.map(|bell| bell.opens_at),
            last_sequence: made.last().map(|last| last.sequence),
            last_price: made.last().map(|last| Some(market.row.rules.price(last.price))),
            ..markets::Changes::default()
        };
        let tid = changes.update(markets_table, market.row.tid);
        market_rows::remember(symbol, tid);
        known.remember(symbol, (tid, session::writer()));
        for trade in &made {
            pgrx::check_for_interrupts!();
            let (table, ids) = trades_table
                .get_or_insert_with(|| (Table::open(&tables::TRADES), sequence::named(c"exchange", c"trades_id_seq")));
            rows::insert_trade(table, sequence::next_value(*ids), symbol, trade, &market.row.rules, now);
        }
    }
    if let Some((table, _)) = trades_table {
        table.close();
    }
}

fn write_amendments(open: &BTreeMap<String, OpenMarket>, effects: &Effects, now: Timestamp) {
    if effects.amendments.is_empty() {
        return;
    }
    let mut table = Table::open(&tables::ORDER_AMENDMENTS);
    let ids = sequence::named(c"exchange", c"order_amendments_id_seq");
    for (symbol, change) in &effects.amendments {
        let rules = &open[symbol].row.rules;
        rows::insert_amendment(&mut table, sequence::next_value(ids), symbol, change, rules, now);
    }
    table.close();
}

fn write_balances(venue: &mut Venue, now: Timestamp) {
    for (user, asset, balance) in venue.accounts.drain_changed() {
        // A balance is written as a whole: one that was not read under its lock must never be.
        let Some(tid) = venue.balance_rows.locked(user, asset) else {
            pgrx::error!("balance of user {} in {} was not locked", user.0, venue.assets[asset.0 as usize]);
        };
        let changes = assets::Changes {
            amount: Some(balance.available),
            locked_amount: Some(balance.locked),
            updated_at: Some(now),
            ..assets::Changes::default()
        };
        let tid = changes.update(&mut venue.assets_table, tid);
        venue.balance_rows.set(user, asset, tid);
    }
}
