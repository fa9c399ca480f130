//! Defaults of columns that somebody has added to our tables.

use pgrx::pg_sys;

/// A column and the expression of its default.
pub struct ColumnDefault {
    column: usize,
    expression: *mut pg_sys::ExprState,
}

/// The defaults of every column but `ours`. Refuses one that must have a value and has none.
pub fn of_others(relation: pg_sys::Relation, ours: &[usize]) -> Vec<ColumnDefault> {
    // SAFETY: an open relation has a tuple descriptor; expressions are built in the memory of the call.
    unsafe {
        let descriptor = pgrx::PgTupleDesc::from_pg_unchecked((*relation).rd_att);
        let others = descriptor.iter().enumerate().filter(|(at, a)| !a.attisdropped && !ours.contains(at));
        let mut found = Vec::new();
        for (column, attribute) in others {
            let default = pg_sys::build_column_default(relation, column as i32 + 1);
            if !default.is_null() {
                let planned = pg_sys::expression_planner(default.cast());
                found.push(ColumnDefault { column, expression: pg_sys::ExecInitExpr(planned, std::ptr::null_mut()) });
            } else if attribute.attnotnull {
                pgrx::error!("column {} is NOT NULL and has no default: the exchange cannot fill it", attribute.name());
            }
        }
        found
    }
}

impl ColumnDefault {
    /// Evaluates the default into a row, in the current memory.
    ///
    /// # Safety
    /// The slot is of the table that the default was built for, and the executor state is alive.
    pub unsafe fn fill(&self, slot: *mut pg_sys::TupleTableSlot, estate: *mut pg_sys::EState) {
        // SAFETY: as the caller promises; an initialised expression has its function.
        unsafe {
            let Some(evaluate) = (*self.expression).evalfunc else { return };
            let mut is_null = false;
            let context = (*estate).es_per_tuple_exprcontext;
            // Behind a pointer: pgrx has not guarded it.
            let value = pg_sys::ffi::pg_guard_ffi_boundary(|| evaluate(self.expression, context, &raw mut is_null));
            *(*slot).tts_values.add(self.column) = value;
            *(*slot).tts_isnull.add(self.column) = is_null;
        }
    }
}
