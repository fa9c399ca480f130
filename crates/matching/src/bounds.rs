//! What one order and one command may ask for at most.

/// How many slices an iceberg may have: each is a trade of its own for whoever takes it.
pub const SLICES: i64 = 100;

/// How many steps one command may take: trades, cancels and decrements of its own order; as many again for the
/// stops that wait to be entered when it comes. An order that never rests stops there, any other is refused.
pub const STEPS: usize = 10_000;

/// How many steps lie between two calls of [`crate::Market::pulse`].
pub(crate) const BEAT: usize = 256;

/// A pulse that does nothing.
pub(crate) fn no_pulse() {}
