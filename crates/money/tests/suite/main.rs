//! Amounts against a naive model: whole numbers of any size.

mod amounts;
#[cfg(feature = "decimal")]
mod decimals;
mod products;
mod sums;
mod texts;

use money::{MAX, Money};
use num_bigint::BigInt;
use proptest::prelude::*;

/// An amount in units of 1e-8.
const fn units(n: i128) -> Money {
    Money::known_to_fit(n)
}

/// Amounts of every size, and those at the ends.
fn amount() -> impl Strategy<Value = Money> {
    let sized = (0..=20_u32, -9_999..=9_999_i128).prop_map(|(zeros, n)| (n * 10_i128.pow(zeros)).clamp(-MAX, MAX));
    prop_oneof![sized, -MAX..=MAX, prop_oneof![Just(0), Just(1), Just(-1), Just(MAX), Just(-MAX)]].prop_map(units)
}

/// `n / d`, rounded half away from zero: the sign, and twice the division of what is twice as large, cut off.
fn model_divide(n: BigInt, d: BigInt) -> BigInt {
    use num_bigint::Sign;
    let negative = (n.sign() == Sign::Minus) != (d.sign() == Sign::Minus);
    let (n, d) = (n.magnitude().clone(), d.magnitude().clone());
    let rounded = BigInt::from((n * 2_u8 + &d) / (d * 2_u8));
    if negative { -rounded } else { rounded }
}

/// The amount that a number of the model is, if it is one.
fn model_money(n: &BigInt) -> Option<Money> {
    i128::try_from(n).ok().and_then(|n| Money::from_units(n).ok())
}
