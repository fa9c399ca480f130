//! A session's side: leave a request in the ring, sleep, come back with the answer.

use std::cell::Cell;
use std::ffi::CStr;
use std::time::{Duration, Instant};

use pgrx::prelude::PgSqlErrorCode;

use super::super::command::{Action, Command};
use super::super::errand::{Errand, Piece, Sweep, Transfer};
use super::super::result::OrderResult;
use super::super::settings;
use super::desk::NAME;
use super::message::{Reply, Request, Work, WorkOutcome};
use super::ring::{RING, SlotUse};
use crate::bourse::supervisor;
use crate::error::{Answer, Failure};
use crate::pg::latch::{self, Latch};
use crate::pg::{lock, session, worker};

/// How long a request waits for a sequencer to be there at all.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a waiting session looks whether there is a sequencer.
const LOOK: Duration = Duration::from_secs(1);
/// How often a session looks for a free slot.
const FULL: Duration = Duration::from_millis(2);

thread_local! {
    /// The request of this session that is on its way.
    static WAITING: Cell<Option<SlotUse>> = const { Cell::new(None) };
    /// Whether the end of this process gives it up.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What the sequencer opens: it would wait for whoever keeps writers out of one of these.
const OPENED: [(&CStr, &CStr); 9] = [
    (c"exchange", c"markets"),
    (c"exchange", c"orders"),
    (c"exchange", c"trades"),
    (c"exchange", c"assets"),
    (c"exchange", c"transfers"),
    (c"exchange", c"order_amendments"),
    (c"exchange", c"fee_groups"),
    (c"exchange", c"fee_schedules"),
    (c"identity", c"users"),
];

/// Has the sequencer carry out a command, in a transaction of its own, and waits until that is durable.
pub fn submit(command: &Command) -> Answer<OrderResult> {
    let (call, instead) = match command.action {
        Action::Cancel(_) => ("submit_cancel()", "cancel_order()"),
        Action::Amend { .. } => ("submit_amend()", "amend_order()"),
        Action::New { .. } | Action::Expire | Action::Stops | Action::SetStatus { .. } => {
            ("submit_order()", "place_order()")
        }
    };
    let unknown = || super::super::refusals::unknown_market(&command.symbol);
    match send(call, instead, &Work::Order(command.clone()), unknown)? {
        WorkOutcome::Order(result) => Ok(result),
        WorkOutcome::Number(_) | WorkOutcome::Piece(_) => Err(unknown_outcome()),
    }
}

/// Has the sequencer move money, and waits until that is durable; returns the id of the transfer.
pub fn submit_transfer(transfer: &Transfer) -> Answer<i64> {
    let unknown = || super::super::refusals::unknown_market(&transfer.asset);
    let work = Work::Errand(Errand::Transfer(transfer.clone()));
    match send("submit_transfer()", "transfer()", &work, unknown)? {
        WorkOutcome::Number(id) => Ok(id),
        WorkOutcome::Order(_) | WorkOutcome::Piece(_) => Err(unknown_outcome()),
    }
}

/// Has the sequencer cancel the next orders of a sweep, and waits until that is durable.
pub fn submit_sweep(sweep: &Sweep) -> Answer<Piece> {
    let unknown = || super::super::refusals::unknown_market(&sweep.symbol);
    let work = Work::Errand(Errand::Sweep(sweep.clone()));
    match send("submit_cancel_all()", "cancel_all_orders()", &work, unknown)? {
        WorkOutcome::Piece(piece) => Ok(piece),
        WorkOutcome::Order(_) | WorkOutcome::Number(_) => Err(unknown_outcome()),
    }
}

fn send(call: &str, instead: &str, work: &Work, unknown: impl Fn() -> Failure) -> Answer<WorkOutcome> {
    if !supervisor::is_preloaded() {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("{call} needs the library to be preloaded"),
            format!("Set shared_preload_libraries = 'pg_bourse' and restart the server; {instead} works without."),
        ));
    }
    let held =
        |(schema, name): &(&CStr, &CStr)| session::relation(schema, name).is_some_and(session::keeps_writers_out);
    // LOCK TABLE is for transactions that were begun; a statement of its own need not look.
    let locked = session::has_begun() && OPENED.iter().any(held);
    if session::has_written() || lock::is_any_taken() || locked {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION,
            format!("{call} is a transaction of its own and cannot follow writes or locks of this one"),
            format!("The sequencer might wait for what this transaction holds: commit first, or use {instead}."),
        ));
    }
    PendingRequest::send(Request::of(work).ok_or_else(unknown)?).reply()
}

/// A request on its way. Dropped early (by an error: a cancel, a timeout) it is withdrawn, if it still can be.
struct PendingRequest(SlotUse);

impl PendingRequest {
    fn send(request: Request) -> PendingRequest {
        if !GUARDED.replace(true) {
            worker::on_exit(abandon);
        }
        let database = worker::my_database();
        let place = loop {
            let limit = settings::ring_slots();
            if let Some(place) = RING.with(|ring| ring.send(database, request, Latch::mine(), limit)) {
                break place;
            }
            latch::sleep(FULL);
        };
        WAITING.set(Some(place));
        supervisor::wake(NAME);
        PendingRequest(place)
    }

    fn reply(self) -> Answer<WorkOutcome> {
        let mut seen = Instant::now();
        loop {
            // A reply that is there already has set the latch.
            latch::sleep(LOOK);
            if let Some(reply) = RING.with(|ring| ring.reply(self.0)) {
                return Reply::answer(&reply);
            }
            if supervisor::is_coming(NAME) {
                seen = Instant::now();
            } else if seen.elapsed() > PATIENCE && RING.with(|ring| ring.withdraw(self.0)) {
                return Err(absent());
            }
        }
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        abandon();
    }
}

/// Gives up the request that is on its way, if there is one.
fn abandon() {
    if let Some(place) = WAITING.take() {
        RING.with(|ring| ring.leave(place));
    }
}

fn absent() -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_CANNOT_CONNECT_NOW,
        "no sequencer works in this database: the request was not sent",
        "See the server log; max_worker_processes must leave room for the launcher and one sequencer per database.",
    )
}

/// What a request is answered whose sequencer has ended before it could tell.
pub fn unknown_outcome() -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN,
        "the sequencer has ended while it carried out the request",
        "Send it again with the same client_order_id or reference: it is carried out once, and the first answer is given again.",
    )
}
