//! What a fill changes, and why it may change nothing.

use money::{Money, Overflow};

use super::exact::Exact;
use super::fill::{Fee, Fill, Method, Side};
use crate::series::Full;

/// What holds for a position from its first fill on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which lots are closed first.
    pub method: Method,
    /// What one of the quantity stands for, positive: 1 unless it counts contracts.
    pub multiplier: Money,
    /// So many lots may be open at once.
    pub most_lots: usize,
    /// What becomes of one more.
    pub beyond: Beyond,
}

/// What becomes of a fill that would open one more lot than may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// It is refused.
    Refused,
    /// It joins the youngest lot, at average cost: what has happened is booked.
    Joins,
}

/// Why a fill changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An amount leaves the range of `NUMERIC(20,8)`.
    Overflow,
    /// The quantity is not positive.
    NoQuantity,
    /// A fee in what is traded takes all of the quantity.
    FeeTakesAll,
    /// One more lot than may be open, where it does not join the youngest.
    TooManyLots,
    /// There is no room for one more.
    NoRoom(Full),
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Refusal {
        Refusal::NoRoom(full)
    }
}

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Refusal {
        Refusal::Overflow
    }
}

/// What a fill changes, its fee seen to.
pub(super) struct Change {
    pub(super) quantity: Money,
    pub(super) commission: Money,
    pub(super) unconverted: bool,
    /// By how much the commission is more than the fee is worth: it is rounded.
    pub(super) rounded: Exact,
}

impl Change {
    pub(super) fn of(fill: &Fill, terms: &Terms) -> Result<Change, Refusal> {
        if fill.quantity <= Money::ZERO {
            return Err(Refusal::NoQuantity);
        }
        let quantity = fill.quantity;
        Ok(match fill.fee {
            Fee::Quote(commission) => Change { quantity, commission, unconverted: false, rounded: Exact::ZERO },
            Fee::Unconverted => Change { quantity, commission: Money::ZERO, unconverted: true, rounded: Exact::ZERO },
            Fee::Base(fee) => {
                // Of a buy less comes in; of a sale more goes out.
                let quantity = if fill.side == Side::Buy { quantity.minus(fee)? } else { quantity.plus(fee)? };
                if quantity <= Money::ZERO {
                    return Err(Refusal::FeeTakesAll);
                }
                let worth = Exact::product(fee, fill.price, terms.multiplier)?;
                let commission = worth.money();
                Change { quantity, commission, unconverted: false, rounded: Exact::from(commission).minus(worth)? }
            }
        })
    }
}
