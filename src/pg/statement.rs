//! A statement that is looked up once, and run as what has been found: whatever has the names in it by then.

use std::ffi::CStr;

use pgrx::{PgList, PgSqlErrorCode, pg_sys};

use super::session;
use super::value::{Json, Value};

/// A statement of a text, its names looked up.
pub(super) struct Statement {
    pub parsed: *mut pg_sys::RawStmt,
    pub queries: *mut pg_sys::List,
}

/// Looks up the one statement of a text, in which `$1` is a jsonb if it has a parameter. Refuses (55000) a CALL of another
/// procedure than this one.
// SAFETY: inside a transaction, with a snapshot; what is returned lasts as long as the memory that is current.
pub(super) unsafe fn look_up(text: &CStr, has_parameter: bool, procedure: Option<pg_sys::Oid>) -> Statement {
    let types = [pg_sys::JSONBOID];
    // SAFETY: every function gets what the one before has made.
    unsafe {
        let parsed = pg_sys::list_nth(pg_sys::pg_parse_query(text.as_ptr()), 0).cast::<pg_sys::RawStmt>();
        let queries = pg_sys::pg_analyze_and_rewrite_fixedparams(
            parsed,
            text.as_ptr(),
            types.as_ptr(),
            i32::from(has_parameter),
            std::ptr::null_mut(),
        );
        let statement = Statement { parsed, queries };
        let called = statement.call().map(|call| (*(*call).funcexpr).funcid);
        if called != procedure {
            session::raise_unfit(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                &format!("{} is another procedure by now", text.to_string_lossy()),
                "It has been renamed or replaced a moment ago: look at it.",
            );
        }
        statement
    }
}

impl Statement {
    /// The CALL that it is, if it is one.
    // SAFETY: of a statement as `look_up` has made it.
    unsafe fn call(&self) -> Option<*mut pg_sys::CallStmt> {
        // SAFETY: a list of queries; the tag says what a node is.
        unsafe {
            let queries = PgList::<pg_sys::Query>::from_pg(self.queries);
            let statement = queries.get_ptr(0).map(|query| (*query).utilityStmt)?;
            let is_call = !statement.is_null() && (*statement).type_ == pg_sys::NodeTag::T_CallStmt;
            is_call.then(|| statement.cast())
        }
    }
}

/// What `$1` stands for.
// SAFETY: the value is a jsonb that outlives the list.
pub(super) unsafe fn parameters(value: Option<pg_sys::Datum>) -> pg_sys::ParamListInfo {
    // SAFETY: the list has room for as many as it is made for.
    unsafe {
        let list = pg_sys::makeParamList(i32::from(value.is_some()));
        if let Some(json) = value {
            let parameter = &mut *(*list).params.as_mut_ptr();
            (parameter.value, parameter.isnull) = (json, false);
            (parameter.pflags, parameter.ptype) = (pg_sys::PARAM_FLAG_CONST as u16, pg_sys::JSONBOID);
        }
        list
    }
}

/// Has `CALL …` of this procedure done within the transaction, by whoever works just now; `$1` is a jsonb.
pub fn call(text: &CStr, procedure: pg_sys::Oid, value: Option<Json>) {
    let value = value.and_then(|json| Value::Json(json).datum());
    // SAFETY: a function that SQL has called has a transaction and a snapshot; its memory outlives the call.
    unsafe {
        let statement = look_up(text, value.is_some(), Some(procedure));
        let Some(call) = statement.call() else { return };
        let receiver = pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestNone);
        pg_sys::ExecuteCallStmt(call, parameters(value), true, receiver);
    }
}
