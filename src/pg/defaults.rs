//! Columns that somebody has added to our tables: their defaults, and what is generated from the rest of the row.

use pgrx::pg_sys;

use super::called;
use super::column::{self, Layout};

/// A column and the expression of its value.
pub struct Computed {
    column: usize,
    name: String,
    is_required: bool,
    expression: *mut pg_sys::ExprState,
}

/// The defaults of every column but `ours`. Refuses one that must have a value and has none.
pub fn of_others(relation: pg_sys::Relation, table: &str, ours: &[usize]) -> Vec<Computed> {
    // SAFETY: an open relation has a tuple descriptor, and every attribute its type.
    unsafe {
        let descriptor = pgrx::PgTupleDesc::from_pg_unchecked((*relation).rd_att);
        let others = descriptor.iter().enumerate().filter(|(at, a)| !a.attisdropped && !ours.contains(at));
        let mut found = Vec::new();
        for (column, attribute) in others.filter(|(_, a)| a.attgenerated == 0) {
            let what = format!("column {} on {table}", attribute.name());
            called::require_safe_type((*relation).rd_id, attribute.atttypid, &what);
            if let Some(default) = Computed::new(relation, table, column, attribute) {
                found.push(default);
            } else if attribute.attnotnull {
                column::raise_null(table, attribute.name());
            } else if pg_sys::DomainHasConstraints(attribute.atttypid) {
                let (null, memory) = (pg_sys::Datum::null(), pg_sys::CurrentMemoryContext);
                pg_sys::domain_check(null, true, attribute.atttypid, std::ptr::null_mut(), memory);
            }
        }
        found
    }
}

/// The columns that are generated and stored.
pub fn generated(relation: pg_sys::Relation, table: &str) -> Vec<Computed> {
    // SAFETY: an open relation has a tuple descriptor.
    let descriptor = unsafe { pgrx::PgTupleDesc::from_pg_unchecked((*relation).rd_att) };
    let stored = |a: &&pg_sys::FormData_pg_attribute| a.attgenerated as u8 == pg_sys::ATTRIBUTE_GENERATED_STORED;
    let all = descriptor.iter().enumerate().filter(|(_, a)| !a.attisdropped && stored(a));
    all.filter_map(|(column, attribute)| Computed::new(relation, table, column, attribute)).collect()
}

impl Computed {
    /// Built in the current memory; `None` when the column has no expression.
    fn new(
        relation: pg_sys::Relation,
        table: &str,
        column: usize,
        attribute: &pg_sys::FormData_pg_attribute,
    ) -> Option<Computed> {
        // SAFETY: the relation is open, and `column` one of its columns.
        let expression = unsafe {
            let expression = pg_sys::build_column_default(relation, column as i32 + 1);
            if expression.is_null() {
                return None;
            }
            let what = format!("the default of column {} on {table}", attribute.name());
            called::require_safe_expression((*relation).rd_id, expression, &what);
            pg_sys::ExecInitExpr(pg_sys::expression_planner(expression.cast()), std::ptr::null_mut())
        };
        Some(Computed { column, name: attribute.name().to_owned(), is_required: attribute.attnotnull, expression })
    }

    /// The place of the column.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Evaluates the expression into a row that is about to be written, in the current memory.
    ///
    /// # Safety
    /// The slot is of the table that the expression was built for, and the executor state lives as long as it.
    pub unsafe fn fill(&self, layout: &Layout, slot: *mut pg_sys::TupleTableSlot, estate: *mut pg_sys::EState) {
        // SAFETY: as the caller promises; an initialised expression has its function.
        unsafe {
            let Some(evaluate) = (*self.expression).evalfunc else { return };
            let mut is_null = false;
            let context = (*estate).es_per_tuple_exprcontext;
            // Behind a pointer: pgrx has not guarded it.
            let value = pg_sys::ffi::pg_guard_ffi_boundary(|| evaluate(self.expression, context, &raw mut is_null));
            if is_null && self.is_required {
                column::raise_null(&layout.table(), &self.name);
            }
            *(*slot).tts_values.add(self.column) = value;
            *(*slot).tts_isnull.add(self.column) = is_null;
        }
    }
}
