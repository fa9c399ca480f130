//! Who somebody is: the cookie holds an API key of the user, so a session stands in the database, ends there by itself,
//! and can be revoked there. What changes something also carries a token that another site cannot know.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::database::{Rows, Work};
use crate::problem::Problem;
use crate::sent::Sent;
use crate::{Screen, Shared};

const COOKIE: &str = "bourse_session";
/// The header with the token.
const TOKEN: &str = "x-csrf-token";
/// The name of keys that a login here has made, and so a logout revokes.
const KEY_NAME: &str = "screen session";
/// So many sessions of a user there are; with one more the oldest ends.
const SESSIONS: i64 = 20;
/// How long a session lasts, for the database and for the browser.
const HOURS: i32 = 12;

/// The API key of a request.
pub struct Key(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        key(&parts.headers).map(|key| Self(key.to_owned())).ok_or_else(Problem::nobody)
    }
}

fn key(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Follows from the key, which no script can read: so it needs no place of its own, and nobody else can tell it.
fn token(key: &str) -> String {
    let digest = Sha256::new().chain_update("csrf of the screen\n").chain_update(key).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses what another site may have had a browser send.
pub async fn guard(request: Request, next: Next) -> Response {
    match check(request.method(), request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
    if method.is_safe() {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = |message| {
        Problem::new(StatusCode::FORBIDDEN, "42501", message, "Use the page of the screen itself, and reload it.")
    };
    let origin = text("origin").map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    if origin.is_some_and(|origin| text("host") != Some(origin)) {
        return Err(foreign("the request comes from another site"));
    }
    // Before the login there is no key, and so nothing that a foreign site could do in somebody's name.
    if path == "/api/session" && method == Method::POST {
        return Ok(());
    }
    let expected = key(headers).map(token).ok_or_else(Problem::nobody)?;
    if text(TOKEN) != Some(expected.as_str()) {
        return Err(foreign("the CSRF token is missing or wrong"));
    }
    Ok(())
}

/// What is sent to log in: a login with its password, or an API key.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Login {
    /// Email or username.
    Password {
        /// Which.
        login: String,
        /// Its password.
        password: String,
    },
    /// A key that the user has made.
    Key {
        /// The whole key.
        api_key: String,
    },
}

/// `POST /api/session`: logs in.
pub async fn log_in(State(screen): Shared, Sent(login): Sent<Login>) -> Result<Response, Problem> {
    let key = match login {
        Login::Key { api_key } => api_key,
        Login::Password { login, password } => key_of(&screen, &login, &password).await?,
    };
    let session = session(&screen, &key).await.map_err(|problem| match problem.is_nobody() {
        true => refused("the API key is not good", "It may have ended, or been revoked: make another."),
        false => problem,
    })?;
    Ok(([(header::SET_COOKIE, cookie(&screen, &key, HOURS * 3600))], session).into_response())
}

fn cookie(screen: &Screen, key: &str, seconds: i32) -> String {
    // A key that somebody sends might hold anything; one that was found in the database does not.
    let secure = if screen.config.https { "; Secure" } else { "" };
    format!("{COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// A new API key for whoever knows the password.
async fn key_of(screen: &Screen, login: &str, password: &str) -> Result<String, Problem> {
    const ISSUE: &str = "SELECT k.api_key FROM identity.issue_api_key($1, $2, now() + $3 * interval '1 hour') k";
    // A user has a hundred live keys at most, and whoever forgets his sessions is not to be locked out by them.
    const REVOKE: &str = "SELECT coalesce(json_agg(identity.revoke_api_key(id)), '[]')::text
        FROM (SELECT id FROM identity.api_keys
              WHERE user_id = $1 AND name = $2 AND revoked_at IS NULL AND expires_at > now()
              ORDER BY id DESC OFFSET $3) k";
    screen.guesses.count(login)?;
    let row = {
        let _room = screen.logins.acquire().await.map_err(|_| Problem::nobody())?;
        // A statement of its own, so that it commits: also a wrong password is to be counted.
        screen.database.row("SELECT identity.verify_password($1, $2)", &[&login, &password]).await?
    };
    let Some(user) = row.try_get::<_, Option<i64>>(0)? else {
        return Err(refused("login or password is wrong", "Mind that small letters count."));
    };
    screen.guesses.forget(login);
    let mut client = screen.database.client().await?;
    let work = Work::of(&mut client, user).await?;
    work.text(REVOKE, &[&user, &KEY_NAME, &(SESSIONS - 1)]).await?;
    let key = work.text(ISSUE, &[&user, &KEY_NAME, &f64::from(HOURS)]).await?;
    work.commit().await?;
    Ok(key.0)
}

/// What was given to log in is not good.
fn refused(message: &str, hint: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "28P01", message, hint)
}

/// Who the user of a key is, with the token that his requests carry.
async fn session(screen: &Screen, key: &str) -> Result<Rows, Problem> {
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, key).await?;
    let user = work.one("SELECT id::text, name, role FROM identity.users WHERE id = $1", &[&work.user]).await?;
    work.commit().await?;
    let user: Value = serde_json::from_str(&user.0).map_err(|_| Problem::nobody())?;
    Ok(Rows(json!({ "user": user, "csrf": token(key) }).to_string()))
}

/// `GET /api/session`: who is logged in; nobody is a viewer.
pub async fn current(State(screen): Shared, headers: HeaderMap) -> Result<Rows, Problem> {
    let nobody = || Rows(json!({ "user": null, "csrf": null }).to_string());
    match key(&headers) {
        None => Ok(nobody()),
        Some(key) => match session(&screen, key).await {
            Err(problem) if problem.is_nobody() => Ok(nobody()),
            other => other,
        },
    }
}

/// `DELETE /api/session`: logs out. A key of the user's own stays good for his programs.
pub async fn log_out(State(screen): State<Arc<Screen>>, Key(key): Key) -> Result<Response, Problem> {
    const REVOKE: &str = "SELECT coalesce(json_agg(identity.revoke_api_key(id)), '[]')::text FROM identity.api_keys
        WHERE user_id = $1 AND name = $2 AND prefix || '' = left($3, 12) AND revoked_at IS NULL";
    let mut client = screen.database.client().await?;
    match Work::acting(&mut client, &key).await {
        Ok(work) => {
            work.text(REVOKE, &[&work.user, &KEY_NAME, &key]).await?;
            work.commit().await?;
        }
        // Over already.
        Err(problem) if problem.is_nobody() => {}
        Err(problem) => return Err(problem),
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&screen, "", 0))]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(key(&headers(&[("cookie", "a=b; bourse_session=brs_1; c=d")])), Some("brs_1"));
        assert_eq!(key(&headers(&[("cookie", "xbourse_session=brs_1")])), None);
    }

    #[test]
    fn what_changes_something_needs_the_token() {
        let session = ("cookie", "bourse_session=brs_1");
        let good = token("brs_1");
        let post = |pairs: &[(&'static str, &str)]| check(&Method::POST, "/api/orders", &headers(pairs)).is_ok();
        assert!(post(&[session, (TOKEN, &good)]));
        assert!(!post(&[session]) && !post(&[session, (TOKEN, &token("brs_2"))]) && !post(&[(TOKEN, &good)]));
        let from = |origin| post(&[session, (TOKEN, &good), ("host", "here:8080"), ("origin", origin)]);
        assert!(from("http://here:8080") && !from("http://there:8080") && !from("null"));
        assert!(check(&Method::GET, "/api/orders", &headers(&[])).is_ok());
    }
}
