//! The SQL calls of queues: `sql/bourse/queue.sql`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

use pgrx::datum::Interval;
use pgrx::pg_sys::Oid;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::claim::{self, Ask, Only, claim};
use super::put_back::{self, Cancelled};
use super::settle::{Change, clipped, settle};
use super::{Queue, requests};
use crate::bourse::hidden::require_line;
use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::column::{Column, Kind};
use crate::pg::lock;
use crate::pg::results::Rows;
use crate::pg::subtransaction;
use crate::pg::value::{Timestamp, Uuid, Value, microseconds, spelled};
use crate::pg::{owner, session};

const DAY: i64 = 86_400_000_000;

/// What time it is: as it is said, or as the clock tells.
pub fn moment(arguments: &Arguments, place: usize) -> Option<Timestamp> {
    arguments.get(place).map(Timestamp)
}

/// How long a lease lasts.
pub fn lease_end(lasting: Option<Interval>) -> Answer<Duration> {
    let lasting = lasting.ok_or_else(|| Failure::null("lease"))?;
    match microseconds(lasting) {
        length @ 1_000_000..=DAY => Ok(Duration::from_micros(length as u64)),
        _ => Err(Failure::invalid(
            format!("a lease of {}", spelled(lasting)),
            "A lease lasts from 1 second to 1 day; extend it for longer work.",
        )),
    }
}

/// A worker with a name.
pub fn require_worker(worker: Option<&str>) -> Answer<&str> {
    let worker = worker.ok_or_else(|| Failure::null("worker"))?;
    let length = worker.chars().count();
    if !(1..=100).contains(&length) {
        let hint = "Give the worker a name of 1 to 100 characters.";
        return Err(Failure::invalid(format!("worker has {length} characters"), hint));
    }
    require_line("worker", worker)?;
    Ok(worker)
}

/// A worker with a name, and a number of items within bounds.
pub fn require_claim(worker: Option<&str>, n: Option<i32>) -> Answer<(&str, usize)> {
    let worker = require_worker(worker)?;
    let n = n.ok_or_else(|| Failure::null("n"))?;
    match usize::try_from(n) {
        Ok(n @ 1..=10_000) => Ok((worker, n)),
        _ => Err(Failure::invalid(format!("n is {n}"), "Claim from 1 to 10000 items at a time.")),
    }
}

fn queue_of(arguments: &Arguments) -> Answer<Oid> {
    arguments.get(0).ok_or_else(|| Failure::null("queue"))
}

/// The lease, the items, and what time it is.
type Held = (Uuid, Option<Vec<Option<i64>>>, Timestamp);

fn held(arguments: &Arguments, ids: usize, at: usize) -> Answer<Held> {
    let lease = arguments.uuid(1).ok_or_else(|| Failure::null("lease"))?;
    Ok((lease, arguments.get(ids), moment(arguments, at).unwrap_or_else(Timestamp::now)))
}

/// One column of a name that a module says, kept for good: there are few.
fn column(name: &str) -> &'static [Column] {
    thread_local! {
        static COLUMNS: RefCell<Vec<&'static [Column]>> = const { RefCell::new(Vec::new()) };
    }
    COLUMNS.with_borrow_mut(|columns| {
        if let Some(known) = columns.iter().find(|known| known[0].0 == name) {
            return *known;
        }
        let name = &*Box::leak(name.to_owned().into_boxed_str());
        let column = &*Box::leak(Box::new([(name, Kind::Text)]));
        columns.push(column);
        column
    })
}

#[pg_extern(sql = false)]
fn queue_claim(call: pg_sys::FunctionCallInfo) -> Result<Rows<4>, ErrorReport> {
    let arguments = Arguments::of(call);
    let queue = queue_of(&arguments)?;
    let (worker, n) = require_claim(arguments.get(1), arguments.get(2))?;
    let lasting = lease_end(arguments.get(3))?;
    let (name, words): (Option<&str>, Option<Vec<Option<String>>>) = (arguments.get(4), arguments.get(5));
    let own = name.map_or(&[] as &[Column], column);
    let claimed = Queue::work(queue, own, |queue| {
        let words = name.map(|_| words.unwrap_or_default().into_iter().flatten().collect());
        let only = Only { column: queue.own(), words, except: Vec::new() };
        claim(queue, &Ask { worker, n, lasting, at: moment(&arguments, 6), lane: None, only }, |_| ())
    })?;
    let row = |item: claim::Claimed<()>| {
        [Value::Int(item.id), item.lease.map_or(Value::Null, Value::Uuid), Value::Int4(item.attempt), item.ends.into()]
    };
    Ok(Rows(claimed.into_iter().map(row).collect()))
}

#[pg_extern(sql = false)]
fn queue_extend(call: pg_sys::FunctionCallInfo) -> Result<Rows<1>, ErrorReport> {
    let arguments = Arguments::of(call);
    let queue = queue_of(&arguments)?;
    let (lease, ids, now) = held(&arguments, 3, 4)?;
    let until = now + lease_end(arguments.get(2))?;
    let change = Change::Extend(until);
    let settled = Queue::work(queue, &[], |queue| settle(queue, lease, ids.as_deref(), now, &change, &[]))?;
    Ok(Rows(settled.into_iter().map(|item| [Value::Int(item.id)]).collect()))
}

#[pg_extern(sql = false)]
fn queue_complete(call: pg_sys::FunctionCallInfo) -> Result<i64, ErrorReport> {
    let arguments = Arguments::of(call);
    let queue = queue_of(&arguments)?;
    let (lease, ids, now) = held(&arguments, 2, 4)?;
    let change = moment(&arguments, 3).map_or(Change::Complete, Change::Again);
    let settled = Queue::work(queue, &[], |queue| settle(queue, lease, ids.as_deref(), now, &change, &[]))?;
    Ok(settled.len() as i64)
}

#[pg_extern(sql = false)]
fn queue_release(call: pg_sys::FunctionCallInfo) -> Result<i64, ErrorReport> {
    let arguments = Arguments::of(call);
    let queue = queue_of(&arguments)?;
    let (lease, ids, now) = held(&arguments, 2, 3)?;
    let settled = Queue::work(queue, &[], |queue| settle(queue, lease, ids.as_deref(), now, &Change::Release, &[]))?;
    Ok(settled.len() as i64)
}

#[pg_extern(sql = false)]
fn queue_fail(call: pg_sys::FunctionCallInfo) -> Result<&'static str, ErrorReport> {
    let arguments = Arguments::of(call);
    let queue = queue_of(&arguments)?;
    let id: i64 = arguments.get(2).ok_or_else(|| Failure::null("id"))?;
    let failed = Failed::of(&arguments, 3)?;
    let lease = arguments.uuid(1).ok_or_else(|| Failure::null("lease"))?;
    let now = moment(&arguments, 6).unwrap_or_else(Timestamp::now);
    Ok(Queue::work(queue, &[], |queue| failed.settle(queue, lease, id, now))?)
}

/// What a worker says, but for what holds a secret: others read it.
fn without_secret(error: &str) -> Answer<Cow<'_, str>> {
    let look = "SELECT bourse_private.secret_in(pg_catalog.jsonb_build_object('error', $1)) IS NOT NULL";
    let has_one = session::as_role(owner::NAME, || Spi::get_one_with_args::<bool>(look, &[error.into()]))
        .map_err(|error| Failure::of("XX000", &error.to_string(), ""))?;
    Ok(if has_one == Some(true) { Cow::Borrowed("[redacted]") } else { Cow::Borrowed(error) })
}

/// What a worker says of an attempt that has failed: error, retry_after and permanent, from this place on.
pub struct Failed<'a> {
    error: Cow<'a, str>,
    retry_after: Option<i64>,
    permanent: bool,
}

impl<'a> Failed<'a> {
    /// Reads it.
    pub fn of(arguments: &'a Arguments, place: usize) -> Answer<Failed<'a>> {
        let error = without_secret(arguments.get(place).ok_or_else(|| Failure::null("error"))?)?;
        let retry_after: Option<Interval> = arguments.get(place + 1);
        let permanent = arguments.get(place + 2).ok_or_else(|| Failure::null("permanent"))?;
        let year = 0..=360 * DAY;
        if let Some(wait) = retry_after.filter(|wait| !year.contains(&microseconds(*wait))) {
            let hint = "Give an interval from 0 to 1 year, or NULL.";
            return Err(Failure::invalid(format!("retry_after is {}", spelled(wait)), hint));
        }
        Ok(Failed { error, retry_after: retry_after.map(microseconds), permanent })
    }

    /// Whether no further attempt would be any better.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// What the worker says, as much of it as is kept.
    pub fn error(&self) -> Cow<'_, str> {
        clipped(&self.error)
    }

    /// Returns the status that the item has now.
    pub fn settle(&self, queue: &mut Queue, lease: Uuid, id: i64, now: Timestamp) -> Answer<&'static str> {
        let again_at = self.retry_after.map(|wait| Timestamp(now.0 + wait));
        let error = self.error();
        let change = Change::Fail { error: &error, again_at, permanent: self.permanent };
        let settled = settle(queue, lease, Some(&[Some(id)]), now, &change, &[])?;
        Ok(settled.first().map_or("failed", |item| item.status))
    }
}

#[pg_extern(sql = false)]
fn hold_key(hash: i64) {
    lock::hold(hash.cast_unsigned());
}

#[pg_extern(sql = false)]
fn queue_cancel(queue: Option<Oid>, id: Option<i64>) -> Result<bool, ErrorReport> {
    let queue = queue.ok_or_else(|| Failure::null("queue"))?;
    let Some(id) = id else { return Ok(false) };
    let what = match Queue::work(queue, &[], |queue| put_back::look(queue, id))? {
        Some(what) => what,
        None => cancel_waiting(queue, id)?,
    };
    if let Cancelled::Runs(lease) = what {
        requests::ask(lease, id);
    }
    Ok(!matches!(what, Cancelled::Gone))
}

/// Cancels an item that waited a moment ago. If it runs by now it is not left locked: its worker would wait for us.
fn cancel_waiting(queue: Oid, id: i64) -> Answer<Cancelled> {
    let mut what = Cancelled::Gone;
    let ended = subtransaction::attempt(|| {
        what = Queue::work(queue, &[], |queue| put_back::cancel(queue, id, Timestamp::now()))?;
        match what {
            Cancelled::Runs(_) => Err(Failure::of("40001", "the item runs", "")),
            _ => Ok(()),
        }
    });
    match (ended, &what) {
        (Err(failure), Cancelled::Ended | Cancelled::Gone) => Err(failure),
        _ => Ok(what),
    }
}

#[pg_extern(sql = false)]
fn queue_retry(call: pg_sys::FunctionCallInfo) -> Result<Rows<1>, ErrorReport> {
    let arguments = Arguments::of(call);
    let queue = queue_of(&arguments)?;
    let ids: Vec<Option<i64>> = arguments.get(1).unwrap_or_default();
    let now = moment(&arguments, 2).unwrap_or_else(Timestamp::now);
    let done = Queue::work(queue, &[], |queue| put_back::retry(queue, &ids, now))?;
    Ok(Rows(done.into_iter().map(|id| [Value::Int(id)]).collect()))
}
