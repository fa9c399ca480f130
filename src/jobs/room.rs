//! How many runs a user may have waiting. What nobody claims stands before what workers look for, and each of them walks
//! over it: a bound for what one user can put there.
//!
//! To count what he has costs as much as he has: a session that has counted lets him enqueue some more before it counts
//! again. Whoever has few is not waited for; who has many, and enqueues in several sessions at once, waits for himself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::runs::{OWN, queue};
use crate::bourse::queue::Queue;
use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::lock;

/// So many runs of a user wait at most, of those that he enqueues himself.
const MOST: usize = 100_000;
/// So many are few; and so many a session has him enqueue before it counts again.
const FEW: usize = 1_000;
/// So many users a session knows the room of.
const MOST_KNOWN: usize = 1_000;

thread_local! {
    /// How many runs of a user need no count.
    static ROOM: RefCell<HashMap<i64, usize>> = RefCell::default();
}

/// Refuses (54000) so many more runs of a user than he may have waiting.
#[pg_extern(sql = false)]
fn jobs_require_room(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let arguments = Arguments::of(call);
    let (user_id, more): (Option<i64>, Option<i64>) = (arguments.get(0), arguments.get(1));
    let (Some(user_id), Some(more)) = (user_id, more.and_then(|more| usize::try_from(more).ok())) else {
        return Ok(());
    };
    let room = ROOM.with_borrow(|known| known.get(&user_id).copied().unwrap_or_default());
    let room = if room >= more { room - more } else { counted(user_id, more)? };
    ROOM.with_borrow_mut(|known| {
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(user_id, room);
    });
    Ok(())
}

/// How many may follow these before it is counted again.
fn counted(user_id: i64, more: usize) -> Answer<usize> {
    let mut waiting = waiting(user_id, FEW)?;
    if waiting + more > FEW {
        lock::hold(lock::hash(&format!("jobs.require_room {user_id}")));
        waiting = self::waiting(user_id, MOST)?;
    }
    if waiting + more > MOST {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            format!("user {user_id} has {waiting} runs waiting, and wants {more} more"),
            format!(
                "{MOST} may wait: let workers do some, or jobs.cancel_many(). Who acts for everybody may enqueue more."
            ),
        ));
    }
    Ok(((MOST - waiting - more) / 8).min(FEW))
}

/// How many runs of a user wait, up to so many.
fn waiting(user_id: i64, most: usize) -> Answer<usize> {
    Queue::work(queue()?, &OWN, |queue| {
        let mut found = 0;
        queue.each_waiting(user_id, |_| {
            found += 1;
            if found < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(found)
    })
}
