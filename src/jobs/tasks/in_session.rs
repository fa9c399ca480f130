//! `jobs.run_tasks()`: tasks that are due, in the session of whoever calls it.

use std::ffi::CString;

use pgrx::datum::Uuid;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::subtransaction::attempt;
use crate::pg::{owner, procedure, session, statement, worker};

/// A run in this session's hands.
struct Held {
    run: i64,
    lease: Uuid,
}

/// What a transaction of the procedure does next.
enum Next {
    Claim,
    Run(Held),
}

/// Claims in one transaction and works in another: whoever looks sees that it runs, and one that ends the session has
/// used up an attempt.
#[pg_extern(sql = false)]
fn jobs_run_tasks(most: Option<i32>, call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let mut left = most.filter(|most| (1..=10_000).contains(most)).ok_or_else(|| {
        let given = most.map_or("NULL".to_owned(), |most| most.to_string());
        Failure::invalid(format!("most is {given}"), "Run 1 to 10000 tasks at a time.")
    })?;
    let (mut next, mut kept) = (Next::Claim, Vec::new());
    Ok(procedure::in_own_transactions(call, "jobs.run_tasks()", || {
        session::as_role(owner::NAME, || {
            match std::mem::replace(&mut next, Next::Claim) {
                Next::Claim if left == 0 => return give_back(&kept),
                Next::Claim => match claim()? {
                    None => return give_back(&kept),
                    // For the worker. It stays in hand until the others have had their turn.
                    Some((held, true)) => kept.push(held),
                    Some((held, false)) => next = Next::Run(held),
                },
                Next::Run(held) => {
                    left -= 1;
                    run(&held)?;
                }
            }
            Ok(true)
        })
    })?)
}

/// Calls a procedure with the rights of its owner, until the function ends.
#[pg_extern(sql = false)]
fn jobs_call_as_owner(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let arguments = Arguments::of(call);
    let text = arguments.get::<&str>(2).and_then(|text| CString::new(text).ok());
    let (Some(owner), Some(procedure), Some(text)) = (arguments.get(0), arguments.get(1), text) else {
        return Err(Failure::null("owner, procedure or statement").into());
    };
    let parameter = arguments.json(3).filter(|_| text.as_bytes().ends_with(b"($1)"));
    owner::enter_restricted(owner);
    session::set_for_now(c"search_path", c"pg_catalog, pg_temp");
    statement::call(&text, procedure, parameter);
    Ok(())
}

/// The next run that is due, and whether it works outside of a transaction.
fn claim() -> Answer<Option<(Held, bool)>> {
    let worker = format!("run_tasks {}", worker::my_pid());
    let claimed = Spi::connect_mut(|client| {
        let rows = client.update(
            "SELECT t.run_id, t.lease, jobs_private.is_top_level(t.task) FROM jobs_private.take_task($1, '1 day') t",
            None,
            &[worker.into()],
        )?;
        if rows.is_empty() { Ok(None) } else { rows.first().get_three::<i64, Uuid, bool>().map(Some) }
    });
    let Some((Some(run), Some(lease), Some(top_level))) = claimed.map_err(failed)? else { return Ok(None) };
    Ok(Some((Held { run, lease }, top_level)))
}

fn run(held: &Held) -> Answer<()> {
    let (lease, run) = (held.lease, held.run);
    let done = attempt(|| {
        Spi::run_with_args("SELECT jobs_private.run_task($1, $2)", &[lease.into(), run.into()]).map_err(failed)
    });
    let Err(failure) = done else { return Ok(()) };
    let error = format!("{} ({})", failure.message, failure.sqlstate());
    // Its lease may have ended meanwhile: then it is somebody else's, and this has changed nothing.
    let told = attempt(|| {
        let arguments = [lease.into(), run.into(), error.into()];
        Spi::run_with_args("SELECT jobs.fail($1, $2, $3)", &arguments).map_err(failed)
    });
    if let Err(failure) = told {
        pgrx::warning!("run {run}: {}", failure.message);
    }
    Ok(())
}

fn give_back(kept: &[Held]) -> Answer<bool> {
    for held in kept {
        Spi::run_with_args("SELECT jobs.release($1)", &[held.lease.into()]).map_err(failed)?;
    }
    Ok(false)
}

fn failed(error: spi::Error) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, format!("jobs.run_tasks() failed: {error}"), "")
}
