//! The SQL calls that tell, ask and say for whom the session acts: `sql/identity/session.sql`.

use std::ffi::CString;

use pgrx::Internal;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::acting;
use crate::bourse::require_tables;
use crate::error::Failure;
use crate::pg::row_security;
use crate::pg::spoken::Whom;

#[pg_extern(sql = false)]
fn current_user_id() -> Result<Option<i64>, ErrorReport> {
    require_tables()?;
    Ok(acting::current_user())
}

#[pg_extern(sql = false)]
fn is_owner_support(request: Internal) -> Internal {
    row_security::support(request)
}

#[pg_extern(sql = false)]
fn acts_for(user_id: Option<i64>) -> Result<bool, ErrorReport> {
    require_tables()?;
    Ok(acting::may_act_for(user_id))
}

#[pg_extern(sql = false)]
fn acts_for_all() -> Result<bool, ErrorReport> {
    require_tables()?;
    Ok(acting::acts_for_all())
}

#[pg_extern(sql = false)]
fn act_as(user_id: Option<i64>) -> Result<(), ErrorReport> {
    let user = user_id.ok_or_else(|| Failure::null("user_id"))?;
    Ok(acting::say(Whom::User(user))?)
}

#[pg_extern(sql = false)]
fn act_for_everybody() -> Result<(), ErrorReport> {
    Ok(acting::say(Whom::Everybody)?)
}

#[pg_extern(sql = false)]
fn require_acts_for(user_id: Option<i64>) -> Result<(), ErrorReport> {
    require_tables()?;
    Ok(acting::require_acts_for_given(user_id)?)
}

#[pg_extern(sql = false)]
fn require_operator() -> Result<(), ErrorReport> {
    require_tables()?;
    Ok(acting::require_operator()?)
}

#[pg_extern(sql = false)]
fn is_operator() -> Result<bool, ErrorReport> {
    require_tables()?;
    Ok(acting::is_operator())
}

#[pg_extern(sql = false)]
fn login_is(role: Option<&str>) -> bool {
    role.and_then(|role| CString::new(role).ok()).is_some_and(|role| acting::login_is(&role))
}

#[pg_extern(sql = false)]
fn author() -> String {
    acting::author()
}

#[pg_extern(sql = false)]
fn author_id() -> Result<Option<i64>, ErrorReport> {
    require_tables()?;
    Ok(acting::author_id())
}
