//! What went wrong in a test, readable without a debugger.

use std::error::Error;
use std::fmt;

/// The result of every helper.
pub type Result<T> = std::result::Result<T, Failure>;

/// What went wrong, with the SQLSTATE when the server said so.
pub struct Failure {
    /// The five characters; `None` when the server did not answer.
    pub sqlstate: Option<String>,
    text: String,
}

impl Failure {
    /// A failure that is not the server's.
    pub fn new(text: impl Into<String>) -> Self {
        Self { sqlstate: None, text: text.into() }
    }

    /// An error of the driver while it ran this statement.
    pub fn of_statement(sql: &str, error: &postgres::Error) -> Self {
        let sqlstate = error.code().map(|code| code.code().to_owned());
        let said = match error.as_db_error() {
            None => match error.source() {
                None => error.to_string(),
                Some(source) => format!("{error}: {source}"),
            },
            Some(db) => {
                let more = [("DETAIL", db.detail()), ("HINT", db.hint()), ("CONTEXT", db.where_())];
                let more: Vec<String> =
                    more.iter().filter_map(|(name, text)| text.map(|text| format!("\n  {name}: {text}"))).collect();
                format!("{} {}{}", db.code().code(), db.message(), more.concat())
            }
        };
        Self { sqlstate, text: format!("{said}\n  in: {sql}") }
    }

    /// Whether the server refused with this SQLSTATE.
    pub fn is(&self, sqlstate: &str) -> bool {
        self.sqlstate.as_deref() == Some(sqlstate)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// The test harness prints a returned error with Debug.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// A number from the environment, for longer runs.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
