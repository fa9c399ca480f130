//! Moments of returns, their wins and losses: everything that does not depend on their order.

use super::{Partial, Portable, rate_of_a_period, ratio};

/// Moments up to the fourth, by the update of Welford and the merge of Chan, taken from the first return on: the spread
/// of returns is not lost beside a mean that is far larger.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    n: f64,
    /// The first return; what follows is about distances from it.
    origin: f64,
    mean: f64,
    /// Sums of the second, third and fourth powers of the distances from the mean.
    m2: f64,
    m3: f64,
    m4: f64,
    wins: f64,
    losses: f64,
    won: f64,
    lost: f64,
}

impl Sample {
    /// How many returns.
    #[must_use]
    pub fn count(&self) -> f64 {
        self.n
    }

    /// What they are less `f` on average. None: no return.
    #[must_use]
    pub fn mean_above(&self, f: f64) -> Option<f64> {
        (self.n > 0.0).then_some((self.origin - f) + self.mean)
    }

    /// The sample deviation. None: fewer than two.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        (self.n > 1.0).then(|| (self.m2 / (self.n - 1.0)).sqrt())
    }

    /// The deviation of a whole population. None: no return.
    #[must_use]
    pub fn population_deviation(&self) -> Option<f64> {
        (self.n > 0.0).then(|| (self.m2 / self.n).sqrt())
    }

    /// s·√periods.
    #[must_use]
    pub fn volatility(&self, periods: f64) -> Option<f64> {
        Some(self.deviation()? * periods.sqrt())
    }

    /// mean(r − f)/s·√periods; `rf` is the rate of a year. None: fewer than two, or all equal.
    #[must_use]
    pub fn sharpe_ratio(&self, periods: f64, rf: f64) -> Option<f64> {
        let excess = self.mean_above(rate_of_a_period(rf, periods))?;
        Some(ratio(excess, self.deviation()?)? * periods.sqrt())
    }

    /// √n·mean/s. None: fewer than two, or all equal.
    #[must_use]
    pub fn quality_number(&self) -> Option<f64> {
        Some(ratio(self.mean_above(0.0)?, self.deviation()?)? * self.n.sqrt())
    }

    /// Adjusted for the sample (G1). None: fewer than three, or all equal.
    #[must_use]
    pub fn skewness(&self) -> Option<f64> {
        if self.n < 3.0 || self.m2 == 0.0 {
            return None;
        }
        let spread = (self.m2 / self.n).sqrt();
        let g1 = self.m3 / self.m2 / spread;
        Some((self.n * (self.n - 1.0)).sqrt() / (self.n - 2.0) * g1)
    }

    /// What is more than a normal distribution has, adjusted for the sample (G2). None: fewer than four, or all equal.
    #[must_use]
    pub fn kurtosis(&self) -> Option<f64> {
        if self.n < 4.0 || self.m2 == 0.0 {
            return None;
        }
        let n = self.n;
        let g2 = n * (self.m4 / self.m2 / self.m2) - 3.0;
        Some((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * g2 + 6.0))
    }

    /// Wins of wins and losses. None: neither.
    #[must_use]
    pub fn win_rate(&self) -> Option<f64> {
        ratio(self.wins, self.wins + self.losses)
    }

    /// ΣW/|ΣL|. None: no loss.
    #[must_use]
    pub fn profit_factor(&self) -> Option<f64> {
        ratio(self.won, self.lost)
    }

    /// mean W/|mean L|. None: no win, or no loss.
    #[must_use]
    pub fn payoff_ratio(&self) -> Option<f64> {
        ratio(ratio(self.won, self.wins)?, ratio(self.lost, self.losses)?)
    }

    /// p − (1 − p)/payoff. None: payoff is none.
    #[must_use]
    pub fn kelly_criterion(&self) -> Option<f64> {
        let (p, payoff) = (self.win_rate()?, self.payoff_ratio()?);
        Some(p - ratio(1.0 - p, payoff)?)
    }
}

impl Partial for Sample {
    fn cleared(&self) -> Sample {
        Sample::default()
    }

    #[inline]
    fn add(&mut self, r: f64) {
        let before = self.n;
        if before == 0.0 {
            self.origin = r;
        }
        self.n = before + 1.0;
        let n = self.n;
        let delta = (r - self.origin) - self.mean;
        let step = delta / n;
        let (square, term) = (step * step, delta * step * before);
        self.mean += step;
        self.m4 += term * square * (n * n - 3.0 * n + 3.0) + 6.0 * square * self.m2 - 4.0 * step * self.m3;
        self.m3 += term * step * (n - 2.0) - 3.0 * step * self.m2;
        self.m2 += term;
        // Without a branch: nobody foresees which returns are wins.
        self.wins += f64::from(u8::from(r > 0.0));
        self.losses += f64::from(u8::from(r < 0.0));
        self.won += r.max(0.0);
        self.lost += (-r).max(0.0);
    }

    #[inline]
    fn merge(&mut self, later: &Sample) {
        if later.n == 0.0 {
            return;
        }
        if self.n == 0.0 {
            *self = *later;
            return;
        }
        let (a, b) = (self.n, later.n);
        let n = a + b;
        let delta = (later.origin - self.origin) + (later.mean - self.mean);
        let step = delta / n;
        let square = step * step;
        self.m4 += later.m4
            + delta * step * square * a * b * (a * a - a * b + b * b)
            + 6.0 * square * (a * a * later.m2 + b * b * self.m2)
            + 4.0 * step * (a * later.m3 - b * self.m3);
        self.m3 += later.m3 + delta * square * a * b * (a - b) + 3.0 * step * (a * later.m2 - b * self.m2);
        self.m2 += later.m2 + delta * step * a * b;
        self.mean += step * b;
        self.n = n;
        self.wins += later.wins;
        self.losses += later.losses;
        self.won += later.won;
        self.lost += later.lost;
    }

    #[inline]
    fn precede(&mut self, r: f64) {
        self.add(r);
    }
}

impl Portable for Sample {
    fn words(&self) -> Vec<f64> {
        vec![self.n, self.origin, self.mean, self.m2, self.m3, self.m4, self.wins, self.losses, self.won, self.lost]
    }

    fn of_words(words: &[f64]) -> Option<Sample> {
        let [n, origin, mean, m2, m3, m4, wins, losses, won, lost] = *<&[f64; 10]>::try_from(words).ok()?;
        Some(Sample { n, origin, mean, m2, m3, m4, wins, losses, won, lost })
    }
}
