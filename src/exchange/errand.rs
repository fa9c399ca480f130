//! What the sequencer does beside orders.

use ids::{OrderId, UserId};
use money::Money;

/// The most characters of the reference of a transfer.
pub const REFERENCE_LENGTH: usize = 128;

/// A piece of work that is no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Cancels some of the live orders of a user in a market.
    Sweep(Sweep),
    /// Moves money from one user to another.
    Transfer(Transfer),
}

/// Live orders of a user in a market: the next of them are to be cancelled, as many as one transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Whose.
    pub user: UserId,
    /// The market.
    pub symbol: String,
    /// Those after this one.
    pub after: OrderId,
    /// Up to this one.
    pub newest: OrderId,
}

/// What a piece of a sweep has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// How many orders were cancelled.
    pub cancelled: i64,
    /// The last order of the piece; none: there are no more.
    pub last: Option<OrderId>,
}

/// A transfer that its sender has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The sender.
    pub from: UserId,
    /// The receiver.
    pub to: UserId,
    /// What is moved.
    pub asset: String,
    /// How much of it.
    pub amount: Money,
    /// What the sender calls it.
    pub reference: Option<String>,
    /// The login that has asked.
    pub login: u32,
}
