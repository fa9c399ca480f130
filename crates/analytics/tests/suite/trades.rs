//! Trades: worked examples, and what was reported elsewhere.

use analytics::trades::{Figure, Method, Trade, TradeStatistics};
use money::{Money, Sum};

const DAY: i64 = 86_400_000_000;

fn figures(trades: &[(i64, i64)], starting: i64, method: Method) -> Vec<(&'static str, Figure)> {
    let mut statistics = TradeStatistics::new(Money::whole(starting), method);
    for (day, profit) in trades {
        let trade = Trade { net_pnl: Money::whole(*profit), closed_at: day * DAY, opened_at: None };
        statistics.add(trade).expect("room for it");
    }
    statistics.figures().expect("room for it")
}

fn figure(figures: &[(&str, Figure)], name: &str) -> Figure {
    figures.iter().find(|(other, _)| *other == name).expect("a figure of this name").1
}

fn ratio(figures: &[(&str, Figure)], name: &str) -> Option<f64> {
    match figure(figures, name) {
        Figure::Ratio(ratio) => ratio,
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn drawdown_starts_with_the_starting_balance() {
    let figures = figures(&[(1, -500), (2, 9_000)], 1_000, Method::Freqtrade);
    assert_eq!(figure(&figures, "max_drawdown"), Figure::Money(Some(Sum::from(Money::whole(500)))));
    assert_eq!(ratio(&figures, "max_drawdown_relative"), Some(0.5));
}

#[test]
fn without_a_loss_ratios_to_losses_are_none() {
    let figures = figures(&[(1, 10), (2, 20)], 1_000, Method::Freqtrade);
    for name in ["profit_factor", "payoff_ratio", "expectancy_ratio", "average_loss", "sortino_ratio", "calmar_ratio"] {
        assert_eq!(ratio(&figures, name), None, "{name}");
    }
    assert_eq!(ratio(&figures, "win_rate"), Some(1.0));
    assert_eq!(figure(&figures, "largest_loss"), Figure::Money(None));
}

#[test]
fn without_trades_counts_are_0_and_ratios_none() {
    for method in [Method::Freqtrade, Method::Quantstats] {
        for (name, figure) in figures(&[], 1_000, method) {
            match figure {
                Figure::Count(count) => assert_eq!(count, 0, "{name}"),
                Figure::Ratio(ratio) => assert_eq!(ratio, None, "{name}"),
                Figure::Money(amount) => assert!(amount.is_none_or(|amount| amount.units() % 100_000_000_000 == 0)),
                Figure::Length(length) => assert_eq!(length, None, "{name}"),
            }
        }
    }
}

#[test]
fn trades_come_in_any_order_and_break_even_counts_in_the_win_rate() {
    let figures = figures(&[(9, -30), (1, 100), (3, 0), (5, -50)], 1_000, Method::Freqtrade);
    assert_eq!(ratio(&figures, "win_rate"), Some(0.25));
    assert_eq!(figure(&figures, "break_even"), Figure::Count(1));
    assert_eq!(figure(&figures, "longest_losing_streak"), Figure::Count(2));
    assert_eq!(ratio(&figures, "expectancy"), Some(5.0));
    // (1 + 100/40)·1/4 − 1
    assert_eq!(ratio(&figures, "expectancy_ratio"), Some(-0.125));
    assert_eq!(figure(&figures, "max_drawdown"), Figure::Money(Some(Sum::from(Money::whole(80)))));
}

#[test]
fn freqtrade_divides_by_days_and_by_the_drawdown_at_the_largest_fall() {
    // In 8 days: +100, 0, −50, −30 of 1,000.
    let figures = figures(&[(1, 100), (3, 0), (5, -50), (9, -30)], 1_000, Method::Freqtrade);
    let a_day = 0.02 / 8.0;
    let p = [0.1, 0.0, -0.05, -0.03];
    let mean = p.iter().sum::<f64>() / 4.0;
    let spread = (p.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>() / 4.0).sqrt();
    let near = |name: &str, wanted: f64| {
        let got = ratio(&figures, name);
        assert!(got.is_some_and(|got| (got / wanted - 1.0).abs() < 1e-12), "{name}: {got:?} is not {wanted}");
    };
    near("sharpe_ratio", a_day / spread * 365.0_f64.sqrt());
    near("sortino_ratio", a_day / 0.01 * 365.0_f64.sqrt());
    near("calmar_ratio", a_day * 100.0 / (80.0 / 1_100.0) * 365.0_f64.sqrt());
}

#[test]
fn returns_of_days_carry_the_balance_over_days_without_a_trade() {
    let figures = figures(&[(1, 100), (3, -110)], 1_000, Method::Quantstats);
    let r: [f64; 3] = [0.1, 0.0, -0.1];
    let spread = (r.iter().map(|r| r * r).sum::<f64>() / 2.0).sqrt();
    assert!(ratio(&figures, "sharpe_ratio").is_some_and(|sharpe| sharpe.abs() < 1e-12 / spread));
    // As soon as nothing is left there is no return.
    let broke = self::figures(&[(1, -1_000), (2, 10)], 1_000, Method::Quantstats);
    assert_eq!(ratio(&broke, "sharpe_ratio"), None);
}
