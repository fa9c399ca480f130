//! Sums, differences, multiples and commissions of amounts.

use money::{MAX, Money, ONE, Overflow, Rate, Sum, round};
use num_bigint::BigInt;
use proptest::prelude::*;

use crate::{amount, model_divide, model_money, units};

fn rate() -> impl Strategy<Value = Rate> {
    let whole = ONE as i64;
    prop_oneof![-whole..=whole, Just(whole), Just(-whole)].prop_map(|n| Rate::from_units(n).expect("a rate"))
}

#[test]
fn refuses_what_numeric_20_8_cannot_hold() {
    assert_eq!(Money::MAX.plus(units(1)), Err(Overflow));
    assert_eq!((-Money::MAX).minus(units(1)), Err(Overflow));
    assert_eq!(units(MAX - 1).plus(units(1)), Ok(Money::MAX));
    assert_eq!([Money::from_units(MAX + 1), Money::from_units(i128::MIN)], [Err(Overflow); 2]);
    assert_eq!(Money::whole(1).times(i128::MAX), Err(Overflow));
    assert_eq!((Sum::from(Money::MAX) + units(1)).money(), Err(Overflow));
    assert_eq!([Rate::from_units(ONE as i64 + 1), Rate::from_units(i64::MIN)], [Err(Overflow); 2]);
}

#[test]
#[should_panic(expected = "known to fit")]
fn a_sum_that_was_known_to_fit_and_does_not_is_never_taken() {
    let _ = Money::MAX + units(1);
}

#[test]
fn commission_of_the_worked_example() {
    let rate = Rate::from_units(1_500_000).expect("a rate");
    assert_eq!(Money::whole(200).commission(rate), Money::whole(3));
    assert_eq!(units(5_050_000_000).commission(rate), units(75_750_000));
}

#[test]
fn rounds_half_away_from_zero() {
    let rounded = [(5, 10), (4, 10), (-5, 10), (-4, 10), (1, 3), (2, 3)].map(|(n, d)| round::half_away(n, d));
    assert_eq!(rounded, [1, 0, -1, 0, 0, 1]);
}

proptest! {
    #[test]
    fn adds_subtracts_and_multiplies_as_whole_numbers_do(a in amount(), b in amount(), n in any::<i64>(), big in any::<i128>()) {
        let (x, y) = (BigInt::from(a.units()), BigInt::from(b.units()));
        prop_assert_eq!(a.plus(b).ok(), model_money(&(&x + &y)));
        prop_assert_eq!(a.minus(b).ok(), model_money(&(&x - &y)));
        for n in [i128::from(n), i128::from(n % 1000), big] {
            prop_assert_eq!(a.times(n).ok(), model_money(&(&x * n)));
        }
        prop_assert_eq!((-a).units(), -a.units());
        prop_assert_eq!(a.cmp(&b), x.cmp(&y));
    }

    #[test]
    fn a_commission_is_rounded_half_away_and_never_more_than_the_notional(notional in amount(), rate in rate()) {
        let exact = BigInt::from(notional.units()) * rate.units();
        let commission = notional.commission(rate);
        prop_assert_eq!(Some(commission), model_money(&model_divide(exact, BigInt::from(ONE))));
        prop_assert!(commission.units().abs() <= notional.units().abs());
    }

    /// Nothing is made or lost on the way from hand to hand, whatever order the hands come in.
    #[test]
    fn what_moves_between_accounts_adds_up_to_what_was_there(
        start in prop::collection::vec(amount(), 2..6),
        moves in prop::collection::vec((0..6_usize, 0..6_usize, amount()), 0..40),
    ) {
        let before: Sum = start.iter().copied().sum();
        let mut accounts = start;
        for (from, to, moved) in moves {
            let (from, to) = (from % accounts.len(), to % accounts.len());
            let taken = accounts[from].minus(moved);
            let given = accounts[to].plus(moved);
            if let (Ok(taken), Ok(given), true) = (taken, given, from != to) {
                (accounts[from], accounts[to]) = (taken, given);
            }
        }
        prop_assert_eq!(accounts.iter().copied().sum::<Sum>(), before);
        let model: BigInt = accounts.iter().map(|a| BigInt::from(a.units())).sum();
        prop_assert_eq!(BigInt::from(before.units()), model);
    }
}
