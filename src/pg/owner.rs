//! Whose things are. A stranger can give a table of his own any name of ours, and what he writes into it (defaults,
//! index expressions, domains) would run with the rights of whoever reads it: so what is found by its name is trusted
//! by its owner, the role that CREATE EXTENSION gives everything to.

use std::ffi::{CStr, CString};
use std::sync::OnceLock;

use pgrx::pg_sys::SysCacheIdentifier::{NAMESPACEOID, RELOID};
use pgrx::{FromDatum, PgSqlErrorCode, pg_sys};

use super::session;
use crate::error::{Answer, Failure};

/// The role that owns all schemas and tables of ours.
pub const NAME: &CStr = c"bourse_owner";

/// The schemas that the extension makes.
static SCHEMAS: OnceLock<Vec<CString>> = OnceLock::new();

/// Takes the names of the schemas; each has another one for what is private. Called once, when the library is loaded.
pub fn declare(schemas: impl Iterator<Item = &'static str>) {
    let both = schemas.flat_map(|schema| [schema.to_owned(), format!("{schema}_private")]);
    SCHEMAS.get_or_init(|| both.filter_map(|schema| CString::new(schema).ok()).collect());
}

/// The role, if this server has it.
pub fn role() -> Option<pg_sys::Oid> {
    // SAFETY: a catalog look-up; what is missing gives InvalidOid.
    let role = unsafe { pg_sys::get_role_oid(NAME.as_ptr(), true) };
    (role != pg_sys::InvalidOid).then_some(role)
}

/// Whether the session is its own: only processes of ours come so.
pub fn is_login() -> bool {
    role() == Some(session::login())
}

/// Whether a table belongs to it.
pub fn is_ours(relation: pg_sys::Oid) -> bool {
    let owner = of_relation(relation);
    owner.is_some() && owner == role()
}

/// The owner of a relation, if it is there.
pub(super) fn of_relation(relation: pg_sys::Oid) -> Option<pg_sys::Oid> {
    // SAFETY: what RELOID finds is a row of pg_class.
    unsafe { entry(RELOID as i32, relation, |class: &pg_sys::FormData_pg_class| class.relowner) }
}

/// How a relation is spelled with its schema.
pub(super) fn spelled(relation: pg_sys::Oid) -> String {
    // SAFETY: catalog look-ups; a relation that is gone has no name.
    unsafe {
        let (schema, name) =
            (pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation)), pg_sys::get_rel_name(relation));
        if schema.is_null() || name.is_null() {
            return relation.to_u32().to_string();
        }
        CStr::from_ptr(pg_sys::quote_qualified_identifier(schema, name)).to_string_lossy().into_owned()
    }
}

/// Whether code of a role may run with the rights of ours: a superuser's, or its own.
pub fn is_trusted(owner: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up.
    Some(owner) == role() || unsafe { pg_sys::superuser_arg(owner) }
}

/// Has the session work with the rights of `owner`, of `bourse_owner` in place of a superuser, in a security-restricted
/// operation. It lasts until the SECURITY DEFINER function around ends, or an error undoes the subtransaction: both put
/// back what was before.
pub fn enter_restricted(owner: pg_sys::Oid) {
    let (mut user, mut context) = (pg_sys::InvalidOid, 0);
    let restricted = pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
    // SAFETY: catalog look-ups, and a change of backend variables that the server itself undoes, as said above.
    unsafe {
        let role = if pg_sys::superuser_arg(owner) { pg_sys::get_role_oid(NAME.as_ptr(), false) } else { owner };
        pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut context);
        pg_sys::SetUserIdAndSecContext(role, context | restricted as i32);
    }
}

/// Refuses (55000) a table or sequence that belongs to anybody else: also to a role of which ours is a member, as a
/// stranger can arrange.
pub fn require(relation: pg_sys::Oid, name: &str) -> Answer<()> {
    if is_ours(relation) {
        return Ok(());
    }
    let owner = of_relation(relation).map(session::role_name).unwrap_or_default();
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{name} belongs to {owner:?}, not to bourse_owner"),
        "Find out who has put it there: its defaults and indexes run code. Then ALTER … OWNER TO bourse_owner.",
    ))
}

/// Whether a materialized view is populated. Keeps it so to the end of the transaction.
pub fn is_populated(view: pg_sys::Oid) -> bool {
    // SAFETY: takes a lock on an oid, whatever that is; what RELOID finds is a row of pg_class.
    let populated = unsafe {
        pg_sys::LockRelationOid(view, pg_sys::AccessShareLock as i32);
        entry(RELOID as i32, view, |class: &pg_sys::FormData_pg_class| class.relispopulated)
    };
    populated == Some(true)
}

/// Refuses (55000) a database where the extension is not installed, or where its schemas are somebody else's. Looks
/// into the catalogs and evaluates nothing.
pub fn require_home() -> Answer<()> {
    // SAFETY: a catalog look-up; what is missing gives InvalidOid.
    let extension = unsafe { pg_sys::get_extension_oid(c"pg_bourse".as_ptr(), true) };
    if extension != pg_sys::InvalidOid
        && role().is_some()
        && SCHEMAS.get().is_some_and(|schemas| schemas.iter().all(|schema| owns_schema(schema)))
    {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "pg_bourse is not installed in this database",
        "CREATE EXTENSION pg_bourse; its schemas belong to bourse_owner.",
    ))
}

fn owns_schema(name: &CStr) -> bool {
    // SAFETY: a catalog look-up by name, and then what NAMESPACEOID finds is a row of pg_namespace.
    let owner = unsafe {
        let schema = pg_sys::get_namespace_oid(name.as_ptr(), true);
        entry(NAMESPACEOID as i32, schema, |schema: &pg_sys::FormData_pg_namespace| schema.nspowner)
    };
    owner.is_some() && owner == role()
}

/// Reads the row that a cache of a catalog has under an oid.
// SAFETY: the caller names the struct of the fixed columns of that catalog.
pub(super) unsafe fn entry<Form, T>(cache: i32, oid: pg_sys::Oid, read: impl FnOnce(&Form) -> T) -> Option<T> {
    // SAFETY: the row is pinned until it is released; its data begins with the struct of its fixed columns.
    unsafe {
        let none = pg_sys::Datum::null();
        let tuple = pg_sys::SearchSysCache(cache, pg_sys::Datum::from(oid), none, none, none);
        if tuple.is_null() {
            return None;
        }
        let data = (*tuple).t_data;
        let value = read(&*data.cast::<u8>().add((*data).t_hoff as usize).cast::<Form>());
        pg_sys::ReleaseSysCache(tuple);
        Some(value)
    }
}

/// Reads a column of the row that a cache of a catalog has under an oid; none: NULL, or no such row.
// SAFETY: the caller names the type of that column.
pub(super) unsafe fn attribute<T: FromDatum>(cache: i32, oid: pg_sys::Oid, column: u32) -> Option<T> {
    // SAFETY: the row is pinned until it is released; the value is copied out of it.
    unsafe {
        let none = pg_sys::Datum::null();
        let tuple = pg_sys::SearchSysCache(cache, pg_sys::Datum::from(oid), none, none, none);
        if tuple.is_null() {
            return None;
        }
        let mut is_null = true;
        let datum = pg_sys::SysCacheGetAttr(cache, tuple, column as i16, &raw mut is_null);
        let value = T::from_datum(datum, is_null);
        pg_sys::ReleaseSysCache(tuple);
        value
    }
}
