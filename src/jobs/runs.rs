//! The SQL calls of workers: `sql/jobs/workers.sql`. Who may call them is a matter of grants.

use std::cell::Cell;

use pgrx::pg_sys::Oid;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::bourse::queue::{Ask, Change, Failed, Only, Queue, claim, lease_end, require_claim, settle, turn};
use crate::bourse::require_tables;
use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::catalog::changes;
use crate::pg::column::{Column, Kind};
use crate::pg::definition::Definition;
use crate::pg::fields::table;
use crate::pg::results::Rows;
use crate::pg::row::Row;
use crate::pg::table::Table;
use crate::pg::value::{Json, Timestamp, Uuid, Value};
use crate::pg::{owner, session};

/// What jobs reads and writes of a run beside the columns of every queue.
pub(super) static OWN: [Column; 7] = [
    ("job_type", Kind::Text),
    ("user_id", Kind::Int),
    ("job_id", Kind::Int),
    ("job_snapshot", Kind::Json),
    ("result", Kind::Json),
    ("progress", Kind::Json),
    ("scheduled_for", Kind::Time),
];
/// What the platform runs itself.
const TASK: &str = "task";
const JOB_TYPE: usize = 0;
const USER_ID: usize = 1;
const JOB_SNAPSHOT: usize = 3;
const RESULT: usize = 4;
const PROGRESS: usize = 5;

static PAUSED: Definition = Definition { schema: c"jobs", name: c"paused_types", columns: paused::ALL, checks: &[] };

table! {
    /// `jobs.paused_types`.
    pub mod paused: read {
        job_type: Text,
    }
}

/// What a worker is told of a run.
struct Job {
    job_type: Value<'static>,
    target: Value<'static>,
    task_params: Value<'static>,
    user_id: Option<i64>,
}

impl Job {
    fn read(row: &Row<'_>, own: usize) -> Job {
        let snapshot = row.some_json(own + JOB_SNAPSHOT);
        let target = snapshot.and_then(|snapshot| snapshot.text("target"));
        let task_params = snapshot.and_then(|snapshot| snapshot.field("task_params"));
        Job {
            job_type: Value::kept(row.text(own + JOB_TYPE)),
            target: target.map_or(Value::Null, |target| Value::kept(&target)),
            task_params: task_params.map_or(Value::Null, Value::Json),
            user_id: row.some_int(own + USER_ID),
        }
    }
}

/// The table of runs.
pub(super) fn queue() -> Answer<Oid> {
    thread_local! {
        /// What it was when so many changes of definitions had been heard of.
        static KNOWN: Cell<Option<(u64, Oid)>> = const { Cell::new(None) };
    }
    let changes = changes();
    if let Some((_, queue)) = KNOWN.get().filter(|known| known.0 == changes) {
        return Ok(queue);
    }
    require_tables()?;
    let queue = session::relation(c"jobs", c"schedule_runs")
        .unwrap_or_else(|| session::raise_missing("table jobs.schedule_runs"));
    KNOWN.set(Some((changes, queue)));
    Ok(queue)
}

/// Refuses whoever is not the owner of our tables: a worker could say of a task that it is done, and it would not be.
fn require_platform() -> Answer<()> {
    if owner::role() == Some(session::current_role()) {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        "no worker claims runs of type task",
        "The platform runs them: set bourse.tasks = on with pg_bourse preloaded, or CALL jobs.run_tasks().",
    ))
}

/// The job types that nobody is to run now.
fn paused_types() -> Vec<String> {
    let mut table = Table::open(&PAUSED);
    let mut types = Vec::new();
    if !table.is_empty() {
        let index = table.index(c"paused_types_pkey");
        table.scan(index, &[], |row| {
            types.push(paused::of(row).job_type().to_owned());
            std::ops::ControlFlow::Continue(())
        });
    }
    table.close();
    types
}

/// What a worker asks for: worker, job_types, n and lease, from this place on.
struct Wanted<'a> {
    worker: &'a str,
    n: usize,
    lasting: std::time::Duration,
    words: Option<Vec<String>>,
}

impl<'a> Wanted<'a> {
    fn of(arguments: &'a Arguments, place: usize, lease: usize) -> Answer<Wanted<'a>> {
        let (worker, n) = require_claim(arguments.get(place), arguments.get(place + 2))?;
        let lasting = lease_end(arguments.get(lease))?;
        let words: Option<Vec<Option<String>>> = arguments.get(place + 1);
        let words: Option<Vec<String>> = words.map(|words| words.into_iter().flatten().collect());
        if words.as_ref().is_some_and(|words| words.iter().any(|word| word == TASK)) {
            require_platform()?;
        }
        Ok(Wanted { worker, n, lasting, words })
    }

    fn claim(self, queue: &mut Queue) -> Answer<Vec<[Value<'static>; 8]>> {
        let own = queue.own();
        let mut except = paused_types();
        except.extend(self.words.is_none().then(|| TASK.to_owned()));
        let only = Only { column: own + JOB_TYPE, words: self.words, except };
        let ask = Ask { worker: self.worker, n: self.n, lasting: self.lasting, at: None, lane: None, only };
        let claimed = claim(queue, &ask, |row| Job::read(row, own))?;
        // Those that have used up their attempts are dead letters now.
        let held = claimed.into_iter().filter_map(|run| run.lease.map(|lease| (run, lease)));
        Ok(held
            .map(|(run, lease)| {
                [
                    Value::Int(run.id),
                    Value::Uuid(lease),
                    run.own.job_type,
                    run.own.target,
                    run.own.task_params,
                    run.own.user_id.into(),
                    Value::Int4(run.attempt),
                    run.deadline.into(),
                ]
            })
            .collect())
    }
}

#[pg_extern(sql = false)]
fn jobs_claim(call: pg_sys::FunctionCallInfo) -> Result<Rows<8>, ErrorReport> {
    let arguments = Arguments::of(call);
    let wanted = Wanted::of(&arguments, 0, 3)?;
    Ok(Rows(Queue::work(queue()?, &OWN, |queue| wanted.claim(queue))?))
}

/// Lease, run_ids and result of runs that are done.
struct Done {
    lease: Uuid,
    ids: Option<Vec<Option<i64>>>,
    result: Option<Json>,
}

impl Done {
    fn of(arguments: &Arguments, result: usize) -> Answer<Done> {
        Ok(Done { lease: lease(arguments)?, ids: arguments.get(1), result: arguments.json(result) })
    }

    fn settle(&self, queue: &mut Queue) -> Answer<usize> {
        let result = self.result.map(|result| (queue.own() + RESULT, Value::Json(result)));
        let now = Timestamp::now();
        Ok(settle(queue, self.lease, self.ids.as_deref(), now, &Change::Complete, result.as_slice())?.len())
    }
}

fn lease(arguments: &Arguments) -> Answer<Uuid> {
    arguments.uuid(0).ok_or_else(|| Failure::null("lease"))
}

#[pg_extern(sql = false)]
fn jobs_complete(call: pg_sys::FunctionCallInfo) -> Result<i64, ErrorReport> {
    let done = Done::of(&Arguments::of(call), 2)?;
    Ok(Queue::work(queue()?, &OWN, |queue| done.settle(queue))? as i64)
}

#[pg_extern(sql = false)]
fn jobs_complete_and_claim(call: pg_sys::FunctionCallInfo) -> Result<Rows<8>, ErrorReport> {
    let arguments = Arguments::of(call);
    let (done, wanted) = (Done::of(&arguments, 6)?, Wanted::of(&arguments, 2, 5)?);
    let claimed = Queue::work(queue()?, &OWN, |queue| {
        done.settle(queue)?;
        // What has been let go by that may be claimed now.
        session::advance();
        wanted.claim(queue)
    })?;
    Ok(Rows(claimed))
}

#[pg_extern(sql = false)]
fn jobs_fail(call: pg_sys::FunctionCallInfo) -> Result<&'static str, ErrorReport> {
    let arguments = Arguments::of(call);
    let lease = lease(&arguments)?;
    let id: i64 = arguments.get(1).ok_or_else(|| Failure::null("run_id"))?;
    let failed = Failed::of(&arguments, 2)?;
    Ok(Queue::work(queue()?, &OWN, |queue| failed.settle(queue, lease, id, Timestamp::now()))?)
}

#[pg_extern(sql = false)]
fn jobs_heartbeat(call: pg_sys::FunctionCallInfo) -> Result<Rows<2>, ErrorReport> {
    let arguments = Arguments::of(call);
    let (lease, progress) = (lease(&arguments)?, arguments.json(1));
    let settled = Queue::work(queue()?, &OWN, |queue| {
        let progress = progress.map(|progress| (queue.own() + PROGRESS, Value::Json(progress)));
        settle(queue, lease, None, Timestamp::now(), &Change::Beat, progress.as_slice())
    })?;
    Ok(Rows(settled.into_iter().map(|run| [Value::Int(run.id), Value::Bool(run.cancel_requested)]).collect()))
}

#[pg_extern(sql = false)]
fn jobs_release(call: pg_sys::FunctionCallInfo) -> Result<i64, ErrorReport> {
    let lease = lease(&Arguments::of(call))?;
    let settled =
        Queue::work(queue()?, &OWN, |queue| settle(queue, lease, None, Timestamp::now(), &Change::Release, &[]))?;
    Ok(settled.len() as i64)
}

#[pg_extern(sql = false)]
fn jobs_turn(call: pg_sys::FunctionCallInfo) -> Result<Option<i64>, ErrorReport> {
    let arguments = Arguments::of(call);
    let (user_id, priority): (Option<i64>, Option<i16>) = (arguments.get(0), arguments.get(1));
    let (Some(priority), Some(due)) = (priority, arguments.get(2).map(Timestamp)) else { return Ok(None) };
    let turn = Queue::work(queue()?, &OWN, |queue| turn(queue, None, user_id, priority, due, Timestamp::now()))?;
    // A timestamptz is so many microseconds.
    Ok(Some(turn.0))
}
