//! What amounts add up to, beyond what one amount may be.

use money::{Money, ONE, Rate, Sum};
use num_bigint::BigInt;
use proptest::prelude::*;

use crate::{amount, units};

proptest! {
    #[test]
    fn sums_add_and_subtract_as_whole_numbers_do(a in amount(), b in amount(), c in amount()) {
        let [x, y, z] = [a, b, c].map(|amount| BigInt::from(amount.units()));
        let mut sum = Sum::from(a) + b - c;
        prop_assert_eq!(BigInt::from(sum.units()), &x + &y - &z);
        prop_assert_eq!(BigInt::from((-sum).units()), &z - &x - &y);
        sum += c;
        prop_assert_eq!(sum, Sum::from_units(a.units() + b.units()));
        sum -= b;
        prop_assert_eq!(sum.money(), Ok(a));
    }

    #[test]
    fn amounts_that_fit_add_and_subtract_without_a_look(a in amount(), b in amount()) {
        let (half, other) = (units(a.units() / 2), units(b.units() / 2));
        prop_assert_eq!(Ok(half + other), half.plus(other));
        prop_assert_eq!(Ok(half - other), half.minus(other));
        let mut kept = half;
        kept += other;
        prop_assert_eq!(kept, half + other);
        kept -= half;
        prop_assert_eq!(kept, other);
    }
}

#[test]
#[should_panic(expected = "leaves the range of 128 bits")]
fn a_sum_never_wraps() {
    let _ = Sum::from_units(i128::MAX) + Money::whole(1);
}

#[test]
fn a_rate_is_that_part_of_one() {
    for part in [1_500_000, -1, ONE as i64] {
        let rate = Rate::from_units(part).expect("a rate");
        assert_eq!(Money::from(rate), units(part.into()));
    }
}
