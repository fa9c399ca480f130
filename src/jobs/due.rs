//! The runs of the ticks that are due: `sql/jobs/tick.sql` plans them, and has locked their users. Here they are
//! written as the rest of the queue is: to look each user up again for the foreign key took a sixth of a tick.

use std::collections::HashMap;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::runs::{OWN, queue};
use crate::bourse::queue::{New, Queue, turn};
use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::column::Kind;
use crate::pg::found::found;
use crate::pg::results::Rows;
use crate::pg::scan::Key;
use crate::pg::sequence;
use crate::pg::value::{Timestamp, Value};

const PLANNED: &str = "SELECT * FROM jobs_private.planned_runs($1, $2, $3)";
/// job_type, job_id, user_id, scheduled_for, job_snapshot, priority, max_attempts, concurrency_key, timeout,
/// keep_only_failures.
const COLUMNS: [Kind; 10] = [
    Kind::Text,
    Kind::Int,
    Kind::Int,
    Kind::Time,
    Kind::Json,
    Kind::Int2,
    Kind::Int4,
    Kind::Text,
    Kind::Interval,
    Kind::Bool,
];
/// A tick of a schedule is enqueued once.
const TICKS: &str = "(job_id, scheduled_for, job_type) WHERE (job_id IS NOT NULL)";

#[pg_extern(sql = false)]
fn jobs_tick_at(call: pg_sys::FunctionCallInfo) -> Result<Rows<3>, ErrorReport> {
    let arguments = Arguments::of(call);
    let at: TimestampWithTimeZone = arguments.get(0).ok_or_else(|| Failure::null("at"))?;
    let (batch, alone): (Option<i32>, Option<i64>) = (arguments.get(1), arguments.get(2));
    let given = [at.into(), batch.into(), alone.into()];
    let enqueued = found(PLANNED, &given, COLUMNS, |planned| {
        Queue::work(queue()?, &OWN, |queue| {
            let (due, now) = (Timestamp(at.into()), Timestamp::now());
            let mut enqueue = Enqueue { queue, due, now, places: HashMap::new() };
            planned.rows().filter_map(|run| enqueue.run(run).transpose()).collect()
        })
    });
    Ok(Rows(enqueued.map_err(failed)??))
}

/// Puts planned runs into the queue.
struct Enqueue<'q> {
    queue: &'q mut Queue,
    /// When they are due.
    due: Timestamp,
    now: Timestamp,
    /// Where the last one of a user and a priority stands.
    places: HashMap<(Option<i64>, i16), Timestamp>,
}

impl Enqueue<'_> {
    /// Makes the run of a tick, unless it has been made: its schedule, its tick and its id.
    fn run(&mut self, run: [Value<'_>; 10]) -> Answer<Option<[Value<'static>; 3]>> {
        let [job_type, job_id, user_id, scheduled_for, snapshot, priority, max_attempts, key, timeout, only] = run;
        let (Value::Text(of_type), Value::Int(schedule)) = (job_type, job_id) else { return Ok(None) };
        let (Value::Time(tick), Value::Int2(level)) = (scheduled_for, priority) else { return Ok(None) };
        let same = [Key::Int(schedule), Key::Since(tick), Key::Until(tick), Key::Text(of_type)];
        if !self.queue.read(TICKS, &same, |_| ())?.is_empty() {
            return Ok(None);
        }
        let user = if let Value::Int(user) = user_id { Some(user) } else { None };
        let item = New {
            id: sequence::next_value(sequence::named(c"jobs", c"schedule_runs_id_seq")),
            priority: level,
            claimable_at: self.place(user, level)?,
            max_attempts,
            timeout,
            concurrency_key: key,
            keep_only_failures: only,
        };
        self.queue.put(&item, &[job_type, user_id, job_id, snapshot, Value::Null, Value::Null, scheduled_for]);
        Ok(Some([Value::Int(schedule), Value::Time(tick), Value::Int(item.id)]))
    }

    /// Where the next one of a user stands: users take turns.
    fn place(&mut self, user: Option<i64>, priority: i16) -> Answer<Timestamp> {
        let place = match self.places.get(&(user, priority)) {
            Some(last) => Timestamp(last.0 + 1),
            None => turn(self.queue, None, user, priority, self.due, self.now)?,
        };
        self.places.insert((user, priority), place);
        Ok(place)
    }
}

fn failed(error: spi::Error) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, format!("jobs.tick() failed: {error}"), "")
}
