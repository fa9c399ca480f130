//! Whom an order is asked of before it grows: whoever places orders for others by rules of his own may have some that
//! hold for an amendment as well. An order that stays as large as it was, or becomes smaller, is asked of nobody.

use std::sync::OnceLock;

use ids::OrderId;

use crate::error::Answer;

/// Says whether an order may become larger, by its id.
pub type Guard = fn(i64) -> Answer<()>;

static GUARD: OnceLock<Guard> = OnceLock::new();

/// Has a guard asked. Called once, when the library is loaded.
pub fn ask(guard: Guard) {
    GUARD.get_or_init(|| guard);
}

/// Refuses what the guard refuses. The market of the order is held.
pub fn require_free(order: OrderId) -> Answer<()> {
    GUARD.get().map_or(Ok(()), |guard| guard(order.0))
}
