//! What the database refuses, as JSON: SQLSTATE, message and HINT, under the status of HTTP that fits.

use std::error::Error;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deadpool_postgres::PoolError;
use serde_json::json;

/// Nobody knows what has become of what was sent.
pub const AGAIN: &str = "Send it again, an order with the same client_order_id.";

/// A refusal, on its way to whoever has asked.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    sqlstate: String,
    message: String,
    hint: String,
}

impl Problem {
    /// One that is known before the database is asked.
    pub fn new(status: StatusCode, sqlstate: &str, message: &str, hint: &str) -> Self {
        Self { status, sqlstate: sqlstate.to_owned(), message: message.to_owned(), hint: hint.to_owned() }
    }

    /// Nobody has logged in.
    pub fn nobody() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "28000", "you are not logged in", "Log in and try again.")
    }

    /// Whether it says just that.
    pub fn is_nobody(&self) -> bool {
        self.sqlstate == "28000"
    }

    /// What is for whoever runs this, whose words go to the log.
    pub fn fault(words: &str) -> Self {
        eprintln!("screen: {words}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "XX000", "something went wrong", "Tell whoever runs this.")
    }

    /// The database does not answer, or has no room. Nobody knows whether what was sent has happened.
    fn unavailable(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "08006", message, AGAIN)
    }
}

/// The status of HTTP for a SQLSTATE.
fn status(sqlstate: &str) -> StatusCode {
    match sqlstate {
        "42501" => StatusCode::FORBIDDEN,
        "42704" => StatusCode::NOT_FOUND,
        "23505" | "25001" | "55000" => StatusCode::CONFLICT,
        "23514" | "P0001" => StatusCode::UNPROCESSABLE_ENTITY,
        "54000" => StatusCode::TOO_MANY_REQUESTS,
        // A standby, until it is promoted, or a server that is told to write nothing for now; and somebody who holds a
        // market for longer than an order waits.
        "25006" | "55P03" => StatusCode::SERVICE_UNAVAILABLE,
        _ => match sqlstate.get(..2) {
            Some("22") => StatusCode::BAD_REQUEST,
            Some("08" | "40" | "53" | "57") => StatusCode::SERVICE_UNAVAILABLE,
            Some("55") => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

/// The HINT of what PostgreSQL itself refuses without one.
fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "Send each value as /openapi.json has it.",
        StatusCode::SERVICE_UNAVAILABLE => AGAIN,
        _ => "Look at what there is, and try again.",
    }
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(refused) = error.as_db_error() else {
            eprintln!("screen: {}", words(&error));
            return Self::unavailable("the connection to the database broke");
        };
        let sqlstate = refused.code().code();
        let status = match (status(sqlstate), refused.hint()) {
            // Every refusal of pg_bourse has a HINT. Without one the screen's own login lacks a right.
            (StatusCode::FORBIDDEN, None) => StatusCode::INTERNAL_SERVER_ERROR,
            (status, _) => status,
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            // Not a refusal but a fault, whose words are for whoever runs this.
            return Self { sqlstate: sqlstate.to_owned(), ..Self::fault(&words(&error)) };
        }
        Self {
            status,
            sqlstate: sqlstate.to_owned(),
            message: refused.message().to_owned(),
            hint: refused.hint().unwrap_or_else(|| hint(status)).to_owned(),
        }
    }
}

/// An error with all that has led to it: its own words are "db error". Some repeat those of their source.
pub fn words(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let words = error.to_string();
        if !said.ends_with(&words) {
            said = format!("{said}: {words}");
        }
        source = error.source();
    }
    said
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Timeout(_) => Self::unavailable("all connections to the database are busy"),
            // Also when it refuses the screen's login: that is no refusal of the user's.
            error => {
                eprintln!("screen: {}", words(&error));
                Self::unavailable("the database cannot be reached")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({ "sqlstate": self.sqlstate, "message": self.message, "hint": self.hint });
        (self.status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_status() {
        for (sqlstate, code) in [
            ("42501", 403),
            ("42704", 404),
            ("23514", 422),
            ("22P02", 400),
            ("40001", 503),
            ("57014", 503),
            ("25006", 503),
            ("55P03", 503),
            ("55000", 409),
            ("XX001", 500),
        ] {
            assert_eq!(status(sqlstate).as_u16(), code, "{sqlstate}");
        }
    }

    #[test]
    fn a_fault_has_all_its_words_in_the_log() {
        let config: Result<tokio_postgres::Config, _> = "host=x port=many".parse();
        let error = config.expect_err("no port");
        assert_ne!(words(&error), error.to_string());
    }
}
