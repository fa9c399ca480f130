//! The sequencer: many sessions' orders in one transaction.
//!
//! A session leaves its request in a [`ring`] in shared memory and sleeps; one background [`worker`] per database
//! takes whatever waits, carries it out in one transaction, commits once, and answers everybody. Tables stay the
//! only truth: the worker reads under the same locks as every other door, so it needs no news of what they change,
//! and whatever ends it loses nothing.

mod chores;
mod desk;
mod errands;
mod message;
mod ring;
mod status;
mod submit;
mod worker;

use pgrx::{pg_guard, pg_shmem_init, pg_sys};
use ring::{RING, Ring};

use crate::pg::shared;

pub use submit::{submit, submit_sweep, submit_transfer};
pub use worker::SEQUENCER;

/// Sets up what needs a preloaded library. Called once, by the server that is starting.
pub fn prepare() {
    pg_shmem_init!(RING = shared::first(Ring::empty()));
}
