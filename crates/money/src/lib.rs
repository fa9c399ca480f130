//! Exact amounts, without PostgreSQL, clock or randomness: whole units of 1e-8, as `NUMERIC(20,8)` holds them.
//!
//! | module | holds |
//! |---|---|
//! | [`amount`] | [`Money`]: an amount of an asset, a price, a notional; never more than its column holds |
//! | [`rate`] | [`Rate`]: a fraction of the whole, such as a commission |
//! | [`sum`] | [`Sum`]: what amounts add up to, which may be more than any column holds |
//! | [`round`] | division and the product of two amounts, rounded half away from zero |
//! | [`text`] | amounts as text |
//! | `decimal` | `rust_decimal` from and into amounts (feature `decimal`) |
//!
//! What does not fit is an [`Overflow`], never cut off and never wrapped.

#![forbid(unsafe_code)]

pub mod amount;
#[cfg(feature = "decimal")]
pub mod decimal;
pub mod rate;
pub mod round;
pub mod sum;
pub mod text;

pub use amount::Money;
pub use rate::Rate;
pub use round::mul_div;
pub use sum::Sum;

/// Units of 1e-8 in one.
pub const ONE: i128 = 100_000_000;

/// The largest amount that `NUMERIC(20,8)` holds, in units: 999,999,999,999.99999999.
pub const MAX: i128 = 100_000_000_000_000_000_000 - 1;

/// A result that its type cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl std::fmt::Display for Overflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the amount leaves the range of NUMERIC(20,8)")
    }
}

impl std::error::Error for Overflow {}
