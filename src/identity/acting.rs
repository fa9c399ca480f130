//! For whom the session acts, and what it is told when it does not.

use std::cell::Cell;
use std::ffi::CStr;

use pgrx::pg_sys;
use pgrx::prelude::PgSqlErrorCode;

use super::users::Users;
use crate::error::{Answer, Failure};
use crate::pg::session;
use crate::pg::spoken::{self, Whom};

/// For whom the session acts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Acting {
    /// For everybody.
    All,
    /// For one user.
    One(i64),
    /// For no user yet: a gateway that has not said for whom. It logs users in.
    Gateway,
    /// For no user.
    Nobody,
}

fn acting() -> Acting {
    if session::is_lent() { Acting::Nobody } else { acting_of_login() }
}

/// What the login may do, whoever's code is running.
fn acting_of_login() -> Acting {
    let login = session::login();
    let is_gateway = session::is_member(login, c"bourse_gateway");
    if is_gateway && let Some(whom) = spoken::whom() {
        return match whom {
            Whom::Everybody => Acting::All,
            Whom::User(id) => Acting::One(id),
        };
    }
    if session::is_member(login, c"bourse_admin") || session::is_member(login, c"bourse_worker") {
        return Acting::All;
    }
    if is_gateway {
        return Acting::Gateway;
    }
    user_of_login(login).map_or(Acting::Nobody, Acting::One)
}

/// The user whose `db_role` the login is.
fn user_of_login(login: pg_sys::Oid) -> Option<i64> {
    let mut users = Users::open();
    let user = users.of_role(&session::role_name(login));
    users.close();
    user
}

/// Whether the session acts for a user.
pub(super) fn may_act_for(user_id: Option<i64>) -> bool {
    match acting() {
        Acting::All => true,
        Acting::One(own) => user_id == Some(own),
        Acting::Gateway | Acting::Nobody => false,
    }
}

/// Refuses a caller who may not act for this user (42501).
pub fn require_acts_for(user_id: i64) -> Answer<()> {
    require_acts_for_given(Some(user_id))
}

/// The same for a user who may be NULL.
pub(super) fn require_acts_for_given(user_id: Option<i64>) -> Answer<()> {
    if may_act_for(user_id) {
        return Ok(());
    }
    let user = user_id.map_or("NULL".to_owned(), |id| id.to_string());
    let message = format!("no permission to act for user {user}");
    let hint = if session::is_lent() {
        "Nobody acts for anybody while VACUUM, ANALYZE, REINDEX, CREATE INDEX, REFRESH or a foreign key runs a table owner's code."
    } else {
        "Act for your own user (identity.users.db_role); a member of bourse_gateway says SELECT identity.act_as(user_id) in the same transaction."
    };
    Err(Failure::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message, hint))
}

/// Refuses a session that neither acts for everybody nor does a gateway's own work (42501).
pub(super) fn require_operator() -> Answer<()> {
    if is_operator() {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        "this session does not act for everybody",
        "Connect as an admin, or as a member of bourse_gateway and do this in a transaction without identity.act_as().",
    ))
}

/// Whether the login is a member of a role that is trusted with a market in a transaction of its own.
pub fn is_trusted() -> bool {
    let login = session::login();
    [c"bourse_gateway", c"bourse_admin", c"bourse_worker"].iter().any(|role| session::is_member(login, role))
}

thread_local! {
    /// The login and the user whose request this process carries out, and the transaction that does.
    static REQUEST: Cell<Option<(pg_sys::Oid, i64, u32)>> = const { Cell::new(None) };
}

/// Has what this transaction writes say that a login has asked for it, for a user. It gives no rights.
pub fn work_for(login: u32, user: i64) {
    REQUEST.set(Some((login.into(), user, session::transaction_number())));
}

fn request() -> Option<(pg_sys::Oid, i64)> {
    let request = REQUEST.get().filter(|(.., transaction)| *transaction == session::transaction_number());
    request.map(|(login, user, _)| (login, user))
}

/// The login that what is written here is put down to.
pub(super) fn author() -> String {
    session::role_name(request().map_or_else(session::login, |(login, _)| login))
}

/// The user whom what is written here is put down to. It gives no rights, so it is told where nobody acts for anybody
/// as well.
pub(super) fn author_id() -> Option<i64> {
    request().map_or_else(|| user_of(acting_of_login()), |(_, user)| Some(user))
}

/// The user of the session: also one who acts for everybody may be somebody.
fn user_of(acting: Acting) -> Option<i64> {
    match acting {
        Acting::All => user_of_login(session::login()),
        Acting::One(user) => Some(user),
        Acting::Gateway | Acting::Nobody => None,
    }
}

/// The user whom the session acts for, or who it is while it acts for everybody.
pub(super) fn current_user() -> Option<i64> {
    user_of(acting())
}

/// Whether the session acts for everybody.
pub(super) fn acts_for_all() -> bool {
    acting() == Acting::All
}

/// Whether it acts for everybody, or does the own work of a gateway.
pub(super) fn is_operator() -> bool {
    matches!(acting(), Acting::All | Acting::Gateway)
}

/// Whether the login is a member of a role, and its own code is running.
pub(super) fn login_is(role: &CStr) -> bool {
    !session::is_lent() && session::is_member(session::login(), role)
}

/// Says for whom this transaction of a gateway acts; others are refused (42501).
pub(super) fn say(whom: Whom) -> Answer<()> {
    if login_is(c"bourse_gateway") {
        spoken::say(whom);
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        "only a member of bourse_gateway says for whom it acts",
        "Connect as the login of an application server, a member of bourse_gateway; others act for their own user.",
    ))
}
