//! Procedures that end the transaction of their caller and work in transactions of their own.

use pgrx::{PgSqlErrorCode, pg_sys};

use super::session;
use crate::error::{Answer, Failure};

/// Commits the caller's transaction, and then has `work` done in one transaction after the other, until it says that
/// nothing is left. In those there is nothing else: no trigger that the caller has deferred, nothing that he can roll
/// back. Refuses (2D000) where the caller's transaction is not the procedure's to end.
pub fn in_own_transactions(
    call: pg_sys::FunctionCallInfo,
    name: &str,
    mut work: impl FnMut() -> Answer<bool>,
) -> Answer<()> {
    if is_atomic(call) {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_INVALID_TRANSACTION_TERMINATION,
            format!("{name} cannot run inside a transaction block, a function or an EXCEPTION block"),
            "It commits what it does: CALL it outside of BEGIN, from a session that commits each statement.",
        ));
    }
    // SAFETY: the call is not atomic, so transactions may end in it; each snapshot is popped before its transaction
    // ends, and an error ends the transaction and the connection to SPI with it.
    unsafe {
        pg_sys::SPI_connect_ext(pg_sys::SPI_OPT_NONATOMIC as i32);
        pg_sys::SPI_commit();
        loop {
            // With debug messages on the client would see what is not committed yet.
            session::set_for_now(c"client_min_messages", c"warning");
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            let more = work()?;
            pg_sys::PopActiveSnapshot();
            pg_sys::SPI_commit();
            if !more {
                break;
            }
        }
        pg_sys::SPI_finish();
    }
    Ok(())
}

/// Whether the call stands in a transaction that has to stay as it is.
fn is_atomic(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: CALL gives a context, whose tag says what it is; anything else does not.
    unsafe {
        let context = (*call).context.cast::<pg_sys::CallContext>();
        context.is_null()
            || (*context).type_ != pg_sys::NodeTag::T_CallContext
            || (*context).atomic
            || pg_sys::IsSubTransaction()
    }
}
