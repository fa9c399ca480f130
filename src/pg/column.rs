//! The columns that the engine uses of a table: their names, and the type that each must have.
//!
//! A datum carries no type: a float8 read as a numeric is a pointer to nowhere. So the types are compared when a plan
//! is made, once for each change of a definition; rows are read without a further look.

use std::ffi::CStr;

use pgrx::{PgSqlErrorCode, pg_sys};

use super::session;

/// A column by its name, and what it holds.
pub type Column = (&'static str, Kind);

/// What a column holds, and how it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// bigint.
    Int,
    /// integer.
    Int4,
    /// smallint.
    Int2,
    /// boolean.
    Bool,
    /// timestamptz.
    Time,
    /// text.
    Text,
    /// varchar of any length, which is read and not written: its length is not looked at.
    Varchar,
    /// name.
    Name,
    /// bytea.
    Bytes,
    /// uuid.
    Uuid,
    /// jsonb.
    Json,
    /// interval.
    Interval,
    /// time.
    Clock,
    /// timestamptz that is generated from other columns and stored: it is read and not written.
    Generated,
    /// NUMERIC(20,8), which nothing enters that has no exact value.
    Money,
    /// NUMERIC(9,8).
    Rate,
    /// NUMERIC of any precision: nothing has been checked.
    Numeric,
}

/// Where the columns that are used of a table stand in its rows.
pub struct Layout {
    schema: &'static CStr,
    name: &'static CStr,
    /// The columns.
    pub columns: &'static [Column],
    /// The place of each.
    pub at: Vec<usize>,
    /// Those that take no NULL.
    pub required: Vec<bool>,
}

impl Layout {
    /// Finds the columns in a table. One that is missing, of another type, or generated is an ERROR (55000).
    pub(super) fn of(
        relation: pg_sys::Relation,
        schema: &'static CStr,
        name: &'static CStr,
        columns: &'static [Column],
    ) -> Layout {
        let (at, required) = places(relation, &qualified(schema, name), columns);
        Layout { schema, name, columns, at, required }
    }

    /// The name of the table, for messages.
    pub fn table(&self) -> String {
        qualified(self.schema, self.name)
    }
}

/// The name of something in a schema, for messages.
pub(super) fn qualified(schema: &CStr, name: &CStr) -> String {
    format!("{}.{}", schema.to_string_lossy(), name.to_string_lossy())
}

impl Kind {
    fn oid(self) -> pg_sys::Oid {
        match self {
            Kind::Int => pg_sys::INT8OID,
            Kind::Int4 => pg_sys::INT4OID,
            Kind::Int2 => pg_sys::INT2OID,
            Kind::Bool => pg_sys::BOOLOID,
            Kind::Time | Kind::Generated => pg_sys::TIMESTAMPTZOID,
            Kind::Text => pg_sys::TEXTOID,
            Kind::Varchar => pg_sys::VARCHAROID,
            Kind::Name => pg_sys::NAMEOID,
            Kind::Bytes => pg_sys::BYTEAOID,
            Kind::Uuid => pg_sys::UUIDOID,
            Kind::Json => pg_sys::JSONBOID,
            Kind::Interval => pg_sys::INTERVALOID,
            Kind::Clock => pg_sys::TIMEOID,
            Kind::Money | Kind::Rate | Kind::Numeric => pg_sys::NUMERICOID,
        }
    }

    /// Precision and scale, as `atttypmod` holds them; -1: none.
    fn modifier(self) -> i32 {
        let numeric = |precision: i32, scale: i32| (precision << 16 | scale) + pg_sys::VARHDRSZ as i32;
        match self {
            Kind::Money => numeric(20, 8),
            Kind::Rate => numeric(9, 8),
            _ => -1,
        }
    }

    pub(super) fn is_of(self, attribute: &pg_sys::FormData_pg_attribute) -> bool {
        let is_any = matches!(self, Kind::Numeric | Kind::Varchar);
        attribute.atttypid == self.oid() && (is_any || attribute.atttypmod == self.modifier())
    }
}

fn places(relation: pg_sys::Relation, table: &str, columns: &[Column]) -> (Vec<usize>, Vec<bool>) {
    // SAFETY: an open relation has a tuple descriptor; the copy of the pointer is only read here.
    let descriptor = unsafe { pgrx::PgTupleDesc::from_pg_unchecked((*relation).rd_att) };
    let named = |at: usize, name: &str| {
        descriptor.get(at).is_some_and(|column| !column.attisdropped && is_name(&column.attname, name))
    };
    let (mut places, mut required) = (vec![], vec![]);
    for (at, (name, kind)) in columns.iter().enumerate() {
        // Columns mostly stand where the migration put them.
        let at = if named(at, name) { Some(at) } else { (0..descriptor.len()).find(|i| named(*i, name)) };
        let Some((at, column)) = at.and_then(|at| Some((at, descriptor.get(at)?))) else {
            session::raise_missing(&format!("column {name}"));
        };
        if !kind.is_of(column) {
            let (is, must) = (spelled(column.atttypid, column.atttypmod), spelled(kind.oid(), kind.modifier()));
            session::raise_unfit(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                &format!("column {name} of {table} is of type {is}, not {must}"),
                &format!("Change it back: ALTER TABLE {table} ALTER COLUMN {name} TYPE {must}."),
            );
        }
        let is_stored = column.attgenerated as u8 == pg_sys::ATTRIBUTE_GENERATED_STORED;
        if column.attgenerated != 0 && !(is_stored && *kind == Kind::Generated) {
            session::raise_unfit(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                &format!("column {name} of {table} is generated"),
                "The exchange writes this column itself: make it an ordinary one again.",
            );
        }
        places.push(at);
        required.push(column.attnotnull);
    }
    (places, required)
}

/// Refuses a NULL for a column that takes none (23502).
pub fn raise_null(table: &str, column: &str) -> ! {
    session::raise_unfit(
        PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION,
        &format!("column {column} of {table} is NOT NULL, and this row has no value for it"),
        &format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL, or have its default give a value."),
    );
}

fn spelled(oid: pg_sys::Oid, modifier: i32) -> String {
    // SAFETY: a catalog look-up, which gives a fresh string whatever the oid.
    unsafe { CStr::from_ptr(pg_sys::format_type_with_typemod(oid, modifier)) }.to_string_lossy().into_owned()
}

/// Whether a catalog name, a zero-ended array of bytes, spells `name`.
fn is_name(stored: &pg_sys::NameData, name: &str) -> bool {
    let spelled = stored.data.iter().map(|c| *c as u8).take_while(|c| *c != 0);
    spelled.eq(name.bytes())
}
