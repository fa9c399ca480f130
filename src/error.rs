//! An error is part of the interface: a stable SQLSTATE, a message that names the value, a HINT that says what
//! to do.

use std::borrow::Cow;
use std::sync::OnceLock;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::PgSqlErrorCode;

/// The result of anything that may refuse.
pub type Answer<T> = Result<T, Failure>;

/// What a caller is told. Plain data, so that the bulk door can keep it in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The SQLSTATE.
    pub code: PgSqlErrorCode,
    /// What is wrong, with the value.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// The most characters of a message and of a hint. Ours are shorter; what somebody has sent may not be.
const LONGEST: usize = 240;
const LONGEST_HINT: usize = 400;
/// The most characters of a value that a message repeats.
const LONGEST_VALUE: usize = 100;

/// A value for a message: as much of it as tells which one it is.
pub fn clip(value: &str) -> Cow<'_, str> {
    cut(value, LONGEST_VALUE)
}

/// Who is told the SQLSTATE of every refusal that is about to be raised.
static LISTENER: OnceLock<fn(&str)> = OnceLock::new();

/// Has somebody told of refusals. Called once, by the server that is starting.
pub fn tell(listener: fn(&str)) {
    LISTENER.get_or_init(|| listener);
}

fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

impl Failure {
    /// A failure. Whatever went into its message, it stays a message.
    pub fn new(code: PgSqlErrorCode, message: impl Into<String>, hint: impl Into<String>) -> Failure {
        let (message, hint) = (message.into(), hint.into());
        Failure { code, message: cut(&message, LONGEST).into_owned(), hint: cut(&hint, LONGEST_HINT).into_owned() }
    }

    /// A failure with the SQLSTATE of these five characters; one that PostgreSQL does not know is an internal error.
    pub fn of(sqlstate: &str, message: &str, hint: &str) -> Failure {
        let sixes = sqlstate.bytes().take(5).map(|byte| i32::from(byte.wrapping_sub(b'0') & 0x3F));
        let code: i32 = sixes.zip([0, 6, 12, 18, 24]).map(|(six, place)| six << place).sum();
        Failure::new(PgSqlErrorCode::from(code), message, hint)
    }

    /// A parameter whose value cannot be (22023).
    pub fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message, hint)
    }

    /// A required parameter is NULL (22004).
    pub fn null(parameter: &str) -> Failure {
        let code = PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED;
        Failure::new(code, format!("{parameter} must not be NULL"), format!("Give a value for {parameter}."))
    }

    /// Something that is named does not exist (42704).
    pub fn unknown(what: impl Into<String>, hint: impl Into<String>) -> Failure {
        let message = format!("{} does not exist", what.into());
        Failure::new(PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT, message, hint)
    }

    /// Whether it tells of a row, or a page, that holds what cannot be there.
    pub fn is_of_a_row(&self) -> bool {
        matches!(self.code, PgSqlErrorCode::ERRCODE_DATA_CORRUPTED | PgSqlErrorCode::ERRCODE_INDEX_CORRUPTED)
    }

    /// The five characters of the SQLSTATE.
    pub fn sqlstate(&self) -> String {
        let code = self.code as i32;
        (0..5).map(|i| char::from(((code >> (6 * i)) & 0x3F) as u8 + b'0')).collect()
    }
}

impl From<Failure> for ErrorReport {
    fn from(failure: Failure) -> ErrorReport {
        if let Some(told) = LISTENER.get() {
            told(&failure.sqlstate());
        }
        let report = ErrorReport::new(failure.code, failure.message, "");
        // An error of the server may come without one.
        if failure.hint.is_empty() { report } else { report.set_hint(failure.hint) }
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn sqlstate_spells_the_code() {
        assert_eq!(Failure::null("price").sqlstate(), "22004");
        assert_eq!(Failure::unknown("market X", "").sqlstate(), "42704");
        for state in ["22023", "2D000", "P0001", "XX001"] {
            assert_eq!(Failure::of(state, "", "").sqlstate(), state);
        }
        assert_eq!(Failure::of("ZZZZZ", "", "").sqlstate(), "XX000");
    }

    #[pg_test]
    fn a_message_repeats_no_more_of_a_value_than_tells_which_it_is() {
        let long = "ä".repeat(1_000_000);
        assert_eq!(clip(&long).chars().count(), 101);
        assert_eq!(clip("BTC-USD"), "BTC-USD");
        let failure = Failure::unknown(long, "");
        assert!(failure.message.chars().count() <= 241 && failure.message.ends_with('…'));
    }
}
