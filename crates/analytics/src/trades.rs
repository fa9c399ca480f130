//! What closed trades come to, by their net profit and loss: both fees taken off. Money is exact, ratios are not.

use money::{Money, Sum};

use crate::returns::{Partial, Sample, Streak, ratio};
use crate::series::{Full, Series};

mod ratios;

/// How Sharpe, Sortino and Calmar ratios are drawn from trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// As freqtrade does: from the profits of trades beside the starting balance, spread over the days from the first to
    /// the last close.
    #[default]
    Freqtrade,
    /// As quantstats does from returns: here those of the balance, day by day (UTC), of which a year has 365.
    Quantstats,
}

impl Method {
    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Method> {
        match name {
            "freqtrade" => Some(Method::Freqtrade),
            "quantstats" => Some(Method::Quantstats),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Freqtrade => "freqtrade",
            Method::Quantstats => "quantstats",
        }
    }
}

/// A closed trade. Times are microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Trade {
    /// What was won or lost, fees taken off.
    pub net_pnl: Money,
    /// When it was closed.
    pub closed_at: i64,
    /// When it was opened, where that is told.
    pub opened_at: Option<i64>,
}

/// A figure of trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// A ratio; none where it is undefined.
    Ratio(Option<f64>),
    /// So many.
    Count(u64),
    /// An amount; none where there is none.
    Money(Option<Sum>),
    /// How long, in microseconds; none where it is not told.
    Length(Option<i64>),
}

/// Falls of the balance below its peak, which begins with the starting balance.
#[derive(Clone, Copy, Debug, Default)]
struct Falls {
    /// The largest, and the balance that it fell from.
    deepest: Sum,
    from: Sum,
    /// The largest beside the peak.
    relative: f64,
}

impl Falls {
    fn of(trades: &[Trade], starting: Money) -> Falls {
        let mut falls = Falls { from: starting.into(), ..Falls::default() };
        let (mut balance, mut peak) = (Sum::from(starting), Sum::from(starting));
        for trade in trades {
            balance += trade.net_pnl;
            peak = peak.max(balance);
            let fall = peak - balance;
            if fall > falls.deepest {
                (falls.deepest, falls.from) = (fall, peak);
            }
            falls.relative = falls.relative.max(real(fall) / real(peak));
        }
        falls
    }

    /// The deepest beside the peak that it fell from. None: there is no fall.
    fn at_the_deepest(&self) -> Option<f64> {
        (self.deepest > Sum::ZERO).then(|| real(self.deepest) / real(self.from))
    }
}

/// An amount as a number, to the last digit that a double has.
fn real(sum: Sum) -> f64 {
    sum.units() as f64 / 1e8
}

/// Trades in the order of their closes, and the balance before the first of them, which is above 0.
#[derive(Debug)]
pub struct TradeStatistics {
    starting: Money,
    method: Method,
    trades: Series<Trade>,
}

impl TradeStatistics {
    /// Without trades.
    #[must_use]
    pub fn new(starting: Money, method: Method) -> TradeStatistics {
        TradeStatistics { starting, method, trades: Series::default() }
    }

    /// The balance before the first trade.
    #[must_use]
    pub fn starting(&self) -> Money {
        self.starting
    }

    /// How ratios are drawn.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Takes a trade.
    pub fn add(&mut self, trade: Trade) -> Result<(), Full> {
        self.trades.push(trade)
    }

    /// The first and the last close. None: no trade.
    pub fn span(&self) -> Option<(i64, i64)> {
        let times = || self.trades.iter().map(|trade| trade.closed_at);
        times().min().zip(times().max())
    }

    /// By their closes; those of one moment as they came.
    fn in_order(&mut self) -> Result<&[Trade], Full> {
        self.trades.sort_by_key(|trade| trade.closed_at)?;
        Ok(&self.trades)
    }

    /// The figures, by name.
    pub fn figures(&mut self) -> Result<Vec<(&'static str, Figure)>, Full> {
        let (starting, method) = (self.starting, self.method);
        let trades = self.in_order()?;
        let falls = Falls::of(trades, starting);
        let mut figures = sums(trades, starting);
        figures.extend(qualities(trades));
        figures.push(("max_drawdown", Figure::Money((!trades.is_empty()).then_some(falls.deepest))));
        let relative = (!trades.is_empty()).then_some(falls.relative);
        figures.push(("max_drawdown_relative", Figure::Ratio(relative)));
        let ratios = match method {
            Method::Freqtrade => ratios::of_trades(trades, starting, &falls),
            Method::Quantstats => ratios::of_days(trades, starting),
        };
        figures.extend(ratios.map(|(name, ratio)| (name, Figure::Ratio(ratio))));
        figures.extend(holding_times(trades));
        Ok(figures)
    }
}

/// Counts and amounts.
fn sums(trades: &[Trade], starting: Money) -> Vec<(&'static str, Figure)> {
    let profits = || trades.iter().map(|trade| trade.net_pnl);
    let (won, lost) = (|| profits().filter(|p| *p > Money::ZERO), || profits().filter(|p| *p < Money::ZERO));
    let (wins, losses) = (won().count(), lost().count());
    let total: Sum = profits().sum();
    let amount = |amount: Option<Money>| Figure::Money(amount.map(Sum::from));
    vec![
        ("trades", Figure::Count(trades.len() as u64)),
        ("wins", Figure::Count(wins as u64)),
        ("losses", Figure::Count(losses as u64)),
        ("break_even", Figure::Count((trades.len() - wins - losses) as u64)),
        ("net_pnl", Figure::Money(Some(total))),
        ("gross_profit", Figure::Money(Some(won().sum()))),
        ("gross_loss", Figure::Money(Some(lost().sum()))),
        ("largest_win", amount(won().max())),
        ("largest_loss", amount(lost().min())),
        ("final_balance", Figure::Money(Some(total + starting))),
        ("total_return", Figure::Ratio((!trades.is_empty()).then(|| real(total) / real(starting.into())))),
    ]
}

/// Means, shares and runs.
fn qualities(trades: &[Trade]) -> Vec<(&'static str, Figure)> {
    let (mut wins, mut losses, mut sample) = (Streak::default(), Streak::default(), Sample::default());
    let (mut won, mut lost) = (Sample::default(), Sample::default());
    for trade in trades {
        let profit = real(trade.net_pnl.into());
        wins.add(profit > 0.0);
        losses.add(profit < 0.0);
        sample.add(profit);
        if profit > 0.0 {
            won.add(profit);
        }
        if profit < 0.0 {
            lost.add(profit);
        }
    }
    let share = ratio(won.count(), sample.count());
    let (mean_win, mean_loss) = (won.mean_above(0.0), lost.mean_above(0.0));
    // Who never wins expects to lose all that is risked.
    let pays = mean_loss.map(|loss| mean_win.unwrap_or(0.0) / -loss);
    let expectancy_ratio = pays.zip(share).map(|(pays, share)| (1.0 + pays) * share - 1.0);
    vec![
        ("win_rate", Figure::Ratio(share)),
        ("average_win", Figure::Ratio(mean_win)),
        ("average_loss", Figure::Ratio(mean_loss)),
        ("profit_factor", Figure::Ratio(sample.profit_factor())),
        ("payoff_ratio", Figure::Ratio(sample.payoff_ratio())),
        ("expectancy", Figure::Ratio(sample.mean_above(0.0))),
        ("expectancy_ratio", Figure::Ratio(expectancy_ratio)),
        ("sqn", Figure::Ratio(sample.quality_number())),
        ("longest_winning_streak", Figure::Count(wins.longest())),
        ("longest_losing_streak", Figure::Count(losses.longest())),
    ]
}

/// How long trades were open, of those whose opening is told.
fn holding_times(trades: &[Trade]) -> [(&'static str, Figure); 3] {
    let lengths = || trades.iter().filter_map(|trade| Some(trade.closed_at.saturating_sub(trade.opened_at?)));
    let (sum, n) = lengths().fold((0_i128, 0_i128), |(sum, n), length| (sum + i128::from(length), n + 1));
    let mean = (n > 0).then(|| (sum / n.max(1)) as i64);
    [
        ("average_holding_time", Figure::Length(mean)),
        ("shortest_holding_time", Figure::Length(lengths().min())),
        ("longest_holding_time", Figure::Length(lengths().max())),
    ]
}
