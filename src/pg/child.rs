//! A process of its own for one piece of work, with the rights of one role and no way to any other.

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

use pgrx::bgworkers::{BackgroundWorkerBuilder, BackgroundWorkerStatus, BgWorkerStartTime, DynamicBackgroundWorker};
use pgrx::prelude::PgSqlErrorCode;
use pgrx::{IntoDatum, PgTryBuilder, pg_guard, pg_sys};

use super::worker::{commit, failure, my_pid, on_exit, set};
use super::{session, statement};
use crate::error::{Answer, Failure};

/// What a child does, and what is done when it ends, by the number that it was started with.
#[derive(Clone, Copy)]
pub struct Work {
    /// The work, not connected to a database yet.
    pub run: fn(usize),
    /// The end of the process, however it comes short of a crash.
    pub leave: fn(usize),
}

thread_local! {
    static WORK: Cell<Option<Work>> = const { Cell::new(None) };
}

/// Called once, when the library is preloaded: the processes of the server inherit it.
pub fn register(work: Work) {
    WORK.set(Some(work));
}

/// A child of this process.
pub struct Child(DynamicBackgroundWorker);

/// Asks the server for a child that works on a number. None when it has no process left.
pub fn start(what: &str, name: &str, number: usize) -> Option<Child> {
    BackgroundWorkerBuilder::new(name)
        .set_type(what)
        .set_library("pg_bourse")
        .set_function("pg_bourse_child")
        .set_argument((number as i64).into_datum())
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(None)
        // It is told, by its latch, that the child has ended.
        .set_notify_pid(my_pid())
        .enable_spi_access()
        .load_dynamic()
        .ok()
        .map(Child)
}

impl Child {
    /// Whether it has ended, or never begun.
    pub fn is_over(&self) -> bool {
        matches!(self.0.pid(), Err(BackgroundWorkerStatus::Stopped | BackgroundWorkerStatus::PostmasterDied))
    }

    /// Cancels what it is running, as `pg_cancel_backend()` does. One that has not begun is to be asked again.
    pub fn cancel(&self) {
        self.signal(libc::SIGINT);
    }

    /// Ends it, as `pg_terminate_backend()` does.
    pub fn end(&self) {
        self.signal(libc::SIGTERM);
    }

    fn signal(&self, signal: i32) {
        if let Ok(pid) = self.0.pid() {
            end_process(pid, signal);
        }
    }
}

/// Ends a child of an earlier life.
pub fn end(pid: i32) {
    end_process(pid, libc::SIGTERM);
}

fn end_process(pid: i32, signal: i32) {
    // SAFETY: a signal to a process that this one has started; to one that has gone it is an error that nobody misses.
    unsafe {
        libc::kill(pid, signal);
    }
}

/// The number that this child was started with.
fn my_number() -> usize {
    // SAFETY: what the server has started this worker with.
    unsafe { (*pg_sys::MyBgworkerEntry).bgw_main_arg.value() }
}

/// The entry of a child.
// SAFETY: the name is ours alone, as `set_function` gives it.
#[unsafe(no_mangle)]
#[pg_guard]
pub extern "C-unwind" fn pg_bourse_child(_argument: pg_sys::Datum) {
    let Some(work) = WORK.get() else { return };
    on_exit(|| {
        if let Some(work) = WORK.get() {
            (work.leave)(my_number());
        }
    });
    (work.run)(my_number());
}

/// Has this process be a role, as if it had logged in: nothing that runs here later, whether it commits, rolls back or
/// resets what it likes, gets any other rights. Refuses a superuser, and a role that is gone.
pub fn become_role(role: pg_sys::Oid) -> Answer<()> {
    // SAFETY: the process is connected and outside any transaction; the catalogs are read inside one.
    let name = unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        let name = session::role_name(role);
        let name = (!name.is_empty() && !pg_sys::superuser_arg(role)).then(|| CString::new(name).ok()).flatten();
        if let Some(name) = &name {
            authenticate(role);
            // The values that RESET goes back to: whoever owns the database may have set a role for it.
            set(c"session_authorization", name);
            set(c"role", c"none");
        }
        pg_sys::CommitTransactionCommand();
        name
    };
    // SAFETY: reads backend variables.
    let is_it = unsafe {
        let all = [pg_sys::GetAuthenticatedUserId(), pg_sys::GetSessionUserId(), pg_sys::GetUserId()];
        all.iter().all(|user| *user == role)
    };
    if name.is_some() && is_it {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("no task works as the role with oid {}", role.to_u32()),
        "It is gone, or a superuser.",
    ))
}

// SAFETY: inside a transaction, in a process that works for nobody but this role from now on.
unsafe fn authenticate(role: pg_sys::Oid) {
    // SAFETY: sets variables of this process, and its entry among the processes of the server.
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    unsafe {
        pg_sys::SetAuthenticatedUserId(role, false);
    }
    // SAFETY: as above.
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    unsafe {
        pg_sys::SetAuthenticatedUserId(role);
    }
    // SAFETY: as above.
    unsafe {
        pg_sys::SetSessionAuthorization(role, false);
        pg_sys::SetCurrentRoleId(pg_sys::InvalidOid, false);
    }
}

/// Runs a statement as if a client had sent it alone; `$1` is the parameter, a jsonb. `procedure`: what it calls, and
/// nothing else that has the name by now. `top_level`: outside of a transaction, so that it may end transactions and
/// begin others.
pub fn run(statement: &CStr, procedure: Option<pg_sys::Oid>, parameter: Option<&CStr>, top_level: bool) -> Answer<()> {
    let attempt = PgTryBuilder::new(AssertUnwindSafe(|| {
        // SAFETY: outside any transaction; what the statement needs stands in a memory that outlives its transactions.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, statement.as_ptr());
            pg_sys::debug_query_string = statement.as_ptr();
            let portal = plan(statement, procedure, parameter);
            let receiver = pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestNone);
            let mut completion = pg_sys::QueryCompletion::default();
            let all = std::ffi::c_long::MAX;
            #[cfg(not(feature = "pg18"))]
            pg_sys::PortalRun(portal, all, top_level, true, receiver, receiver, &raw mut completion);
            #[cfg(feature = "pg18")]
            pg_sys::PortalRun(portal, all, top_level, receiver, receiver, &raw mut completion);
            pg_sys::PortalDrop(portal, false);
        }
        commit();
        Ok(())
    }));
    let outcome = attempt.catch_others(|error| Err(failure(&error))).execute();
    // SAFETY: as at the end of every transaction of a worker.
    unsafe {
        if outcome.is_err() {
            pg_sys::AbortCurrentTransaction();
        }
        pg_sys::debug_query_string = std::ptr::null();
        pg_sys::pgstat_report_stat(true);
        pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_IDLE, std::ptr::null());
    }
    outcome
}

/// The one statement of a text, ready to run.
// SAFETY: inside a transaction.
unsafe fn plan(text: &CStr, procedure: Option<pg_sys::Oid>, parameter: Option<&CStr>) -> pg_sys::Portal {
    // SAFETY: every function gets what the one before has made, all of it in memory that lasts as long as the process.
    unsafe {
        let around = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let statement = statement::look_up(text, parameter.is_some(), procedure);
        let plans = pg_sys::pg_plan_queries(statement.queries, text.as_ptr(), 0, std::ptr::null_mut());
        pg_sys::PopActiveSnapshot();
        let portal = pg_sys::CreatePortal(c"".as_ptr(), true, true);
        // Not for pg_cursors.
        (*portal).visible = false;
        let tag = pg_sys::CreateCommandTag((*statement.parsed).stmt);
        pg_sys::PortalDefineQuery(portal, std::ptr::null(), text.as_ptr(), tag, plans, std::ptr::null_mut());
        let json = parameter.and_then(|text| {
            pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(pg_sys::Datum::from(text.as_ptr()))])
        });
        pg_sys::PortalStart(portal, statement::parameters(json), 0, std::ptr::null_mut());
        pg_sys::MemoryContextSwitchTo(around);
        portal
    }
}
