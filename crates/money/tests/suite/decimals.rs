//! `rust_decimal`: exact both ways, or refused.

use money::text::Unreadable;
use money::{Money, Overflow, Rate, Sum};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::amount;

#[test]
fn the_ends_of_the_range_are_exact() {
    for money in [Money::MAX, -Money::MAX, Money::ZERO] {
        let decimal = Decimal::from(money);
        assert_eq!(Money::try_from(decimal), Ok(money), "{decimal}");
        assert_eq!(decimal.normalize().to_string(), money.to_string());
    }
    assert_eq!(Decimal::try_from(Sum::MOST), Err(Overflow));
}

#[test]
fn refuses_more_than_eight_decimals_and_more_than_a_column_holds() {
    let money = |n, scale| Money::try_from(Decimal::from_i128_with_scale(n, scale));
    assert_eq!(money(1, 9), Err(Unreadable::TooFine));
    assert_eq!(money(10, 9).map(Money::units), Ok(1), "a zero that says nothing is no decimal");
    assert_eq!(money(10_i128.pow(12), 0), Err(Unreadable::TooLarge));
    assert_eq!(Money::try_from(Decimal::MAX), Err(Unreadable::TooLarge));
    assert_eq!(Rate::try_from(Decimal::new(11, 1)), Err(Unreadable::TooLarge));
    let rate = Rate::try_from(Decimal::new(-15, 3)).expect("a rate");
    assert_eq!((rate.units(), Decimal::from(rate)), (-1_500_000, Decimal::new(-15, 3)));
}

proptest! {
    #[test]
    fn an_amount_is_the_same_decimal_and_comes_back(money in amount()) {
        let decimal = Decimal::from(money);
        prop_assert_eq!(Money::try_from(decimal), Ok(money));
        prop_assert_eq!(Decimal::try_from(Sum::from(money)), Ok(decimal));
        prop_assert_eq!(decimal.normalize().to_string(), money.to_string());
    }

    #[test]
    fn what_a_decimal_becomes_is_that_decimal(mantissa in any::<i64>(), scale in 0..=20_u32) {
        let decimal = Decimal::new(mantissa, scale);
        if let Ok(money) = Money::try_from(decimal) {
            prop_assert_eq!(Decimal::from(money), decimal);
        } else {
            let (fine, large) = (decimal.normalize().scale() > 8, decimal.trunc().abs() >= Decimal::from(10_i64.pow(12)));
            prop_assert!(fine || large, "{} was refused", decimal);
        }
    }
}
