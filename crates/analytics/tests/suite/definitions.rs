//! Every metric as its definition reads, without a thought for speed, beside what the library says.

use analytics::returns::{Gains, Partial, Path, Sample, Segment, Shortfall, Tail};

/// Two figures that are the same but for rounding, or none both.
pub fn same(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1e-3),
        (None, None) => true,
        _ => false,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn power(r: &[f64], n: i32) -> f64 {
    let mean = mean(r);
    r.iter().map(|r| (r - mean).powi(n)).sum::<f64>() / r.len() as f64
}

fn deviation(r: &[f64]) -> f64 {
    (power(r, 2) * r.len() as f64 / (r.len() as f64 - 1.0)).sqrt()
}

fn quantile(r: &[f64], p: f64) -> f64 {
    let mut sorted = r.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = p * (r.len() - 1) as f64;
    let (low, high) = (rank.floor() as usize, rank.ceil() as usize);
    sorted[low] * (1.0 - rank.fract()) + sorted[high] * rank.fract()
}

fn longest(flags: impl Iterator<Item = bool>) -> u64 {
    let flags: String = flags.map(|flag| if flag { 'x' } else { '.' }).collect();
    flags.split('.').map(str::len).max().unwrap_or(0) as u64
}

fn drawdowns(r: &[f64]) -> Vec<f64> {
    let (mut product, mut peak) = (1.0_f64, 1.0_f64);
    r.iter()
        .map(|r| {
            product *= 1.0 + r;
            peak = peak.max(product);
            product / peak - 1.0
        })
        .collect()
}

/// What the definitions say of a series with at least two different returns.
fn defined(r: &[f64], periods: f64) -> Vec<(&'static str, Option<f64>)> {
    let n = r.len() as f64;
    let wins: Vec<f64> = r.iter().copied().filter(|r| *r > 0.0).collect();
    let losses: Vec<f64> = r.iter().copied().filter(|r| *r < 0.0).collect();
    let (w, l) = (wins.len() as f64, losses.len() as f64);
    let (won, lost) = (wins.iter().sum::<f64>(), -losses.iter().sum::<f64>());
    let short = (r.iter().map(|r| r.min(0.0).powi(2)).sum::<f64>() / n).sqrt();
    let payoff = (w > 0.0 && l > 0.0).then(|| (won / w) / (lost / l));
    let g1 = power(r, 3) / power(r, 2).powf(1.5);
    let g2 = power(r, 4) / power(r, 2).powi(2) - 3.0;
    let product: f64 = r.iter().map(|r| 1.0 + r).product();
    let drawdowns = drawdowns(r);
    let worst = drawdowns.iter().copied().fold(0.0, f64::min);
    let cagr = (product >= 0.0).then(|| product.powf(periods / n) - 1.0);
    let (low, high) = (quantile(r, 0.05), quantile(r, 0.95));
    vec![
        ("sharpe", Some(mean(r) / deviation(r) * periods.sqrt())),
        ("sortino", (l > 0.0).then(|| mean(r) / short * periods.sqrt())),
        ("skewness", (n > 2.0).then(|| (n * (n - 1.0)).sqrt() / (n - 2.0) * g1)),
        ("kurtosis", (n > 3.0).then(|| (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * g2 + 6.0))),
        ("win rate", (w + l > 0.0).then(|| w / (w + l))),
        ("profit factor", (l > 0.0).then(|| won / lost)),
        ("payoff", payoff),
        ("kelly", payoff.map(|payoff| w / (w + l) - (1.0 - w / (w + l)) / payoff)),
        ("omega", (l > 0.0).then(|| won / lost)),
        ("total return", Some(product - 1.0)),
        ("cagr", cagr),
        ("max drawdown", Some(worst)),
        ("calmar", cagr.filter(|_| worst < 0.0).map(|cagr| cagr / -worst)),
        ("ulcer", Some((drawdowns.iter().map(|d| d * d).sum::<f64>() / (n - 1.0)).sqrt())),
        ("duration", Some(longest(drawdowns.iter().map(|d| *d < 0.0)) as f64)),
        ("winning streak", Some(longest(r.iter().map(|r| *r > 0.0)) as f64)),
        ("losing streak", Some(longest(r.iter().map(|r| *r < 0.0)) as f64)),
        ("historical", Some(low)),
        ("tail", (low != 0.0).then(|| (high / low).abs())),
    ]
}

/// What the library says, in the same order.
fn said(r: &[f64], periods: f64) -> Vec<Option<f64>> {
    let (mut sample, mut shortfall, mut gains) = (Sample::default(), Shortfall::new(periods, 0.0), Gains::new(0.0));
    let mut tail = Tail::default();
    for r in r {
        sample.add(*r);
        shortfall.add(*r);
        gains.add(*r);
        tail.add(*r).expect("room for it");
    }
    let path = Path::of(r.iter().copied());
    vec![
        sample.sharpe_ratio(periods, 0.0),
        shortfall.sortino_ratio(periods),
        sample.skewness(),
        sample.kurtosis(),
        sample.win_rate(),
        sample.profit_factor(),
        sample.payoff_ratio(),
        sample.kelly_criterion(),
        gains.omega_ratio(),
        path.total_return(),
        path.cagr(periods),
        path.max_drawdown(),
        path.calmar_ratio(periods),
        path.ulcer_index(),
        path.max_drawdown_duration().map(|count| count as f64),
        Some(path.longest_winning_streak() as f64),
        Some(path.longest_losing_streak() as f64),
        tail.value_at_risk(0.95),
        tail.tail_ratio(),
    ]
}

proptest::proptest! {
    #[test]
    fn one_pass_says_what_the_definitions_say(r in super::series::returns(2..60), periods in 1.0..400.0_f64) {
        proptest::prop_assume!(r.iter().any(|other| *other != r[0]));
        for ((name, wanted), got) in defined(&r, periods).into_iter().zip(said(&r, periods)) {
            proptest::prop_assert!(same(got, wanted), "{name}: {got:?} is not {wanted:?} of {r:?}");
        }
    }

    #[test]
    fn a_stretch_says_what_a_path_says(r in super::series::returns(1..60)) {
        let mut stretch = Segment::default();
        r.iter().for_each(|r| stretch.add(*r));
        let path = Path::of(r.iter().copied());
        proptest::prop_assert!(same(stretch.total_return(), path.total_return()));
        proptest::prop_assert!(same(stretch.max_drawdown(), path.max_drawdown()));
        proptest::prop_assert!(same(stretch.calmar_ratio(252.0), path.calmar_ratio(252.0)));
        proptest::prop_assert_eq!(stretch.longest_winning_streak(), path.longest_winning_streak());
        proptest::prop_assert_eq!(stretch.longest_losing_streak(), path.longest_losing_streak());
    }
}
