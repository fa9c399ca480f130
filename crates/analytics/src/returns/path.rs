//! Returns in their order: what they compound to, and how far below its peak that is.

use super::scaled::Scaled;
use super::{Growth, Partial, Streak, ratio};

/// All that depends on the order of returns, in one pass. The peak begins at 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Path {
    growth: Growth,
    /// The product over its peak: at most 1.
    under: Scaled,
    worst: f64,
    /// Σ drawdown².
    squares: f64,
    below: Streak,
    wins: Streak,
    losses: Streak,
}

impl Default for Path {
    fn default() -> Path {
        Path {
            growth: Growth::default(),
            under: Scaled::ONE,
            worst: 0.0,
            squares: 0.0,
            below: Streak::default(),
            wins: Streak::default(),
            losses: Streak::default(),
        }
    }
}

impl Path {
    /// Takes the next return.
    #[inline]
    pub fn add(&mut self, r: f64) {
        let factor = 1.0 + r;
        self.growth.add(r);
        self.under = self.under.times_up_to_one(factor);
        let drawdown = self.under.less_one();
        self.worst = self.worst.min(drawdown);
        self.squares += drawdown * drawdown;
        self.below.add(drawdown < 0.0);
        self.wins.add(r > 0.0);
        self.losses.add(r < 0.0);
    }

    /// The path of these returns.
    pub fn of(returns: impl IntoIterator<Item = f64>) -> Path {
        let mut path = Path::default();
        returns.into_iter().for_each(|r| path.add(r));
        path
    }

    /// As [`Growth::total_return`].
    #[must_use]
    pub fn total_return(&self) -> Option<f64> {
        self.growth.total_return()
    }

    /// As [`Growth::cagr`].
    #[must_use]
    pub fn cagr(&self, periods: f64) -> Option<f64> {
        self.growth.cagr(periods)
    }

    /// min(P/peak − 1). None: no return.
    #[must_use]
    pub fn max_drawdown(&self) -> Option<f64> {
        self.growth.counted().map(|_| self.worst)
    }

    /// The longest run of observations below the peak. None: no return.
    #[must_use]
    pub fn max_drawdown_duration(&self) -> Option<u64> {
        self.growth.counted().map(|_| self.below.longest())
    }

    /// cagr/|max_drawdown|. None: no drawdown, or no cagr.
    #[must_use]
    pub fn calmar_ratio(&self, periods: f64) -> Option<f64> {
        ratio(self.cagr(periods)?, -self.worst)
    }

    /// √(Σ drawdown²/(n − 1)). None: fewer than two.
    #[must_use]
    pub fn ulcer_index(&self) -> Option<f64> {
        (self.growth.count() > 1).then(|| (self.squares / (self.growth.count() - 1) as f64).sqrt())
    }

    /// The longest run of r > 0.
    #[must_use]
    pub fn longest_winning_streak(&self) -> u64 {
        self.wins.longest()
    }

    /// The longest run of r < 0.
    #[must_use]
    pub fn longest_losing_streak(&self) -> u64 {
        self.losses.longest()
    }
}
