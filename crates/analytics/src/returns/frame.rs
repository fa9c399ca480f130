//! A moving frame of returns that never subtracts.

use super::Partial;
use crate::series::{Full, Series};

/// The returns of a frame as two stacks. New ones go onto one, with what they come to together; old ones leave the
/// other, each entry of which knows what it and all that lie below it come to. When that one is empty the first is
/// turned over. So each return is added twice and merged once, however long the frame is, and when one has left nothing
/// of it remains, not even in the last digit.
#[derive(Debug)]
pub struct Frame<P> {
    /// The oldest on top.
    old: Series<(f64, P)>,
    /// The newest last.
    new: Series<f64>,
    /// What the new ones come to.
    sum: P,
}

impl<P: Partial> Frame<P> {
    /// Without returns.
    #[must_use]
    pub fn new(empty: P) -> Frame<P> {
        Frame { old: Series::default(), new: Series::default(), sum: empty }
    }

    /// A return comes in.
    #[inline]
    pub fn push(&mut self, r: f64) -> Result<(), Full> {
        self.new.push(r)?;
        self.sum.add(r);
        Ok(())
    }

    /// The oldest leaves.
    #[inline]
    pub fn pop(&mut self) -> Result<(), Full> {
        if self.old.is_empty() {
            self.turn_over()?;
        }
        self.old.pop();
        Ok(())
    }

    fn turn_over(&mut self) -> Result<(), Full> {
        self.old.reserve(self.new.len())?;
        let mut suffix = self.sum.cleared();
        self.sum = suffix;
        for r in self.new.drain().rev() {
            suffix.precede(r);
            self.old.push((r, suffix))?;
        }
        Ok(())
    }

    /// What the returns of the frame come to.
    #[inline]
    #[must_use]
    pub fn whole(&self) -> P {
        match self.old.last() {
            Some((_, old)) => {
                let mut whole = *old;
                whole.merge(&self.sum);
                whole
            }
            None => self.sum,
        }
    }

    /// The returns, the oldest first.
    pub fn returns(&self) -> impl Iterator<Item = f64> + '_ {
        self.old.iter().rev().map(|(r, _)| *r).chain(self.new.iter().copied())
    }
}
