//! A stretch of returns in their order that merges with the stretch behind it.

use super::scaled::Scaled;
use super::{Growth, LinkedStreak, Partial, ratio};

/// What of a path can be told of two stretches from what each of them comes to: not how long it was below its peak, nor
/// the squares of its drawdowns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    growth: Growth,
    /// The highest and the lowest product on the way, its beginning (1) included.
    high: Scaled,
    low: Scaled,
    worst: f64,
    /// Whether a return was below −1: peaks of what follows are then valleys, and `worst` does not merge.
    is_turned: bool,
    wins: LinkedStreak,
    losses: LinkedStreak,
}

impl Default for Segment {
    fn default() -> Segment {
        Segment {
            growth: Growth::default(),
            high: Scaled::ONE,
            low: Scaled::ONE,
            worst: 0.0,
            is_turned: false,
            wins: LinkedStreak::default(),
            losses: LinkedStreak::default(),
        }
    }
}

impl Segment {
    /// As of a path.
    #[must_use]
    pub fn total_return(&self) -> Option<f64> {
        self.growth.total_return()
    }

    /// As of a path.
    #[must_use]
    pub fn cagr(&self, periods: f64) -> Option<f64> {
        self.growth.cagr(periods)
    }

    /// Whether its drawdown is none that a stretch can tell: the returns must be gone through again.
    #[must_use]
    pub fn is_turned(&self) -> bool {
        self.is_turned
    }

    /// As of a path.
    #[must_use]
    pub fn max_drawdown(&self) -> Option<f64> {
        self.growth.counted().map(|_| self.worst)
    }

    /// As of a path.
    #[must_use]
    pub fn calmar_ratio(&self, periods: f64) -> Option<f64> {
        ratio(self.cagr(periods)?, -self.worst)
    }

    /// As of a path.
    #[must_use]
    pub fn longest_winning_streak(&self) -> u64 {
        self.wins.longest()
    }

    /// As of a path.
    #[must_use]
    pub fn longest_losing_streak(&self) -> u64 {
        self.losses.longest()
    }

    fn of(r: f64) -> Segment {
        let growth = Growth::of(r);
        let total = growth.total();
        let (mut wins, mut losses) = (LinkedStreak::default(), LinkedStreak::default());
        wins.add(r > 0.0);
        losses.add(r < 0.0);
        Segment {
            growth,
            high: total.max(Scaled::ONE),
            low: total.min(Scaled::ONE),
            worst: total.less_one().min(0.0),
            is_turned: r < -1.0,
            wins,
            losses,
        }
    }
}

impl Partial for Segment {
    fn cleared(&self) -> Segment {
        Segment::default()
    }

    #[inline]
    fn add(&mut self, r: f64) {
        self.merge(&Segment::of(r));
    }

    #[inline]
    fn merge(&mut self, later: &Segment) {
        // The peak behind which the later ones fall may stand in the earlier ones.
        let total = self.growth.total();
        let lowest = total.product(later.low);
        let across = lowest.over(self.high).less_one();
        self.worst = self.worst.min(later.worst).min(across);
        self.high = self.high.max(total.product(later.high));
        self.low = self.low.min(lowest);
        self.growth.merge(&later.growth);
        self.is_turned |= later.is_turned;
        self.wins.merge(&later.wins);
        self.losses.merge(&later.losses);
    }
}
