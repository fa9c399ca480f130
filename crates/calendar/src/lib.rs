//! Trading calendars. A [`Definition`] says when a market is open, in local dates and times of day; [`compile`] turns it
//! into sorted instants, and [`Calendar`] answers from those.
//!
//! | module | holds |
//! |---|---|
//! | [`day`], [`local`] | dates, and times of day that may lie on the day before or after |
//! | [`definition`] | what a calendar is made of |
//! | [`json`] | a definition as people write it |
//! | [`rows`] | a definition as rows of tables |
//! | [`check`] | what rows may not say |
//! | [`mod@compile`] | from rules to instants |
//! | [`answers`] | what is asked |
//!
//! It knows no clock and no time zone: whoever compiles brings a [`Zone`].

#![forbid(unsafe_code)]

pub mod answers;
mod bounds;
pub mod check;
pub mod compile;
pub mod day;
pub mod definition;
pub mod fault;
pub mod json;
mod keys;
pub mod local;
pub mod rows;

pub use answers::{Calendar, Phase, Segment, Session};
pub use compile::{Zone, compile};
pub use day::{Day, Moment};
pub use definition::{Around, Definition, Exception, Hours, Kind, Span, Weekly};
pub use fault::{Fault, Unanswered};
pub use local::Local;
