//! What returns compound to. Their order does not matter: a product in another one differs by its rounding alone.

use super::scaled::{Scaled, yearly};
use super::{Partial, Portable};

/// Π(1 + r), of so many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    n: u64,
    total: Scaled,
}

impl Default for Growth {
    fn default() -> Growth {
        Growth { n: 0, total: Scaled::ONE }
    }
}

impl Growth {
    /// Of one return.
    pub(super) fn of(r: f64) -> Growth {
        Growth { n: 1, total: Scaled::of(1.0 + r) }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.n
    }

    /// Π(1 + r).
    pub(super) fn total(&self) -> Scaled {
        self.total
    }

    pub(super) fn counted(&self) -> Option<f64> {
        (self.n > 0).then_some(self.n as f64)
    }

    /// Π(1 + r) − 1: infinite where it is beyond `f64`. None: no return.
    #[must_use]
    pub fn total_return(&self) -> Option<f64> {
        self.counted().map(|_| self.total.less_one())
    }

    /// (Π(1 + r))^(periods/n) − 1. None: no return, or the product is negative.
    #[must_use]
    pub fn cagr(&self, periods: f64) -> Option<f64> {
        yearly(self.total, self.counted()?, periods)
    }
}

impl Partial for Growth {
    fn cleared(&self) -> Growth {
        Growth::default()
    }

    #[inline]
    fn add(&mut self, r: f64) {
        self.n += 1;
        self.total = self.total.times(1.0 + r);
    }

    #[inline]
    fn merge(&mut self, later: &Growth) {
        self.n += later.n;
        self.total = self.total.product(later.total);
    }

    #[inline]
    fn precede(&mut self, r: f64) {
        self.add(r);
    }
}

impl Portable for Growth {
    fn words(&self) -> Vec<f64> {
        let (part, scale) = self.total.parts();
        vec![self.n as f64, part, scale as f64]
    }

    fn of_words(words: &[f64]) -> Option<Growth> {
        let [n, part, scale] = *<&[f64; 3]>::try_from(words).ok()?;
        Some(Growth { n: n as u64, total: Scaled::of_parts(part, scale as i64) })
    }
}
