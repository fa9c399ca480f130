//! What an event trigger is told.

use std::ffi::CStr;

use pgrx::pg_sys;

use super::{owner, session};

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

/// Has a function of ours look at what a statement has changed: called by name with the tag of the statement. Event
/// triggers fire for superusers too, and our functions in SQL are bourse_owner's to change: they have that role's
/// rights here, and no others.
pub fn look(call: pg_sys::FunctionCallInfo, function: &str) {
    let Some(tag) = tag(call) else { return };
    session::restricted(owner::NAME, || session::seeing_the_newest(&format!("SELECT {function}($1)"), &tag));
}

/// The tag of the statement that has fired the trigger.
pub(super) fn tag(call: pg_sys::FunctionCallInfo) -> Option<String> {
    // SAFETY: as below; a tag has its name.
    unsafe {
        let event = event(call)?;
        Some(CStr::from_ptr(pg_sys::GetCommandTagName((*event).tag)).to_string_lossy().into_owned())
    }
}

/// The statement that has fired the trigger; null where nothing has.
pub(super) fn statement(call: pg_sys::FunctionCallInfo) -> *mut pg_sys::Node {
    // SAFETY: what has fired the trigger lives as long as the call.
    event(call).map_or(std::ptr::null_mut(), |event| unsafe { (*event).parsetree })
}

fn event(call: pg_sys::FunctionCallInfo) -> Option<*mut pg_sys::EventTriggerData> {
    // SAFETY: a function that fires as an event trigger has one for its context, whose tag says so.
    unsafe {
        let event = (*call).context.cast::<pg_sys::EventTriggerData>();
        (!event.is_null() && (*event).type_ == pg_sys::NodeTag::T_EventTriggerData).then_some(event)
    }
}
