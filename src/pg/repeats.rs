//! `(f(…)).*` and what it stands for: the parser writes the call once for each column, and the executor makes each.

use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::ptr;

use pgrx::{AllocatedByRust, PgBox, pg_guard, pg_sys};

thread_local! {
    /// The query that has been looked at last: one look is enough for all of its calls.
    static SEEN: Cell<*mut pg_sys::PlannerInfo> = const { Cell::new(ptr::null_mut()) };
}

/// `src/include/nodes/nodeFuncs.h`: the subqueries of a query have their own turn.
const WITHOUT_SUBQUERIES: i32 = 0x01 | 0x02;

// SAFETY: the walkers call what they are given with a node and with what they are given beside it.
type Walker = unsafe extern "C-unwind" fn(*mut pg_sys::Node, *mut c_void) -> bool;

// SAFETY: the declarations of `src/include/nodes/nodeFuncs.h`, where 16 renamed what stands behind the names.
unsafe extern "C-unwind" {
    #[cfg_attr(not(feature = "pg15"), link_name = "expression_tree_walker_impl")]
    fn expression_tree_walker(node: *mut pg_sys::Node, walker: Walker, context: *mut c_void) -> bool;
    #[cfg_attr(not(feature = "pg15"), link_name = "query_tree_walker_impl")]
    fn query_tree_walker(query: *mut pg_sys::Query, walker: Walker, context: *mut c_void, flags: i32) -> bool;
}

/// The calls of which a query takes a column, and the first of them that it makes again.
struct Calls {
    support: pg_sys::Oid,
    /// Inside an expression of which a column is taken.
    in_selected: bool,
    selected: Vec<*mut pg_sys::FuncExpr>,
    repeated: Option<*mut pg_sys::FuncExpr>,
}

/// What the planner asks a support function about a call: the name of a function that the query around it calls twice
/// with the same arguments to take a column of each. Nothing for any other question.
pub fn repeated_call(request: pg_sys::Datum) -> Option<String> {
    // SAFETY: a support function is given a node, whose tag says what it is; a planner's query lives as long as the
    // memory in which it was made, and so does the callback that is made there.
    unsafe {
        let request = request.cast_mut_ptr::<pg_sys::SupportRequestSimplify>();
        if (*request).type_ != pg_sys::NodeTag::T_SupportRequestSimplify {
            return None;
        }
        let root = (*request).root;
        if root.is_null() || SEEN.get() == root {
            return None;
        }
        let mut callback = PgBox::<pg_sys::MemoryContextCallback, AllocatedByRust>::alloc0_in_context(
            pgrx::PgMemoryContexts::For((*root).planner_cxt),
        );
        callback.func = Some(forget);
        callback.arg = root.cast();
        pg_sys::MemoryContextRegisterResetCallback((*root).planner_cxt, callback.into_pg());
        SEEN.set(root);
        let support = pg_sys::get_func_support((*(*request).fcall).funcid);
        let mut calls = Calls { support, in_selected: false, selected: Vec::new(), repeated: None };
        let context = (&raw mut calls).cast();
        pg_sys::ffi::pg_guard_ffi_boundary(|| query_tree_walker((*root).parse, visit, context, WITHOUT_SUBQUERIES));
        let repeated = calls.repeated?;
        Some(name_of((*repeated).funcid))
    }
}

// SAFETY: only the server calls it, when the memory of the query goes.
#[pg_guard]
unsafe extern "C-unwind" fn forget(root: *mut c_void) {
    if SEEN.get().cast() == root {
        SEEN.set(ptr::null_mut());
    }
}

// SAFETY: only a walker calls it, with a node of the query and what it was given.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: a node's tag says what it is, and the context is the caller's, who waits.
    unsafe {
        let calls = context.cast::<Calls>();
        if node.is_null() || (*node).type_ == pg_sys::NodeTag::T_Query {
            return false;
        }
        let around = (*calls).in_selected;
        if (*node).type_ == pg_sys::NodeTag::T_FieldSelect {
            (*calls).in_selected = true;
        } else if around && (*node).type_ == pg_sys::NodeTag::T_FuncExpr {
            let call = node.cast::<pg_sys::FuncExpr>();
            if pg_sys::get_func_support((*call).funcid) == (*calls).support {
                if (*calls).selected.iter().any(|other| pg_sys::equal((*other).cast(), call.cast())) {
                    (*calls).repeated = Some(call);
                    return true;
                }
                (*calls).selected.push(call);
            }
        }
        let stop = pg_sys::ffi::pg_guard_ffi_boundary(|| expression_tree_walker(node, visit, context));
        (*calls).in_selected = around;
        stop
    }
}

/// Schema and name of a function.
// SAFETY: the oid is a function's.
unsafe fn name_of(function: pg_sys::Oid) -> String {
    // SAFETY: catalog look-ups of a function that a query names: both give a string.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_func_namespace(function));
        let name = pg_sys::get_func_name(function);
        format!("{}.{}", CStr::from_ptr(schema).to_string_lossy(), CStr::from_ptr(name).to_string_lossy())
    }
}
