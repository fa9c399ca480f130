//! What is open.

use money::Money;

use super::exact::Exact;

/// What was opened together, as much of it as is open still. By average cost that is all that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// How much, positive.
    pub quantity: Money,
    /// What it was bought or sold for.
    pub cost: Exact,
    /// The fees of its entry that no round trip has taken over.
    pub fees: Money,
    /// How many fills of its entry had a fee that could not be converted.
    pub unconverted: u32,
    /// The fill that opened it.
    pub first_fill: i64,
    /// When that was.
    pub entry_at: i64,
    /// The lowest mark since.
    pub low: Money,
    /// The highest mark since.
    pub high: Money,
}
