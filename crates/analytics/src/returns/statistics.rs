//! Every figure of a series of returns at once.

use super::{Gains, PERIODS, Partial, Path, Sample, Shortfall, Tail};
use crate::series::{Full, Series};

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// A ratio; none where it is undefined.
    Ratio(Option<f64>),
    /// So many.
    Count(u64),
}

impl From<Option<f64>> for Figure {
    fn from(ratio: Option<f64>) -> Figure {
        Figure::Ratio(ratio)
    }
}

/// How sure the values at risk are.
const CONFIDENCE: f64 = 0.95;

/// Returns and their times, which put them in order.
#[derive(Debug)]
pub struct ReturnStatistics {
    periods: f64,
    /// Time and return, as they came.
    rows: Series<(i64, f64)>,
}

impl ReturnStatistics {
    /// Without returns; `periods` observations make a year.
    #[must_use]
    pub fn new(periods: f64) -> ReturnStatistics {
        ReturnStatistics { periods, rows: Series::default() }
    }

    /// Takes a return, and its time as a number that grows.
    pub fn add(&mut self, at: i64, r: f64) -> Result<(), Full> {
        self.rows.push((at, r))
    }

    /// The first and the last time. None: no return.
    pub fn span(&self) -> Option<(i64, i64)> {
        let times = || self.rows.iter().map(|row| row.0);
        times().min().zip(times().max())
    }

    /// Puts them in the order of time; of equal times that in which they came.
    fn in_order(&mut self) -> Result<&[(i64, f64)], Full> {
        self.rows.sort_by_key(|row| row.0)?;
        Ok(&self.rows)
    }

    /// The figures, by the names of the aggregates that give one of them alone.
    pub fn figures(&mut self) -> Result<Vec<(&'static str, Figure)>, Full> {
        let periods = self.periods;
        let (mut sample, mut path, mut tail) = (Sample::default(), Path::default(), Tail::default());
        let (mut shortfall, mut gains) = (Shortfall::new(PERIODS, 0.0), Gains::default());
        let rows = self.in_order()?;
        // One after the other: their figures stay in registers.
        rows.iter().for_each(|(_, r)| sample.add(*r));
        rows.iter().for_each(|(_, r)| path.add(*r));
        rows.iter().for_each(|(_, r)| shortfall.add(*r));
        rows.iter().for_each(|(_, r)| gains.add(*r));
        rows.iter().try_for_each(|(_, r)| tail.add(*r))?;
        Ok(vec![
            ("returns", Figure::Count(sample.count() as u64)),
            ("mean", sample.mean_above(0.0).into()),
            ("total_return", path.total_return().into()),
            ("cagr", path.cagr(periods).into()),
            ("volatility", sample.volatility(periods).into()),
            ("sharpe_ratio", sample.sharpe_ratio(periods, 0.0).into()),
            ("sortino_ratio", shortfall.sortino_ratio(periods).into()),
            ("max_drawdown", path.max_drawdown().into()),
            ("max_drawdown_duration", path.max_drawdown_duration().map_or(Figure::Ratio(None), Figure::Count)),
            ("calmar_ratio", path.calmar_ratio(periods).into()),
            ("ulcer_index", path.ulcer_index().into()),
            ("value_at_risk", sample.value_at_risk(CONFIDENCE).into()),
            ("value_at_risk_historical", tail.value_at_risk(CONFIDENCE).into()),
            ("conditional_value_at_risk", sample.conditional_value_at_risk(CONFIDENCE).into()),
            ("conditional_value_at_risk_historical", tail.conditional_value_at_risk(CONFIDENCE).into()),
            ("omega_ratio", gains.omega_ratio().into()),
            ("tail_ratio", tail.tail_ratio().into()),
            ("win_rate", sample.win_rate().into()),
            ("profit_factor", sample.profit_factor().into()),
            ("payoff_ratio", sample.payoff_ratio().into()),
            ("kelly_criterion", sample.kelly_criterion().into()),
            ("skewness", sample.skewness().into()),
            ("kurtosis", sample.kurtosis().into()),
            ("longest_winning_streak", Figure::Count(path.longest_winning_streak())),
            ("longest_losing_streak", Figure::Count(path.longest_losing_streak())),
        ])
    }
}
