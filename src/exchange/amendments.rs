//! The terms under which an order was first accepted.

use std::ops::ControlFlow;

use money::Money;

use super::fields::order_amendments;
use super::rows::OrderRow;
use super::tables;
use super::ticket::Ticket;
use crate::pg::scan::Key;
use crate::pg::table::Table;

/// The terms of an order before its owner could change them.
pub struct First {
    /// What was sent: what a repeated client_order_id is compared with.
    pub ticket: Ticket,
    /// The amount when acceptance was done: less where self-trade prevention had taken something off.
    pub accepted_amount: Option<Money>,
}

/// The first terms of a stored order.
pub fn first(order: &OrderRow) -> First {
    let mut table = Table::open(&tables::ORDER_AMENDMENTS);
    let index = table.index(c"idx_order_amendments_order_id");
    let mut first = First { ticket: order.ticket.clone(), accepted_amount: order.ticket.body.amount };
    let mut sent = None;
    table.scan(index, &[Key::Int(order.id.0)], |row| {
        let old = (order_amendments::of(row).old_price(), order_amendments::of(row).old_amount());
        sent.get_or_insert(old);
        if order_amendments::of(row).at_acceptance() {
            first.accepted_amount = Some(order_amendments::of(row).new_amount());
            return ControlFlow::Continue(());
        }
        first.accepted_amount = Some(old.1);
        ControlFlow::Break(())
    });
    table.close();
    if let Some((price, amount)) = sent {
        (first.ticket.body.price, first.ticket.body.amount) = (price, Some(amount));
    }
    first
}
