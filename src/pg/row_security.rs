//! What the planner may use of rows that a policy hides: nothing that EXPLAIN, or what the server counts, would tell.
//!
//! A table whose policy asks for the owner of a row (`identity_private.is_owner()`) shows a user his own rows alone.
//! PostgreSQL would still count the rows that it meets on its way through an index and then hides, compare some with
//! what the query asks before it asks the policy, and estimate from samples of all rows. For such a user the planner
//! has therefore no index but those that begin with the owner, and those of numbers that count up; it has no samples;
//! and the owner costs less than nothing to ask for, so that he is asked for first.

use std::cell::Cell;
use std::ffi::CStr;
use std::ptr::null_mut;

use pgrx::{Internal, PgList, pg_guard, pg_sys};

/// What `is_owner()` costs. Some expressions cost nothing, as a test for NULL or a subscript does: it goes before them.
const COST: f64 = -1e-9;

/// Where the function is that policies ask.
const SCHEMA: &CStr = c"identity_private";
const FUNCTION: &CStr = c"is_owner";

thread_local! {
    static NEXT_INFO: Cell<pg_sys::get_relation_info_hook_type> = const { Cell::new(None) };
    static NEXT_SAMPLES: Cell<pg_sys::get_relation_stats_hook_type> = const { Cell::new(None) };
    static NEXT_INDEX_SAMPLES: Cell<pg_sys::get_index_stats_hook_type> = const { Cell::new(None) };
}

/// Has the planner call us, once, when the library is loaded. Who asks such a policy loads it, before anything is planned:
/// the function has a support function of ours.
pub fn register() {
    // SAFETY: hooks are chained while a library is loaded, by the one thread of a process.
    unsafe {
        NEXT_INFO.set(pg_sys::get_relation_info_hook);
        pg_sys::get_relation_info_hook = Some(relation_info);
        NEXT_SAMPLES.set(pg_sys::get_relation_stats_hook);
        pg_sys::get_relation_stats_hook = Some(samples);
        NEXT_INDEX_SAMPLES.set(pg_sys::get_index_stats_hook);
        pg_sys::get_index_stats_hook = Some(index_samples);
    }
}

/// What the support function of `is_owner()` answers the planner: its cost, and nothing else.
pub fn support(mut request: Internal) -> Internal {
    // SAFETY: the planner hands over a node, and what its tag says it is.
    let answer = unsafe {
        let node = request.get_mut::<pg_sys::Node>().map_or(null_mut(), |node| &raw mut *node);
        if node.is_null() || (*node).type_ != pg_sys::NodeTag::T_SupportRequestCost {
            null_mut()
        } else {
            let cost = node.cast::<pg_sys::SupportRequestCost>();
            (*cost).startup = 0.0;
            (*cost).per_tuple = COST;
            node
        }
    };
    Internal::from(Some(pg_sys::Datum::from(answer)))
}

/// How the policy of a relation of a query asks for the owner.
#[derive(Clone, Copy)]
enum Asked {
    /// Of every row; the column that has him.
    Always(pg_sys::AttrNumber),
    /// Of rows that are not public.
    UnlessPublic,
}

/// The hook. It raises nothing of its own.
// SAFETY: only the planner calls it, with what it gives to hooks.
#[pg_guard]
unsafe extern "C-unwind" fn relation_info(
    root: *mut pg_sys::PlannerInfo,
    oid: pg_sys::Oid,
    is_parent: bool,
    relation: *mut pg_sys::RelOptInfo,
) {
    // SAFETY: as above; what the planner has built of the relation lives as long as its plan.
    unsafe {
        if let Some(next) = NEXT_INFO.get() {
            next(root, oid, is_parent, relation);
        }
        let Some(asked) = asked(root, (*relation).relid) else { return };
        (*relation).statlist = null_mut();
        if let Asked::Always(owner) = asked {
            let mut kept = PgList::<pg_sys::IndexOptInfo>::new();
            for index in PgList::<pg_sys::IndexOptInfo>::from_pg((*relation).indexlist).iter_ptr() {
                if begins_with(index, owner) || numbers(index) {
                    kept.push(index);
                }
            }
            (*relation).indexlist = kept.into_pg();
        }
    }
}

/// The hook: whether the samples of a column are ours to give. None are given.
// SAFETY: only the planner calls it, with what it gives to hooks.
#[pg_guard]
unsafe extern "C-unwind" fn samples(
    root: *mut pg_sys::PlannerInfo,
    entry: *mut pg_sys::RangeTblEntry,
    column: pg_sys::AttrNumber,
    variable: *mut pg_sys::VariableStatData,
) -> bool {
    // SAFETY: as above; entries of a query stand in its array from 1 on.
    unsafe {
        let place =
            (1..(*root).simple_rel_array_size).find(|place| *(*root).simple_rte_array.offset(*place as isize) == entry);
        if place.is_some_and(|place| asked(root, place as pg_sys::Index).is_some()) {
            return true;
        }
        NEXT_SAMPLES.get().is_some_and(|next| next(root, entry, column, variable))
    }
}

/// The hook, for the samples of an expression that is indexed.
// SAFETY: only the planner calls it, with what it gives to hooks.
#[pg_guard]
unsafe extern "C-unwind" fn index_samples(
    root: *mut pg_sys::PlannerInfo,
    index: pg_sys::Oid,
    column: pg_sys::AttrNumber,
    variable: *mut pg_sys::VariableStatData,
) -> bool {
    // SAFETY: as above; the relation is that of the index.
    unsafe {
        let relation = (*variable).rel;
        if !relation.is_null() && asked(root, (*relation).relid).is_some() {
            return true;
        }
        NEXT_INDEX_SAMPLES.get().is_some_and(|next| next(root, index, column, variable))
    }
}

/// How the policy of this relation asks for the owner, or that of the table of which it is a partition. None for who may
/// see everybody: there it is one condition of two.
///
/// # Safety
/// The query is being planned, and this is a relation of it.
unsafe fn asked(root: *mut pg_sys::PlannerInfo, relation: pg_sys::Index) -> Option<Asked> {
    // SAFETY: as above.
    unsafe {
        if relation == 0 || relation as i32 >= (*root).simple_rel_array_size {
            return None;
        }
        let entry = *(*root).simple_rte_array.add(relation as usize);
        if entry.is_null() {
            return None;
        }
        let quals = PgList::<pg_sys::Node>::from_pg((*entry).securityQuals);
        if quals.is_empty() {
            return asked_of_parent(root, relation);
        }
        quals.iter_ptr().find_map(|qual| asked_in(qual))
    }
}

/// # Safety
/// As for [`asked()`].
unsafe fn asked_of_parent(root: *mut pg_sys::PlannerInfo, relation: pg_sys::Index) -> Option<Asked> {
    // SAFETY: as above; the array, where there is one, has a place for each relation.
    unsafe {
        let all = (*root).append_rel_array;
        let child = if all.is_null() { null_mut() } else { *all.add(relation as usize) };
        if child.is_null() {
            return None;
        }
        let Asked::Always(owner) = asked(root, (*child).parent_relid)? else { return Some(Asked::UnlessPublic) };
        let columns = PgList::<pg_sys::Node>::from_pg((*child).translated_vars);
        let column = columns.get_ptr(usize::try_from(owner).ok()?.checked_sub(1)?)?;
        column_of(column).map(Asked::Always)
    }
}

/// # Safety
/// This is a node of a condition, or a list of them that all have to hold; null where nothing has to.
unsafe fn asked_in(node: *mut pg_sys::Node) -> Option<Asked> {
    if node.is_null() {
        return None;
    }
    // SAFETY: as above; a node is what its tag says.
    unsafe {
        match (*node).type_ {
            pg_sys::NodeTag::T_List => {
                PgList::<pg_sys::Node>::from_pg(node.cast()).iter_ptr().find_map(|each| asked_in(each))
            }
            pg_sys::NodeTag::T_FuncExpr => owner_in(node).map(Asked::Always),
            pg_sys::NodeTag::T_BoolExpr => {
                let either = node.cast::<pg_sys::BoolExpr>();
                let of = PgList::<pg_sys::Node>::from_pg((*either).args);
                match (*either).boolop {
                    pg_sys::BoolExprType::AND_EXPR => of.iter_ptr().find_map(|each| asked_in(each)),
                    pg_sys::BoolExprType::OR_EXPR => {
                        of.iter_ptr().find_map(|each| owner_in(each)).map(|_| Asked::UnlessPublic)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The column of the owner where a node is a call of `is_owner()`.
///
/// # Safety
/// This is a node of a condition.
unsafe fn owner_in(node: *mut pg_sys::Node) -> Option<pg_sys::AttrNumber> {
    // SAFETY: as above; names that the catalog has are copies in memory of the plan.
    unsafe {
        if (*node).type_ != pg_sys::NodeTag::T_FuncExpr {
            return None;
        }
        let call = node.cast::<pg_sys::FuncExpr>();
        let name = pg_sys::get_func_name((*call).funcid);
        if name.is_null() || CStr::from_ptr(name) != FUNCTION {
            return None;
        }
        let schema = pg_sys::get_namespace_name(pg_sys::get_func_namespace((*call).funcid));
        if schema.is_null() || CStr::from_ptr(schema) != SCHEMA {
            return None;
        }
        column_of(PgList::<pg_sys::Node>::from_pg((*call).args).get_ptr(0)?)
    }
}

/// The column that a node is, also as another type of the same bytes.
///
/// # Safety
/// This is a node of an expression, or null.
unsafe fn column_of(node: *mut pg_sys::Node) -> Option<pg_sys::AttrNumber> {
    // SAFETY: as above; a node is what its tag says.
    unsafe {
        if node.is_null() {
            return None;
        }
        match (*node).type_ {
            pg_sys::NodeTag::T_Var => Some((*node.cast::<pg_sys::Var>()).varattno),
            pg_sys::NodeTag::T_RelabelType => column_of((*node.cast::<pg_sys::RelabelType>()).arg.cast()),
            _ => None,
        }
    }
}

/// Whether an index begins with this column: the policy then leaves of it no more than the user's own rows.
///
/// # Safety
/// The planner has made this.
unsafe fn begins_with(index: *mut pg_sys::IndexOptInfo, owner: pg_sys::AttrNumber) -> bool {
    // SAFETY: as above; an index has a first key, which is 0 for an expression.
    unsafe { *(*index).indexkeys == i32::from(owner) }
}

/// Whether an index holds nothing but a number that no two rows have: what it tells, the next number tells as well.
///
/// # Safety
/// The planner has made this.
unsafe fn numbers(index: *mut pg_sys::IndexOptInfo) -> bool {
    // SAFETY: as above; each key has its type.
    unsafe {
        (*index).unique
            && (*index).nkeycolumns == 1
            && *(*index).indexkeys != 0
            && (*index).indpred.is_null()
            && *(*index).opcintype == pg_sys::INT8OID
    }
}
