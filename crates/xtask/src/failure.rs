//! One error type for every task: what went wrong, and what to do about it.

use std::fmt;

/// The result of every task.
pub type Result<T> = std::result::Result<T, Failure>;

/// What went wrong and what the reader can do; both are shown.
#[derive(Debug)]
pub struct Failure {
    what: String,
    remedy: String,
}

impl Failure {
    /// A failure with its remedy; an empty remedy is not shown.
    pub fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }

    /// The same, told after what was tried.
    pub fn before(self, tried: &str) -> Self {
        Self { what: format!("{tried}: {}", self.what), remedy: self.remedy }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(out, "\n  what to do: {}", self.remedy) }
    }
}

/// Turns the error of a library into a [`Failure`] that names the attempt and the remedy.
pub trait OrFail<T> {
    /// `what` is evaluated only on failure; the library's own message is appended to it.
    fn or_fail(self, what: impl FnOnce() -> String, remedy: &str) -> Result<T>;
}

impl<T, E: fmt::Display> OrFail<T> for std::result::Result<T, E> {
    fn or_fail(self, what: impl FnOnce() -> String, remedy: &str) -> Result<T> {
        self.map_err(|error| Failure::new(format!("{}: {error}", what()), remedy))
    }
}
