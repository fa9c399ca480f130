//! Runs of wins, and of losses.

/// A run, and the longest so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    current: u64,
    longest: u64,
}

impl Streak {
    /// Goes on, or ends.
    #[inline]
    pub fn add(&mut self, goes_on: bool) {
        // Without a branch: nobody foresees which returns are wins.
        self.current = (self.current + 1) & 0_u64.wrapping_sub(u64::from(goes_on));
        self.longest = self.longest.max(self.current);
    }

    /// The longest.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.longest
    }
}

/// A run that may go on in what comes before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkedStreak {
    n: u64,
    first: u64,
    last: u64,
    longest: u64,
}

impl LinkedStreak {
    /// Goes on, or ends.
    #[inline]
    pub fn add(&mut self, goes_on: bool) {
        let one = u64::from(goes_on);
        self.merge(&LinkedStreak { n: 1, first: one, last: one, longest: one });
    }

    /// What follows.
    #[inline]
    pub fn merge(&mut self, later: &LinkedStreak) {
        self.longest = self.longest.max(later.longest).max(self.last + later.first);
        if self.first == self.n {
            self.first += later.first;
        }
        self.last = if later.last == later.n { self.last + later.last } else { later.last };
        self.n += later.n;
    }

    /// The longest.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.longest
    }
}
