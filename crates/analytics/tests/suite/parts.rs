//! Parts that are merged say what one pass says.

use analytics::returns::{Gains, Growth, Partial, Path, Portable, Sample, Segment, Shortfall, Tail};

use super::definitions::same;
use super::series::{returns, wild_returns};

/// One pass, and parts of it that are cut at these places and merged.
fn both<P: Partial>(empty: P, r: &[f64], cuts: &[usize]) -> (P, P) {
    let (mut one, mut merged) = (empty, empty);
    r.iter().for_each(|r| one.add(*r));
    let mut rest = r;
    for cut in cuts {
        let (part, after) = rest.split_at(cut % (rest.len() + 1));
        let mut sum = empty;
        part.iter().for_each(|r| sum.add(*r));
        merged.merge(&sum);
        rest = after;
    }
    let mut last = empty;
    rest.iter().rev().for_each(|r| last.precede(*r));
    merged.merge(&last);
    (one, merged)
}

proptest::proptest! {
    #[test]
    fn merged_moments_are_those_of_all(r in returns(1..80), cuts in proptest::collection::vec(0..80_usize, 0..6)) {
        let (one, merged) = both(Sample::default(), &r, &cuts);
        proptest::prop_assert!(same(one.volatility(252.0), merged.volatility(252.0)));
        proptest::prop_assert!(same(one.kelly_criterion(), merged.kelly_criterion()));
        proptest::prop_assert!(same(one.value_at_risk(0.9), merged.value_at_risk(0.9)));
        if r.iter().any(|other| (other - r[0]).abs() > 1e-6) {
            proptest::prop_assert!(same(one.sharpe_ratio(252.0, 0.1), merged.sharpe_ratio(252.0, 0.1)));
            proptest::prop_assert!(same(one.skewness(), merged.skewness()));
            proptest::prop_assert!(same(one.kurtosis(), merged.kurtosis()));
        }
    }

    #[test]
    fn merged_sums_beside_a_target_are_those_of_all(
        r in returns(1..80),
        cuts in proptest::collection::vec(0..80_usize, 0..6),
    ) {
        let (one, merged) = both(Shortfall::new(252.0, 0.05), &r, &cuts);
        proptest::prop_assert!(same(one.sortino_ratio(252.0), merged.sortino_ratio(252.0)));
        let (one, merged) = both(Gains::new(0.001), &r, &cuts);
        proptest::prop_assert!(same(one.omega_ratio(), merged.omega_ratio()));
    }

    #[test]
    fn what_returns_compound_to_does_not_depend_on_their_order(
        r in wild_returns(1..80),
        cuts in proptest::collection::vec(0..80_usize, 0..6),
    ) {
        let (one, merged) = both(Growth::default(), &r, &cuts);
        let path = Path::of(r.iter().copied());
        for growth in [one, merged] {
            proptest::prop_assert!(same(growth.total_return(), path.total_return()));
            proptest::prop_assert!(same(growth.cagr(365.0), path.cagr(365.0)));
        }
        proptest::prop_assert_eq!(Growth::of_words(&merged.words()), Some(merged));
    }

    #[test]
    fn merged_stretches_are_one(r in wild_returns(1..80), cuts in proptest::collection::vec(0..80_usize, 0..6)) {
        let (one, merged) = both(Segment::default(), &r, &cuts);
        proptest::prop_assert!(same(one.total_return(), merged.total_return()));
        proptest::prop_assert_eq!(one.is_turned(), merged.is_turned());
        proptest::prop_assert_eq!(one.longest_winning_streak(), merged.longest_winning_streak());
        proptest::prop_assert_eq!(one.longest_losing_streak(), merged.longest_losing_streak());
        if !merged.is_turned() {
            proptest::prop_assert!(same(one.max_drawdown(), merged.max_drawdown()));
        }
    }

    #[test]
    fn another_process_reads_what_was_written(r in returns(1..20)) {
        let (sample, _) = both(Sample::default(), &r, &[]);
        proptest::prop_assert_eq!(Sample::of_words(&sample.words()), Some(sample));
        let (shortfall, _) = both(Shortfall::new(252.0, 0.05), &r, &[]);
        proptest::prop_assert_eq!(Shortfall::of_words(&shortfall.words()), Some(shortfall));
        let (gains, _) = both(Gains::new(0.01), &r, &[]);
        proptest::prop_assert_eq!(Gains::of_words(&gains.words()), Some(gains));
        proptest::prop_assert_eq!(Gains::of_words(&sample.words()), None);
    }

    #[test]
    fn quantiles_may_be_asked_for_while_returns_go_on(r in returns(2..80)) {
        let mut growing = Tail::default();
        for (at, next) in r.iter().enumerate() {
            growing.add(*next).expect("room for it");
            let mut alone = Tail::default();
            r[..=at].iter().try_for_each(|r| alone.add(*r)).expect("room for it");
            proptest::prop_assert_eq!(growing.tail_ratio(), alone.tail_ratio());
        }
    }

    #[test]
    fn merged_quantiles_are_those_of_all(r in returns(2..80), cut in 0..80_usize) {
        let (mut one, mut part, mut other) = (Tail::default(), Tail::default(), Tail::default());
        let cut = cut % r.len();
        r.iter().try_for_each(|r| one.add(*r)).expect("room for it");
        r[..cut].iter().try_for_each(|r| part.add(*r)).expect("room for it");
        part.value_at_risk(0.5);
        r[cut..].iter().try_for_each(|r| other.add(*r)).expect("room for it");
        part.merge(&other).expect("room for it");
        proptest::prop_assert_eq!(one.value_at_risk(0.95), part.value_at_risk(0.95));
        proptest::prop_assert_eq!(one.tail_ratio(), part.tail_ratio());
    }
}
