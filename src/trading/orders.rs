//! Orders of bots on our own exchange, as the exchange meets them.

use crate::error::{Answer, Failure};
use crate::pg::definition::Definition;
use crate::pg::fields::table;
use crate::pg::scan::Key;
use crate::pg::table::Table;

table! {
    /// `trading.bot_orders`.
    pub mod bot_orders: read {
        order_id: Int, bot_id: Int,
    }
}

static BOT_ORDERS: Definition =
    Definition { schema: c"trading", name: c"bot_orders", columns: bot_orders::ALL, checks: &[] };

/// Refuses to have an order of a bot become larger: whether it may, place_order() has asked of what it was. A larger exit
/// could be an entry, and a larger entry has met no guard.
pub fn require_may_grow(order_id: i64) -> Answer<()> {
    let mut table = Table::open_to_read(&BOT_ORDERS);
    let index = table.index(c"bot_orders_pkey");
    let bot_id = table.find(index, &[Key::Int(order_id)], |row| bot_orders::of(row).bot_id());
    table.close();
    let Some(bot_id) = bot_id else { return Ok(()) };
    Err(Failure::of(
        "55000",
        &format!("order {order_id} is of bot {bot_id}: it becomes no larger"),
        "Place what is more with trading.place_order(), which asks whether the bot may.",
    ))
}
