//! `exchange.order_result`: the composite that the doors of the exchange answer with.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};

use super::value::Value;

/// A row of a composite type, its columns in the order of the type.
pub struct Composite<const N: usize>(pub [Value<'static>; N]);

// SAFETY: the datum is built for the row type that the function is declared to return.
unsafe impl<const N: usize> BoxRet for Composite<N> {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        let datums = self.0.map(Value::datum);
        let mut values = datums.map(|d| d.unwrap_or(pg_sys::Datum::null()));
        let mut nulls = datums.map(|d| d.is_none());
        let mut descriptor = std::ptr::null_mut();
        // SAFETY: fcinfo is the call's; the tuple is formed after the arity of its type has been checked.
        unsafe {
            pg_sys::get_call_result_type(fcinfo.as_mut_ptr(), std::ptr::null_mut(), &raw mut descriptor);
            if descriptor.is_null() || (*descriptor).natts as usize != N {
                pgrx::error!("the function is not declared to return a row of {N} columns");
            }
            let tuple = pg_sys::heap_form_tuple(descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            fcinfo.return_raw_datum(pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data))
        }
    }
}

// SAFETY: the SQL declaration (sql/exchange/doors.sql) names the composite type.
unsafe impl<const N: usize> SqlTranslatable for Composite<N> {
    const TYPE_IDENT: &'static str = "record";
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("record"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::literal("record")));
}
