//! What a module declares of a table that it reads and writes past the executor.

use std::ffi::CStr;

use super::check::Check;
use super::column::Column;

/// A table of ours. Each has one, a `static`: by its address a session knows what it has kept of the table.
pub struct Definition {
    /// The schema.
    pub schema: &'static CStr,
    /// The name.
    pub name: &'static CStr,
    /// The columns that are read and written, in the order of their places.
    pub columns: &'static [Column],
    /// The CHECK constraints that hold for every row that is written; others are taken for somebody else's.
    pub checks: &'static [Check],
}
