//! The lowest mark that each open lot has seen, or the highest.

use std::collections::VecDeque;

use money::Money;

use crate::series::Full;

/// Marks that were the lowest since some lot was opened. An older lot has seen every mark that a younger has: so from the
/// oldest lot to the youngest the lowest marks rise, and lots in a row share one. A mark takes the place of those at the
/// young end that are higher, each of which was put there once: that is a constant time a mark, however many lots are
/// open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lowest {
    /// The first lot that has the mark as its lowest, and the mark.
    runs: VecDeque<(u64, Money)>,
}

impl Lowest {
    /// Makes room for one more lot.
    pub fn reserve(&mut self) -> Result<(), Full> {
        self.runs.try_reserve(1).map_err(|_| Full::Memory)
    }

    /// A lot is opened that is younger than all others.
    pub fn open(&mut self, lot: u64, mark: Money) {
        self.runs.push_back((lot, mark));
    }

    /// The price is seen by all lots that are open.
    pub fn mark(&mut self, price: Money) {
        let mut first = None;
        while let Some((lot, lowest)) = self.runs.back().copied().filter(|(_, lowest)| *lowest >= price) {
            debug_assert!(lowest >= price);
            first = Some(lot);
            self.runs.pop_back();
        }
        if let Some(first) = first {
            self.runs.push_back((first, price));
        }
    }

    /// The oldest lot is this one now; those before it are closed.
    pub fn forget_before(&mut self, lot: u64) {
        while self.runs.get(1).is_some_and(|(next, _)| *next <= lot) {
            self.runs.pop_front();
        }
        if let Some(oldest) = self.runs.front_mut() {
            oldest.0 = oldest.0.max(lot);
        }
    }

    /// All are closed.
    pub fn clear(&mut self) {
        self.runs.clear();
    }

    /// The lowest mark of each of so many lots, from this one on.
    pub fn of(&self, first: u64, count: usize) -> impl Iterator<Item = Money> {
        let mut runs = self.runs.iter().copied().peekable();
        let mut lowest = Money::ZERO;
        (first..first + count as u64).map(move |lot| {
            while let Some((_, mark)) = runs.next_if(|(from, _)| *from <= lot) {
                lowest = mark;
            }
            lowest
        })
    }
}
