//! Who the session is and for whom it may act; passwords, codes, API keys and the vault.
//!
//! Any session can set a placeholder setting, so `bourse.user_id` counts only for logins that are members of
//! `bourse_gateway`.

mod credentials;
mod keys;
mod secrets;
pub mod settings;

use std::cell::RefCell;

use matching::UserId;
use matching::book::IdMap;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{Answer, Failure};
use crate::pg::column::Kind;
use crate::pg::scan::{Key, Row};
use crate::pg::session;
use crate::pg::table::{Table, Tid};

/// What the session may do with users.
enum Acting {
    /// For everybody.
    All,
    /// For one user, or for nobody.
    One(Option<i64>),
}

/// Whether a user exists and may trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No such user.
    Unknown,
    /// The user exists but is not active.
    Inactive,
    /// The user may look, not trade.
    Viewer,
    /// The user may trade.
    Active,
}

/// Refuses a caller who may not act for this user (42501).
pub fn require_acts_for(user_id: i64) -> Answer<()> {
    if may_act_for(Some(user_id))? {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("no permission to act for user {user_id}"),
        "Act for your own user (identity.users.db_role), or connect as a member of bourse_gateway.",
    ))
}

/// Refuses a session that does not act for everybody (42501).
fn require_acts_for_all() -> Answer<()> {
    if matches!(acting()?, Acting::All) {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        "this session does not act for everybody",
        "Connect as a member of bourse_gateway and RESET bourse.user_id, or as an admin.",
    ))
}

/// Of so many users a session remembers where their rows stood.
const MOST_SEEN: usize = 200_000;

thread_local! {
    /// Where users were seen last: a place to look before the index.
    static SEEN: RefCell<IdMap<UserId, Tid>> = RefCell::new(IdMap::default());
}

/// The table of users, as far as the exchange reads it.
pub struct Users(Table);

impl Users {
    /// Opens the table.
    pub fn open() -> Users {
        let columns = &[("id", Kind::Int), ("is_active", Kind::Bool), ("db_role", Kind::Name), ("role", Kind::Text)];
        Users(Table::open(c"identity", c"users", columns))
    }

    /// Whether a user exists and may trade.
    pub fn standing(&mut self, user_id: i64) -> Standing {
        let index = self.0.index(c"users_pkey");
        let read = |row: &Row<'_>| (row.tid(), row.bool(1), row.text(3) == "viewer");
        let known = SEEN.with_borrow(|seen| seen.get(&UserId(user_id)).copied());
        let found = known
            .and_then(|tid| self.0.find_at(tid, |row| row.int(0) == Some(user_id), read))
            .or_else(|| self.0.find(index, &[Key::Int(user_id)], read));
        if let Some((tid, ..)) = found {
            SEEN.with_borrow_mut(|seen| {
                if seen.len() >= MOST_SEEN {
                    seen.clear();
                }
                seen.insert(UserId(user_id), tid);
            });
        }
        match found.and_then(|(_, active, views)| Some((active?, views))) {
            None => Standing::Unknown,
            Some((false, _)) => Standing::Inactive,
            Some((true, true)) => Standing::Viewer,
            Some((true, false)) => Standing::Active,
        }
    }

    /// Closes the table.
    pub fn close(self) {
        self.0.close();
    }

    fn of_role(&mut self, role: &str) -> Option<i64> {
        let index = self.0.index(c"users_db_role_key");
        self.0.find(index, &[Key::Name(role)], |row| row.int(0)).flatten()
    }
}

fn acting() -> Answer<Acting> {
    let login = session::login();
    if session::is_member(login, c"bourse_gateway") {
        if let Some(setting) = session::setting(c"bourse.user_id") {
            return setting.trim().parse().map(|id| Acting::One(Some(id))).map_err(|_| {
                Failure::invalid(
                    format!("bourse.user_id is {setting:?}"),
                    "Set it to the id of a user, or RESET bourse.user_id to act for everybody.",
                )
            });
        }
        return Ok(Acting::All);
    }
    if session::is_member(login, c"bourse_admin") || session::is_member(login, c"bourse_worker") {
        return Ok(Acting::All);
    }
    let mut users = Users::open();
    let user = users.of_role(&session::role_name(login));
    users.close();
    Ok(Acting::One(user))
}

fn may_act_for(user_id: Option<i64>) -> Answer<bool> {
    Ok(match acting()? {
        Acting::All => true,
        Acting::One(own) => own.is_some() && own == user_id,
    })
}

#[pg_extern(sql = false)]
fn current_user_id() -> Result<Option<i64>, ErrorReport> {
    crate::bourse::require_tables()?;
    let login = session::login();
    if let Acting::One(user) = acting()? {
        return Ok(user);
    }
    let mut users = Users::open();
    let user = users.of_role(&session::role_name(login));
    users.close();
    Ok(user)
}

#[pg_extern(sql = false)]
fn acts_for(user_id: Option<i64>) -> Result<bool, ErrorReport> {
    crate::bourse::require_tables()?;
    Ok(may_act_for(user_id)?)
}

#[pg_extern(sql = false)]
fn require_operator() -> Result<(), ErrorReport> {
    crate::bourse::require_tables()?;
    Ok(require_acts_for_all()?)
}

#[pg_extern(sql = false)]
fn acts_for_all() -> Result<bool, ErrorReport> {
    crate::bourse::require_tables()?;
    Ok(matches!(acting()?, Acting::All))
}
