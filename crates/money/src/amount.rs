//! An exact amount.

use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use crate::{MAX, ONE, Overflow, Rate, mul_div, round};

/// An exact amount of an asset, a price or a notional: what a `NUMERIC(20,8)` holds, in units of 1e-8.
///
/// 67 bits of 128 are used: the sum of two never wraps, and is looked at once, for the range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The largest amount.
    pub const MAX: Money = Money(MAX);

    /// `n` whole ones: at most a million millions less one.
    #[must_use]
    pub const fn whole(n: i64) -> Money {
        Money::known_to_fit(n as i128 * ONE)
    }

    /// So many units of 1e-8, refused beyond what `NUMERIC(20,8)` holds.
    #[inline]
    pub const fn from_units(units: i128) -> Result<Money, Overflow> {
        // One comparison: what lies below the range becomes the largest of numbers.
        if (units.wrapping_add(MAX) as u128) > 2 * MAX as u128 { Err(Overflow) } else { Ok(Money(units)) }
    }

    /// So many units of 1e-8, of which the caller knows that they fit: parts of what an account already holds, of an
    /// order that has been admitted.
    ///
    /// # Panics
    /// If they do not. Then something before was wrong, and nothing may come of it.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn known_to_fit(units: i128) -> Money {
        match Money::from_units(units) {
            Ok(money) => money,
            Err(Overflow) => did_not_fit(),
        }
    }

    /// How many units of 1e-8.
    #[inline]
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The sum, refused beyond what `NUMERIC(20,8)` holds.
    #[inline]
    pub const fn plus(self, other: Money) -> Result<Money, Overflow> {
        Money::from_units(self.0.wrapping_add(other.0))
    }

    /// The difference, refused beyond what `NUMERIC(20,8)` holds.
    #[inline]
    pub const fn minus(self, other: Money) -> Result<Money, Overflow> {
        Money::from_units(self.0.wrapping_sub(other.0))
    }

    /// So many times the amount, refused beyond what `NUMERIC(20,8)` holds.
    #[inline]
    pub const fn times(self, n: i128) -> Result<Money, Overflow> {
        match self.0.checked_mul(n) {
            Some(units) => Money::from_units(units),
            None => Err(Overflow),
        }
    }

    /// The amount × `by` / `of`, rounded half away from zero; refused where it does not fit, or `of` is zero.
    pub fn mul_div(self, by: Money, of: Money) -> Result<Money, Overflow> {
        mul_div(self.0, by.0, of.0).map_or(Err(Overflow), Money::from_units)
    }

    /// The commission on this notional: half away from zero at 8 decimals. A rate is a fraction, so it fits.
    #[inline]
    #[must_use]
    pub const fn commission(self, rate: Rate) -> Money {
        // At most 1e20 × 1e8.
        Money(round::half_away(self.0.wrapping_mul(rate.units() as i128), ONE))
    }
}

#[cold]
#[inline(never)]
#[track_caller]
const fn did_not_fit() -> ! {
    panic!("an amount that was known to fit leaves the range of NUMERIC(20,8)")
}

impl Add for Money {
    type Output = Money;
    /// For amounts whose sum is known to fit.
    #[inline]
    #[track_caller]
    fn add(self, other: Money) -> Money {
        Money::known_to_fit(self.0.wrapping_add(other.0))
    }
}

impl Sub for Money {
    type Output = Money;
    /// For amounts whose difference is known to fit.
    #[inline]
    #[track_caller]
    fn sub(self, other: Money) -> Money {
        Money::known_to_fit(self.0.wrapping_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Money;
    /// Always fits: the range is the same on both sides of zero.
    #[inline]
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl AddAssign for Money {
    #[inline]
    #[track_caller]
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    #[inline]
    #[track_caller]
    fn sub_assign(&mut self, other: Money) {
        *self = *self - other;
    }
}

impl From<Rate> for Money {
    /// The part of one.
    fn from(rate: Rate) -> Money {
        Money(i128::from(rate.units()))
    }
}
