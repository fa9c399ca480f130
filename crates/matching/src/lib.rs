//! The pure core of the exchange: price-time books, fees and balances.
//!
//! It knows no PostgreSQL, no clock and no randomness: ids, times and loaded rows are arguments, so the
//! same sequence of calls gives the same trades on every machine. All arithmetic is exact: prices are
//! whole ticks, quantities whole lots, money whole units of 1e-8.
//!
//! | module | holds |
//! |---|---|
//! | [`order`] | sides, order types, what an order is and what became of it |
//! | [`rules`] | [`Rules`] of a market: tick, lot, limits, rates |
//! | [`status`] | what a market lets happen |
//! | [`refusal`] | [`Refusal`]: everything the exchange says no to |
//! | [`accounts`] | [`Accounts`]: available and locked funds of each user and asset |
//! | [`book`] | [`Book`]: price levels, each a queue in priority order |
//! | [`bounds`] | how much one order and one command may ask for |
//! | [`market`] | [`Market`]: its rules, its book, its counters |
//! | [`commands`] | place, cancel, amend, expire |
//! | [`enter`] | how an order that arrives is planned, and the plan carried out |
//! | [`walk`] | how the [`plan`] of an arriving order is made, which is carried out or refused whole |
//! | [`fill`] | what a fill does to its orders |
//! | [`settle`] | the money of one fill |
//! | [`trade`] | trades and shrunk orders, for the caller to store |
//! | [`stops`] | stop orders that trades trigger |
//! | [`tape`] | which trade of a span was the first to reach a price |
//! | [`auction`] | the uncrossing at one price |
//! | [`mod@reference`] | a naive model of the same rules, the oracle of the property tests |
#![forbid(unsafe_code)]

pub mod accounts;
pub mod auction;
pub mod book;
pub mod bounds;
pub mod commands;
pub mod enter;
pub mod fill;
pub mod market;
pub mod order;
pub mod plan;
pub mod reference;
pub mod refusal;
mod room;
pub mod rules;
pub mod settle;
pub mod status;
pub mod stops;
pub mod tape;
pub mod trade;
pub mod walk;

pub use accounts::{AccountSlot, Accounts, Balance};
pub use book::Book;
pub use market::Market;
pub use order::{
    CancelReason, NewOrder, OrderState, OrderType, Outcome, Rates, SelfTrade, Side, Status, Terms, TimeInForce,
};
pub use refusal::Refusal;
pub use rules::Rules;
pub use status::MarketStatus;
pub use tape::Tape;
pub use trade::{Shrink, Trade};
