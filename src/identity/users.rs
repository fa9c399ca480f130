//! Users, as far as they decide who may do what.

use std::cell::RefCell;

use ids::{IdMap, UserId};
use pgrx::prelude::PgSqlErrorCode;

use super::tables::{self, user};
use crate::error::{Answer, Failure};
use crate::pg::scan::{Key, Row};
use crate::pg::table::{Table, Tid};

/// Whether a user exists and may trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// No such user.
    #[default]
    Unknown,
    /// The user exists but is not active.
    Inactive,
    /// The user may look, not trade.
    Viewer,
    /// The user may trade.
    Active,
}

impl Standing {
    /// Refuses a user who does not exist (42704), or who may not trade (42501).
    pub fn require_may_trade(self, user_id: i64) -> Answer<()> {
        let refused = |why: &str, hint| {
            let message = format!("user {user_id} {why}");
            Err(Failure::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message, hint))
        };
        match self {
            Standing::Active => Ok(()),
            Standing::Inactive => {
                refused("is not active", "An admin can set identity.users.is_active; cancels work meanwhile.")
            }
            Standing::Viewer => refused(
                "is a viewer and does not trade",
                "An admin can set identity.users.role; cancels work meanwhile.",
            ),
            Standing::Unknown => Err(Failure::unknown(
                format!("user {user_id}"),
                "Make one with INSERT INTO identity.users (name) VALUES (…) RETURNING id; where users come by \
                 replication, in the first venue.",
            )),
        }
    }
}

/// Refuses a user who does not exist (42704), or who may not trade (42501).
pub fn require_may_trade(user_id: i64) -> Answer<()> {
    standing(user_id).require_may_trade(user_id)
}

/// Whether a user exists and may trade.
pub(super) fn standing(user_id: i64) -> Standing {
    let mut users = Users::open();
    let standing = users.standing(user_id);
    users.close();
    standing
}

/// Whether a role of a user trades.
fn trades(role: &str) -> Option<bool> {
    match role {
        "viewer" => Some(false),
        "trader" | "developer" | "admin" => Some(true),
        _ => None,
    }
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
    /// Opens the table, of which nothing is written: a lock of writers would wait wherever a partition gets its foreign
    /// keys, and every order with it.
    pub fn open() -> Users {
        Users(Table::open_to_read(&tables::USERS))
    }

    /// Whether a user exists and may trade.
    pub fn standing(&mut self, user_id: i64) -> Standing {
        let index = self.0.index(c"users_pkey");
        let read = |row: &Row<'_>| (row.tid(), user::of(row).is_active(), row.word(user::at::role, trades));
        let known = SEEN.with_borrow(|seen| seen.get(&UserId(user_id)).copied());
        let found = known
            .and_then(|tid| self.0.find_at(tid, |row| row.some_int(user::at::id) == Some(user_id), read))
            .or_else(|| self.0.find(index, &[Key::Int(user_id)], read));
        if let Some((tid, ..)) = found {
            SEEN.with_borrow_mut(|seen| {
                if seen.len() >= MOST_SEEN {
                    seen.clear();
                }
                seen.insert(UserId(user_id), tid);
            });
        }
        match found {
            None => Standing::Unknown,
            Some((_, false, _)) => Standing::Inactive,
            Some((_, true, false)) => Standing::Viewer,
            Some((_, true, true)) => Standing::Active,
        }
    }

    /// Closes the table.
    pub fn close(self) {
        self.0.close();
    }

    /// The user whose login this role is.
    pub(super) fn of_role(&mut self, role: &str) -> Option<i64> {
        let index = self.0.index(c"users_db_role_key");
        self.0.find(index, &[Key::Name(role)], |row| user::of(row).id())
    }
}
