//! An error is part of the interface: a stable SQLSTATE, a message that names the value, a HINT that says what
//! to do.

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

impl Failure {
    /// A failure.
    pub fn new(code: PgSqlErrorCode, message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), hint: hint.into() }
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

    /// The five characters of the SQLSTATE.
    pub fn sqlstate(&self) -> String {
        let code = self.code as i32;
        (0..5).map(|i| char::from(((code >> (6 * i)) & 0x3F) as u8 + b'0')).collect()
    }
}

impl From<Failure> for ErrorReport {
    fn from(failure: Failure) -> ErrorReport {
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
    }
}
