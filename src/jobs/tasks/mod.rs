//! Tasks: registered procedures, and the statements of maintenance, that the platform runs itself.

mod errand;
mod in_session;
mod slots;
mod worker;

pub use worker::{TASKS, prepare};
