//! What the catalogs say of a table that a module is told by its oid.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use super::plan;

/// How many changes of definitions this session has heard of.
pub fn changes() -> u64 {
    plan::changes()
}

/// The schema and the name of a table, whatever kind of one it is; none: there is no such.
pub fn name_of(relation: pg_sys::Oid) -> Option<(CString, CString)> {
    // SAFETY: catalog look-ups, which give null for what is not there, and fresh strings else.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if name.is_null() || schema.is_null() {
            return None;
        }
        Some((CStr::from_ptr(schema).to_owned(), CStr::from_ptr(name).to_owned()))
    }
}

/// Whether a table has a column of this name.
pub fn has_column(relation: pg_sys::Oid, column: &CStr) -> bool {
    // SAFETY: a catalog look-up.
    unsafe { pg_sys::get_attnum(relation, column.as_ptr()) > 0 }
}

/// Whether it is an ordinary table.
pub fn is_table(relation: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up.
    unsafe { pg_sys::get_rel_relkind(relation) as u8 == pg_sys::RELKIND_RELATION }
}
