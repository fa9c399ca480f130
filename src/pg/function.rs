//! Functions of ours in SQL that the library calls, without a statement and its parser.

use std::ffi::CStr;

use pgrx::{FromDatum, IntoDatum, pg_sys};

use super::session;

/// Calls a function of one text, which gives a text or NULL, with the snapshot of the running statement where the
/// function is STABLE. Nobody's rights to call it are asked for: it is ours.
pub fn call_text(schema: &'static CStr, name: &'static CStr, argument: &str) -> Option<String> {
    let found = session::function(schema, name, &[pg_sys::TEXTOID]);
    let Some(function) = found else {
        session::raise_missing(&format!("function {}.{}", schema.to_string_lossy(), name.to_string_lossy()));
    };
    // SAFETY: the function takes a text; `FunctionCallInvoke` is what tells whether the result is NULL.
    unsafe {
        let mut info = pg_sys::FmgrInfo::default();
        pg_sys::fmgr_info(function, &raw mut info);
        invoke(&raw mut info, argument)
    }
}

/// # Safety
/// The function takes one text and gives a text.
unsafe fn invoke(info: *mut pg_sys::FmgrInfo, argument: &str) -> Option<String> {
    let size = size_of::<pg_sys::FunctionCallInfoBaseData>() + size_of::<pg_sys::NullableDatum>();
    // SAFETY: room for the call with one argument, zeroed; it lives until the memory of the statement goes.
    unsafe {
        let call = pg_sys::palloc0(size).cast::<pg_sys::FunctionCallInfoBaseData>();
        (*call).flinfo = info;
        (*call).nargs = 1;
        (*call).fncollation = pg_sys::DEFAULT_COLLATION_OID;
        let argument = pg_sys::NullableDatum { value: argument.into_datum()?, isnull: false };
        (*call).args.as_mut_ptr().write(argument);
        let address = (*info).fn_addr?;
        let result = pg_sys::ffi::pg_guard_ffi_boundary(|| address(call));
        String::from_datum(result, (*call).isnull)
    }
}
