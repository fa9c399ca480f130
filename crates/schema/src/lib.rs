//! JSON checked against JSON Schema, of the drafts 4 to 2020-12, in bounded time and room.

#![forbid(unsafe_code)]

mod bounds;
mod document;
mod fault;
mod kept;
mod patterns;
mod refusal;
mod schema;
mod unrolled;
mod watch;
mod watched;

pub use document::Document;
pub use fault::Fault;
pub use jsonschema::Draft;
pub use kept::Kept;
pub use refusal::Refusal;
pub use schema::{MOST_FAULTS, NoSchema, Schema};
pub use watch::Hear;
