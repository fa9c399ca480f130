//! Background workers: how ours are registered, what they are inside, and how they run a transaction.

use std::cell::Cell;
use std::ffi::CStr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};

use pgrx::bgworkers::{BackgroundWorkerBuilder, BgWorkerStartTime};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::{PgLogLevel, PgSqlErrorCode};
use pgrx::{IntoDatum, PgTryBuilder, pg_guard, pg_sys};

use super::owner;
use crate::error::{Answer, Failure};

/// What our background processes do.
#[derive(Clone, Copy)]
pub struct Processes {
    /// The launcher, connected to no database.
    pub launch: fn(),
    /// A worker, connected to its database.
    pub run: fn(Post),
    /// The end of a worker, however it comes short of a crash.
    pub leave: fn(Post),
}

/// What a worker is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Post {
    /// The number of its kind.
    pub kind: u32,
    /// The database, which it may not have reached.
    pub database: u32,
}

thread_local! {
    static PROCESSES: Cell<Option<Processes>> = const { Cell::new(None) };
}

/// Registers the launcher with the server that is preloading the library. It starts once the server takes writes. All
/// processes of the server inherit what they are to do.
pub fn register(processes: Processes) {
    PROCESSES.set(Some(processes));
    BackgroundWorkerBuilder::new("pg_bourse launcher")
        .set_type("pg_bourse launcher")
        .set_library("pg_bourse")
        .set_function("pg_bourse_launcher")
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(Some(std::time::Duration::from_secs(5)))
        .enable_spi_access()
        .load();
}

/// Asks the server for a worker of a kind in a database, by their names. False when it has no process left.
pub fn launch(post: Post, kind: &str, database: &str) -> bool {
    BackgroundWorkerBuilder::new(&format!("pg_bourse {kind} of {database}"))
        .set_type(&format!("pg_bourse {kind}"))
        .set_library("pg_bourse")
        .set_function("pg_bourse_worker")
        .set_argument((i64::from(post.kind) << 32 | i64::from(post.database)).into_datum())
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        // The launcher starts it again: it knows whether the database is still there.
        .set_restart_time(None)
        .set_notify_pid(my_pid())
        .enable_spi_access()
        .load_dynamic()
        .is_ok()
}

/// What this worker was started for.
fn my_post() -> Post {
    // SAFETY: what the server has started this worker with.
    let argument = unsafe { (*pg_sys::MyBgworkerEntry).bgw_main_arg.value() as u64 };
    Post { kind: (argument >> 32) as u32, database: argument as u32 }
}

/// The entry of the launcher.
// SAFETY: the name is ours alone, as `set_function` gives it.
#[unsafe(no_mangle)]
#[pg_guard]
pub extern "C-unwind" fn pg_bourse_launcher(_argument: pg_sys::Datum) {
    let Some(processes) = PROCESSES.get() else { return };
    begin(pg_sys::InvalidOid);
    (processes.launch)();
}

/// The entry of a worker.
// SAFETY: as above.
#[unsafe(no_mangle)]
#[pg_guard]
pub extern "C-unwind" fn pg_bourse_worker(_argument: pg_sys::Datum) {
    let Some(processes) = PROCESSES.get() else { return };
    on_exit(|| {
        if let Some(processes) = PROCESSES.get() {
            (processes.leave)(my_post());
        }
    });
    connect(my_post().database);
    (processes.run)(my_post());
}

/// Connects this process to a database, with the rights of the owner role.
pub fn connect(database: u32) {
    begin(database.into());
    give_up_rights();
}

/// Takes the server's own signal handlers and connects: to a database, or to the shared catalogs only.
fn begin(database: pg_sys::Oid) {
    // SAFETY: called once, first thing in a worker. `die` ends a wait for a lock as well, unlike a flag of our own.
    unsafe {
        handle(pg_sys::SIGHUP, Some(SignalHandlerForConfigReload));
        handle(pg_sys::SIGTERM, Some(die));
        handle(pg_sys::SIGINT, Some(cancel));
        pg_sys::BackgroundWorkerUnblockSignals();
        if database == pg_sys::InvalidOid {
            pg_sys::BackgroundWorkerInitializeConnection(std::ptr::null(), std::ptr::null(), 0);
        } else {
            pg_sys::BackgroundWorkerInitializeConnectionByOid(database, pg_sys::InvalidOid, 0);
        }
    }
}

/// Has the session of this process be the owner role's for good. A worker that comes as a role must be one that may
/// log in, and ours may not: so it comes as the superuser of the server, and is that no longer before it looks at
/// anything of the database. Safe to repeat; nothing is given up while there is no such role.
pub fn give_up_rights() {
    // SAFETY: the process is connected and outside any transaction; the catalogs are read inside one.
    unsafe {
        pg_sys::StartTransactionCommand();
        if let Some(role) = owner::role() {
            pg_sys::SetSessionAuthorization(role, false);
        }
        pg_sys::CommitTransactionCommand();
    }
    // Whoever owns the database may have set it otherwise.
    set(c"search_path", c"pg_catalog, pg_temp");
}

// SAFETY: the server's own signal handlers, unchanged in 15 to 18. pgrx binds them as functions to call, not as
// addresses to give away.
unsafe extern "C-unwind" {
    /// `src/include/postmaster/interrupt.h`
    fn SignalHandlerForConfigReload(signal: i32);
    /// `src/include/tcop/tcopprot.h`
    fn die(signal: i32);
    /// The same.
    fn StatementCancelHandler(signal: i32);
}

/// How often this process has been told to cancel.
static CANCELS: AtomicU32 = AtomicU32::new(0);

/// As every session hears of a cancel; counted, because a commit that waits for a standby swallows it.
// SAFETY: only the server calls it, when the signal has come.
unsafe extern "C-unwind" fn cancel(signal: i32) {
    CANCELS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the server's own handler, called as one.
    unsafe { StatementCancelHandler(signal) }
}

/// Commits. The server lets go a commit that waits for a standby when its process is cancelled or told to end, with a
/// warning to its own client: ours wait elsewhere and would take what no standby has for durable. So this process
/// ends, and they are told that nobody knows.
pub(super) fn commit() {
    let before = CANCELS.load(Ordering::Relaxed);
    // SAFETY: the caller is in a transaction; the flag is set by a signal handler.
    let ends = unsafe {
        pg_sys::CommitTransactionCommand();
        (&raw const pg_sys::ProcDiePending).read_volatile() != 0
    };
    if ends || CANCELS.load(Ordering::Relaxed) != before {
        pgrx::ereport!(
            PgLogLevel::FATAL,
            PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN,
            "pg_bourse: told to end during a commit; it stands here, perhaps on no standby"
        );
    }
}

fn handle(signal: u32, handler: pg_sys::pqsigfunc) {
    // SAFETY: the caller gives one of the handlers above.
    #[cfg(not(feature = "pg18"))]
    unsafe {
        pg_sys::pqsignal(signal as i32, handler);
    }
    // SAFETY: as above.
    #[cfg(feature = "pg18")]
    unsafe {
        pg_sys::pqsignal_be(signal as i32, handler);
    }
}

/// Has `work` run when this process ends, however it ends short of a crash.
pub fn on_exit(work: fn()) {
    // SAFETY: the callback fits the declaration; a function pointer is a value that fits a datum.
    unsafe { pg_sys::before_shmem_exit(Some(call_on_exit), pg_sys::Datum::from(work as usize)) }
}

#[pg_guard]
extern "C-unwind" fn call_on_exit(_code: i32, work: pg_sys::Datum) {
    // SAFETY: on_exit() has put a `fn()` there.
    let work: fn() = unsafe { std::mem::transmute(work.value()) };
    work();
}

/// Reads the configuration again if somebody has asked for it.
pub fn reload() {
    // SAFETY: the flag is set by the signal handler; the configuration is read in the main loop.
    unsafe {
        let pending = &raw mut pg_sys::ConfigReloadPending;
        if pending.read_volatile() != 0 {
            pending.write_volatile(0);
            pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
        }
    }
}

/// Has this transaction work as the owner role, in a security-restricted operation: what strangers have written
/// (defaults, index expressions, triggers) can neither become anybody else nor act for a user. Returns what to go back
/// to; an abort goes back by itself.
fn confine() -> (pg_sys::Oid, i32) {
    let (mut user, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: in a transaction, so that an error restores what was.
    unsafe {
        pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut context);
        let restricted = pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
        pg_sys::SetUserIdAndSecContext(owner::role().unwrap_or(user), context | restricted as i32);
    }
    (user, context)
}

/// Runs `work` in a transaction of its own, as the owner role, and commits. Whatever is raised on the way, the commit
/// included, undoes it and is the failure.
pub fn transaction<T>(what: &CStr, work: impl FnOnce() -> Answer<T>) -> Answer<T> {
    let attempt = PgTryBuilder::new(AssertUnwindSafe(|| {
        // SAFETY: a worker's main loop is outside any transaction; the snapshot is popped before the commit.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
        }
        let (user, context) = confine();
        // SAFETY: as above.
        unsafe {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, what.as_ptr());
        }
        let value = work()?;
        // SAFETY: as above.
        unsafe {
            pg_sys::PopActiveSnapshot();
        }
        // What has been deferred to the commit is confined too.
        commit();
        // SAFETY: outside any transaction nothing is evaluated.
        unsafe { pg_sys::SetUserIdAndSecContext(user, context) };
        Ok(value)
    }));
    let outcome = attempt.catch_others(|error| Err(failure(&error))).execute();
    // SAFETY: after an error the transaction is aborted as the server's own loop does it; statistics are
    // reported outside transactions.
    unsafe {
        if outcome.is_err() {
            pg_sys::AbortCurrentTransaction();
        }
        pg_sys::pgstat_report_stat(false);
        pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_IDLE, std::ptr::null());
    }
    outcome
}

/// What an error tells.
pub fn failure(error: &CaughtError) -> Failure {
    match error {
        CaughtError::PostgresError(e) | CaughtError::ErrorReport(e) | CaughtError::RustPanic { ereport: e, .. } => {
            Failure::new(e.sql_error_code(), e.message(), e.hint().unwrap_or_default())
        }
    }
}

/// Has this process write under READ COMMITTED and without a limit of time, whatever its database has been set to.
pub fn ready_to_write() {
    set(c"default_transaction_isolation", c"read committed");
    set(c"default_transaction_read_only", c"off");
    set(c"default_transaction_deferrable", c"off");
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    set(c"transaction_timeout", c"0");
}

/// How long this process waits for any lock before it raises 55P03.
pub fn limit_lock_waits(limit: &CStr) {
    set(c"lock_timeout", limit);
}

/// Sets a setting of the server for this process.
pub(super) fn set(name: &CStr, value: &CStr) {
    // SAFETY: the setting is the server's own, and it can read the value.
    unsafe {
        pg_sys::SetConfigOption(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_OVERRIDE,
        );
    }
}

/// The process id.
pub fn my_pid() -> i32 {
    // SAFETY: reads a variable that never changes.
    unsafe { pg_sys::MyProcPid }
}

/// The database of this process.
pub fn my_database() -> u32 {
    // SAFETY: as above, once the process is connected.
    unsafe { pg_sys::MyDatabaseId.to_u32() }
}
