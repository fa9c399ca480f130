//! The audit trail. All of it is SQL: `sql/audit/`.

mod script;

use pgrx::prelude::*;

use crate::bourse::modules::{Module, migrations};
use crate::pg::prepared::WaitedFor;
use crate::pg::session;

/// The schema `audit`. Tables of lower schemas know nothing of the trail: it attaches itself to them. The server on
/// which the database is born is registered, before it has anything to seal.
pub const MODULE: Module = Module {
    schema: "audit",
    waited_for: &[WaitedFor::writers(c"audit", c"audit_logs"), WaitedFor::writers(c"audit", c"activity_logs")],
    settings: None,
    prepare: None,
    migrations: migrations!("audit": "0001_audit_logs", "0002_activity_logs", "0003_seals", "0004_months",
        "0005_dropped_months", "0006_owners_first"),
    after_migrations: Some("SELECT audit_private.attach_defaults(); SELECT audit_private.seal_all();"),
};

#[pg_extern(sql = false)]
fn next_transaction() -> i64 {
    session::next_transaction() as i64
}
