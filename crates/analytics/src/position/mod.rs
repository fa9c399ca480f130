//! What fills come to: one position, its round trips, and what they have gained, exact to the last digit.
//!
//! | module | holds |
//! |---|---|
//! | [`exact`] | [`Exact`]: a product of quantity, price and multiplier with all of its decimals |
//! | [`fill`] | [`Fill`]: side, quantity, price, fee; and what a fee is paid in |
//! | [`lot`] | [`Lot`]: what was opened together and is open still |
//! | [`extremes`] | the lowest and the highest mark that each open lot has seen |
//! | [`change`] | what a fill changes once its fee is seen to, and [`Refusal`]s |
//! | [`close`] | how a fill closes lots: [`Piece`], a round trip |
//! | [`account`] | [`Position`]: fills go in, pieces come out |
//!
//! A position holds what it has cost, not an average that was rounded: whenever it is flat, its gain is that of its
//! fills to the last decimal, by either method. Nothing wraps: what does not fit is refused, and the position stays as
//! it was.

pub mod account;
pub mod change;
pub mod close;
pub mod exact;
pub mod extremes;
pub mod fill;
pub mod lot;

pub use account::{Filled, Kept, Position};
pub use change::{Beyond, Refusal, Terms};
pub use close::Piece;
pub use exact::Exact;
pub use fill::{Direction, Fee, Fill, Method, Side};
pub use lot::Lot;
