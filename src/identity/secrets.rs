//! Passwords, codes and API keys: random, hashed, compared.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use vault::password::{BCRYPT_MAX_BYTES, HashError, Verdict};
use vault::{api_key, code};
use zeroize::Zeroizing;

use super::users::{self, Standing};
use super::{settings, tables};
use crate::error::{Answer, Failure};
use crate::pg::random;
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

/// Not the password, not its length: what is wrong with it.
fn hash_failure(error: HashError) -> Failure {
    match error {
        HashError::TooLong => Failure::invalid(
            format!("the password has more than the {BCRYPT_MAX_BYTES} bytes that bcrypt reads"),
            format!("Take at most {BCRYPT_MAX_BYTES} bytes, or set bourse.password_algorithm to argon2id."),
        ),
        HashError::Cost => Failure::invalid(
            "the costs of password hashes do not go together",
            "bourse.argon2_memory must be at least 8 kB for each lane of bourse.argon2_parallelism.",
        ),
    }
}

#[pg_extern(sql = false)]
fn hash_password(password: &str) -> Result<String, ErrorReport> {
    Ok(settings::scheme().hash(password, random::bytes()?).map_err(hash_failure)?)
}

/// Without a stored hash the work is the same and the answer `wrong`: time does not tell who has a password.
#[pg_extern(sql = false)]
fn check_password(password: &str, stored: Option<&str>) -> &'static str {
    let scheme = settings::scheme();
    let Some(stored) = stored else {
        // Only the time that it takes is wanted.
        let _ = std::hint::black_box(scheme.hash(password, [0; 16]));
        return "wrong";
    };
    match scheme.verify(password, stored) {
        Verdict::Wrong => "wrong",
        Verdict::Right => "right",
        Verdict::Outdated => "outdated",
    }
}

#[pg_extern(sql = false)]
fn new_code() -> Result<String, ErrorReport> {
    loop {
        if let Some(code) = code::spell(random::bytes()?) {
            return Ok(code.to_string());
        }
    }
}

#[pg_extern(sql = false)]
fn new_api_key() -> Result<String, ErrorReport> {
    let random = Zeroizing::new(random::bytes()?);
    Ok(api_key::spell(&random).to_string())
}

#[pg_extern(sql = false, immutable)]
fn is_key_of(key: &str, digest: &[u8]) -> bool {
    api_key::matches(key, digest)
}

/// Each letter by itself, so that what is folded folds to itself: no final sigma, no locale.
#[pg_extern(sql = false, immutable, parallel_safe)]
fn fold(value: &str) -> String {
    value.chars().flat_map(char::to_lowercase).collect()
}

/// A row of `identity.api_keys`, as far as it decides.
struct StoredKey {
    user: i64,
    matches: bool,
    expires_at: Option<Timestamp>,
    is_revoked: bool,
}

#[pg_extern(sql = false)]
fn verify_api_key(key: Option<&str>) -> Result<Option<i64>, ErrorReport> {
    crate::bourse::require_tables()?;
    super::acting::require_operator()?;
    Ok(key.and_then(user_of_key))
}

fn user_of_key(key: &str) -> Option<i64> {
    let prefix = api_key::prefix(key)?;
    let mut keys = Table::open(&tables::API_KEYS);
    let index = keys.index(c"api_keys_prefix_key");
    let found = keys.find(index, &[Key::Text(prefix)], |row| {
        let stored = tables::api_key::of(row);
        StoredKey {
            user: stored.user_id(),
            matches: api_key::matches(key, stored.key_hash()),
            expires_at: stored.expires_at(),
            is_revoked: stored.revoked_at().is_some(),
        }
    });
    keys.close();
    let now = Timestamp::now();
    let is_over = |end: Timestamp| end <= now;
    let user = found.filter(|f| f.matches && !f.is_revoked && !f.expires_at.is_some_and(is_over))?.user;
    matches!(users::standing(user), Standing::Active | Standing::Viewer).then_some(user)
}

/// Random bytes, or the failure that the machine has none.
impl From<random::NoRandomness> for Failure {
    fn from(_: random::NoRandomness) -> Failure {
        Failure::new(
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            "the server gives no random bytes",
            "Nothing has changed. See the server's log.",
        )
    }
}

impl From<random::NoRandomness> for ErrorReport {
    fn from(error: random::NoRandomness) -> ErrorReport {
        Failure::from(error).into()
    }
}

/// Random bytes for a nonce.
pub fn nonce<const N: usize>() -> Answer<[u8; N]> {
    Ok(random::bytes()?)
}
