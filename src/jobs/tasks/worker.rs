//! The worker that has tasks run: it claims runs, gives each to a process of its own, keeps the lease while that works,
//! and tells how it went. It runs nothing itself, so that no task can hold it up or take it along.

use std::time::{Duration, Instant};

use pgrx::datum::Uuid;
use pgrx::prelude::*;

use super::errand::WORK;
use super::slots::{self, Order, Outcome};
use crate::bourse::supervisor::{self, Complaints, Kind};
use crate::bourse::{require_at_work, require_home};
use crate::error::{Answer, Failure};
use crate::jobs::settings::{parallel_tasks, runs_tasks};
use crate::pg::child::{self, Child};
use crate::pg::{latch, session, worker};

const NAME: &str = "tasks";
/// How long a run stays this worker's without a sign of life from it: two heartbeats may fail.
const LEASE: &str = "15 s";
const BEAT: Duration = Duration::from_secs(2);
/// How often it looks for work.
const ROUND: Duration = Duration::from_secs(1);
/// How often it looks after what is running.
const LOOK: Duration = Duration::from_millis(100);
/// What has been cancelled and goes on is ended after this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// The worker.
pub static TASKS: Kind = Kind { name: NAME, is_wanted: runs_tasks, require_work, work, refuse: |_| (), leave };

/// Called once, when the library is preloaded.
pub fn prepare() {
    slots::prepare();
    child::register(WORK);
}

/// A run whose process works.
struct Running {
    run: i64,
    lease: Uuid,
    slot: usize,
    child: Child,
    begun: Instant,
    /// When it is cancelled, a little before its deadline, so that this is told while the lease lasts.
    until: Option<Instant>,
    beat: Instant,
    /// Why it has been asked to end, and when.
    asked: Option<(&'static str, Instant)>,
    /// What has become of it; none: it runs.
    ended: Option<Outcome>,
    /// Its lease has ended: what becomes of it is told nobody.
    is_lost: bool,
}

fn require_work() -> Answer<()> {
    require_home()?;
    if session::relation(c"jobs", c"tasks").is_some() {
        return Ok(());
    }
    Err(Failure::unknown("table jobs.tasks", "SELECT bourse.migrate(); this library may be newer."))
}

/// The process ends: those that it has started do not go on without it.
fn leave() {
    slots::orphan().into_iter().for_each(child::end);
}

fn work() {
    let (mut complaints, mut running) = (Complaints::of(NAME), Vec::new());
    let mut looked: Option<Instant> = None;
    while supervisor::is_to_go_on(NAME) {
        attend(&mut running, &mut complaints);
        if looked.is_none_or(|at| at.elapsed() >= ROUND) {
            looked = Some(Instant::now());
            match worker::transaction(c"pg_bourse: looking for tasks", || require_work().map(|()| require_at_work())) {
                Err(_) => break,
                Ok(Err(paused)) => {
                    supervisor::note(NAME, true, Some(&told(&paused)));
                }
                Ok(Ok(())) => {
                    let failure = take_all(&mut running).err();
                    supervisor::note(NAME, false, failure.as_ref().map(told).as_deref());
                    failure.into_iter().for_each(|failure| complaints.tell(failure));
                }
            }
        }
        latch::sleep(if running.is_empty() { ROUND } else { LOOK });
    }
    shut_down(running, &mut complaints);
}

/// Begins what is due, as many as may run at once.
fn take_all(running: &mut Vec<Running>) -> Answer<()> {
    while running.len() < parallel_tasks() {
        let Some((run, lease, seconds)) = worker::transaction(c"pg_bourse: claiming a task", claim)? else { break };
        let order = Order { database: worker::my_database(), run, lease: *lease.as_bytes() };
        let begun = slots::take(order).and_then(|slot| {
            let child = child::start("pg_bourse task", &format!("pg_bourse task of run {run}"), slot);
            if child.is_none() {
                slots::give_back(slot);
            }
            child.map(|child| (slot, child))
        });
        let Some((slot, child)) = begun else {
            settle("SELECT jobs.release($1)", vec![lease.into()])?;
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                "no worker process is left for a task: raise max_worker_processes",
                "",
            ));
        };
        let now = Instant::now();
        let until = seconds.map(|seconds| {
            let seconds = seconds.max(0.0);
            now + Duration::from_secs_f64(seconds - (seconds / 10.0).min(1.0))
        });
        let (asked, ended, is_lost) = (None, None, false);
        running.push(Running { run, lease, slot, child, begun: now, until, beat: now, asked, ended, is_lost });
    }
    Ok(())
}

fn claim() -> Answer<Option<(i64, Uuid, Option<f64>)>> {
    let claimed = Spi::connect_mut(|client| {
        let query = "SELECT t.run_id, t.lease, t.seconds FROM jobs_private.take_task('tasks', $1::interval) t";
        let rows = client.update(query, None, &[LEASE.into()])?;
        if rows.is_empty() { Ok(None) } else { rows.first().get_three::<i64, Uuid, f64>().map(Some) }
    });
    let Some((Some(run), Some(lease), seconds)) = claimed.map_err(failed)? else { return Ok(None) };
    Ok(Some((run, lease, seconds)))
}

/// Looks after what is running: tells of what has ended, keeps the leases of the rest, and ends what has to end.
fn attend(running: &mut Vec<Running>, complaints: &mut Complaints) {
    running.retain_mut(|one| match one.attend() {
        Ok(goes_on) => goes_on,
        Err(failure) => {
            // Somebody has locked the run, for example: the lease says how long it is tried again.
            one.is_lost |= failure.sqlstate() == "55000";
            complaints.tell(failure);
            !(one.is_lost && one.ended.is_some())
        }
    });
}

impl Running {
    /// Whether it is to be looked after any further.
    fn attend(&mut self) -> Answer<bool> {
        if self.ended.is_none() && self.child.is_over() {
            self.ended = Some(slots::give_back(self.slot));
        }
        if let Some(outcome) = self.ended {
            if !self.is_lost {
                self.tell(outcome)?;
            }
            return Ok(false);
        }
        self.end_if_it_has_to();
        if self.beat.elapsed() >= BEAT && !self.is_lost {
            self.beat = Instant::now();
            if heartbeat(self.lease)? {
                self.ask("cancelled (57014)");
            }
        }
        Ok(true)
    }

    fn end_if_it_has_to(&mut self) {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            self.ask("ended by its timeout (57014)");
        }
        let is_patient = self.asked.is_none_or(|(_, at)| at.elapsed() < PATIENCE);
        if self.is_lost || !is_patient {
            self.child.end();
        } else if self.asked.is_some() {
            // Again and again: one that is just beginning has not heard it.
            self.child.cancel();
        }
    }

    fn ask(&mut self, why: &'static str) {
        self.asked.get_or_insert((why, Instant::now()));
    }

    /// Tells what has become of the run.
    fn tell(&self, outcome: Outcome) -> Answer<()> {
        let error = match (outcome, self.asked) {
            (Outcome::Done, _) => {
                let seconds = self.begun.elapsed().as_secs_f64();
                let query = "SELECT jobs.complete($1, NULL, jsonb_build_object('seconds', round($2::numeric, 3)))";
                return settle(query, vec![self.lease.into(), seconds.into()]);
            }
            (_, Some((why, _))) => why.to_owned(),
            (Outcome::Failed(error), None) => error.read(),
            (Outcome::None, None) => "its process was ended (57P01)".to_owned(),
        };
        settle("SELECT jobs.fail($1, $2, $3)", vec![self.lease.into(), self.run.into(), error.into()])
    }
}

fn heartbeat(lease: Uuid) -> Answer<bool> {
    worker::transaction(c"pg_bourse: heartbeat of a task", || {
        let query = "SELECT bool_or(h.cancel_requested) FROM jobs.heartbeat($1) h";
        Ok(Spi::get_one_with_args::<bool>(query, &[lease.into()]).map_err(failed)? == Some(true))
    })
}

fn settle(query: &str, arguments: Vec<pgrx::datum::DatumWithOid<'_>>) -> Answer<()> {
    worker::transaction(c"pg_bourse: telling of a task", || Spi::run_with_args(query, &arguments).map_err(failed))
}

/// Ends what is running, and gives it back: the attempt does not count.
fn shut_down(mut running: Vec<Running>, complaints: &mut Complaints) {
    attend(&mut running, complaints);
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && !running.iter().all(|one| one.child.is_over()) {
        running.iter().for_each(|one| one.child.end());
        latch::sleep(LOOK);
    }
    // One that is still there keeps its slot until it has gone, and its lease until that ends.
    for one in running.into_iter().filter(|one| one.child.is_over()) {
        let told = match one.ended.unwrap_or_else(|| slots::give_back(one.slot)) {
            done @ Outcome::Done => one.tell(done),
            _ => settle("SELECT jobs.release($1)", vec![one.lease.into()]),
        };
        if let Err(failure) = told {
            complaints.tell(failure);
        }
    }
}

fn failed(error: spi::Error) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, format!("a task cannot be taken care of: {error}"), "")
}

fn told(failure: &Failure) -> String {
    format!("{} ({})", failure.message, failure.sqlstate())
}
