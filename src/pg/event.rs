//! What an event trigger is told.

use std::ffi::CStr;

use pgrx::pg_sys;

/// The extensions that the statement is about to drop with all that depends on them. None for any other statement.
pub fn dropped_with_cascade(call: pg_sys::FunctionCallInfo) -> Vec<String> {
    // SAFETY: nodes say what they are, and the names of extensions are strings.
    unsafe {
        let statement = statement(call).cast::<pg_sys::DropStmt>();
        if statement.is_null()
            || (*statement).type_ != pg_sys::NodeTag::T_DropStmt
            || (*statement).removeType != pg_sys::ObjectType::OBJECT_EXTENSION
            || (*statement).behavior != pg_sys::DropBehavior::DROP_CASCADE
        {
            return Vec::new();
        }
        let names = pgrx::PgList::<pg_sys::String>::from_pg((*statement).objects);
        names.iter_ptr().map(|name| CStr::from_ptr((*name).sval).to_string_lossy().into_owned()).collect()
    }
}

/// The statement that has fired the trigger; null where nothing has.
fn statement(call: pg_sys::FunctionCallInfo) -> *mut pg_sys::Node {
    // SAFETY: a function that fires as an event trigger has one for its context, whose tag says so.
    unsafe {
        let event = (*call).context.cast::<pg_sys::EventTriggerData>();
        if event.is_null() || (*event).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return std::ptr::null_mut();
        }
        (*event).parsetree
    }
}
