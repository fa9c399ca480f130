//! Sharpe, Sortino and Calmar ratios of trades.

use money::{Money, Sum};

use super::{Falls, Trade, real};
use crate::returns::{Partial, Path, Sample, Shortfall, ratio};

/// Days are of UTC, and 365 of them make a year.
const DAY: i64 = 86_400_000_000;
const YEAR: f64 = 365.0;

type Ratios = [(&'static str, Option<f64>); 3];

const fn named(sharpe: Option<f64>, sortino: Option<f64>, calmar: Option<f64>) -> Ratios {
    [("sharpe_ratio", sharpe), ("sortino_ratio", sortino), ("calmar_ratio", calmar)]
}

/// freqtrade's. None of one moment, or where nothing is divided by: it says −100 or 0 there.
pub fn of_trades(trades: &[Trade], starting: Money, falls: &Falls) -> Ratios {
    let Some(days) = days(trades) else { return named(None, None, None) };
    let starting = real(starting.into());
    let (mut all, mut losing) = (Sample::default(), Sample::default());
    for trade in trades {
        let profit = real(trade.net_pnl.into()) / starting;
        all.add(profit);
        if profit < 0.0 {
            losing.add(profit);
        }
    }
    let total: Sum = trades.iter().map(|trade| trade.net_pnl).sum();
    let a_day = real(total) / starting / days;
    let beside = |divisor: Option<f64>| Some(ratio(a_day, divisor?)? * YEAR.sqrt());
    let calmar = beside(falls.at_the_deepest()).map(|ratio| ratio * 100.0);
    named(beside(all.population_deviation()), beside(losing.population_deviation()), calmar)
}

/// Whole days from the first to the last close, at least one. None: they are one moment.
fn days(trades: &[Trade]) -> Option<f64> {
    let (first, last) = (trades.first()?.closed_at, trades.last()?.closed_at);
    (last > first).then(|| (last.saturating_sub(first) / DAY).max(1) as f64)
}

/// Those of the returns of the balance, day by day, from the day of the first close on; a day without a close has a
/// return of 0. None once the balance is not above 0: no return can be told any more.
pub fn of_days(trades: &[Trade], starting: Money) -> Ratios {
    let (mut sample, mut shortfall, mut path) = (Sample::default(), Shortfall::new(YEAR, 0.0), Path::default());
    let mut balance = Sum::from(starting);
    let mut before: Option<i64> = None;
    for of_day in trades.chunk_by(|one, other| day(one) == day(other)) {
        if balance <= Sum::ZERO {
            return named(None, None, None);
        }
        let profit: Sum = of_day.iter().map(|trade| trade.net_pnl).sum();
        let today = day(&of_day[0]);
        let idle = before.map_or(0, |before| today - before - 1);
        before = Some(today);
        let r = real(profit) / real(balance);
        for r in (0..idle).map(|_| 0.0).chain([r]) {
            sample.add(r);
            shortfall.add(r);
            path.add(r);
        }
        balance += profit;
    }
    named(sample.sharpe_ratio(YEAR, 0.0), shortfall.sortino_ratio(YEAR), path.calmar_ratio(YEAR))
}

fn day(trade: &Trade) -> i64 {
    trade.closed_at.div_euclid(DAY)
}
