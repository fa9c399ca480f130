//! The terms under which an order was first accepted.

use super::rows::{OrderRow, amendments};
use super::ticket::Ticket;
use crate::pg::scan::Key;
use crate::pg::table::Table;

/// The ticket of a stored order before any amendment: what a repeated client_order_id is compared with.
pub fn first_body(order: &OrderRow) -> Ticket {
    let mut table = Table::open(c"exchange", c"order_amendments", amendments::NAMES);
    let index = table.index(c"idx_order_amendments_order_id");
    let first = table.find(index, &[Key::Int(order.id.0)], |row| {
        (row.money(amendments::OLD_PRICE), row.money(amendments::OLD_AMOUNT))
    });
    table.close();
    let (price, amount) = first.unwrap_or((order.ticket.price, order.ticket.amount));
    Ticket { price, amount, ..order.ticket.clone() }
}
