//! What a query has found, row by row, as values that rows of a table are made of.

use pgrx::datum::{DatumWithOid, Interval};
use pgrx::prelude::Spi;
use pgrx::{FromDatum, pg_sys, spi};

use super::column::Kind;
use super::value::{Json, Timestamp, Value};

/// The rows of a query, whose columns are of these kinds.
pub struct Found<const N: usize> {
    rows: pg_sys::SPITupleTable,
    kinds: [Kind; N],
}

/// Runs a query, which may write, and has its rows read.
pub fn found<T, const N: usize>(
    query: &str,
    arguments: &[DatumWithOid<'_>],
    kinds: [Kind; N],
    read: impl FnOnce(&Found<N>) -> T,
) -> spi::Result<T> {
    Spi::connect_mut(|client| {
        client.update(query, None, arguments)?;
        // SAFETY: the query has just succeeded, and has given rows; they are freed when the connection ends, after
        // `read`.
        let rows = unsafe { *pg_sys::SPI_tuptable };
        // SAFETY: as above.
        let columns = unsafe { pgrx::PgTupleDesc::from_pg_unchecked(rows.tupdesc) };
        let fit = columns.iter().zip(kinds).all(|(column, kind)| kind.is_of(column));
        assert!(fit && columns.len() == N, "{query} has columns of other types");
        Ok(read(&Found { rows, kinds }))
    })
}

impl<const N: usize> Found<N> {
    /// The rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = [Value<'_>; N]> {
        (0..self.rows.numvals as usize).map(|at| self.row(at))
    }

    fn row(&self, at: usize) -> [Value<'_>; N] {
        let (mut datums, mut nulls) = ([pg_sys::Datum::null(); N], [true; N]);
        // SAFETY: there are as many rows as they say, each of N columns.
        unsafe {
            let row = *self.rows.vals.add(at);
            pg_sys::heap_deform_tuple(row, self.rows.tupdesc, datums.as_mut_ptr(), nulls.as_mut_ptr());
        }
        std::array::from_fn(|column| {
            // SAFETY: the types of the columns have been compared, and a row lives as long as all of them.
            let read = || unsafe { value(self.kinds[column], datums[column]) };
            if nulls[column] { Value::Null } else { read() }
        })
    }
}

/// A datum as a value.
// SAFETY: the caller's datum is of this kind, and not NULL.
unsafe fn value<'a>(kind: Kind, datum: pg_sys::Datum) -> Value<'a> {
    // SAFETY: as above.
    let value = unsafe {
        match kind {
            Kind::Int => i64::from_datum(datum, false).map(Value::Int),
            Kind::Int4 => i32::from_datum(datum, false).map(Value::Int4),
            Kind::Int2 => i16::from_datum(datum, false).map(Value::Int2),
            Kind::Bool => bool::from_datum(datum, false).map(Value::Bool),
            Kind::Time => i64::from_datum(datum, false).map(|time| Value::Time(Timestamp(time))),
            Kind::Text => <&str>::from_datum(datum, false).map(Value::Text),
            Kind::Json => Some(Value::Json(Json::from_raw(datum))),
            Kind::Interval => Interval::from_datum(datum, false).map(Value::Interval),
            _ => None,
        }
    };
    value.unwrap_or_else(|| pgrx::error!("a column of the kind {kind:?} is not read from queries"))
}
