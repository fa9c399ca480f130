//! What fills and returns come to: positions and round trips, exact to the last digit, and ratios of returns.
//!
//! Knows no PostgreSQL, no clock and no randomness.

#![forbid(unsafe_code)]

pub mod equity;
pub mod position;
pub mod returns;
pub mod series;
pub mod trades;
