//! Runs that have ended well, many at once.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::candles::next_tick;
use super::subscriptions::Subscriptions;
use super::tables::{RUNS, runs, subscriptions};
use crate::bourse::queue::held;
use crate::bourse::{require_read_committed, require_tables};
use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::table::{Table, Tid};
use crate::pg::value::{Timestamp, Uuid, Value};
use crate::pg::{attached, session};

/// So many are ended at once.
const MOST: usize = 1000;

struct Finish {
    lease: Uuid,
    now: Timestamp,
    runs: Table,
    subscriptions: Subscriptions,
}

impl Finish {
    /// Ends a run, if the lease holds it and it has not ended. Whatever takes a run from its worker writes its row, which
    /// is waited for: subscriptions need no lock here.
    fn end(&mut self, id: i64, place: Option<Tid>) -> bool {
        let Some((user_id, due)) = self.next_run(id) else { return false };
        let (lease, index, keys) = (self.lease, self.runs.index(c"runs_pkey"), [Key::Int(user_id), Key::Int(id)]);
        let read = |row: &Row<'_>| is_held(row, lease).then(|| row.tid());
        let found = place
            .and_then(|tid| self.runs.find_at(tid, |row| runs::of(row).subscription_id() == id, read))
            .or_else(|| self.runs.find(index, &keys, read));
        let Some(tid) = found.flatten() else { return false };
        let changes = [
            (runs::at::claimable_at, Value::Time(due)),
            (runs::at::next_run_at, Value::Time(due)),
            (runs::at::last_run_at, Value::Time(self.now)),
            (runs::at::lease, Value::Null),
            (runs::at::worker, Value::Null),
            (runs::at::error_count, Value::Int(0)),
        ];
        if self.runs.try_update(tid, &changes).is_some() {
            return true;
        }
        // Somebody else is at it: what is left is decided once that is over.
        let Some(tid) = self.runs.find_locked(index, &keys, read).flatten() else { return false };
        self.runs.update(tid, &changes);
        true
    }

    /// Whose a subscription is, and when it runs next; none: it has ended.
    fn next_run(&mut self, id: i64) -> Option<(i64, Timestamp)> {
        let now = self.now;
        let found = self.subscriptions.find(id, |row| {
            let read = subscriptions::of(row);
            let has_ended = read.ends_at().is_some_and(|end| end <= now);
            Some((read.user_id(), next_tick(read.timeframe(), now)?)).filter(|_| !has_ended)
        });
        found.flatten()
    }
}

/// Whether a lease holds a run now.
fn is_held(row: &Row<'_>, lease: Uuid) -> bool {
    let read = runs::of(row);
    read.lease() == Some(lease) && read.claimable_at().is_some_and(|end| end > Timestamp::now())
}

/// Ends runs of a lease; returns those that it held. In order of id, as whoever changes several subscriptions has them.
fn finish(lease: Uuid, mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids.dedup();
    let places = held::take_of(lease, &ids);
    let place = |id: i64| places.binary_search_by_key(&id, |(id, _)| *id).ok().map(|at| places[at].1);
    // What the same statement has written before is there, too.
    session::advance();
    attached::firing(|| {
        let (runs, subscriptions) = (Table::open(&RUNS), Subscriptions::open());
        let mut finish = Finish { lease, now: Timestamp::now(), runs, subscriptions };
        ids.retain(|id| {
            pgrx::check_for_interrupts!();
            finish.end(*id, place(*id))
        });
        finish.runs.close();
        finish.subscriptions.close();
    });
    ids
}

#[pg_extern(sql = false)]
fn marketplace_finish_runs(call: pg_sys::FunctionCallInfo) -> Result<Vec<i64>, ErrorReport> {
    require_tables()?;
    require_read_committed("finish_runs", "What others have done to a run is to be seen")?;
    let arguments = Arguments::of(call);
    let lease = arguments.uuid(0).ok_or_else(|| Failure::null("lease_id"))?;
    Ok(finish(lease, named(&arguments)?))
}

fn named(arguments: &Arguments) -> Answer<Vec<i64>> {
    let ids: Option<Vec<Option<i64>>> = arguments.get(1);
    let ids = ids.ok_or_else(|| Failure::null("subscription_ids"))?;
    if ids.len() > MOST {
        return Err(Failure::invalid(format!("{} runs at once", ids.len()), format!("Finish up to {MOST} at a time.")));
    }
    Ok(ids.into_iter().flatten().collect())
}
