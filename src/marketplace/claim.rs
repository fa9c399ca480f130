//! Claiming runs: what is due, to one worker each, for the length of a lease. Rows of runs are read and written past the
//! executor, as those of queues are: a statement that does so takes three times as long.
//!
//! A version of a row that is found is changed if nobody else has locked or changed it meanwhile, and passed over if
//! somebody has: nothing is waited for.

use std::collections::HashMap;
use std::time::Duration;

use pgrx::datum::Interval;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::candles::next_tick;
use super::subscriptions::Subscriptions;
use super::tables::{BOT_VERSIONS, RUNS, bot_versions, runs, subscriptions};
use crate::bourse::queue::{held, require_worker};
use crate::bourse::{require_read_committed, require_tables};
use crate::error::{Answer, Failure};
use crate::identity::{Standing, Users};
use crate::pg::arguments::Arguments;
use crate::pg::results::Rows;
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::table::{Table, Tid};
use crate::pg::value::{Json, Timestamp, Uuid, Value, microseconds, spelled};
use crate::pg::{attached, session};

const DAY: i64 = 86_400_000_000;
/// So many runs of a subscription that fail one after the other, and it is in ERROR.
const MOST_FAILURES: i32 = 5;
/// So many runs are put aside by one claim: of what has ended, has failed, or is of a user who is not active.
const MOST_PUT_ASIDE: usize = 1000;

/// What a worker is told of a run.
type Told = [Value<'static>; 20];

/// The same, and what it is sorted by: when it was to run, and its id.
type Placed = ((Option<Timestamp>, i64), Told);

/// What a worker asks for.
struct Wanted<'a> {
    worker: &'a str,
    n: usize,
    lasting: Duration,
}

impl<'a> Wanted<'a> {
    fn of(arguments: &'a Arguments) -> Answer<Wanted<'a>> {
        let worker = require_worker(arguments.get(0))?;
        let limit: Option<i32> = arguments.get(1);
        let n = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|n| (1..=1000).contains(n));
        let Some(n) = n else {
            let limit = limit.map_or("NULL".to_owned(), |limit| limit.to_string());
            return Err(Failure::invalid(format!("{limit} runs asked for"), "Claim 1 to 1000 at a time."));
        };
        let lease: Option<Interval> = arguments.get(2);
        let lasting = lease.map(microseconds).filter(|length| (1_000_000..=DAY).contains(length));
        let Some(lasting) = lasting else {
            let lease = lease.map_or("NULL".to_owned(), spelled);
            let hint = "Give 1 second to 1 day: how long a run may last before another worker gets it.";
            return Err(Failure::invalid(format!("lease is {lease}"), hint));
        };
        Ok(Wanted { worker, n, lasting: Duration::from_micros(lasting as u64) })
    }
}

/// A run that is due.
struct Due {
    tid: Tid,
    subscription_id: i64,
    user_id: i64,
    next_run_at: Option<Timestamp>,
    last_run_at: Option<Timestamp>,
    /// Whoever had it has not come back: nobody knows how it went, so that it counts as a failure, and what kills its
    /// workers comes to an end.
    has_lapsed: bool,
    /// How many have failed, this one included.
    failures: i32,
}

impl Due {
    fn read(row: &Row<'_>) -> Due {
        let read = runs::of(row);
        let has_lapsed = read.lease().is_some();
        Due {
            tid: row.tid(),
            subscription_id: read.subscription_id(),
            user_id: read.user_id(),
            next_run_at: read.next_run_at(),
            last_run_at: read.last_run_at(),
            has_lapsed,
            failures: read.error_count().saturating_add(i32::from(has_lapsed)),
        }
    }
}

/// What is to run, as its subscription says.
struct Subscription {
    is_active: bool,
    ends_at: Option<Timestamp>,
    bot_id: i64,
    bot_version: String,
    timeframe: String,
    strategy_config: Json,
    /// From exchange_type to timeframes, and from execution_config to is_trial.
    terms: ([Value<'static>; 4], [Value<'static>; 6]),
}

impl Subscription {
    fn read(row: &Row<'_>) -> Subscription {
        let read = subscriptions::of(row);
        Subscription {
            is_active: read.status() == "ACTIVE",
            ends_at: read.ends_at(),
            bot_id: read.bot_id(),
            bot_version: read.bot_version().to_owned(),
            timeframe: read.timeframe().to_owned(),
            strategy_config: read.strategy_config(),
            terms: (
                [
                    Value::kept(read.exchange_type()),
                    Value::kept(read.trading_pair()),
                    Value::kept(read.timeframe()),
                    read.timeframes().map_or(Value::Null, Value::Json),
                ],
                [
                    Value::Json(read.execution_config()),
                    Value::Json(read.risk_config()),
                    read.trade_evaluation_period().map_or(Value::Null, Value::Int4),
                    Value::kept(read.network_type()),
                    Value::kept(read.trade_mode()),
                    Value::Bool(read.is_trial()),
                ],
            ),
        }
    }
}

/// What becomes of a run that is due.
enum Verdict {
    /// It is handed out.
    Taken,
    /// What it is entitled to is over: it leaves the queue, and extend_subscription() brings it back.
    Ended,
    /// It has lost its workers too often: record_failures(), which locks the subscription, puts it into ERROR.
    Failed,
    /// Its user is not active: it waits for the next candle.
    Put(Option<Timestamp>),
}

struct Claim<'a> {
    wanted: &'a Wanted<'a>,
    now: Timestamp,
    lease: Uuid,
    runs: Table,
    subscriptions: Subscriptions,
    versions: Table,
    users: Users,
    /// The default_config of versions, by their bots.
    defaults: HashMap<i64, Vec<(String, Json)>>,
    told: Vec<Placed>,
    handed_out: Vec<(i64, Tid)>,
    put_aside: usize,
}

impl Claim<'_> {
    /// Goes along what is due, the longest first: those that have ended make room for those behind them.
    fn walk(&mut self) {
        let index = self.runs.index(c"idx_runs_claimable_at");
        let mut cursor = self.runs.cursor(index, &[Key::Until(self.now)], false);
        while self.handed_out.len() < self.wanted.n && self.put_aside < MOST_PUT_ASIDE {
            let is_free = |row: &Row<'_>| !row.is_changing() && !row.is_held();
            match cursor.next(&mut self.runs, |row| is_free(row).then(|| Due::read(row))) {
                Some(Some(due)) => self.take(&due),
                Some(None) => (),
                None => break,
            }
        }
        cursor.close(&mut self.runs);
    }

    fn take(&mut self, due: &Due) {
        // It is just being deleted.
        let Some(subscription) = self.subscriptions.find(due.subscription_id, Subscription::read) else { return };
        let verdict = self.judge(due, &subscription);
        let (claimable_at, holder) = match verdict {
            Verdict::Taken => (Some(self.now + self.wanted.lasting), Some((self.lease, self.wanted.worker))),
            Verdict::Ended => (None, None),
            Verdict::Failed => (Some(Timestamp(i64::MAX)), None),
            Verdict::Put(until) => (until, None),
        };
        let mut changes = vec![
            (runs::at::claimable_at, claimable_at.into()),
            (runs::at::lease, holder.map_or(Value::Null, |(lease, _)| Value::Uuid(lease))),
            (runs::at::worker, holder.map_or(Value::Null, |(_, worker)| Value::Text(worker))),
        ];
        if due.has_lapsed {
            changes.push((runs::at::error_count, Value::Int(i64::from(due.failures))));
            changes.push((runs::at::last_error, Value::Text("its worker has not come back")));
        }
        if let Verdict::Put(until) = verdict {
            changes.push((runs::at::next_run_at, until.into()));
        }
        match self.runs.try_update(due.tid, &changes) {
            Some(tid) if matches!(verdict, Verdict::Taken) => {
                self.handed_out.push((due.subscription_id, tid));
                let told = self.tell(due, subscription);
                self.told.push(((due.next_run_at, due.subscription_id), told));
            }
            Some(_) => self.put_aside += 1,
            None => (),
        }
    }

    fn judge(&mut self, due: &Due, subscription: &Subscription) -> Verdict {
        if !subscription.is_active || subscription.ends_at.is_some_and(|end| end <= self.now) {
            return Verdict::Ended;
        }
        if due.has_lapsed && due.failures >= MOST_FAILURES {
            return Verdict::Failed;
        }
        match self.users.standing(due.user_id) {
            Standing::Inactive => Verdict::Put(next_tick(&subscription.timeframe, self.now)),
            Standing::Unknown | Standing::Viewer | Standing::Active => Verdict::Taken,
        }
    }

    fn tell(&mut self, due: &Due, subscription: Subscription) -> Told {
        let defaults = self.defaults_of(subscription.bot_id, &subscription.bot_version);
        let config = subscription.strategy_config;
        let config = defaults.map_or(config, |defaults| defaults.overlaid(config));
        let (
            [exchange_type, trading_pair, timeframe, timeframes],
            [execution_config, risk_config, period, network_type, trade_mode, is_trial],
        ) = subscription.terms;
        [
            Value::Int(due.subscription_id),
            Value::Int(due.user_id),
            Value::Int(subscription.bot_id),
            Value::kept(&subscription.bot_version),
            exchange_type,
            trading_pair,
            timeframe,
            timeframes,
            Value::Json(config),
            execution_config,
            risk_config,
            period,
            network_type,
            trade_mode,
            is_trial,
            due.next_run_at.into(),
            due.last_run_at.into(),
            Value::Int4(due.failures),
            Value::Uuid(self.lease),
            Value::Time(self.now + self.wanted.lasting),
        ]
    }

    fn close(self) -> (Vec<Placed>, Vec<(i64, Tid)>) {
        self.runs.close();
        self.subscriptions.close();
        self.versions.close();
        self.users.close();
        (self.told, self.handed_out)
    }

    /// The settings of a version for what its user does not say.
    fn defaults_of(&mut self, bot_id: i64, version: &str) -> Option<Json> {
        let known = self.defaults.entry(bot_id).or_default();
        if let Some((_, defaults)) = known.iter().find(|(known, _)| known == version) {
            return Some(*defaults);
        }
        let index = self.versions.index(c"bot_versions_bot_id_version_key");
        let read = |row: &Row<'_>| bot_versions::of(row).default_config();
        let defaults = self.versions.find(index, &[Key::Int(bot_id), Key::Text(version)], read)?;
        known.push((version.to_owned(), defaults));
        Some(defaults)
    }
}

fn claim(wanted: &Wanted<'_>) -> Answer<Vec<Told>> {
    let lease = Uuid::new().map_err(|_| Failure::of("58000", "the server has no random bytes", ""))?;
    // What the same statement has written before is there, too.
    session::advance();
    let (mut told, handed_out) = attached::firing(|| {
        let mut claim = Claim {
            wanted,
            now: Timestamp::now(),
            lease,
            runs: Table::open(&RUNS),
            subscriptions: Subscriptions::open(),
            versions: Table::open_to_read(&BOT_VERSIONS),
            users: Users::open(),
            defaults: HashMap::new(),
            told: Vec::new(),
            handed_out: Vec::new(),
            put_aside: 0,
        };
        claim.walk();
        claim.close()
    });
    held::note(lease, handed_out);
    told.sort_by_key(|(place, _)| *place);
    Ok(told.into_iter().map(|(_, told)| told).collect())
}

#[pg_extern(sql = false)]
fn marketplace_claim_runs(call: pg_sys::FunctionCallInfo) -> Result<Rows<20>, ErrorReport> {
    require_tables()?;
    require_read_committed("claim_runs", "What others have claimed is to be seen")?;
    let arguments = Arguments::of(call);
    Ok(Rows(claim(&Wanted::of(&arguments)?)?))
}

#[pg_extern(sql = false)]
fn marketplace_most_failures() -> i32 {
    MOST_FAILURES
}
