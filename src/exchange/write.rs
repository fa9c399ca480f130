//! Writing what a transaction has done: each touched row once, in its final state.

use matching::accounts::AssetId;
use matching::book::Changed;
use matching::UserId;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::rows::{self, Fresh, amendments, assets, markets, trades};
use super::run::Work;
use super::venue::{OpenMarket, Venue};
use crate::error::{Answer, Failure};
use crate::pg::scan::Key;
use crate::pg::session;
use crate::pg::table::Table;
use crate::pg::value::{Timestamp, Value};

/// Writes everything and closes the tables.
pub fn write(mut venue: Venue, work: Work) -> Answer<()> {
    let now = Timestamp::now();
    let mut markets_of_venue = std::mem::take(&mut venue.markets);
    for market in markets_of_venue.values_mut() {
        write_orders(&mut venue.orders_table, market, &work, now);
    }
    write_trades(&mut markets_of_venue, &mut venue.markets_table, now);
    write_amendments(&markets_of_venue, &work, now);
    write_balances(&mut venue, now)?;
    venue.orders_table.close();
    venue.assets_table.close();
    venue.markets_table.close();
    session::advance();
    Ok(())
}

/// The sequence behind an identity column.
pub fn sequence(name: &'static std::ffi::CStr) -> pg_sys::Oid {
    session::relation(c"exchange", name)
        .unwrap_or_else(|| pgrx::error!("sequence exchange.{} is missing", name.to_string_lossy()))
}

fn write_orders(table: &mut Table, market: &mut OpenMarket, work: &Work, now: Timestamp) {
    let rules = market.row.rules;
    let mut changed: Vec<(Changed, Option<&Fresh>)> =
        market.core.book.drain_changed().into_iter().map(|c| (c, work.fresh.get(&c.order.id))).collect();
    // Two transactions that insert the same client_order_ids wait for each other in one order, never in a circle.
    changed.sort_by(|(a, x), (b, y)| client_key(a, x).cmp(&client_key(b, y)));
    let index = table.index(c"orders_pkey");
    for (change, fresh) in changed {
        let order = &change.order;
        match fresh.filter(|_| change.is_new) {
            Some(fresh) if !fresh.stored => rows::insert_order(table, fresh, order, &rules, now),
            fresh => {
                let mut columns = rows::order_changes(order, &rules, now).to_vec();
                columns.extend(fresh.iter().flat_map(|fresh| rows::acceptance(fresh, order)));
                update(table, index, &[Key::Int(order.id.0)], &columns);
            }
        }
    }
}

fn client_key<'a>(change: &Changed, fresh: &Option<&'a Fresh>) -> (i64, Option<&'a str>, i64) {
    let client_id = fresh.and_then(|f| f.ticket.client_order_id.as_deref());
    (change.order.user.0, client_id, change.order.id.0)
}

fn update(table: &mut Table, index: crate::pg::scan::Index, keys: &[Key<'_>], columns: &[(usize, Value<'_>)]) {
    match table.find(index, keys, |row| row.tid()) {
        Some(tid) => table.update(tid, columns),
        None => pgrx::error!("a row that was read under its lock is gone"),
    }
}

fn write_trades(open: &mut std::collections::BTreeMap<String, OpenMarket>, markets_table: &mut Table, now: Timestamp) {
    let mut trades_table: Option<(Table, pg_sys::Oid)> = None;
    let index = markets_table.index(c"markets_pkey");
    for (symbol, market) in open {
        let made = market.core.drain_trades();
        if market.core.priority == market.row.last_priority {
            continue;
        }
        let mut columns =
            vec![(markets::LAST_PRIORITY, Value::Int(market.core.priority)), (markets::UPDATED_AT, Value::Time(now))];
        if let Some(last) = made.last() {
            columns.push((markets::LAST_SEQUENCE, Value::Int(last.sequence)));
            columns.push((markets::LAST_PRICE, Value::Money(market.row.rules.price(last.price))));
        }
        update(markets_table, index, &[Key::Text(symbol)], &columns);
        for trade in &made {
            let (table, ids) = trades_table.get_or_insert_with(|| {
                (Table::open(c"exchange", c"trades", trades::NAMES), sequence(c"trades_id_seq"))
            });
            rows::insert_trade(table, session::next_value(*ids), symbol, trade, &market.row.rules, now);
        }
    }
    if let Some((table, _)) = trades_table {
        table.close();
    }
}

fn write_amendments(open: &std::collections::BTreeMap<String, OpenMarket>, work: &Work, now: Timestamp) {
    if work.amendments.is_empty() {
        return;
    }
    let mut table = Table::open(c"exchange", c"order_amendments", amendments::NAMES);
    let ids = sequence(c"order_amendments_id_seq");
    for (symbol, change) in &work.amendments {
        let rules = &open[symbol].row.rules;
        rows::insert_amendment(&mut table, session::next_value(ids), symbol, change, rules, now);
    }
    table.close();
}

fn write_balances(venue: &mut Venue, now: Timestamp) -> Answer<()> {
    let index = venue.assets_table.index(c"assets_symbol_user_unique");
    let mut missing = Vec::new();
    for (user, asset, balance) in venue.accounts.drain_changed() {
        if !venue.locked.contains(&(user, asset)) {
            missing.push((user, asset, balance));
            continue;
        }
        let columns = [
            (assets::AMOUNT, Value::Money(balance.available)),
            (assets::LOCKED, Value::Money(balance.locked)),
            (assets::UPDATED_AT, Value::Time(now)),
        ];
        let keys = [Key::Int(user.0), Key::Text(&venue.assets[asset.0 as usize])];
        update(&mut venue.assets_table, index, &keys, &columns);
    }
    create_balances(venue, &missing)
}

/// First balances of users in an asset. Another transaction may be making the same row: then this one adds to it.
/// Rows come in (user, asset) order, so that two transactions wait for each other in one direction only.
fn create_balances(venue: &Venue, missing: &[(UserId, AssetId, matching::Balance)]) -> Answer<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let made = session::as_role(c"bourse_owner", || {
        missing.iter().try_for_each(|(user, asset, balance)| {
            let asset = venue.assets[asset.0 as usize].as_str();
            let (amount, locked) = (balance.available.to_string(), balance.locked.to_string());
            Spi::run_with_args(
                "SELECT exchange.create_balance($1, $2, $3::pg_catalog.numeric, $4::pg_catalog.numeric)",
                &[user.0.into(), asset.into(), amount.into(), locked.into()],
            )
        })
    });
    made.map_err(|error| {
        let code = PgSqlErrorCode::ERRCODE_INTERNAL_ERROR;
        Failure::new(code, format!("balance not written: {error}"), "Nothing has changed; report this.")
    })
}
