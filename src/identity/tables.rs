//! The tables of the schema identity that are read past the executor, as far as they are.

use crate::pg::column::Kind;
use crate::pg::definition::Definition;

/// `identity.users`.
pub static USERS: Definition = Definition {
    schema: c"identity",
    name: c"users",
    columns: &[("id", Kind::Int), ("is_active", Kind::Bool), ("db_role", Kind::Name), ("role", Kind::Text)],
    checks: &[],
};

/// `identity.api_keys`.
pub static API_KEYS: Definition = Definition {
    schema: c"identity",
    name: c"api_keys",
    columns: &[
        ("user_id", Kind::Int),
        ("prefix", Kind::Text),
        ("key_hash", Kind::Bytes),
        ("expires_at", Kind::Time),
        ("revoked_at", Kind::Time),
    ],
    checks: &[],
};
