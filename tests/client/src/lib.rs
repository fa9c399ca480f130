//! Helpers of the client tests: a server, a fresh database for each test, sessions through the Rust driver.
//!
//! `cargo check-all` starts a private cluster for each test program,
//! says where it is: `BOURSE_TEST_HOST` (the folder of its socket), `BOURSE_TEST_BIN` (PostgreSQL's programs). Longer
//! runs: `BOURSE_CLIENTS`, `BOURSE_SECONDS`, `BOURSE_KILLS`, `BOURSE_CUTS`, `BOURSE_FULL_DISKS`, `BOURSE_CASES`,
//! `BOURSE_QUERIES`, `BOURSE_CANCELS`, `BOURSE_RETRIES`, `BOURSE_SEED`.

mod account;
mod acknowledged;
mod clock;
mod database;
mod desk;
mod disk;
pub mod door;
mod failure;
pub mod flow;
pub mod house;
pub mod load;
mod market;
pub mod pooler;
mod postmaster;
mod random;
mod scratch;
pub mod sequencer;
mod server;
mod session;
pub mod siege;
mod tally;

pub use database::{Database, ROWS_ALONE, all_checksums, checksums};
pub use desk::Desk;
pub use disk::Disk;
pub use failure::{Failure, Result, setting};
pub use random::Random;
pub use scratch::Scratch;
pub use server::{PORT, Server, finish};
pub use session::Session;
pub use siege::Siege;
pub use tally::Tally;
