//! What returns are above a threshold, beside what they are below it: the omega ratio.

use super::{Partial, Portable, ratio};

/// Σ(r − t above 0), Σ(t − r above 0).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gains {
    threshold: f64,
    n: f64,
    above: f64,
    below: f64,
}

impl Gains {
    /// No returns yet.
    #[must_use]
    pub fn new(threshold: f64) -> Gains {
        Gains { threshold, ..Gains::default() }
    }

    /// None: fewer than two, or nothing below the threshold.
    #[must_use]
    pub fn omega_ratio(&self) -> Option<f64> {
        if self.n < 2.0 { None } else { ratio(self.above, self.below) }
    }
}

impl Partial for Gains {
    fn cleared(&self) -> Gains {
        Gains::new(self.threshold)
    }

    #[inline]
    fn add(&mut self, r: f64) {
        let excess = r - self.threshold;
        self.n += 1.0;
        self.above += excess.max(0.0);
        self.below += (-excess).max(0.0);
    }

    #[inline]
    fn merge(&mut self, later: &Gains) {
        self.n += later.n;
        self.above += later.above;
        self.below += later.below;
    }

    #[inline]
    fn precede(&mut self, r: f64) {
        self.add(r);
    }
}

impl Portable for Gains {
    fn words(&self) -> Vec<f64> {
        vec![self.threshold, self.n, self.above, self.below]
    }

    fn of_words(words: &[f64]) -> Option<Gains> {
        let [threshold, n, above, below] = *<&[f64; 4]>::try_from(words).ok()?;
        Some(Gains { threshold, n, above, below })
    }
}
