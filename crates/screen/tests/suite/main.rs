//! The screen's server over HTTP, beside a real database.

mod accounts;
mod bounds;
mod browser;
mod client;
mod contract;
mod crashes;
mod orders;
mod privacy;
mod refusals;
mod streams;
