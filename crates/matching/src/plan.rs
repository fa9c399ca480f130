//! The plan of an arriving order: what it would do to the book.

use money::{Money, Sum};

use crate::CancelReason;
use crate::book::Place;

/// One step of the plan, in order.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Trade with a maker.
    Fill {
        /// The maker.
        maker: Place,
        /// How much.
        lots: i64,
    },
    /// Cancel a maker that stands in the way.
    Cancel {
        /// The maker.
        maker: Place,
        /// Why.
        reason: CancelReason,
    },
    /// Take the same quantity off both orders of one user.
    Decrement {
        /// The maker.
        maker: Place,
        /// How much.
        lots: i64,
    },
}

/// The plan of an arriving order.
#[derive(Debug, Default)]
pub struct Walk {
    /// What to do.
    pub steps: Vec<Step>,
    /// What trades, in lots.
    pub filled: i64,
    /// Σ price × quantity of what trades.
    pub value: Sum,
    /// Of a buy without a limit: value and the taker's commission, which it must reserve.
    pub cost: Money,
    /// Why the rest must end, whatever the time in force says.
    pub rest: Option<CancelReason>,
    /// Whether the bound ended the plan: there is more to do.
    pub more: bool,
    /// The price at which a post-only order would trade.
    pub would_take: Option<i64>,
    /// Whether the plan has come to the end of what the caller has loaded, and may have met more behind it.
    pub short: bool,
    /// What is left of the order, in lots.
    pub(crate) left: i64,
}
