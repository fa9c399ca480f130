//! The tests of the matching core: one module for each subject.
//!
//! `oracle` drives the engine and the naive model side by side; the rest pins single rules by hand.

mod amend;
mod asked;
mod auction;
mod bounded;
mod checks;
mod clearing;
mod combinations;
mod crumbs;
mod desk;
mod draft;
mod drain;
mod driver;
mod dust;
mod expiry;
mod fill_or_kill;
mod flow;
mod iceberg;
mod market_orders;
mod oracle;
mod partial_book;
mod post_only;
mod price_band;
mod published;
mod pulse;
mod rebate;
mod refusals;
mod self_trade;
mod stops;
mod story;
mod tally;
mod unsettleable;
mod worked_example;
