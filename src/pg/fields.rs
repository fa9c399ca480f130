//! Tables as lists of typed fields. A field has the name of its column; what it is says how the column is declared, how
//! strictly it is read, and what it is given when it is written.
//!
//! [`table!`] makes of one such list the places of the columns, the reading of a row by field, a new row that is
//! inserted by field, and the changes of a row. Nothing of it is on the heap, and only the fields that are asked for
//! are read.

use money::Money as Amounts;

use super::column::Kind;
use super::numeric;
use super::row::Row;
use super::value::{self, Timestamp};

/// What a column holds.
pub trait Field {
    /// How it is declared.
    const KIND: Kind;
    /// What it is in Rust.
    type Of<'a>: Copy;

    /// Reads it, where it may be NULL.
    fn some<'r>(row: &'r Row<'_>, column: usize) -> Option<Self::Of<'r>>;

    /// Reads it, where it is never NULL.
    fn read<'r>(row: &'r Row<'_>, column: usize) -> Self::Of<'r> {
        row.require(column, Self::some(row, column))
    }
}

/// A field that the engine writes.
pub trait Written: Field {
    /// As a value of its column.
    fn value<'a>(of: Self::Of<'a>) -> value::Value<'a>;
}

impl<F: Field> Field for Option<F> {
    const KIND: Kind = F::KIND;
    type Of<'a> = Option<F::Of<'a>>;

    fn some<'r>(row: &'r Row<'_>, column: usize) -> Option<Self::Of<'r>> {
        Some(F::some(row, column))
    }
}

impl<F: Written> Written for Option<F> {
    fn value<'a>(of: Self::Of<'a>) -> value::Value<'a> {
        of.map_or(value::Value::Null, F::value)
    }
}

/// Declares what columns hold: each by its kind, its type in Rust, and how it is read.
macro_rules! fields {
    ($($(#[$comment:meta])* $name:ident: $kind:ident => $of:ty, $some:ident $(, $value:expr)?;)+) => {
        $(
            $(#[$comment])*
            pub struct $name;

            impl Field for $name {
                const KIND: Kind = Kind::$kind;
                type Of<'a> = $of;

                fn some<'r>(row: &'r Row<'_>, column: usize) -> Option<Self::Of<'r>> {
                    row.$some(column)
                }
            }

            $(impl Written for $name {
                fn value<'a>(of: Self::Of<'a>) -> value::Value<'a> {
                    ($value)(of)
                }
            })?
        )+
    };
}

fields! {
    /// A bigint.
    Int: Int => i64, some_int, value::Value::Int;
    /// A bigint that is never below zero.
    Count: Int => i64, some_count, value::Value::Int;
    /// An integer.
    Int4: Int4 => i32, some_int4, |n| value::Value::Int(i64::from(n));
    /// A boolean.
    Bool: Bool => bool, some_bool, value::Value::Bool;
    /// A text; it stands in the row, so it is valid until the scan moves on.
    Text: Text => &'a str, some_text, value::Value::Text;
    /// A varchar, as a text.
    Varchar: Varchar => &'a str, some_text;
    /// A uuid.
    Uuid: Uuid => value::Uuid, some_uuid, value::Value::Uuid;
    /// A time of day, in microseconds.
    Clock: Clock => i64, some_clock;
    /// A timestamptz that is generated, and may be infinite.
    Generated: Generated => Timestamp, some_time;
    /// A jsonb, copied out of the row.
    Json: Json => value::Json, some_json, value::Value::Json;
    /// A bytea; it stands in the row as well.
    Bytes: Bytes => &'a [u8], some_bytes;
    /// An amount of a NUMERIC(20,8) column.
    Money: Money => Amounts, some_money, value::Value::Money;
    /// An amount that is never below zero.
    Amount: Money => Amounts, some_amount, value::Value::Money;
    /// A rate of a NUMERIC(9,8) column.
    Rate: Rate => money::Rate, some_rate, value::Value::from;
    /// A numeric that is not looked into; valid until the scan moves on.
    Numeric: Numeric => numeric::Numeric, some_numeric, value::Value::Numeric;
}

/// A timestamptz, which is finite where it is never NULL.
pub struct Time;

impl Field for Time {
    const KIND: Kind = Kind::Time;
    type Of<'a> = Timestamp;

    fn some(row: &Row<'_>, column: usize) -> Option<Timestamp> {
        row.some_time(column)
    }

    fn read(row: &Row<'_>, column: usize) -> Timestamp {
        row.time(column)
    }
}

impl Written for Time {
    fn value<'a>(of: Timestamp) -> value::Value<'a> {
        value::Value::Time(of)
    }
}

/// The name of a role, which is looked for through an index and never read.
pub struct Name;

impl Field for Name {
    const KIND: Kind = Kind::Name;
    type Of<'a> = std::convert::Infallible;

    fn some<'r>(_row: &'r Row<'_>, _column: usize) -> Option<Self::Of<'r>> {
        None
    }
}

/// A fixed list of words, as a type.
pub trait Words: Copy {
    /// The one that is spelled so.
    fn parse(word: &str) -> Option<Self>;
    /// How it is spelled.
    fn as_str(self) -> &'static str;
}

/// A text out of a fixed list.
pub struct Word<W>(std::marker::PhantomData<W>);

impl<W: Words> Field for Word<W> {
    const KIND: Kind = Kind::Text;
    type Of<'a> = W;

    fn some(row: &Row<'_>, column: usize) -> Option<W> {
        row.some_word(column, W::parse)
    }
}

impl<W: Words> Written for Word<W> {
    fn value<'a>(of: W) -> value::Value<'a> {
        value::Value::Text(of.as_str())
    }
}

/// A column by its name, and what it holds.
pub const fn column<F: Field>(name: &'static str) -> super::column::Column {
    (name, F::KIND)
}

/// Declares a table: a module with its columns (`ALL`) and their places (`at`), its rows as they are read (`of`), and,
/// where the engine writes it, `New` rows and `Changes`.
macro_rules! table {
    ($(#[$comment:meta])* pub mod $table:ident: read { $($field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$comment])*
        pub mod $table {
            $crate::pg::fields::table!(@read $($field: $kind),+);
        }
    };
    ($(#[$comment:meta])* pub mod $table:ident: written { $($field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$comment])*
        pub mod $table {
            $crate::pg::fields::table!(@read $($field: $kind),+);
            $crate::pg::fields::table!(@written $($field: $kind),+);
        }
    };
    (@read $($field:ident: $kind:ty),+) => {
        #[allow(unused_imports, reason = "not every table has columns of its module's own types")]
        use super::*;
        use $crate::pg::fields::*;

        /// Names and types, in the order of the places.
        pub const ALL: &[$crate::pg::column::Column] = &[$(column::<$kind>(stringify!($field))),+];

        /// The places of the columns.
        pub mod at {
            $crate::pg::fields::table!(@place 0_usize; $($field,)+);
        }

        /// A row, of which a field is read when it is asked for: strictly, as [`crate::pg::row`] does.
        #[derive(Clone, Copy)]
        pub struct Of<'r, 't>(&'r $crate::pg::row::Row<'t>);

        /// The fields of a row of this table.
        #[allow(dead_code, reason = "not every table is read")]
        #[inline]
        pub fn of<'r, 't>(row: &'r $crate::pg::row::Row<'t>) -> Of<'r, 't> {
            Of(row)
        }

        #[allow(dead_code, missing_docs, reason = "every column has its field, read or not")]
        impl<'r> Of<'r, '_> {
            $(#[inline]
            pub fn $field(self) -> <$kind as Field>::Of<'r> {
                <$kind as Field>::read(self.0, at::$field)
            })+
        }
    };
    (@written $($field:ident: $kind:ty),+) => {
        const COUNT: usize = ALL.len();

        /// A new row: every field is given.
        #[allow(missing_docs, reason = "a field has the name of its column")]
        pub struct New<'a> {
            $(pub $field: <$kind as Field>::Of<'a>),+
        }

        #[allow(dead_code, reason = "not every table has rows that the engine inserts")]
        impl New<'_> {
            /// Inserts it; returns where it stands.
            pub fn insert(self, table: &mut $crate::pg::table::Table) -> $crate::pg::table::Tid {
                let values: [$crate::pg::value::Value<'_>; COUNT] = [$(<$kind as Written>::value(self.$field)),+];
                table.insert(&values)
            }
        }

        /// The fields of a row that change; none: the field stays.
        #[allow(dead_code, missing_docs, reason = "a field has the name of its column, changed or not")]
        #[derive(Default)]
        pub struct Changes<'a> {
            $(pub $field: Option<<$kind as Field>::Of<'a>>),+
        }

        #[allow(dead_code, reason = "not every table has rows that the engine changes")]
        impl Changes<'_> {
            /// Writes them into the row at `tid`, which this transaction has locked; returns where it stands now.
            pub fn update(self, table: &mut $crate::pg::table::Table, tid: $crate::pg::table::Tid) -> $crate::pg::table::Tid {
                let (mut changes, mut count) = ([(0, $crate::pg::value::Value::Null); COUNT], 0);
                $(if let Some(value) = self.$field {
                    changes[count] = (at::$field, <$kind as Written>::value(value));
                    count += 1;
                })+
                table.update(tid, &changes[..count])
            }
        }
    };
    (@place $at:expr; $field:ident, $($rest:ident,)*) => {
        #[allow(non_upper_case_globals, dead_code, missing_docs, reason = "the name of the column")]
        pub const $field: usize = $at;
        $crate::pg::fields::table!(@place $at + 1; $($rest,)*);
    };
    (@place $at:expr;) => {};
}
pub(crate) use table;
