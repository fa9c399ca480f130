//! When a cron expression is due, without PostgreSQL or a clock: whoever calls brings the time and the zone's offsets.
//!
//! | module | holds |
//! |---|---|
//! | [`expression`] | [`Expression`]: five fields, or six with seconds first, or `@daily` and the like |
//! | [`fields`] | what may stand in a field, stricter than croner, which reads `1,,2` as `1,2` and `JANFEB` as 12 |
//! | [`zone`] | [`Zone`]: the offsets of a time zone |
//! | [`instant`] | a time in a zone, as croner asks for it |
//!
//! Over the changes of the clock an expression is due as croner says. One that has a single second, minute and hour is
//! due once a day: in an hour that comes twice, the first time; in one that is left out, as soon as it is over. Any other
//! is due whenever the clock shows what it names: both times in the hour that comes twice, not at all in the one that is
//! left out.

#![forbid(unsafe_code)]

pub mod expression;
pub mod fields;
mod instant;
pub mod zone;

pub use expression::Expression;
pub use fields::Refusal;
pub use zone::{Period, Zone};
