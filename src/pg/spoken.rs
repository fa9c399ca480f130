//! The setting `bourse.user_id`: for whom a transaction acts. It counts only in the transaction in which it was set.
//!
//! PostgreSQL keeps a note of ours beside each value of the setting, also beside those that a savepoint, a function or
//! the end of the transaction brings back: the value and its note come and go together.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};

use pgrx::{PgSqlErrorCode, pg_sys};

use super::session;
use crate::error::clip;

/// The name of the setting.
const NAME: &CStr = c"bourse.user_id";
/// What it says for everybody.
const EVERYBODY: &str = "everybody";

/// For whom a transaction acts, as it has said itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// For everybody.
    Everybody,
    /// For one user.
    User(i64),
}

/// What is kept beside a value that says something.
#[derive(Clone, Copy)]
struct Note {
    whom: Whom,
    transaction: Transaction,
}

/// Which transaction of this session it is. The number alone comes again after 4 billion of them.
type Transaction = (u32, i64);

thread_local! {
    /// The note beside the value that holds now.
    static CURRENT: Cell<Option<Note>> = const { Cell::new(None) };
    /// Whether the setting is being made known: values that were there before count for nothing.
    static DEFINING: Cell<bool> = const { Cell::new(false) };
}

/// Where the server keeps the value. Nobody reads it here.
static mut VALUE: *mut c_char = std::ptr::null_mut();

/// Makes the setting known. Called once, when the library is loaded.
pub fn define() {
    DEFINING.set(true);
    // SAFETY: the texts and the variable live as long as the process; the hooks fit their declarations.
    unsafe {
        pg_sys::DefineCustomStringVariable(
            NAME.as_ptr(),
            c"The user for whom this transaction of a member of bourse_gateway acts, or 'everybody'.".as_ptr(),
            c"Counts in the transaction in which it is set: SELECT identity.act_as(user_id), or SET LOCAL.".as_ptr(),
            &raw mut VALUE,
            c"".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            0,
            Some(check),
            Some(assign),
            None,
        );
    }
    DEFINING.set(false);
}

/// For whom this transaction acts, if it has said so.
pub fn whom() -> Option<Whom> {
    CURRENT.get().filter(|note| note.transaction == this_transaction()).map(|note| note.whom)
}

/// Says for whom this transaction acts, until it ends or goes back to a savepoint from before.
pub fn say(whom: Whom) {
    let value = match whom {
        Whom::Everybody => EVERYBODY.to_owned(),
        Whom::User(id) => id.to_string(),
    };
    // A number or a word: it holds no zero byte.
    let Ok(value) = std::ffi::CString::new(value) else { return };
    session::set_for_now(NAME, &value);
}

fn this_transaction() -> Transaction {
    // SAFETY: reads a backend variable.
    (session::transaction_number(), unsafe { pg_sys::GetCurrentTransactionStartTimestamp() })
}

/// What a value says; an error for what it cannot say.
fn read(value: &str) -> Result<Option<Whom>, std::num::ParseIntError> {
    match value.trim() {
        "" => Ok(None),
        EVERYBODY => Ok(Some(Whom::Everybody)),
        id => id.parse().map(|id| Some(Whom::User(id))),
    }
}

// SAFETY: only the server calls it, with a zero-ended value that it is about to keep and the place of the note.
unsafe extern "C-unwind" fn check(value: *mut *mut c_char, note: *mut *mut c_void, source: u32) -> bool {
    // SAFETY: as above. A value that is not UTF-8 says nothing that can be read.
    let text = unsafe { CStr::from_ptr(*value) }.to_string_lossy();
    let whom = match read(&text) {
        Ok(whom) => whom,
        Err(_) => {
            // The server's own message would repeat the value whole, however long it is.
            let message = format!("invalid value for parameter {NAME:?}: {:?}", clip(&text));
            let message = std::ffi::CString::new(message).unwrap_or_default();
            // SAFETY: the server takes the texts with its own error; they are never freed before.
            unsafe {
                pg_sys::GUC_check_errcode(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE as i32);
                pg_sys::GUC_check_errmsg_string = pg_sys::pstrdup(message.as_ptr());
                pg_sys::GUC_check_errhint_string = pg_sys::pstrdup(HINT.as_ptr());
            }
            return false;
        }
    };
    // SET and its kin only: not a file, a role's or a database's setting, an option of the connection.
    let said = source == pg_sys::GucSource::PGC_S_SESSION && !DEFINING.get();
    let Some(whom) = whom.filter(|_| said) else { return true };
    // SAFETY: the server frees the note with the function that belongs to this allocation.
    unsafe {
        let memory = allocate(size_of::<Note>()).cast::<Note>();
        if memory.is_null() {
            return false;
        }
        memory.write(Note { whom, transaction: this_transaction() });
        *note = memory.cast();
    }
    true
}

const HINT: &CStr = c"Set it to the id of a user, or to 'everybody', in the transaction that it is for.";

/// Memory for a note, which the server frees.
fn allocate(size: usize) -> *mut c_void {
    // SAFETY: a plain allocation; the server frees notes with free().
    #[cfg(feature = "pg15")]
    unsafe {
        libc::malloc(size)
    }
    // SAFETY: as above, with guc_free().
    #[cfg(not(feature = "pg15"))]
    unsafe {
        pg_sys::guc_malloc(pg_sys::LOG as i32, size)
    }
}

// SAFETY: only the server calls it, with the note that belongs to the value that holds from now on.
unsafe extern "C-unwind" fn assign(_value: *const c_char, note: *mut c_void) {
    // SAFETY: null, or what check() has written.
    CURRENT.set((!note.is_null()).then(|| unsafe { note.cast::<Note>().read() }));
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn a_note_of_another_transaction_says_nothing() {
        say(Whom::User(7));
        assert_eq!(whom(), Some(Whom::User(7)));
        let mut note = CURRENT.get().expect("a note");
        note.transaction.0 = note.transaction.0.wrapping_add(1);
        CURRENT.set(Some(note));
        assert_eq!(whom(), None);
    }

    #[pg_test]
    fn a_value_is_an_id_or_everybody() {
        assert_eq!(read(" 12 "), Ok(Some(Whom::User(12))));
        assert_eq!(read("everybody"), Ok(Some(Whom::Everybody)));
        assert_eq!(read("  "), Ok(None));
        for value in ["nobody", "1;2", "9223372036854775808", "1.5", "EVERYBODY"] {
            assert!(read(value).is_err(), "{value}");
        }
    }
}
