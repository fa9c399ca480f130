//! `exchange.order_result`: what a call answers about an order.

use std::ops::ControlFlow;

use ids::OrderId;
use matching::{CancelReason, Side, Status};
use money::{Money, ONE, Sum, mul_div};

use super::command::{Action, Command, Done, Fills};
use super::fields::{orders, trades};
use super::rows::OrderRow;
use super::tables;
use super::{amendments, refusals};
use crate::error::Answer;
use crate::pg::result::Composite;
use crate::pg::scan::{Key, Row};
use crate::pg::session;
use crate::pg::table::Table;
use crate::pg::value::Value;

/// An order right after a command.
#[derive(Clone, Copy, Debug)]
pub struct OrderResult {
    /// Its id.
    pub id: OrderId,
    /// Its status.
    pub status: Status,
    /// Its fills.
    pub fills: Fills,
    /// Why it has ended without being filled.
    pub cancel_reason: Option<CancelReason>,
}

impl OrderResult {
    /// The row that SQL is given.
    pub fn row(&self) -> Composite<7> {
        let fills = &self.fills;
        let average = mul_div(fills.value.units(), ONE, fills.filled.units());
        Composite([
            Value::Int(self.id.0),
            Value::Text(self.status.as_str()),
            fills.filled.into(),
            fills.remaining.into(),
            average.map_or(Value::Null, |units| Sum::from_units(units).into()),
            fills.commission.into(),
            self.cancel_reason.map(CancelReason::as_str).into(),
        ])
    }
}

/// The answer to a command that has been carried out and written.
pub fn of(command: &Command, done: Done) -> Answer<OrderResult> {
    match done {
        Done::Repeated(id) => {
            // Whoever repeats has lost an answer, and relies on this one.
            session::wait_for_what_was_read();
            at_acceptance(id)
        }
        Done::Market(_) => Err(refusals::unknown_order("of the command")),
        Done::Changed { order, mut fills, sequence } => {
            // What traded before this command is told from the tables.
            if !matches!(command.action, Action::New { .. }) && order.filled > 0 {
                let remaining = fills.remaining;
                fills = Fills { remaining, ..fills_of(order.id, order.side, sequence) };
            }
            Ok(OrderResult { id: order.id, status: order.status, fills, cancel_reason: order.cancel_reason })
        }
    }
}

/// What was answered when the order was accepted: its own trades up to then, its amount before any amendment.
/// A repeated client_order_id gets this, for ever.
fn at_acceptance(id: OrderId) -> Answer<OrderResult> {
    let stored = StoredOrder::read(id)?;
    let fills = fills_of(id, stored.order.ticket.body.side, stored.accepted_sequence);
    let amount = amendments::first(&stored.order).accepted_amount;
    let remaining = amount.map_or(Sum::ZERO, |amount| Sum::from(amount) - fills.filled);
    let status = stored.accepted_status;
    let cancel_reason = stored.cancel_reason.filter(|_| status == Status::Cancelled);
    Ok(OrderResult { id, status, fills: Fills { remaining, ..fills }, cancel_reason })
}

/// An order as the tables hold it.
struct StoredOrder {
    order: OrderRow,
    accepted_sequence: i64,
    accepted_status: Status,
    cancel_reason: Option<CancelReason>,
}

impl StoredOrder {
    fn read(id: OrderId) -> Answer<StoredOrder> {
        let mut table = Table::open(&tables::ORDERS);
        let index = table.index(c"orders_pkey");
        let stored = table.find(index, &[Key::Int(id.0)], |row| StoredOrder {
            order: OrderRow::read(row),
            accepted_sequence: orders::of(row).accepted_sequence(),
            accepted_status: orders::of(row).accepted_status(),
            cancel_reason: orders::of(row).cancel_reason(),
        });
        table.close();
        stored.ok_or_else(|| refusals::unknown_order(&id.0.to_string()))
    }
}

/// What the trades of an order up to a sequence add up to.
fn fills_of(id: OrderId, side: Side, last_sequence: i64) -> Fills {
    let (name, commission) = match side {
        Side::Buy => (c"idx_trades_buy_order_id", trades::at::buyer_commission),
        Side::Sell => (c"idx_trades_sell_order_id", trades::at::seller_commission),
    };
    let mut table = Table::open(&tables::TRADES);
    let index = table.index(name);
    let mut fills = Fills::default();
    table.scan(index, &[Key::Int(id.0)], |row| {
        if trades::of(row).sequence() <= last_sequence {
            add(&mut fills, row, commission);
        }
        ControlFlow::Continue(())
    });
    table.close();
    fills
}

fn add(fills: &mut Fills, row: &Row<'_>, commission: usize) {
    let (price, amount) = (trades::of(row).price(), trades::of(row).amount());
    fills.filled += amount;
    // Exact: price × amount of a trade is a multiple of 1e-8.
    fills.value += row.require(trades::at::price, price.mul_div(amount, Money::whole(1)).ok());
    fills.commission += row.money(commission);
}
