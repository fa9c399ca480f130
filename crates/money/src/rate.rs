//! A fraction of the whole.

use crate::{ONE, Overflow};

/// A rate in units of 1e-8 (0.015 is 1,500,000): a fraction of the whole, so from -1 to 1. Negative: a rebate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i64);

impl Rate {
    /// Nothing.
    pub const ZERO: Rate = Rate(0);

    /// So many units of 1e-8, refused beyond the whole.
    pub const fn from_units(units: i64) -> Result<Rate, Overflow> {
        if units < -(ONE as i64) || units > ONE as i64 { Err(Overflow) } else { Ok(Rate(units)) }
    }

    /// How many units of 1e-8.
    #[inline]
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }
}
