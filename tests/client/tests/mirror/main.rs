//! Accounts at brokers, through a real driver: what many sessions do at once, and keys of the vault.

mod archive;
mod broker;
mod copies;
mod copy_on_exchange;
mod dump;
mod durable_claims;
mod executions;
mod failover;
mod keys;
mod killed;
mod outages;
mod places;
mod primary;
mod simulated;
mod summary;
mod sync;
