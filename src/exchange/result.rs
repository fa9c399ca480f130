//! `exchange.order_result`: what a call answers about an order.

use std::ops::ControlFlow;

use matching::money::{ONE, div_half_away};
use matching::{CancelReason, Money, OrderId, Side, Status};

use super::amendments;
use super::command::Fills;
use super::refusals;
use super::rows::{OrderRow, orders, trades};
use crate::error::Answer;
use crate::pg::result::Composite;
use crate::pg::scan::{Key, Row};
use crate::pg::table::Table;
use crate::pg::value::Value;

/// The answer about an order with these fills.
pub fn compose(id: OrderId, status: &'static str, fills: &Fills, reason: Option<CancelReason>) -> Composite<7> {
    let average = (fills.filled > Money::ZERO).then(|| Money(div_half_away(fills.value.0 * ONE, fills.filled.0)));
    Composite([
        Value::Int(id.0),
        Value::Text(status),
        Value::Money(fills.filled),
        Value::Money(fills.remaining),
        average.map_or(Value::Null, Value::Money),
        Value::Money(fills.commission),
        reason.map(CancelReason::as_str).into(),
    ])
}

/// The order as it is now.
pub fn now(id: OrderId) -> Answer<Composite<7>> {
    let stored = Stored::read(id)?;
    let fills = stored.fills(stored.order.ticket.amount, i64::MAX);
    Ok(compose(id, stored.order.status.as_str(), &fills, stored.cancel_reason))
}

/// What was answered when the order was accepted: its own trades up to then, its amount before any amendment.
/// A repeated client_order_id gets this, for ever.
pub fn at_acceptance(id: OrderId) -> Answer<Composite<7>> {
    let stored = Stored::read(id)?;
    let fills = stored.fills(amendments::first(&stored.order).accepted_amount, stored.accepted_sequence);
    let status = stored.accepted_status;
    let reason = stored.cancel_reason.filter(|_| status == Status::Cancelled);
    Ok(compose(id, status.as_str(), &fills, reason))
}

/// An order as the tables hold it.
struct Stored {
    order: OrderRow,
    accepted_sequence: i64,
    accepted_status: Status,
    cancel_reason: Option<CancelReason>,
}

impl Stored {
    fn read(id: OrderId) -> Answer<Stored> {
        let mut table = Table::open(c"exchange", c"orders", orders::NAMES);
        let index = table.index(c"orders_pkey");
        let stored = table.find(index, &[Key::Int(id.0)], |row| Stored {
            order: OrderRow::read(row),
            accepted_sequence: row.int(orders::ACCEPTED_SEQUENCE).unwrap_or_default(),
            accepted_status: Status::parse(row.text(orders::ACCEPTED_STATUS)).unwrap_or(Status::Open),
            cancel_reason: row.some_text(orders::CANCEL_REASON).and_then(CancelReason::parse),
        });
        table.close();
        stored.ok_or_else(|| refusals::unknown_order(&id.0.to_string()))
    }

    /// What its trades up to a sequence add up to, of an order of this amount.
    fn fills(&self, amount: Option<Money>, last_sequence: i64) -> Fills {
        let (name, commission) = match self.order.ticket.side {
            Side::Buy => (c"idx_trades_buy_order_id", trades::BUYER_COMMISSION),
            Side::Sell => (c"idx_trades_sell_order_id", trades::SELLER_COMMISSION),
        };
        let mut table = Table::open(c"exchange", c"trades", trades::NAMES);
        let index = table.index(name);
        let mut fills = Fills::default();
        table.scan(index, &[Key::Int(self.order.id.0)], |row| {
            if row.int(trades::SEQUENCE).is_some_and(|sequence| sequence <= last_sequence) {
                add(&mut fills, row, commission);
            }
            ControlFlow::Continue(())
        });
        table.close();
        Fills { remaining: amount.map_or(Money::ZERO, |amount| amount - fills.filled), ..fills }
    }
}

fn add(fills: &mut Fills, row: &Row<'_>, commission: usize) {
    let (price, amount) = (row.money(trades::PRICE), row.money(trades::AMOUNT));
    fills.filled += amount;
    // Exact: price × amount of a trade is a multiple of 1e-8.
    fills.value += Money(price.0 * amount.0 / ONE);
    fills.commission += row.money(commission);
}
