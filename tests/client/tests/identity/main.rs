//! Users, logins, secrets and the vault through a real driver, and attacks on them.

mod attack;
mod locale;
mod pooler;
mod races;
mod second_venue;
mod secrets;
mod vault;
