//! The tables of the schema identity that are read past the executor, as far as they are.

use crate::pg::definition::Definition;
use crate::pg::fields::table;

/// `identity.users`.
pub static USERS: Definition = Definition { schema: c"identity", name: c"users", columns: user::ALL, checks: &[] };
/// `identity.api_keys`.
pub static API_KEYS: Definition =
    Definition { schema: c"identity", name: c"api_keys", columns: api_key::ALL, checks: &[] };

table! {
    /// Fields of `identity.users`.
    pub mod user: read {
        id: Int, is_active: Bool, db_role: Name, role: Text,
    }
}

table! {
    /// Fields of `identity.api_keys`.
    pub mod api_key: read {
        user_id: Int, prefix: Text, key_hash: Bytes, expires_at: Option<Time>, revoked_at: Option<Time>,
    }
}
