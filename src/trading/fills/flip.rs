//! A fill that closes a position and opens one the other way: two rows.

use analytics::position::{Exact, Filled, Kept, Position};
use money::Money;

/// The two positions of a flip: what was closed, and what has begun.
pub fn flipped(both: &Position, before: &Position, filled: &Filled) -> (Position, Position) {
    let all = both.kept();
    let fees = all.fees - filled.opening_commission;
    let ended = Kept { direction: before.direction(), lots: vec![], fees, closed_fees: fees, ..all.clone() };
    let begins = Kept {
        gain: Exact::ZERO,
        realized: Money::ZERO,
        fees: filled.opening_commission,
        closed_fees: Money::ZERO,
        funding: Money::ZERO,
        unconverted: both.open_unconverted(),
        ..all
    };
    // Each is a part of what fits.
    let of = |kept| Position::of(&kept).unwrap_or_else(|_| Position::new(kept.terms));
    (of(ended), of(begins))
}
