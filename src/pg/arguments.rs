//! The arguments of a SQL call, for a function that is given the call itself: more of them than a reader of Rust would
//! want to see in one list, and than `clippy` takes.

use pgrx::{FromDatum, pg_sys};

use super::fields::{Bool, Field, Int, Numeric, Text, Time};
use super::numeric;
use super::value::Timestamp;
use super::value::{Json, Uuid};

/// The arguments of a call, by their places in the signature of the SQL function, whose types they have.
pub struct Arguments(pg_sys::FunctionCallInfo);

/// What an argument can be.
pub trait Argument: Field {
    /// Reads it; none: it is NULL.
    fn of(arguments: &Arguments, place: usize) -> Option<Self::Of<'_>>;
}

impl Arguments {
    /// Those of the call that is being made.
    pub fn of(call: pg_sys::FunctionCallInfo) -> Arguments {
        Arguments(call)
    }

    fn datum(&self, place: usize) -> Option<pg_sys::Datum> {
        // SAFETY: the server has filled in the arguments, and how many there are.
        unsafe {
            let count = (*self.0).nargs as usize;
            assert!(place < count, "the SQL function has {count} arguments");
            let argument = (*self.0).args.as_slice(count)[place];
            (!argument.isnull).then_some(argument.value)
        }
    }

    /// One of a type that has no fields of its own.
    pub fn get<T: FromDatum>(&self, place: usize) -> Option<T> {
        // SAFETY: the script of the extension declares this argument with this type.
        self.datum(place).and_then(|datum| unsafe { T::from_datum(datum, false) })
    }
}

impl Arguments {
    /// A uuid.
    pub fn uuid(&self, place: usize) -> Option<Uuid> {
        self.get(place).map(|uuid: pgrx::Uuid| Uuid(*uuid.as_bytes()))
    }

    /// A jsonb.
    pub fn json(&self, place: usize) -> Option<Json> {
        // SAFETY: the script declares this argument so; a row keeps a copy that is not packed anywhere else.
        self.datum(place)
            .map(|datum| Json::from_raw(unsafe { pg_sys::Datum::from(pg_sys::pg_detoast_datum(datum.cast_mut_ptr())) }))
    }
}

impl Argument for Int {
    fn of(arguments: &Arguments, place: usize) -> Option<i64> {
        arguments.get(place)
    }
}

impl Argument for Bool {
    fn of(arguments: &Arguments, place: usize) -> Option<bool> {
        arguments.get(place)
    }
}

impl Argument for Text {
    fn of(arguments: &Arguments, place: usize) -> Option<&str> {
        arguments.get(place)
    }
}

impl Argument for Numeric {
    fn of(arguments: &Arguments, place: usize) -> Option<numeric::Numeric> {
        arguments.datum(place).map(numeric::Numeric::from_raw)
    }
}

impl Argument for Time {
    fn of(arguments: &Arguments, place: usize) -> Option<Timestamp> {
        arguments.get(place).map(Timestamp)
    }
}
