//! The same flow of orders through the core of pg_bourse and through a peer, `orderbook-rs`.
//!
//! Not like with like: the core settles balances, commissions and reserves and hands every changed order
//! over to be written; the peer keeps a book. Both match by price and time, both on one thread here.

pub mod flow;
pub mod venue;

pub use flow::{Command, Flow};
pub use venue::{Core, Peer, Venue};
