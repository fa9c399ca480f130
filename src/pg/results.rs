//! The rows of a function that returns a set.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{PgMemoryContexts, pg_sys};

use super::value::Value;

/// Rows, their columns in the order of the declaration.
pub struct Rows<const N: usize>(pub Vec<[Value<'static>; N]>);

/// Rows that are made one after the other: what one of them takes in memory is free for the next.
pub struct Streamed<const N: usize>(pub Box<dyn Iterator<Item = [Value<'static>; N]>>);

// SAFETY: the rows are put into the store that the caller of a set-returning function looks for.
unsafe impl<const N: usize> BoxRet for Rows<N> {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        store(fcinfo, self.0.into_iter());
        fcinfo.return_null()
    }
}

// SAFETY: as of `Rows`.
unsafe impl<const N: usize> BoxRet for Streamed<N> {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        store(fcinfo, self.0);
        fcinfo.return_null()
    }
}

/// Puts rows into the store of the call that is being made.
fn store<const N: usize>(fcinfo: &mut FcInfo<'_>, mut rows: impl Iterator<Item = [Value<'static>; N]>) {
    let mut memory = PgMemoryContexts::new("row of a result");
    // SAFETY: the call is that of a function that returns a set, or the server raises an error; it outlives this. The
    // arity of its rows is checked before any is written, and the store has a copy of each before its memory is reset.
    unsafe {
        let call = fcinfo.as_mut_ptr();
        pg_sys::InitMaterializedSRF(call, pg_sys::MAT_SRF_USE_EXPECTED_DESC);
        let result = (*call).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        let (store, descriptor) = ((*result).setResult, (*result).setDesc);
        if (*descriptor).natts as usize != N {
            pgrx::error!("the function is not declared to return rows of {N} columns");
        }
        while memory.switch_to(|_| put(store, descriptor, rows.next())) {
            memory.reset();
        }
    }
}

/// Puts one row, if there is one.
// SAFETY: the caller's store takes rows of this descriptor, which has N columns.
unsafe fn put<const N: usize>(
    store: *mut pg_sys::Tuplestorestate,
    descriptor: pg_sys::TupleDesc,
    row: Option<[Value<'static>; N]>,
) -> bool {
    let Some(row) = row else { return false };
    let datums = row.map(Value::datum);
    let mut values = datums.map(|d| d.unwrap_or(pg_sys::Datum::null()));
    let mut nulls = datums.map(|d| d.is_none());
    // SAFETY: as above.
    unsafe { pg_sys::tuplestore_putvalues(store, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr()) }
    true
}

// SAFETY: the SQL declaration names the columns.
unsafe impl<const N: usize> SqlTranslatable for Rows<N> {
    const TYPE_IDENT: &'static str = "rows";
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("record"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::literal("record")));
}

// SAFETY: the SQL declaration names the columns.
unsafe impl<const N: usize> SqlTranslatable for Streamed<N> {
    const TYPE_IDENT: &'static str = "streamed rows";
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("record"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::literal("record")));
}
