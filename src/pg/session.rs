//! What the session is: its roles, its isolation, its settings.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::Spi;
use pgrx::{IntoDatum, PgLogLevel, PgSqlErrorCode, pg_sys};

/// The login of the session, whatever `SET ROLE` or SECURITY DEFINER say. A superuser may change it with
/// `SET SESSION AUTHORIZATION`.
pub fn login() -> pg_sys::Oid {
    // SAFETY: reads a backend variable.
    unsafe { pg_sys::GetSessionUserId() }
}

/// Whether PostgreSQL runs code of somebody who is not the session's login, in the middle of the login's command: of
/// a table's owner (VACUUM, ANALYZE, REINDEX, CREATE INDEX, REFRESH, CLUSTER, autovacuum; a subscription), or what
/// a foreign key does to a table of another owner. It hands its own rights to the owner then; so do we.
pub fn is_lent() -> bool {
    // SAFETY: both read a backend variable.
    unsafe { pg_sys::InSecurityRestrictedOperation() || pg_sys::InNoForceRLSOperation() }
}

/// The name of a role.
pub fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: with noerr the function returns a palloc'd name or null.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
    }
}

/// Whether a role is a member of the group role with this name; a superuser is a member of every role.
pub fn is_member(role: pg_sys::Oid, group: &CStr) -> bool {
    // SAFETY: both are catalog look-ups; a missing group gives InvalidOid.
    unsafe {
        let group = pg_sys::get_role_oid(group.as_ptr(), true);
        group != pg_sys::InvalidOid && pg_sys::is_member_of_role(role, group)
    }
}

/// Whether the server is starting and loads `shared_preload_libraries`.
pub fn is_preloading() -> bool {
    // SAFETY: reads a variable of the postmaster.
    unsafe { pg_sys::process_shared_preload_libraries_in_progress }
}

/// Keeps the paths of the build out of what clients are told: an ERROR would have a backtrace for its DETAIL where the
/// server was started with RUST_BACKTRACE. Called once, when the library is loaded.
pub fn hide_backtraces() {
    for variable in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE"] {
        // SAFETY: a process of PostgreSQL has one thread.
        unsafe { std::env::remove_var(variable) }
    }
}

/// The encoding of the database.
pub fn encoding() -> &'static str {
    // SAFETY: the server gives the name out of a table of constants.
    unsafe { CStr::from_ptr(pg_sys::GetDatabaseEncodingName()) }.to_str().unwrap_or_default()
}

/// Whether the server works for pg_upgrade (`postgres -b`).
pub fn is_upgrading() -> bool {
    // SAFETY: reads a variable that the server sets before it loads any library.
    unsafe { pg_sys::IsBinaryUpgrade }
}

/// When this process last read the configuration: another time means another configuration.
pub fn configuration_loaded_at() -> i64 {
    // SAFETY: reads a backend variable.
    unsafe { pg_sys::PgReloadTime }
}

/// The data directory of the server, which the server's user owns.
pub fn data_directory() -> PathBuf {
    // SAFETY: set at start and never changed; it is a zero-ended string.
    let path = unsafe { CStr::from_ptr(pg_sys::DataDir) };
    PathBuf::from(OsStr::from_bytes(path.to_bytes()))
}

/// Whether the transaction is read-only, as all are on a standby.
pub fn is_read_only() -> bool {
    // SAFETY: reads a backend variable.
    unsafe { pg_sys::XactReadOnly }
}

/// Refuses in a read-only transaction and on a standby (25006), as PostgreSQL does for its own commands.
pub fn refuse_read_only(command: &str) {
    let Ok(command) = CString::new(command) else { return };
    // SAFETY: both only raise errors; the name outlives the calls.
    unsafe {
        pg_sys::PreventCommandIfReadOnly(command.as_ptr());
        pg_sys::PreventCommandDuringRecovery(command.as_ptr());
    }
}

/// Whether the whole transaction reads one snapshot (REPEATABLE READ, SERIALIZABLE).
pub fn reads_one_snapshot() -> bool {
    // SAFETY: reads a backend variable.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}

/// Has the commit of this transaction wait until what it has read is safe, as that of a transaction that writes does: a
/// reader sees what is committed, also where its own commit was cancelled while it waited for a standby.
pub fn wait_for_what_was_read() {
    // A number of its own is not enough: a commit waits for nobody if it has nothing in the log.
    // SAFETY: reads a backend variable.
    if !has_written() || unsafe { pg_sys::XactLastRecEnd } == 0 {
        Spi::run("SELECT pg_catalog.pg_logical_emit_message(true, 'pg_bourse', '')").expect("a message in the log");
    }
}

/// Whether this transaction has written, or locked a row: others may be waiting for it.
pub fn has_written() -> bool {
    // SAFETY: reads a backend variable.
    unsafe { pg_sys::GetTopTransactionIdIfAny() != pg_sys::InvalidTransactionId }
}

/// Whether the caller has begun the transaction, by BEGIN or as a driver does: it is not that of one statement.
pub fn has_begun() -> bool {
    // SAFETY: reads a backend variable.
    unsafe { pg_sys::IsTransactionBlock() }
}

/// Whether this transaction holds a lock on a table that keeps others from writing there.
pub fn keeps_writers_out(table: pg_sys::Oid) -> bool {
    // SAFETY: looks into the lock table of this process.
    unsafe { pg_sys::CheckRelationOidLockedByMe(table, pg_sys::ShareLock as i32, true) }
}

/// Whether this transaction has written, and holds this lock on a table or a stronger one.
pub fn may_have_written(table: pg_sys::Oid, lock: u32) -> bool {
    // SAFETY: looks into the lock table of this process.
    has_written() && unsafe { pg_sys::CheckRelationOidLockedByMe(table, lock as i32, true) }
}

/// The oid of a table, index or sequence.
pub fn relation(schema: &CStr, name: &CStr) -> Option<pg_sys::Oid> {
    // SAFETY: catalog look-ups; what is missing gives InvalidOid.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        if schema == pg_sys::InvalidOid { schema } else { pg_sys::get_relname_relid(name.as_ptr(), schema) }
    };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// The oid of a function of this name and these arguments.
pub fn function(schema: &CStr, name: &CStr, arguments: &[pg_sys::Oid]) -> Option<pg_sys::Oid> {
    // SAFETY: catalog look-ups; what is missing gives InvalidOid.
    unsafe {
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        let arguments = pg_sys::buildoidvector(arguments.as_ptr(), arguments.len() as i32);
        let found = pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            pg_sys::Anum_pg_proc_oid as i16,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(arguments),
            pg_sys::Datum::from(schema),
            pg_sys::Datum::null(),
        );
        (found != pg_sys::InvalidOid).then_some(found)
    }
}

/// The name of a relation, without its schema.
pub fn relation_name(relation: pg_sys::Oid) -> String {
    // SAFETY: gives a palloc'd name, or null for what does not exist.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
    }
}

/// Runs `work` with the rights of another role, as a SECURITY DEFINER function of that role would: what a statement in it
/// leaves unqualified is PostgreSQL's own, whatever the caller has put in front. An error on the way ends the
/// transaction, which restores the user and the path.
pub fn as_role<T>(role: &CStr, work: impl FnOnce() -> T) -> T {
    by_our_names(|| switched(role, 0, work))
}

/// The same in a security-restricted operation, which leaves nothing behind: no setting, no temporary table, no trigger
/// that waits.
pub fn restricted<T>(role: &CStr, work: impl FnOnce() -> T) -> T {
    let level = guard_settings();
    let result = by_our_names(|| switched(role, pg_sys::SECURITY_RESTRICTED_OPERATION, work));
    restore_settings(level);
    result
}

/// Runs `work` where names are looked up in pg_catalog first, and among temporary objects last: those of the caller are
/// not ours to run. What a function says with SET, it does the same way.
fn by_our_names<T>(work: impl FnOnce() -> T) -> T {
    const PATH: &CStr = c"pg_catalog, pg_temp";
    // SAFETY: the server keeps the text of the setting, which ends with a zero byte.
    if unsafe { CStr::from_ptr(pg_sys::namespace_search_path) } == PATH {
        return work();
    }
    let level = guard_settings();
    set(c"search_path", PATH, pg_sys::GucAction::GUC_ACTION_SAVE);
    let result = work();
    // SAFETY: the level was opened above, and what the work has opened since is closed; its SET LOCAL goes on.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    result
}

/// Runs a query, about a text ($1), that sees what has been committed by now, also where the transaction reads one
/// snapshot: what it calls has to be STABLE.
pub fn seeing_the_newest(query: &str, text: &str) {
    let query = CString::new(query).expect("a query of ours");
    let mut types = [pg_sys::TEXTOID];
    let mut values = [text.into_datum().expect("a text is a datum")];
    // SAFETY: SPI and the snapshot stack are left as they were found; an error on the way unwinds both. The arguments
    // outlive the call, and `true` has it use the snapshot that was pushed.
    unsafe {
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
        pg_sys::SPI_connect();
        let (types, values) = (types.as_mut_ptr(), values.as_mut_ptr());
        let done = pg_sys::SPI_execute_with_args(query.as_ptr(), 1, types, values, std::ptr::null(), true, 0);
        pg_sys::SPI_finish();
        pg_sys::PopActiveSnapshot();
        assert_eq!(done, pg_sys::SPI_OK_SELECT as i32, "{query:?}");
    }
}

fn switched<T>(role: &CStr, flags: u32, work: impl FnOnce() -> T) -> T {
    let (mut user, mut context) = (pg_sys::InvalidOid, 0);
    let flags = (pg_sys::SECURITY_LOCAL_USERID_CHANGE | flags) as i32;
    // SAFETY: the user and context that were current are put back after the work.
    unsafe {
        let role = pg_sys::get_role_oid(role.as_ptr(), false);
        pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut context);
        pg_sys::SetUserIdAndSecContext(role, context | flags);
    }
    let result = work();
    // SAFETY: as above.
    unsafe { pg_sys::SetUserIdAndSecContext(user, context) }
    result
}

/// Opens a level of settings, which `restore_settings` ends; an error ends it as well.
pub fn guard_settings() -> i32 {
    // SAFETY: counts up a backend variable, which the end of the subtransaction puts back whatever happens.
    unsafe { pg_sys::NewGUCNestLevel() }
}

/// Undoes every change of a setting since `guard_settings` gave this level. A level that is not open changes nothing.
pub fn restore_settings(level: i32) {
    // SAFETY: the server asserts that the level is open and above that of the transaction; the level that a new one
    // would have tells which are.
    unsafe {
        let next = pg_sys::NewGUCNestLevel();
        let is_open = level > 1 && level < next;
        pg_sys::AtEOXact_GUC(false, if is_open { level } else { next });
    }
}

/// Up to this share of the server's queue of notifications we add to it. Whoever listens and does not end a transaction
/// keeps the queue from being emptied, and anybody who can connect may fill it; once it is full, every commit with a
/// NOTIFY fails.
const MOST_NOTIFIED: f64 = 0.9;

/// Tells the listeners of a channel when this transaction commits; the same message once. Where the queue is nearly full
/// nobody is told: no work fails for a hint.
pub fn notify(channel: &CStr, message: &str) {
    let Ok(message) = CString::new(message) else { return };
    // SAFETY: a function of no arguments, as SQL calls it.
    let usage = unsafe { pgrx::direct_function_call::<f64>(pg_sys::pg_notification_queue_usage, &[]) };
    if usage.is_some_and(|usage| usage > MOST_NOTIFIED) {
        return;
    }
    // SAFETY: both strings outlive the call, which copies them; the boundary turns an ERROR into a panic.
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| Async_Notify(channel.as_ptr(), message.as_ptr())) }
}

/// Whether statements wait for locks without an end: nobody has set `lock_timeout`.
pub fn waits_for_ever() -> bool {
    // SAFETY: reads a variable of this process.
    unsafe { pg_sys::LockTimeout == 0 }
}

/// Sets a setting of the session until the transaction ends, or the function around that has a SET clause for it.
pub fn set_for_now(name: &CStr, value: &CStr) {
    set(name, value, pg_sys::GucAction::GUC_ACTION_LOCAL);
}

fn set(name: &CStr, value: &CStr, action: pg_sys::GucAction::Type) {
    // SAFETY: what SET LOCAL, or a function's SET clause, does; the server copies both texts.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            action,
            true,
            0,
            false,
        );
    }
}

/// Has the server spell definitions as they are spelled by default: with `quote_all_identifiers` on, every name in them is
/// quoted, and with names of the caller in front, PostgreSQL's own have their schema.
pub fn spelled_plainly<T>(spell: impl FnOnce() -> T) -> T {
    // SAFETY: the setting is read while something is spelled, by this process alone; an ERROR gives it back as well.
    unsafe {
        let set = pg_sys::quote_all_identifiers;
        pg_sys::quote_all_identifiers = false;
        let spelled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| by_our_names(spell)));
        pg_sys::quote_all_identifiers = set;
        spelled.unwrap_or_else(|error| std::panic::resume_unwind(error))
    }
}

/// Raises the ERROR of a table, column, index or sequence that this library needs and the database has not (55000).
pub fn raise_missing(what: &str) -> ! {
    raise_unfit(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        &format!("{what} is missing"),
        "Run SELECT bourse.migrate(); this library may be newer than the tables.",
    )
}

/// Raises the ERROR of a table, column or index that is there, but not as this library needs it.
pub fn raise_unfit(code: PgSqlErrorCode, message: &str, hint: &str) -> ! {
    ErrorReport::new(code, message.to_owned(), "").set_hint(hint).report(PgLogLevel::ERROR);
    unreachable!("an ERROR does not return")
}

/// Makes what this transaction has written visible to what it reads next.
pub fn advance() {
    // SAFETY: valid in any transaction that is not in a parallel worker; our functions are parallel unsafe.
    unsafe { pg_sys::CommandCounterIncrement() }
}

// SAFETY: the declarations of PostgreSQL's own headers, unchanged in 15 to 18.
unsafe extern "C-unwind" {
    /// `src/include/commands/async.h`; not in pgrx's bindings.
    fn Async_Notify(channel: *const std::ffi::c_char, payload: *const std::ffi::c_char);
}

/// What names the writer of a row that this session writes now: the transaction, or the subtransaction in it.
pub fn writer() -> u32 {
    // SAFETY: our functions are parallel unsafe, so that a transaction number can be taken.
    unsafe { pg_sys::GetCurrentTransactionId() }.into_inner()
}

/// The number that the next transaction of the server gets: whatever has it, or a higher one, begins later.
pub fn next_transaction() -> u64 {
    // SAFETY: reads shared memory, under its lock.
    unsafe { pg_sys::ReadNextFullTransactionId() }.value
}

/// Which transaction of this session this is. Two of one message began at the same time.
pub fn transaction_number() -> u32 {
    // SAFETY: the process has its own entry as long as it runs.
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    unsafe {
        (*pg_sys::MyProc).lxid
    }
    // SAFETY: as above.
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    unsafe {
        (*pg_sys::MyProc).vxid.lxid
    }
}

/// Whose rights the session has now: those of its login, of SET ROLE, or of a SECURITY DEFINER function.
pub fn current_role() -> pg_sys::Oid {
    // SAFETY: reads a backend variable.
    unsafe { pg_sys::GetUserId() }
}

/// Whether these rights are a superuser's.
pub fn is_superuser() -> bool {
    // SAFETY: a catalog look-up that the server remembers.
    unsafe { pg_sys::superuser() }
}
