//! `a × b / divisor` where the product needs more than 128 bits.

use money::{MAX, Money, ONE, Overflow, mul_div, round};
use num_bigint::BigInt;
use proptest::prelude::*;

use crate::{amount, model_divide, model_money, units};

#[test]
fn the_largest_products_are_exact() {
    let max = Money::MAX;
    assert_eq!(max.mul_div(max, max), Ok(max));
    assert_eq!(max.mul_div(-max, max), Ok(-max));
    assert_eq!(max.mul_div(max, Money::whole(1)), Err(Overflow));
    assert_eq!(mul_div(i128::MAX, i128::MAX, i128::MAX), Some(i128::MAX));
    assert_eq!(mul_div(i128::MIN, i128::MIN, i128::MIN), Some(i128::MIN));
    assert_eq!(mul_div(i128::MIN, 1, -1), None);
    assert_eq!(mul_div(i128::MAX, 1, i128::MAX), Some(1));
}

#[test]
fn a_quotient_is_cut_off_however_wide_both_are() {
    let wide = (1_i128 << 64) + 1;
    let quotients = [(7, 2), (5, wide), (wide, 2), (3 * wide - 1, wide)].map(|(n, d)| round::quotient(n, d));
    assert_eq!(quotients, [3, 0, 1 << 63, 2]);
}

#[test]
fn nothing_is_divided_by_zero() {
    assert_eq!((mul_div(1, 1, 0), mul_div(0, 0, 0)), (None, None));
    assert_eq!(Money::whole(1).mul_div(Money::whole(1), Money::ZERO), Err(Overflow));
}

#[test]
fn halves_go_away_from_zero_whatever_is_negative() {
    // 3 × 5 / 2 = 7.5, and the same with a product of 160 bits.
    let wide = 1_i128 << 78;
    for (a, b, d) in [(3, 5, 2), (3 * wide, 5 * wide, 2 * wide)] {
        let scale = if d == 2 { 1 } else { wide };
        let expected = if d == 2 { 8 } else { 15 * scale / 2 };
        assert_eq!([mul_div(a, b, d), mul_div(-a, b, -d)], [Some(expected); 2]);
        assert_eq!([mul_div(-a, b, d), mul_div(a, b, -d)], [Some(-expected); 2]);
    }
    let odd = (1_i128 << 100) + 1;
    assert_eq!(mul_div(odd, 1 << 60, 1 << 61), Some((odd + 1) / 2));
    assert_eq!(mul_div(-odd, 1 << 60, 1 << 61), Some(-(odd + 1) / 2));
}

proptest! {
    #[test]
    fn agrees_with_whole_numbers_of_any_size(a in any::<i128>(), b in any::<i128>(), divisor in any::<i128>(), shift in 0..127_u32) {
        for (a, b, d) in [(a, b, divisor), (a >> shift, b, divisor), (a, b >> shift, divisor), (a, b, divisor >> shift)] {
            prop_assume!(d != 0);
            let exact = model_divide(BigInt::from(a) * b, BigInt::from(d));
            prop_assert_eq!(mul_div(a, b, d), i128::try_from(&exact).ok(), "{} {} {}", a, b, d);
        }
    }

    #[test]
    fn a_part_of_an_amount_is_rounded_once(a in amount(), by in amount(), of in amount()) {
        prop_assume!(of != Money::ZERO);
        let exact = model_divide(BigInt::from(a.units()) * by.units(), BigInt::from(of.units()));
        prop_assert_eq!(a.mul_div(by, of).ok(), model_money(&exact));
    }

    #[test]
    fn price_times_quantity_is_exact_where_it_has_eight_decimals(price in 1..MAX / ONE, lots in 1..1000_i128) {
        let notional = units(price).mul_div(Money::whole(lots as i64), Money::whole(1));
        prop_assert_eq!(notional, units(price).times(lots));
    }
}
