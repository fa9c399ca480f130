//! What periodic returns come to. A return is a fraction: 0.01 is 1 %. Whoever adds one has refused what is not finite.
//!
//! Every figure is drawn from a [`Partial`]: a part of the returns, in constant room, that takes one more, or merges
//! with the part behind it. That makes parallel sums of parts, and moving frames that never subtract ([`Frame`]).

mod frame;
mod gains;
mod growth;
mod normal;
mod path;
mod sample;
mod scaled;
mod segment;
mod shortfall;
mod statistics;
mod streaks;
mod tail;

pub use frame::Frame;
pub use gains::Gains;
pub use growth::Growth;
pub use normal::{density, quantile};
pub use path::Path;
pub use sample::Sample;
pub use scaled::Scaled;
pub use segment::Segment;
pub use shortfall::Shortfall;
pub use statistics::{Figure, ReturnStatistics};
pub use streaks::{LinkedStreak, Streak};
pub use tail::{Method, Tail};

/// How many observations a year has where nobody says: the trading days of a year.
pub const PERIODS: f64 = 252.0;

/// Some returns in a row, without the rows.
pub trait Partial: Copy {
    /// One without returns, with the same parameters.
    #[must_use]
    fn cleared(&self) -> Self;

    /// Takes a return that comes after the others.
    fn add(&mut self, r: f64);

    /// Takes the returns that come after these.
    fn merge(&mut self, later: &Self);

    /// Takes a return that comes before the others.
    fn precede(&mut self, r: f64) {
        let mut first = self.cleared();
        first.add(r);
        first.merge(self);
        *self = first;
    }
}

/// A part that another process goes on with.
pub trait Portable: Partial {
    /// The figures that it consists of.
    fn words(&self) -> Vec<f64>;

    /// What [`Portable::words`] tells of. None: it is another one's.
    fn of_words(words: &[f64]) -> Option<Self>;
}

/// The rate of one period that comes to `yearly` in a year.
#[must_use]
pub fn rate_of_a_period(yearly: f64, periods: f64) -> f64 {
    if yearly == 0.0 { 0.0 } else { (yearly.ln_1p() / periods).exp_m1() }
}

/// A quotient; none where nothing is divided by. What has left the range of `f64` below is no number, and not 0.
pub(crate) fn ratio(dividend: f64, divisor: f64) -> Option<f64> {
    (divisor != 0.0).then(|| if divisor.is_finite() { dividend / divisor } else { f64::NAN })
}
