//! What a browser has sent: JSON whose amounts are strings, because a number of JavaScript does not hold them; the names
//! in a path, and what stands behind its question mark. What an endpoint does not want is refused as JSON, too.

use axum::extract::{FromRequest, FromRequestParts, Json, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A body that is what the endpoint wants.
pub struct Sent<T>(pub T);

/// The part of a path that is a name or an id.
pub struct Named<T>(pub T);

/// What was asked for behind the question mark.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        const HINT: &str = "Send a JSON object as /openapi.json has it, with amounts and prices as strings.";
        let body = Json::from_request(request, state).await;
        body.map(|Json(body)| Self(body)).map_err(|no| refused(no.status(), &no.body_text(), HINT))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        const HINT: &str = "A symbol is text in UTF-8, an id a whole number, as /openapi.json has them.";
        let name = Path::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|no| refused(no.status(), &no.body_text(), HINT))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        const HINT: &str = "Ask with the parameters that /openapi.json names, and no other.";
        let asked = Query::from_request_parts(parts, state).await;
        asked.map(|Query(asked)| Self(asked)).map_err(|no| refused(no.status(), &no.body_text(), HINT))
    }
}

/// What axum has refused, under the SQLSTATE that the database would give it.
fn refused(status: StatusCode, words: &str, hint: &str) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(status, "54000", words, "Send less than 8 kB."),
        StatusCode::UNPROCESSABLE_ENTITY => Problem::new(StatusCode::BAD_REQUEST, "22023", words, hint),
        _ => Problem::new(status, "22023", words, hint),
    }
}
