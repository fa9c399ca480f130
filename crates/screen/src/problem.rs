//! What the database refuses, as JSON: SQLSTATE, message and HINT, under the status of HTTP that fits.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deadpool_postgres::PoolError;
use serde_json::json;

/// A refusal, on its way to whoever has asked.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    sqlstate: String,
    message: String,
    hint: Option<String>,
}

impl Problem {
    /// One that is known before the database is asked.
    pub fn new(status: StatusCode, sqlstate: &str, message: &str, hint: &str) -> Self {
        Self { status, sqlstate: sqlstate.to_owned(), message: message.to_owned(), hint: Some(hint.to_owned()) }
    }

    /// Nobody has logged in.
    pub fn nobody() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "28000", "you are not logged in", "Log in and try again.")
    }

    /// Whether it says just that.
    pub fn is_nobody(&self) -> bool {
        self.sqlstate == "28000"
    }

    /// The database does not answer, or has no room. Nobody knows whether what was sent has happened.
    fn unavailable(message: &str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "08006",
            message,
            "Send it again, an order with the same client_order_id.",
        )
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
        _ => match sqlstate.get(..2) {
            Some("22") => StatusCode::BAD_REQUEST,
            Some("08" | "40" | "53" | "57") => StatusCode::SERVICE_UNAVAILABLE,
            Some("55") => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(refused) = error.as_db_error() else {
            eprintln!("screen: {error}");
            return Self::unavailable("the connection to the database broke");
        };
        let status = status(refused.code().code());
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            // Not a refusal but a fault, whose words are for whoever runs this.
            eprintln!("screen: {refused}");
            return Self::new(status, refused.code().code(), "something went wrong", "Tell whoever runs this.");
        }
        Self {
            status,
            sqlstate: refused.code().code().to_owned(),
            message: refused.message().to_owned(),
            hint: refused.hint().map(str::to_owned),
        }
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) if error.as_db_error().is_some() => error.into(),
            PoolError::Timeout(_) => Self::unavailable("all connections to the database are busy"),
            error => {
                eprintln!("screen: {error}");
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
            ("XX001", 500),
        ] {
            assert_eq!(status(sqlstate).as_u16(), code, "{sqlstate}");
        }
    }
}
