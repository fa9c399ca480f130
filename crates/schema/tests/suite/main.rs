//! The crate against the public test suite of JSON Schema, its own bounds, and random values.

#![allow(clippy::unwrap_used, missing_docs)]

mod bounds;
mod kept;
mod official;
mod random;
