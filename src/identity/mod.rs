//! Who the session is and for whom it may act; passwords, codes, API keys and the vault.
//!
//! Rights are those of the session's login. For a member of `bourse_gateway` the transaction says for whom it acts
//! ([`crate::pg::spoken`]); until then it acts for no user. Where PostgreSQL lends the session to the code of somebody
//! else (a table's owner, in VACUUM or through a foreign key), nobody acts for anybody.

mod acting;
mod calls;
mod credentials;
mod keys;
mod script;
mod secrets;
pub mod settings;
mod tables;
mod users;

use crate::bourse::modules::{Module, migrations};
use crate::pg::prepared::WaitedFor;
pub use acting::{is_trusted, require_acts_for, work_for};
pub use users::{Standing, Users, require_may_trade};

/// The schema `identity`.
pub const MODULE: Module = Module {
    schema: "identity",
    waited_for: &[WaitedFor::writers(c"identity", c"users")],
    settings: Some(settings::register),
    prepare: None,
    migrations: migrations!(
        "identity":
        "0001_users",
        "0002_auth_identities",
        "0003_user_principals",
        "0004_verification_codes",
        "0005_api_keys",
        "0006_exchange_credentials",
        "0007_user_names",
        "0008_owners_first",
    ),
    after_migrations: None,
};
