//! What is not checked at all.

use std::fmt;

/// The most bytes of a schema, as text without blanks.
pub const MOST_OF_SCHEMA: usize = 64 * 1024;
/// The most bytes of what is checked, and of a schema, as a jsonb.
pub const MOST_BYTES: usize = 256 * 1024;
/// The most levels of either, a value within a list or an object being one more.
pub const MOST_LEVELS: usize = 64;

/// Why something is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// So many bytes of text, for a schema.
    LongSchema(usize),
    /// So many bytes as a jsonb.
    TooLong(usize),
    /// More levels than [`MOST_LEVELS`].
    TooDeep,
    /// A number that no double is.
    HugeNumber,
    /// The check would take too long.
    TooMuch,
    /// The check would need too much of the stack.
    TooNested,
}

/// What follows the name of what is not checked.
impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::LongSchema(bytes) => write!(to, "has {bytes} bytes, more than {MOST_OF_SCHEMA}"),
            Refusal::TooLong(bytes) => write!(to, "has {bytes} bytes as jsonb, more than {MOST_BYTES}"),
            Refusal::TooDeep => write!(to, "has more than {MOST_LEVELS} levels"),
            Refusal::HugeNumber => to.write_str("has a number that is too large, or too close to 0"),
            Refusal::TooMuch => to.write_str("takes too long to check"),
            Refusal::TooNested => to.write_str("needs references that go too deep"),
        }
    }
}

impl Refusal {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Refusal::LongSchema(_) => "Give a schema of up to 65536 bytes, blanks not counted.",
            Refusal::TooLong(_) => {
                "Give less: pg_column_size() of a jsonb that is not compressed tells how much it is."
            }
            Refusal::TooDeep => "Give JSON of at most 64 levels, one in the other.",
            Refusal::HugeNumber => "Give numbers that a double holds, up to 1.7e308 and from 2.3e-308 on, or a string.",
            Refusal::TooMuch | Refusal::TooNested => {
                "Write a schema whose references lead to the same place in fewer ways, or give less to check."
            }
        }
    }
}
