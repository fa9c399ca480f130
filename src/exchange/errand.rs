//! What the sequencer does beside orders.

use ids::UserId;
use money::Money;

/// The most characters of the reference of a transfer.
pub const REFERENCE_LENGTH: usize = 128;

/// A piece of work that is no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Cancels the live orders of a user, in one market or in all.
    CancelAll {
        /// Whose.
        user: UserId,
        /// The market; none: all of them.
        symbol: Option<String>,
    },
    /// Moves money from one user to another.
    Transfer(Transfer),
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
