//! What our tables call for somebody else: the functions of triggers and their WHEN, of defaults, generated columns,
//! indexes, CHECKs and types. What breaks the rule is refused when it is attached. Here it is looked at once more,
//! for that may have been switched off: once for each change of a definition, and before an expression is planned,
//! which evaluates what is constant in it.

use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::OnceLock;

use pgrx::pg_sys::SysCacheIdentifier::{INDEXRELID, PROCOID};
use pgrx::{PgSqlErrorCode, pg_guard, pg_sys};

use super::{owner, session};
use crate::error::{Answer, Failure};

/// The languages `internal` and `c` (`pg_language.dat`): their functions look nothing up by a path.
const COMPILED: [u32; 2] = [12, 13];

/// The whole rule, which knows all that the catalogs know.
static RULE: OnceLock<fn(pg_sys::Oid)> = OnceLock::new();

/// Called once, when the library is loaded, with what refuses a table by the whole rule.
pub fn register(require_safe: fn(pg_sys::Oid)) {
    RULE.get_or_init(|| require_safe);
}

/// Something of a table that calls functions.
struct Look<'a> {
    what: &'a str,
    refused: Option<Failure>,
    /// Whether there is more behind it than is seen here: a domain, a function whose body is parsed.
    is_deep: bool,
}

/// Refuses (55000) a function that must not run with the rights of `bourse_owner`: one that belongs to anybody but a
/// superuser or that role, and one that finds its tables by the caller's search_path, where a caller's temporary table
/// stands for any that is named without its schema.
pub fn require_safe_function(table: pg_sys::Oid, function: pg_sys::Oid, what: &str) {
    look(table, what, |look| {
        look.function(function);
    });
}

/// The same for the function of a trigger. That of a foreign key to the table is PostgreSQL's own, and fires triggers of
/// the table that refers to it.
pub fn require_safe_trigger(table: pg_sys::Oid, function: pg_sys::Oid, what: &str) {
    require_safe_function(table, function, what);
    // SAFETY: looks an oid up in a list.
    if unsafe { pg_sys::RI_FKey_trigger_type(function) } as u32 == pg_sys::RI_TRIGGER_PK {
        require_safe(table);
    }
}

/// The same for all functions that an expression calls.
///
/// # Safety
/// The caller's expression, or null.
pub unsafe fn require_safe_expression(table: pg_sys::Oid, expression: *mut pg_sys::Node, what: &str) {
    // SAFETY: as above; the walk reads, and its context lives as long as the walk.
    look(table, what, |look| unsafe {
        visit(expression, (&raw mut *look).cast());
    });
}

/// The same for an expression as the catalogs spell it.
///
/// # Safety
/// The caller's string is what PostgreSQL has made of an expression, or null.
pub unsafe fn require_safe_text(table: pg_sys::Oid, expression: *const c_char, what: &str) {
    if !expression.is_null() {
        // SAFETY: as above.
        unsafe { require_safe_expression(table, pg_sys::stringToNode(expression).cast(), what) }
    }
}

/// The same for what a type checks.
pub fn require_safe_type(table: pg_sys::Oid, of_column: pg_sys::Oid, what: &str) {
    look(table, what, |look| look.of_type(of_column));
}

/// The same for the expressions of an index, which is not open yet.
pub fn require_safe_index(table: pg_sys::Oid, index: pg_sys::Oid, name: &str) {
    for column in [pg_sys::Anum_pg_index_indexprs, pg_sys::Anum_pg_index_indpred] {
        // SAFETY: both columns hold expressions.
        let expression = unsafe { owner::attribute::<String>(INDEXRELID as i32, index, column) };
        if let Some(expression) = expression.and_then(|expression| CString::new(expression).ok()) {
            let what = format!("index {} on {name}", session::relation_name(index));
            // SAFETY: as above.
            unsafe { require_safe_text(table, expression.as_ptr(), &what) }
        }
    }
}

/// The same for what compares the keys of an index, and for the operators of an exclusion constraint.
///
/// # Safety
/// The caller's index is open, and the info is that of it.
pub unsafe fn require_safe_keys(
    table: pg_sys::Oid,
    index: pg_sys::Relation,
    info: *const pg_sys::IndexInfo,
    name: &str,
) {
    // SAFETY: an open index has a place for each support function of its method and each key; an exclusion constraint
    // has a function for each key.
    unsafe {
        let keys = (*info).ii_NumIndexKeyAttrs as usize;
        let support = std::slice::from_raw_parts((*index).rd_support, keys * (*(*index).rd_indam).amsupport as usize);
        let excluding: &[pg_sys::Oid] = if (*info).ii_ExclusionProcs.is_null() {
            &[]
        } else {
            std::slice::from_raw_parts((*info).ii_ExclusionProcs, keys)
        };
        for function in support.iter().chain(excluding).filter(|function| is_of_others(**function)) {
            let what = format!("index {} on {name}", session::relation_name((*index).rd_id));
            require_safe_function(table, *function, &what);
        }
    }
}

fn look(table: pg_sys::Oid, what: &str, work: impl FnOnce(&mut Look)) {
    let mut look = Look { what, refused: None, is_deep: false };
    work(&mut look);
    if let Some(failure) = look.refused {
        session::raise_unfit(failure.code, &failure.message, &failure.hint);
    }
    if look.is_deep {
        require_safe(table);
    }
}

/// Refuses a table by the whole rule.
fn require_safe(table: pg_sys::Oid) {
    if let Some(require_safe) = RULE.get() {
        session::restricted(owner::NAME, || require_safe(table));
    }
}

impl Look<'_> {
    /// Whether the search is over.
    fn function(&mut self, function: pg_sys::Oid) -> bool {
        if is_of_others(function) {
            self.refused = self.require(function).err();
        }
        self.refused.is_some()
    }

    fn require(&mut self, function: pg_sys::Oid) -> Answer<()> {
        // SAFETY: what PROCOID finds is a row of pg_proc.
        let found = unsafe {
            owner::entry(PROCOID as i32, function, |f: &pg_sys::FormData_pg_proc| (f.proowner, f.prolang.to_u32()))
        };
        let Some((_, language)) = found.filter(|(owner, _)| owner::is_trusted(*owner)) else {
            let owner = found.map(|(owner, _)| session::role_name(owner)).unwrap_or_default();
            return Err(self.unsafe_function(
                function,
                &format!("belongs to {owner:?}, neither to a superuser nor to bourse_owner"),
                "It would run with the rights of bourse_owner: find out who has put it there, and drop it.",
            ));
        };
        let is_last = |path: String| path == "pg_temp" || path.ends_with(", pg_temp");
        if COMPILED.contains(&language) || search_path(function).is_some_and(is_last) {
            return Ok(());
        }
        // SAFETY: the column holds a parsed body, or NULL.
        if unsafe { owner::attribute::<String>(PROCOID as i32, function, pg_sys::Anum_pg_proc_prosqlbody) }.is_some() {
            self.is_deep = true;
            return Ok(());
        }
        Err(self.unsafe_function(
            function,
            "has no search_path of its own that ends with pg_temp",
            "ALTER FUNCTION … SET search_path = pg_catalog, the schemas that it needs, pg_temp.",
        ))
    }

    fn unsafe_function(&self, function: pg_sys::Oid, why: &str, hint: &str) -> Failure {
        // SAFETY: gives a palloc'd text, also of what does not exist.
        let function = unsafe { CStr::from_ptr(pg_sys::format_procedure_qualified(function)) }.to_string_lossy();
        let message = format!("function {function} in {} {why}", self.what);
        Failure::new(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message, hint)
    }

    /// An enumeration calls nothing, and an array what its elements call.
    fn of_type(&mut self, of_column: pg_sys::Oid) {
        // SAFETY: catalog look-ups.
        unsafe {
            let element = pg_sys::get_element_type(of_column);
            let inner = if element == pg_sys::InvalidOid { of_column } else { element };
            self.is_deep |= is_of_others(inner) && pg_sys::get_typtype(inner) as u8 != pg_sys::TYPTYPE_ENUM;
        }
    }
}

fn is_of_others(object: pg_sys::Oid) -> bool {
    object.to_u32() >= pg_sys::FirstNormalObjectId
}

/// Looks at a node and all below it; true ends the search.
// SAFETY: the caller's node, or null; the context is a Look.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: as above; a node says what it is.
    unsafe {
        match (*node).type_ {
            pg_sys::NodeTag::T_CoerceToDomain => {
                (*context.cast::<Look>()).of_type((*node.cast::<pg_sys::CoerceToDomain>()).resulttype);
            }
            // A sub-select, which only a policy can hold.
            pg_sys::NodeTag::T_Query => (*context.cast::<Look>()).is_deep = true,
            _ => {}
        }
        pg_sys::check_functions_in_node(node, Some(called), context)
            || (*node).type_ != pg_sys::NodeTag::T_Query && pg_sys::expression_tree_walker(node, Some(visit), context)
    }
}

// SAFETY: the context is a Look.
#[pg_guard]
unsafe extern "C-unwind" fn called(function: pg_sys::Oid, context: *mut c_void) -> bool {
    // SAFETY: as above.
    unsafe { (*context.cast::<Look>()).function(function) }
}

/// The search_path that a function sets for itself.
fn search_path(function: pg_sys::Oid) -> Option<String> {
    // SAFETY: the settings of a function are an array of text.
    let settings: Option<Vec<Option<String>>> =
        unsafe { owner::attribute(PROCOID as i32, function, pg_sys::Anum_pg_proc_proconfig) };
    settings?.into_iter().flatten().find_map(|setting| setting.strip_prefix("search_path=").map(str::to_owned))
}
