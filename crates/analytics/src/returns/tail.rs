//! Quantiles of returns, and what is lost in the worst of cases.

use super::{Partial, Sample, density, quantile, ratio};

/// How a value at risk is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// As if returns were distributed normally, with their mean and deviation.
    #[default]
    Normal,
    /// From the quantile of the returns themselves.
    Historical,
}

impl Method {
    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Method> {
        match name {
            "normal" => Some(Method::Normal),
            "historical" => Some(Method::Historical),
            _ => None,
        }
    }
}

/// Returns, all of them: a quantile cannot be merged from anything less.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    returns: Vec<f64>,
    is_sorted: bool,
}

impl Tail {
    /// Without returns. In a frame they are kept in order from the first on: one comes in or leaves by a search.
    #[must_use]
    pub fn of_frame() -> Tail {
        Tail { returns: Vec::new(), is_sorted: true }
    }

    /// A return comes in.
    #[inline]
    pub fn add(&mut self, r: f64) {
        if self.is_sorted {
            let at = self.returns.partition_point(|other| *other < r);
            self.returns.insert(at, r);
        } else {
            self.returns.push(r);
        }
    }

    /// A return leaves the frame.
    pub fn remove(&mut self, r: f64) {
        let at = self.returns.partition_point(|other| *other < r);
        if self.returns.get(at) == Some(&r) {
            self.returns.remove(at);
        }
    }

    /// Takes those of another part.
    pub fn merge(&mut self, other: &Tail) {
        self.returns.extend_from_slice(&other.returns);
        self.is_sorted = false;
    }

    /// The returns, in no order that was asked for.
    #[must_use]
    pub fn returns(&self) -> &[f64] {
        &self.returns
    }

    /// Sorts them; from now on they stay so.
    fn sorted(&mut self) -> &[f64] {
        if !self.is_sorted {
            self.returns.sort_unstable_by(f64::total_cmp);
            self.is_sorted = true;
        }
        &self.returns
    }

    /// The quantile of them, linear between ranks. None: no return.
    pub fn quantile(&mut self, p: f64) -> Option<f64> {
        let sorted = self.sorted();
        let last = sorted.len().checked_sub(1)?;
        let rank = p * last as f64;
        let below = rank.floor();
        let (low, high) = (sorted[below as usize], sorted[(below as usize + 1).min(last)]);
        Some(low + (high - low) * (rank - below))
    }

    /// |95 % quantile/5 % quantile|. None: no return, or the 5 % quantile is 0.
    pub fn tail_ratio(&mut self) -> Option<f64> {
        let (high, low) = (self.quantile(0.95)?, self.quantile(0.05)?);
        ratio(high, low).map(f64::abs)
    }

    /// The return below which only 1 − confidence of them lie. None: no return.
    pub fn value_at_risk(&mut self, confidence: f64) -> Option<f64> {
        self.quantile(1.0 - confidence)
    }

    /// The mean of those up to the value at risk. None: no return.
    pub fn conditional_value_at_risk(&mut self, confidence: f64) -> Option<f64> {
        let most = self.value_at_risk(confidence)?;
        let sorted = self.sorted();
        let worst = &sorted[..sorted.partition_point(|r| *r <= most)];
        let mut sample = Sample::default();
        worst.iter().for_each(|r| sample.add(*r));
        sample.mean_above(0.0)
    }
}

impl Sample {
    /// mean + z(1 − confidence)·s. None: fewer than two.
    #[must_use]
    pub fn value_at_risk(&self, confidence: f64) -> Option<f64> {
        Some(self.mean_above(0.0)? + quantile(1.0 - confidence) * self.deviation()?)
    }

    /// mean − s·φ(z)/(1 − confidence). None: fewer than two.
    #[must_use]
    pub fn conditional_value_at_risk(&self, confidence: f64) -> Option<f64> {
        let tail = 1.0 - confidence;
        Some(self.mean_above(0.0)? - self.deviation()? * density(quantile(tail)) / tail)
    }
}
