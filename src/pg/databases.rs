//! The databases of the server, and the commands that need one of them for themselves.

use std::cell::Cell;
use std::ffi::CStr;

use pgrx::{pg_guard, pg_sys};

use super::{locked, owner, session, worker};

/// A database that takes connections.
pub struct Database {
    /// Its oid.
    pub oid: u32,
    /// Its name.
    pub name: String,
}

/// Every database that takes connections and is no template. Runs in a transaction.
pub fn connectable() -> Vec<Database> {
    let mut found = Vec::new();
    // SAFETY: a plain scan of a shared catalog, whose rows begin with the struct of its fixed columns.
    unsafe {
        let relation = pg_sys::table_open(pg_sys::DatabaseRelationId, pg_sys::AccessShareLock as i32);
        let scan = pg_sys::table_beginscan_catalog(relation, 0, std::ptr::null_mut());
        loop {
            let tuple = pg_sys::heap_getnext(scan, pg_sys::ScanDirection::ForwardScanDirection);
            if tuple.is_null() {
                break;
            }
            let data = (*tuple).t_data;
            let row = &*data.cast::<u8>().add((*data).t_hoff as usize).cast::<pg_sys::FormData_pg_database>();
            // -2 marks a database whose DROP was interrupted.
            if row.datallowconn && !row.datistemplate && row.datconnlimit != -2 {
                found.push(Database { oid: row.oid.to_u32(), name: text(row.datname.data.as_ptr()) });
            }
        }
        pg_sys::table_endscan(scan);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
    }
    found
}

/// The name of a database that is there.
pub fn name(database: u32) -> Option<String> {
    // SAFETY: a catalog look-up, which gives a fresh string or null.
    unsafe {
        let name = pg_sys::get_database_name(database.into());
        (!name.is_null()).then(|| text(name))
    }
}

/// What is done around a command that needs a database without any other session.
#[derive(Clone, Copy)]
pub struct Keeper {
    /// Ends our own sessions in the database, and keeps them out.
    pub clear: fn(u32),
    /// Lets them in again.
    pub admit: fn(u32),
    /// Has them look into a database soon, and again for a while.
    pub expect: fn(u32),
}

thread_local! {
    static KEEPER: Cell<Option<Keeper>> = const { Cell::new(None) };
    static NEXT: Cell<pg_sys::ProcessUtility_hook_type> = const { Cell::new(None) };
}

/// Has LOCK TABLE of a view refused to those who could hold up others with it; and the keeper called around DROP DATABASE, ALTER DATABASE … RENAME or SET TABLESPACE, and CREATE DATABASE with
/// a template; and after CREATE EXTENSION of ours and REFRESH of `bourse.at_work`, with which a restore begins and
/// ends. Called once, when the library is preloaded: the processes of the server inherit it.
pub fn keep(keeper: Keeper) {
    KEEPER.set(Some(keeper));
    // SAFETY: hooks are chained while libraries are preloaded, by one process.
    unsafe {
        NEXT.set(pg_sys::ProcessUtility_hook);
        pg_sys::ProcessUtility_hook = Some(utility);
    }
}

/// Lets our sessions in again when the command has ended, also by an error.
struct Cleared(u32, Keeper);

impl Drop for Cleared {
    fn drop(&mut self) {
        (self.1.admit)(self.0);
    }
}

// SAFETY: the server's own, as `src/include/tcop/utility.h` has it. pgrx's binding catches what it raises.
unsafe extern "C-unwind" {
    #[link_name = "standard_ProcessUtility"]
    fn standard(
        statement: *mut pg_sys::PlannedStmt,
        text: *const std::ffi::c_char,
        read_only: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        params: pg_sys::ParamListInfo,
        environment: *mut pg_sys::QueryEnvironment,
        destination: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
}

/// The hook. It has no guard: an error of a statement that is none of ours passes as it is, with its context and the
/// names of what it is about, over a frame in which nothing is to be dropped.
// SAFETY: only the server calls it, with what it gives to hooks.
unsafe extern "C-unwind" fn utility(
    statement: *mut pg_sys::PlannedStmt,
    text: *const std::ffi::c_char,
    read_only: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    destination: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: the arguments are passed on as they came.
    unsafe {
        if is_lock(statement) {
            require_lockable(statement);
        }
        let next = if may_need_a_database(statement) { around } else { NEXT.get().unwrap_or(standard) };
        let is_news = may_end_a_restore(statement);
        next(statement, text, read_only, context, params, environment, destination, completion);
        if is_news {
            expect_tables();
        }
    }
}

fn is_lock(statement: *mut pg_sys::PlannedStmt) -> bool {
    // SAFETY: as in `exclusive`.
    unsafe { (*(*statement).utilityStmt).type_ == pg_sys::NodeTag::T_LockStmt }
}

/// Refuses a LOCK TABLE that its sender has no right to.
#[pg_guard]
extern "C-unwind" fn require_lockable(statement: *mut pg_sys::PlannedStmt) {
    // SAFETY: the statement is a LOCK TABLE.
    let answer = unsafe { locked::require_lockable((*statement).utilityStmt.cast()) };
    if let Err(failure) = answer {
        session::raise_unfit(failure.code, &failure.message, &failure.hint);
    }
}

#[pg_guard]
extern "C-unwind" fn expect_tables() {
    expect();
}

/// Tells the keeper that tables of ours are about to be in this database. Not of databases where the extension is not,
/// or not ours: a process would stay there for a while.
pub fn expect() {
    if let Some(keeper) = KEEPER.get().filter(|_| owner::require_home().is_ok()) {
        (keeper.expect)(worker::my_database());
    }
}

/// Whether a statement makes our extension, or may populate `bourse.at_work`.
fn may_end_a_restore(statement: *mut pg_sys::PlannedStmt) -> bool {
    use pg_sys::NodeTag::{T_CreateExtensionStmt, T_RefreshMatViewStmt};
    // SAFETY: as in `exclusive`; a materialized view has a name.
    let name = unsafe {
        let node = (*statement).utilityStmt;
        match (*node).type_ {
            T_CreateExtensionStmt => {
                return is_name((*node.cast::<pg_sys::CreateExtensionStmt>()).extname, c"pg_bourse");
            }
            T_RefreshMatViewStmt => (*(*node.cast::<pg_sys::RefreshMatViewStmt>()).relation).relname,
            _ => return false,
        }
    };
    is_name(name, c"at_work")
}

fn is_name(name: *const std::ffi::c_char, wanted: &CStr) -> bool {
    // SAFETY: the parser ends a name with a zero.
    unsafe { CStr::from_ptr(name) == wanted }
}

/// Runs a statement that may need a database for itself.
#[pg_guard]
#[expect(clippy::too_many_arguments, reason = "the signature of the hook")]
// SAFETY: only the hook calls it, with what it was given.
unsafe extern "C-unwind" fn around(
    statement: *mut pg_sys::PlannedStmt,
    text: *const std::ffi::c_char,
    read_only: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    destination: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    let wanted = exclusive(statement);
    let cleared = wanted.zip(KEEPER.get()).map(|(database, keeper)| Cleared(database, keeper));
    if let Some(Cleared(database, keeper)) = &cleared {
        (keeper.clear)(*database);
    }
    let next = NEXT.get().unwrap_or(standard);
    // SAFETY: the arguments are passed on as they came, to the next hook or to the server.
    unsafe {
        pg_sys::ffi::pg_guard_ffi_boundary(|| {
            next(statement, text, read_only, context, params, environment, destination, completion);
        });
    }
}

/// Whether a statement is of a kind that [`exclusive`] looks at.
fn may_need_a_database(statement: *mut pg_sys::PlannedStmt) -> bool {
    use pg_sys::NodeTag::{T_AlterDatabaseStmt, T_CreatedbStmt, T_DropdbStmt, T_RenameStmt};
    // SAFETY: the server gives the hook a planned utility statement; a node's tag says what it is.
    let tag = unsafe { (*(*statement).utilityStmt).type_ };
    matches!(tag, T_DropdbStmt | T_RenameStmt | T_AlterDatabaseStmt | T_CreatedbStmt)
}

/// The database that a statement needs for itself, if the caller may run that statement on it.
fn exclusive(statement: *mut pg_sys::PlannedStmt) -> Option<u32> {
    // SAFETY: the server gives the hook a planned utility statement; a node's tag says what it is.
    let name = unsafe {
        let node = (*statement).utilityStmt;
        match (*node).type_ {
            pg_sys::NodeTag::T_DropdbStmt => (*node.cast::<pg_sys::DropdbStmt>()).dbname,
            pg_sys::NodeTag::T_RenameStmt => {
                let rename = node.cast::<pg_sys::RenameStmt>();
                let database = (*rename).renameType == pg_sys::ObjectType::OBJECT_DATABASE;
                if database { (*rename).subname } else { return None }
            }
            pg_sys::NodeTag::T_AlterDatabaseStmt => {
                let alter = node.cast::<pg_sys::AlterDatabaseStmt>();
                option((*alter).options, c"tablespace")?;
                (*alter).dbname
            }
            pg_sys::NodeTag::T_CreatedbStmt => {
                let template = option((*node.cast::<pg_sys::CreatedbStmt>()).options, c"template")?;
                pg_sys::defGetString(template)
            }
            _ => return None,
        }
    };
    // SAFETY: catalog look-ups by a name that the parser has ended with a zero.
    unsafe {
        let database = pg_sys::get_database_oid(name, true);
        (database != pg_sys::InvalidOid && owns(database)).then(|| database.to_u32())
    }
}

/// Whether the current user may drop a database.
fn owns(database: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up of a database that exists.
    #[cfg(feature = "pg15")]
    unsafe {
        pg_sys::pg_database_ownercheck(database, pg_sys::GetUserId())
    }
    // SAFETY: as above.
    #[cfg(not(feature = "pg15"))]
    unsafe {
        pg_sys::object_ownercheck(pg_sys::DatabaseRelationId, database, pg_sys::GetUserId())
    }
}

/// An option of a statement by its name.
fn option(options: *mut pg_sys::List, name: &CStr) -> Option<*mut pg_sys::DefElem> {
    // SAFETY: the parser makes a list of DefElem, whose names end with a zero.
    unsafe {
        let length = if options.is_null() { 0 } else { (*options).length };
        (0..length)
            .map(|at| pg_sys::list_nth(options, at).cast::<pg_sys::DefElem>())
            .find(|option| CStr::from_ptr((**option).defname) == name)
    }
}

fn text(name: *const std::ffi::c_char) -> String {
    // SAFETY: a catalog name ends with a zero.
    unsafe { CStr::from_ptr(name).to_string_lossy().into_owned() }
}
