//! The tests of the matching core: one module for each subject.
//!
//! `oracle` drives the engine and the naive model side by side; the rest pins single rules by hand.

mod amend;
mod desk;
mod drain;
mod driver;
mod dust;
mod flow;
mod oracle;
mod partial_book;
mod refusals;
mod tally;
mod worked_example;
