//! Everything that touches the server's memory: the only folder with `unsafe`.
//!
//! Each function here is safe to call from a backend's main thread, inside a transaction. What PostgreSQL
//! raises inside them unwinds as a Rust panic and leaves as the same ERROR; handles need no `Drop`, for the
//! abort of the (sub)transaction closes tables, scans, slots and snapshots itself.

pub mod aggregate;
pub mod arguments;
pub mod attached;
pub mod called;
pub mod catalog;
pub mod check;
pub mod child;
pub mod column;
pub mod commit;
pub mod databases;
mod defaults;
pub mod definition;
pub mod effort;
mod entries;
pub mod event;
pub mod fields;
pub mod found;
pub mod function;
mod key;
pub mod latch;
pub mod lock;
pub mod locked;
pub mod numeric;
pub mod owner;
mod plan;
pub mod prepared;
pub mod procedure;
pub mod process;
pub mod random;
pub mod repeats;
pub mod result;
pub mod results;
pub mod row;
pub mod row_security;
pub mod scan;
pub mod sequence;
pub mod session;
pub mod shared;
pub mod sight;
pub mod spoken;
pub mod statement;
pub mod subtransaction;
pub mod table;
pub mod value;
pub mod watched;
pub mod worker;
pub mod zone;
