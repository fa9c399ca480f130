//! What a fill says, and what its fee is paid in.

use money::{Money, Overflow};

use super::exact::Exact;

/// Which side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Takes in the asset.
    Buy,
    /// Gives it away.
    Sell,
}

impl Side {
    /// The position that a fill of this side opens.
    #[must_use]
    pub const fn opens(self) -> Direction {
        match self {
            Side::Buy => Direction::Long,
            Side::Sell => Direction::Short,
        }
    }
}

/// Which way a position faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Gains when the price rises.
    Long,
    /// Gains when it falls.
    Short,
}

impl Direction {
    /// The gain of what was worth `from` and is worth `to`.
    pub const fn gain(self, from: Exact, to: Exact) -> Result<Exact, Overflow> {
        match self {
            Direction::Long => to.minus(from),
            Direction::Short => from.minus(to),
        }
    }
}

/// Which of the open lots a fill closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// All that is open is one lot, at its average cost.
    Average,
    /// The oldest first.
    Fifo,
}

/// What a fill costs beside its price. Positive is paid, negative is a rebate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fee {
    /// In the currency of the price, or brought to it.
    Quote(Money),
    /// In what is traded: it is taken off the quantity, and worth the fill's price.
    Base(Money),
    /// In a third currency for which there is no rate: the gain lacks it, and says so.
    Unconverted,
}

impl Fee {
    /// A fee in a third currency, of which one is worth `rate` in the currency of the price.
    pub fn third(amount: Money, rate: Option<Money>) -> Result<Fee, Overflow> {
        match rate {
            _ if amount == Money::ZERO => Ok(Fee::Quote(Money::ZERO)),
            Some(rate) => Ok(Fee::Quote(amount.mul_div(rate, Money::whole(1))?)),
            None => Ok(Fee::Unconverted),
        }
    }
}

/// An execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Which fill it is, for the round trips that it begins and ends.
    pub number: i64,
    /// When, in whatever the caller counts.
    pub at: i64,
    /// Which side.
    pub side: Side,
    /// How much, positive.
    pub quantity: Money,
    /// At what price.
    pub price: Money,
    /// The fee.
    pub fee: Fee,
}
