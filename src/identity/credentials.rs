//! Encrypting and decrypting the credentials of users.

use std::time::{SystemTime, UNIX_EPOCH};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use vault::context::{Context, Refused};

use super::{keys, secrets};
use crate::error::Failure;

#[pg_extern(sql = false)]
fn encrypt_secret(
    user: i64,
    exchange: &str,
    is_testnet: bool,
    purpose: &str,
    secret: &str,
) -> Result<String, ErrorReport> {
    let ring = keys::ring()?;
    // A clock before 1970 makes tokens of 1970: their time is not read here.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let context = Context { user, exchange, is_testnet, purpose };
    Ok(context.seal(&ring, secret, now, secrets::nonce()?))
}

#[pg_extern(sql = false)]
fn decrypt_secret(
    key_id: &str,
    user: i64,
    exchange: &str,
    is_testnet: bool,
    purpose: &str,
    token: &str,
) -> Result<String, ErrorReport> {
    let ring = keys::ring()?;
    if !ring.ids().any(|id| id == key_id) {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("the vault has no key {key_id}"),
            "Put the key back below the newest one and reload the configuration; identity.vault_keys() shows what needs it.",
        )
        .into());
    }
    let context = Context { user, exchange, is_testnet, purpose };
    let opened = context.open(&ring, token).map_err(|refused| {
        let network = if is_testnet { "testnet" } else { "mainnet" };
        let why = match refused {
            Refused::NotAToken => "was changed, or made with another key",
            Refused::OtherContext => "was made for another user, exchange, network or purpose",
        };
        Failure::new(
            PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
            format!("the {purpose} of user {user} for {exchange} {network} {why}"),
            "Find out who has written this row; then store the credentials anew.",
        )
    })?;
    Ok(opened.to_string())
}

#[pg_extern(sql = false)]
fn vault_key_ids() -> Result<SetOfIterator<'static, String>, ErrorReport> {
    let ids: Vec<String> = keys::ring()?.ids().map(str::to_owned).collect();
    Ok(SetOfIterator::new(ids))
}
