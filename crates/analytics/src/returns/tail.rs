//! Quantiles of returns, and what is lost in the worst of cases.

use super::{Partial, Sample, density, quantile, ratio};
use crate::series::{Full, Series};

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
#[derive(Debug, Default)]
pub struct Tail {
    returns: Series<f64>,
    is_sorted: bool,
    /// Whether a quantile has been asked for. If more returns follow, another one will be, again and again.
    was_asked: bool,
}

impl Tail {
    /// Without returns. In a frame they are kept in order from the first on: one comes in or leaves by a search.
    #[must_use]
    pub fn of_frame() -> Tail {
        Tail { is_sorted: true, ..Tail::default() }
    }

    /// A return comes in.
    #[inline]
    pub fn add(&mut self, r: f64) -> Result<(), Full> {
        if !self.is_sorted && !self.was_asked { self.returns.push(r) } else { self.put_in(r) }
    }

    #[cold]
    fn put_in(&mut self, r: f64) -> Result<(), Full> {
        if !self.is_sorted {
            self.returns.sort_unstable_by(f64::total_cmp);
            self.is_sorted = true;
        }
        let at = self.returns.partition_point(|other| *other < r);
        self.returns.insert(at, r)
    }

    /// A return leaves the frame.
    pub fn remove(&mut self, r: f64) {
        let at = self.returns.partition_point(|other| *other < r);
        if self.returns.get(at) == Some(&r) {
            self.returns.remove(at);
        }
    }

    /// Takes those of another part.
    pub fn merge(&mut self, other: &Tail) -> Result<(), Full> {
        self.is_sorted = false;
        self.returns.extend(&other.returns)
    }

    /// The returns, in no order that was asked for.
    #[must_use]
    pub fn returns(&self) -> &[f64] {
        &self.returns
    }

    /// The returns of this rank and of the next.
    fn of_rank(&mut self, rank: usize) -> (f64, f64) {
        self.was_asked = true;
        if self.is_sorted {
            return (self.returns[rank], self.returns[(rank + 1).min(self.returns.len() - 1)]);
        }
        // Nobody needs the others in order.
        let (_, found, above) = self.returns.select_nth_unstable_by(rank, f64::total_cmp);
        let found = *found;
        (found, above.iter().copied().reduce(f64::min).unwrap_or(found))
    }

    /// The quantile of them, linear between ranks. None: no return.
    pub fn quantile(&mut self, p: f64) -> Option<f64> {
        let rank = p * self.returns.len().checked_sub(1)? as f64;
        let below = rank.floor();
        let (low, high) = self.of_rank(below as usize);
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
        let mut worst = Sample::default();
        if self.is_sorted {
            let count = self.returns.partition_point(|r| *r <= most);
            self.returns[..count].iter().for_each(|r| worst.add(*r));
        } else {
            self.returns.iter().filter(|r| **r <= most).for_each(|r| worst.add(*r));
        }
        worst.mean_above(0.0)
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
