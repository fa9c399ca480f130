//! What amounts add up to.

use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use crate::{Money, Overflow};

/// A sum on its way: it may be more than a `NUMERIC(20,8)` holds, until it becomes [`Money`] again. A million million
/// millions of the largest amounts fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sum(i128);

impl Sum {
    /// Nothing.
    pub const ZERO: Sum = Sum(0);
    /// More than anything adds up to, and far enough from the end for all that is added to it.
    pub const MOST: Sum = Sum(i128::MAX / 4);

    /// So many units of 1e-8.
    #[inline]
    #[must_use]
    pub const fn from_units(units: i128) -> Sum {
        Sum(units)
    }

    /// How many units of 1e-8.
    #[inline]
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The amount, refused beyond what `NUMERIC(20,8)` holds.
    #[inline]
    pub const fn money(self) -> Result<Money, Overflow> {
        Money::from_units(self.0)
    }
}

impl From<Money> for Sum {
    #[inline]
    fn from(money: Money) -> Sum {
        Sum(money.units())
    }
}

impl<T: Into<Sum>> Add<T> for Sum {
    type Output = Sum;
    #[inline]
    #[track_caller]
    fn add(self, other: T) -> Sum {
        Sum(checked(self.0.checked_add(other.into().0)))
    }
}

impl<T: Into<Sum>> Sub<T> for Sum {
    type Output = Sum;
    #[inline]
    #[track_caller]
    fn sub(self, other: T) -> Sum {
        Sum(checked(self.0.checked_sub(other.into().0)))
    }
}

impl Neg for Sum {
    type Output = Sum;
    #[inline]
    #[track_caller]
    fn neg(self) -> Sum {
        Sum(checked(self.0.checked_neg()))
    }
}

impl<T: Into<Sum>> AddAssign<T> for Sum {
    #[inline]
    #[track_caller]
    fn add_assign(&mut self, other: T) {
        *self = *self + other;
    }
}

impl<T: Into<Sum>> SubAssign<T> for Sum {
    #[inline]
    #[track_caller]
    fn sub_assign(&mut self, other: T) {
        *self = *self - other;
    }
}

impl<T: Into<Sum>> std::iter::Sum<T> for Sum {
    fn sum<I: Iterator<Item = T>>(items: I) -> Sum {
        items.fold(Sum::ZERO, |sum, item| sum + item)
    }
}

#[inline]
#[track_caller]
const fn checked(units: Option<i128>) -> i128 {
    match units {
        Some(units) => units,
        None => panic!("a sum of amounts leaves the range of 128 bits"),
    }
}
