//! Series of every awkward kind.

use std::ops::Range;

use analytics::returns::{Gains, Partial, Path, ReturnStatistics, Sample, Segment, Shortfall, Tail, quantile};
use proptest::prelude::*;

use super::definitions::same;

/// Returns as they are: wins, losses, none at all, a loss of everything now and then.
pub fn returns(count: Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![
        8 => -0.2..0.2_f64,
        2 => Just(0.0),
        1 => -0.99..3.0_f64,
    ];
    proptest::collection::vec(one, count)
}

/// The same, with what is lost beyond everything.
pub fn wild_returns(count: Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![6 => -0.2..0.2_f64, 1 => -3.0..3.0_f64, 1 => Just(-1.0), 1 => Just(0.0)];
    proptest::collection::vec(one, count)
}

const EXAMPLE: [f64; 10] = [0.01, -0.005, 0.0, 0.02, -0.03, 0.004, 0.007, -0.001, 0.0, 0.012];

fn sample(r: &[f64]) -> Sample {
    let mut sample = Sample::default();
    r.iter().for_each(|r| sample.add(*r));
    sample
}

fn near(figure: Option<f64>, wanted: f64) {
    assert!(figure.is_some_and(|figure| (figure - wanted).abs() < 1e-9), "{figure:?} is not {wanted}");
}

#[test]
fn the_worked_example_comes_out() {
    let (sample, path) = (sample(&EXAMPLE), Path::of(EXAMPLE));
    let mut shortfall = Shortfall::new(252.0, 0.0);
    EXAMPLE.iter().for_each(|r| shortfall.add(*r));
    near(sample.sharpe_ratio(252.0, 0.0), 2.020_152_500_7);
    near(shortfall.sortino_ratio(252.0), 2.804_424_150_6);
    near(path.calmar_ratio(252.0), 16.776_443_712_4);
    near(path.cagr(252.0), 0.503_293_311_4);
    near(sample.volatility(252.0), 0.212_063_198_1);
    near(path.max_drawdown(), -0.03);
    near(sample.win_rate(), 0.625);
    near(sample.profit_factor(), 1.472_222_222_2);
    near(sample.payoff_ratio(), 0.883_333_333_3);
    near(sample.kelly_criterion(), 0.200_471_698_1);
}

#[test]
fn equal_returns_have_no_ratio_to_their_spread() {
    let sample = sample(&[0.01; 12]);
    assert_eq!(sample.volatility(252.0), Some(0.0));
    assert_eq!((sample.sharpe_ratio(252.0, 0.0), sample.skewness(), sample.kurtosis()), (None, None, None));
    assert_eq!((sample.profit_factor(), sample.payoff_ratio(), sample.kelly_criterion()), (None, None, None));
    near(Path::of([0.01; 12]).total_return(), 1.01_f64.powi(12) - 1.0);
}

#[test]
fn a_tiny_spread_beside_a_large_mean_is_not_lost() {
    // Whole multiples of 2^-20 beside 2^20: every one of them is a double, and so is each distance.
    let step = (-20.0_f64).exp2();
    let returns: Vec<f64> = (0..1000).map(|n| 20.0_f64.exp2() + f64::from(n % 7) * step).collect();
    let distances: Vec<f64> = (0..1000).map(|n| f64::from(n % 7)).collect();
    let (far, close) = (sample(&returns), sample(&distances));
    near(far.volatility(1.0).map(|s| s / step), close.volatility(1.0).unwrap_or_default());
    near(far.skewness(), close.skewness().unwrap_or_default());
    near(far.kurtosis(), close.kurtosis().unwrap_or_default());
}

#[test]
fn nothing_comes_of_no_return_and_little_of_one() {
    let none = Sample::default();
    assert_eq!((none.volatility(1.0), none.win_rate(), none.value_at_risk(0.95)), (None, None, None));
    assert_eq!((Path::default().total_return(), Path::default().max_drawdown()), (None, None));
    assert_eq!(Path::default().longest_winning_streak(), 0);
    assert_eq!((Tail::default().tail_ratio(), Tail::default().value_at_risk(0.95)), (None, None));
    let one = sample(&[0.02]);
    assert_eq!((one.volatility(1.0), one.sharpe_ratio(1.0, 0.0), one.value_at_risk(0.95)), (None, None, None));
    let mut gains = Gains::new(0.0);
    gains.add(-0.1);
    assert_eq!(gains.omega_ratio(), None);
    let mut tail = Tail::default();
    tail.add(0.02).expect("room for it");
    assert_eq!((tail.value_at_risk(0.95), tail.conditional_value_at_risk(0.95)), (Some(0.02), Some(0.02)));
    assert!(ReturnStatistics::new(252.0).span().is_none());
}

#[test]
fn a_million_returns_neither_overflow_nor_underflow_on_the_way() {
    let up = |n: usize| std::iter::repeat_n(0.01, n);
    let down = |n: usize| std::iter::repeat_n(-0.01, n);
    assert_eq!(Path::of(up(1_000_000)).total_return(), Some(f64::INFINITY));
    near(Path::of(up(1_000_000)).cagr(1.0), 0.01);
    near(Path::of(down(1_000_000)).cagr(1.0), -0.01);
    near(Path::of(down(1_000_000)).total_return(), -1.0);
    // Down by far more than a double holds, and up again.
    let n = 500_000;
    let back = Path::of(down(n).chain(std::iter::repeat_n(1.0 / 0.99 - 1.0, n)));
    assert!(back.total_return().is_some_and(|total| total.abs() < 1e-6), "{:?}", back.total_return());
    let mut stretch = Segment::default();
    up(n).chain(down(n)).for_each(|r| stretch.add(r));
    near(stretch.cagr(1.0), (1.01_f64 * 0.99).sqrt() - 1.0);
    near(stretch.max_drawdown(), -1.0);
}

#[test]
fn all_is_lost_once_and_for_all() {
    let path = Path::of([0.5, -1.0, 0.2]);
    assert_eq!((path.total_return(), path.max_drawdown(), path.cagr(252.0)), (Some(-1.0), Some(-1.0), Some(-1.0)));
    assert_eq!(path.max_drawdown_duration(), Some(2));
    let beyond = Path::of([-1.5]);
    assert_eq!((beyond.total_return(), beyond.cagr(252.0), beyond.calmar_ratio(252.0)), (Some(-1.5), None, None));
}

#[test]
fn an_early_loss_is_a_drawdown() {
    assert!(same(Path::of([-0.5, 9.0]).max_drawdown(), Some(-0.5)));
}

#[test]
fn a_spread_beyond_every_number_makes_no_ratio_of_0() {
    let (sample, mut shortfall) = (sample(&[1e200, -2e200, 3e200, 5e200]), Shortfall::new(252.0, 0.0));
    [1e200, -2e200].iter().for_each(|r| shortfall.add(*r));
    assert!(sample.sharpe_ratio(252.0, 0.0).is_some_and(f64::is_nan));
    assert!(shortfall.sortino_ratio(252.0).is_some_and(f64::is_nan));
    assert!(sample.volatility(252.0).is_some_and(f64::is_infinite));
    assert!(sample.skewness().is_some_and(f64::is_nan) && sample.kurtosis().is_some_and(f64::is_nan));
}

#[test]
fn the_normal_distribution_is_where_tables_say() {
    for (p, z) in
        [(0.5, 0.0), (0.05, -1.644_853_626_951_472_7), (0.975, 1.959_963_984_540_054), (1e-10, -6.361_340_902_404_056)]
    {
        assert!((quantile(p) - z).abs() < 1e-13, "{p}: {} is not {z}", quantile(p));
    }
}
