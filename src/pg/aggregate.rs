//! Functions of aggregates: what they are called with, and the state that they keep between two calls.
//!
//! A state is handed on by its address, so that a row costs no copy of it. It lives in the memory of the aggregate, and
//! is dropped with that memory. The script of the extension gives an aggregate functions of one type of state only; they
//! take `internal`, so that nobody can call them in a statement.

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{FromDatum, PgMemoryContexts, pg_sys};

use super::numeric::Numeric;

/// A call of a function of an aggregate.
pub struct Call(pg_sys::FunctionCallInfo);

/// What a call answers: a state for the next one, or a value of the type that the script declares.
pub struct Answered(Option<pg_sys::Datum>);

impl Answered {
    /// NULL.
    pub const NULL: Answered = Answered(None);

    /// A value of ours for a row.
    pub fn value(value: super::value::Value<'static>) -> Answered {
        Answered(value.datum())
    }

    /// So many numbers as bytea. What does not fit into a value is an ERROR.
    pub fn numbers(count: usize, numbers: impl IntoIterator<Item = f64>) -> Answered {
        // SAFETY: as many bytes are allocated as are written, header included.
        Answered(Some(unsafe {
            let size = pg_sys::VARHDRSZ + size_of::<f64>() * count;
            let varlena = pg_sys::palloc0(size).cast::<pg_sys::varlena>();
            pgrx::set_varsize_4b(varlena, size as i32);
            let words = varlena.cast::<u8>().add(pg_sys::VARHDRSZ).cast::<[u8; 8]>();
            for (place, number) in numbers.into_iter().take(count).enumerate() {
                words.add(place).write(number.to_ne_bytes());
            }
            pg_sys::Datum::from(varlena)
        }))
    }
}

/// What lives as long as the state that holds it.
pub struct Lasting<T>(NonNull<T>);

impl<T> Deref for Lasting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: stands in the memory of the aggregate, which its only holder, a state, does not outlive.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for Lasting<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above; there is no other handle on it.
        unsafe { self.0.as_mut() }
    }
}

impl Call {
    /// The call that is being made.
    #[inline]
    pub fn of(call: pg_sys::FunctionCallInfo) -> Call {
        Call(call)
    }

    /// How many arguments it has, the state included.
    #[inline]
    pub fn arguments(&self) -> usize {
        // SAFETY: the server has filled it in.
        unsafe { (*self.0).nargs as usize }
    }

    #[inline]
    fn datum(&self, place: usize) -> Option<pg_sys::Datum> {
        let count = self.arguments();
        assert!(place < count, "the SQL function has {count} arguments");
        // SAFETY: the server has filled in as many as it says.
        let argument = unsafe { (*self.0).args.as_slice(count)[place] };
        (!argument.isnull).then_some(argument.value)
    }

    /// A double precision.
    #[inline]
    pub fn real(&self, place: usize) -> Option<f64> {
        // Passed by value on every platform that has 64 bits.
        self.datum(place).map(|datum| f64::from_bits(datum.value() as u64))
    }

    /// A bigint, or a timestamptz in microseconds.
    pub fn int(&self, place: usize) -> Option<i64> {
        self.datum(place).map(|datum| datum.value() as i64)
    }

    /// A numeric.
    pub fn numeric(&self, place: usize) -> Option<Numeric> {
        self.datum(place).map(Numeric::from_raw)
    }

    /// An interval.
    pub fn interval(&self, place: usize) -> Option<pgrx::datum::Interval> {
        // SAFETY: the script declares this argument so.
        self.datum(place).and_then(|datum| unsafe { FromDatum::from_datum(datum, false) })
    }

    /// A text.
    pub fn text(&self, place: usize) -> Option<&str> {
        // SAFETY: the script declares this argument so, and it lives as long as the call.
        self.datum(place).and_then(|datum| unsafe { <&str>::from_datum(datum, false) })
    }

    /// A bytea.
    pub fn bytes(&self, place: usize) -> Option<&[u8]> {
        // SAFETY: the script declares this argument so, and it lives as long as the call.
        self.datum(place).and_then(|datum| unsafe { <&[u8]>::from_datum(datum, false) })
    }

    /// The state among the arguments; none before the first row.
    #[inline]
    pub fn state<S>(&mut self, place: usize) -> Option<&mut S> {
        // SAFETY: the functions of one aggregate have one type of state. Of two states that a call merges the first
        // alone is changed, and not while the other is looked at by a reference of this kind.
        self.datum(place).map(|datum| unsafe { &mut *datum.cast_mut_ptr::<S>() })
    }

    /// Hands the first argument, a state, on.
    #[inline]
    pub fn same(&self) -> Answered {
        Answered(self.datum(0))
    }

    /// Keeps a state until the aggregate ends, and hands it on.
    pub fn keep<S>(&self, state: S) -> Answered {
        Answered(Some(pg_sys::Datum::from(allocate(self.memory(), state).as_ptr())))
    }

    /// Hands on a state that has been read, for the call that merges it.
    pub fn hand_on<S>(&self, state: S) -> Answered {
        // SAFETY: the memory of the call that is being made.
        let memory = unsafe { pg_sys::CurrentMemoryContext };
        Answered(Some(pg_sys::Datum::from(allocate(memory, state).as_ptr())))
    }

    /// Keeps a part of a state as long as the state.
    pub fn lasting<T>(&self, part: T) -> Lasting<T> {
        Lasting(allocate(self.memory(), part))
    }

    /// The memory of the aggregate, or an ERROR where there is none.
    fn memory(&self) -> pg_sys::MemoryContext {
        let (kind, memory) = self.context();
        if kind == 0 {
            pgrx::error!("a function of an aggregate is called outside of one");
        }
        memory
    }

    /// Whether it is one of a window, row by row.
    pub fn is_window(&self) -> bool {
        self.context().0 == pg_sys::AGG_CONTEXT_WINDOW as i32
    }

    /// What kind of aggregate calls, and its memory.
    fn context(&self) -> (i32, pg_sys::MemoryContext) {
        let mut memory = std::ptr::null_mut();
        // SAFETY: looks into the call that is being made.
        let kind = unsafe { pg_sys::AggCheckCallContext(self.0, &raw mut memory) };
        (kind, memory)
    }

    /// The type of the elements of the array that the call answers with.
    pub(super) fn element_type(&self) -> Option<pg_sys::Oid> {
        // SAFETY: looks into the expression of the call that is being made.
        let element = unsafe { pg_sys::get_element_type(pg_sys::get_fn_expr_rettype((*self.0).flinfo)) };
        (element != pg_sys::InvalidOid).then_some(element)
    }

    /// An array of rows of a composite type, each of N columns; NULL without rows. More than a value holds are an ERROR.
    pub fn rows<const N: usize>(&self, rows: impl Iterator<Item = [super::value::Value<'static>; N]>) -> Answered {
        let Some(element) = self.element_type() else { pgrx::error!("the function does not answer with an array") };
        // SAFETY: the rows are formed for the type of the elements after its arity has been checked, in memory of the
        // call, and one after the other in memory that is emptied in between: the array has copies.
        unsafe {
            let descriptor = pg_sys::lookup_rowtype_tupdesc_copy(element, -1);
            if (*descriptor).natts as usize != N {
                pgrx::error!("the function is not declared to answer with rows of {N} columns");
            }
            let mut scratch = PgMemoryContexts::new("a row of an array");
            let context = pg_sys::CurrentMemoryContext;
            let mut array: *mut pg_sys::ArrayBuildState = std::ptr::null_mut();
            for row in rows {
                pgrx::check_for_interrupts!();
                array = scratch.switch_to(|_| {
                    let datums = row.map(super::value::Value::datum);
                    let mut values = datums.map(|d| d.unwrap_or(pg_sys::Datum::null()));
                    let mut nulls = datums.map(|d| d.is_none());
                    let tuple = pg_sys::heap_form_tuple(descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
                    let formed = pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data);
                    pg_sys::accumArrayResult(array, formed, false, element, context)
                });
                scratch.reset();
            }
            if array.is_null() { Answered::NULL } else { Answered(Some(pg_sys::makeArrayResult(array, context))) }
        }
    }
}

/// Puts a value into memory of the server, and has it dropped with that memory.
fn allocate<S>(memory: pg_sys::MemoryContext, value: S) -> NonNull<S> {
    // What palloc() aligns to.
    const { assert!(align_of::<S>() <= 8) };
    // SAFETY: as many bytes are allocated as the value has, or an ERROR is raised; what stands there is dropped once,
    // when the memory goes.
    unsafe {
        let place = pg_sys::MemoryContextAlloc(memory, size_of::<S>()).cast::<S>();
        place.write(value);
        if std::mem::needs_drop::<S>() {
            let size = size_of::<pg_sys::MemoryContextCallback>();
            let callback = pg_sys::MemoryContextAllocZero(memory, size).cast::<pg_sys::MemoryContextCallback>();
            (*callback).func = Some(drop_there::<S>);
            (*callback).arg = place.cast();
            pg_sys::MemoryContextRegisterResetCallback(memory, callback);
        }
        NonNull::new_unchecked(place)
    }
}

/// # Safety
/// A value of this type stands there, and nobody looks at it any more.
unsafe extern "C-unwind" fn drop_there<S>(place: *mut std::ffi::c_void) {
    // SAFETY: as the caller promises; dropping gives memory back and raises nothing.
    unsafe { place.cast::<S>().drop_in_place() }
}

// SAFETY: the datum is of the type that the script declares: a state that the next call is given, or a value.
unsafe impl BoxRet for Answered {
    #[inline]
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        match self.0 {
            // SAFETY: lives in the memory of the aggregate, or of the call.
            Some(datum) => unsafe { fcinfo.return_raw_datum(datum) },
            None => fcinfo.return_null(),
        }
    }
}

// SAFETY: the script declares the types.
unsafe impl SqlTranslatable for Answered {
    const TYPE_IDENT: &'static str = "internal";
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("internal"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::literal("internal")));
}
