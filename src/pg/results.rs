//! The rows of a function that returns a set, all of them at once.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};

use super::value::Value;

/// Rows, their columns in the order of the declaration.
pub struct Rows<const N: usize>(pub Vec<[Value<'static>; N]>);

// SAFETY: the rows are put into the store that the caller of a set-returning function looks for.
unsafe impl<const N: usize> BoxRet for Rows<N> {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        // SAFETY: the call that is being made, which outlives this.
        let call = unsafe { fcinfo.as_mut_ptr() };
        // SAFETY: the call is that of a function that returns a set, or the server raises an error; the arity of its
        // rows is checked before any is written.
        unsafe {
            pg_sys::InitMaterializedSRF(call, pg_sys::MAT_SRF_USE_EXPECTED_DESC);
            let result = (*call).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            let (store, descriptor) = ((*result).setResult, (*result).setDesc);
            if (*descriptor).natts as usize != N {
                pgrx::error!("the function is not declared to return rows of {N} columns");
            }
            for row in self.0 {
                let datums = row.map(Value::datum);
                let mut values = datums.map(|d| d.unwrap_or(pg_sys::Datum::null()));
                let mut nulls = datums.map(|d| d.is_none());
                pg_sys::tuplestore_putvalues(store, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            }
        }
        fcinfo.return_null()
    }
}

// SAFETY: the SQL declaration names the columns.
unsafe impl<const N: usize> SqlTranslatable for Rows<N> {
    const TYPE_IDENT: &'static str = "rows";
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("record"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::literal("record")));
}
