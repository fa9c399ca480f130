//! Returns beside a target: what the Sortino ratio is drawn from.

use super::{Partial, Portable, rate_of_a_period, ratio};

/// Sums of what returns are above and below a target of each period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shortfall {
    target: f64,
    n: f64,
    /// Σ (r − target), and what rounding has taken from it.
    excess: f64,
    rest: f64,
    below: f64,
    /// Σ min(r − target, 0)².
    squares: f64,
}

impl Shortfall {
    /// No returns yet; `rf` is the rate of a year.
    #[must_use]
    pub fn new(periods: f64, rf: f64) -> Shortfall {
        Shortfall { target: rate_of_a_period(rf, periods), ..Shortfall::default() }
    }

    /// mean(r − f)/√(Σ min(r − f, 0)²/n)·√periods. None: fewer than two, or none below f.
    #[must_use]
    pub fn sortino_ratio(&self, periods: f64) -> Option<f64> {
        if self.n < 2.0 || self.below == 0.0 {
            return None;
        }
        let mean = (self.excess + self.rest) / self.n;
        Some(ratio(mean, (self.squares / self.n).sqrt())? * periods.sqrt())
    }

    #[inline]
    fn count_in(&mut self, excess: f64) {
        let sum = self.excess + excess;
        let part = sum - self.excess;
        self.rest += (self.excess - (sum - part)) + (excess - part);
        self.excess = sum;
    }
}

impl Partial for Shortfall {
    fn cleared(&self) -> Shortfall {
        Shortfall { target: self.target, ..Shortfall::default() }
    }

    #[inline]
    fn add(&mut self, r: f64) {
        let excess = r - self.target;
        self.n += 1.0;
        self.count_in(excess);
        let short = excess.min(0.0);
        self.below += f64::from(u8::from(excess < 0.0));
        self.squares += short * short;
    }

    #[inline]
    fn merge(&mut self, later: &Shortfall) {
        self.n += later.n;
        self.count_in(later.excess);
        self.rest += later.rest;
        self.below += later.below;
        self.squares += later.squares;
    }

    #[inline]
    fn precede(&mut self, r: f64) {
        self.add(r);
    }
}

impl Portable for Shortfall {
    fn words(&self) -> Vec<f64> {
        vec![self.target, self.n, self.excess, self.rest, self.below, self.squares]
    }

    fn of_words(words: &[f64]) -> Option<Shortfall> {
        let [target, n, excess, rest, below, squares] = *<&[f64; 6]>::try_from(words).ok()?;
        Some(Shortfall { target, n, excess, rest, below, squares })
    }
}
