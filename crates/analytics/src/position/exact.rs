//! Money with all the decimals that a product of three amounts has.

use std::fmt;

use money::round::half_away;
use money::{MAX, Money, Overflow, mul_div};

/// Units of 1e-24 in a unit of 1e-8.
const FINE: i128 = 10_000_000_000_000_000;
/// Decimals.
const DECIMALS: usize = 24;

/// An amount of money in units of 1e-24: what quantity × price × multiplier comes to, each with 8 decimals.
///
/// As large as [`Money`] at most, which takes 120 bits of 128: the sum of two never wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exact(i128);

impl Exact {
    /// Nothing.
    pub const ZERO: Exact = Exact(0);
    /// The largest.
    pub const MAX: Exact = Exact(MAX * FINE);

    /// So many units of 1e-24, refused beyond what [`Money`] holds.
    pub const fn from_units(units: i128) -> Result<Exact, Overflow> {
        if units.unsigned_abs() > Exact::MAX.0 as u128 { Err(Overflow) } else { Ok(Exact(units)) }
    }

    /// How many units of 1e-24.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// What so much costs at this price.
    pub fn product(quantity: Money, price: Money, multiplier: Money) -> Result<Exact, Overflow> {
        // A product of two that takes more than 128 bits is too much with the smallest multiplier, too.
        let notional = quantity.units().checked_mul(price.units()).ok_or(Overflow)?;
        Exact::from_units(notional.checked_mul(multiplier.units()).ok_or(Overflow)?)
    }

    /// The sum.
    pub const fn plus(self, other: Exact) -> Result<Exact, Overflow> {
        Exact::from_units(self.0 + other.0)
    }

    /// The difference.
    pub const fn minus(self, other: Exact) -> Result<Exact, Overflow> {
        Exact::from_units(self.0 - other.0)
    }

    /// The sum of two parts of what is known to fit.
    #[must_use]
    pub fn known_sum(self, other: Exact) -> Exact {
        Exact(self.0 + other.0)
    }

    /// What belongs to `part` of `whole`, which is not zero and not less; rounded in the last decimal.
    pub fn share(self, part: Money, whole: Money) -> Result<Exact, Overflow> {
        if part == whole {
            return Ok(self);
        }
        Exact::from_units(mul_div(self.0, part.units(), whole.units()).ok_or(Overflow)?)
    }

    /// Rounded to 8 decimals, half away from zero.
    #[must_use]
    pub const fn money(self) -> Money {
        Money::known_to_fit(half_away(self.0, FINE))
    }

    /// The price at which so much costs this, rounded to 8 decimals. Of nothing it is zero.
    pub fn price(self, quantity: Money, multiplier: Money) -> Result<Money, Overflow> {
        match quantity.units().checked_mul(multiplier.units()) {
            Some(0) => Ok(Money::ZERO),
            // Both are amounts of at most 1e36 units and positive: half of the one can be added to the other.
            Some(size) => Money::from_units(half_away(self.0, size)),
            // More than 128 bits is more than twice of any cost.
            None => Ok(Money::ZERO),
        }
    }
}

impl From<Money> for Exact {
    fn from(money: Money) -> Exact {
        Exact(money.units() * FINE)
    }
}

impl std::ops::Neg for Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        Exact(-self.0)
    }
}

impl fmt::Display for Exact {
    /// The shortest decimal of at least 8 decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u128.pow(DECIMALS as u32);
        let (whole, part) = (self.0.unsigned_abs() / one, self.0.unsigned_abs() % one);
        let digits = format!("{part:024}");
        let shown = digits.trim_end_matches('0').len().max(8);
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}.{}", &digits[..shown])
    }
}
