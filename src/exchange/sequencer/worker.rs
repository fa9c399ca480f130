//! The sequencer itself: everything that waits is carried out in one transaction, and answered once that is durable.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use pgrx::prelude::PgSqlErrorCode as Code;

use super::super::carry_out::carry_out_some;
use super::super::command::Command;
use super::super::errand::Errand;
use super::super::market_rows;
use super::super::result::{self, OrderResult};
use super::chores::Chores;
use super::desk::{NAME, Tally};
use super::errands;
use super::message::{Reply, Work, WorkOutcome};
use super::ring::{LONGEST_PAUSE, RING, Taken};
use super::submit::unknown_outcome;
use crate::bourse::supervisor::{self, Kind};
use crate::bourse::{require_at_work, require_home, require_tables};
use crate::error::{Answer, Failure};
use crate::pg::latch::{self, Latch};
use crate::pg::value::Timestamp;
use crate::pg::worker;

/// How long a batch waits for somebody else's lock, and how long a request that is tried alone.
const BATCH_PATIENCE: &std::ffi::CStr = c"100ms";
const SINGLE_PATIENCE: &std::ffi::CStr = c"10ms";
/// The first pause before a request that met a lock is tried again; they grow up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How many errands are run between two looks into the ring.
const MOST_ERRANDS: usize = 32;
/// How many looks at a market that is held make one try that queues for it: while it queues, all markets wait.
const LOOKS: u32 = 8;

/// Markets that somebody was found to hold.
type Held = HashMap<String, Hold>;

#[derive(Clone, Copy)]
struct Hold {
    /// When to look again.
    until: Timestamp,
    /// How often it has been looked at.
    looks: u32,
}

impl Hold {
    fn is_over(self, now: Timestamp) -> bool {
        self.until.is_due(now, LONGEST_PAUSE)
    }
}

/// The worker: every database with our tables has one.
pub static SEQUENCER: Kind = Kind { name: NAME, is_wanted: || true, require_work: require_home, work, refuse, leave };

/// Works while there are tables of ours.
fn work() {
    let database = worker::my_database();
    worker::limit_lock_waits(BATCH_PATIENCE);
    let (mut held, mut chores) = (Held::new(), Chores::new());
    while supervisor::is_to_go_on(NAME) {
        let taken = RING.with(|ring| ring.take(database, Timestamp::now()));
        let ring_is_used = !taken.is_empty();
        if ring_is_used {
            serve(taken, &mut held);
        }
        let Some(next) = chores.run(ring_is_used) else { return };
        let now = Timestamp::now();
        let due = RING.with(|ring| ring.next_due(database, now)).map_or(next, |due| due.min(next));
        if due > now {
            latch::sleep(Duration::from_micros((due.0 - now.0).unsigned_abs()).max(Duration::from_millis(1)));
        }
    }
}

/// The database has no tables of ours: whoever waits is told.
fn refuse(failure: &Failure) {
    let database = worker::my_database();
    let taken = RING.with(|ring| ring.take(database, Timestamp(i64::MAX)));
    answer(taken.into_iter().map(|taken| (taken, Err::<OrderResult, _>(failure.clone()))));
}

/// At the end of the process, however it comes: who still waits for an answer is told that there is none.
fn leave() {
    let database = worker::my_database();
    let reply = Reply::of::<OrderResult>(&Err(unknown_outcome()));
    let waiting: Vec<Latch> = RING.with(|ring| {
        let unanswered = ring.unanswered(database);
        unanswered.into_iter().filter_map(|place| ring.answer(place, reply)).collect()
    });
    waiting.into_iter().for_each(Latch::set);
}

/// Carries out what has been taken: all at once, and if that cannot be, market by market, and then one by one.
fn serve(taken: Vec<Taken>, held: &mut Held) {
    let now = Timestamp::now();
    let (mut fresh, mut again, mut errands) = (Vec::new(), Vec::new(), Vec::new());
    look_again(held, now);
    for entry in taken {
        let command = match entry.request.work() {
            Work::Order(command) => command,
            Work::Errand(errand) => {
                errands.push((entry, errand));
                continue;
            }
        };
        match held.get(&command.symbol) {
            Some(hold) if !hold.is_over(now) => RING.with(|ring| ring.put_back(&entry, hold.until, false)),
            _ if entry.tries > 0 => again.push((entry, command)),
            _ => fresh.push((entry, command)),
        }
    }
    match together(fresh) {
        Ok(()) => held.retain(|_, hold| !hold.is_over(now)),
        Err(failed) => again.extend(by_market(failed, held)),
    }
    if !again.is_empty() || !errands.is_empty() {
        worker::limit_lock_waits(SINGLE_PATIENCE);
        for (entry, command) in again {
            alone(entry, attempt_one(&command));
        }
        run_some(errands);
        worker::limit_lock_waits(BATCH_PATIENCE);
    }
}

/// Runs errands up to the first long one; whoever has come meanwhile is served before the others.
fn run_some(errands: Vec<(Taken, Errand)>) {
    let mut is_enough = false;
    for (at, (entry, errand)) in errands.into_iter().enumerate() {
        if is_enough || at >= MOST_ERRANDS {
            RING.with(|ring| ring.put_back(&entry, Timestamp::now(), false));
            continue;
        }
        is_enough = matches!(errand, Errand::Sweep(_));
        alone(entry, errands::run(&errand));
    }
}

/// Looks at the markets whose pause is over. One that is still held gets another pause, or a try that queues for it.
fn look_again(held: &mut Held, now: Timestamp) {
    for (symbol, hold) in held.iter_mut().filter(|(_, hold)| hold.is_over(now)) {
        hold.looks += 1;
        if !hold.looks.is_multiple_of(LOOKS) && is_held(symbol) {
            hold.until = now + pause(0);
        }
    }
}

/// Carries out requests market by market; puts those back whose market is held, and returns the rest.
fn by_market(requests: Vec<(Taken, Command)>, held: &mut Held) -> Vec<(Taken, Command)> {
    let mut markets: BTreeMap<String, Vec<(Taken, Command)>> = BTreeMap::new();
    for (entry, command) in requests {
        markets.entry(command.symbol.clone()).or_default().push((entry, command));
    }
    let (several, mut rest) = (markets.len() > 1, Vec::new());
    for (symbol, requests) in markets {
        if !is_held(&symbol) {
            held.remove(&symbol);
            let failed = if several { together(requests).err().unwrap_or_default() } else { requests };
            rest.extend(failed);
            continue;
        }
        let until = Timestamp::now() + pause(0);
        held.entry(symbol).or_insert(Hold { until, looks: 0 }).until = until;
        RING.with(|ring| requests.iter().for_each(|(entry, _)| ring.put_back(entry, until, false)));
    }
    rest
}

/// Carries out requests in one transaction, and leaves those that are too much for it for the next; gives them back if
/// that cannot be.
fn together(requests: Vec<(Taken, Command)>) -> Result<(), Vec<(Taken, Command)>> {
    let (entries, commands): (Vec<Taken>, Vec<Command>) = requests.into_iter().unzip();
    match attempt(&commands) {
        Ok(answers) => {
            let now = Timestamp::now();
            RING.with(|ring| entries.iter().skip(answers.len()).for_each(|entry| ring.put_back(entry, now, false)));
            answer(entries.into_iter().zip(answers));
            Ok(())
        }
        Err(_) => {
            // A pause is everybody's: nobody waits for a market to hear of it.
            let Err(failure) = worker::transaction(c"pg_bourse: looking around", require_at_work) else {
                return Err(entries.into_iter().zip(commands).collect());
            };
            answer(entries.into_iter().map(|entry| (entry, Err::<OrderResult, _>(failure.clone()))));
            Ok(())
        }
    }
}

/// Answers one request that was tried without the others, or puts it back when somebody was in its way.
fn alone<T: Into<WorkOutcome> + Copy>(entry: Taken, outcome: Answer<T>) {
    match outcome {
        Err(failure) if passes(&failure) => {
            let due = Timestamp::now() + pause(entry.tries);
            RING.with(|ring| ring.put_back(&entry, due, true));
        }
        outcome => answer(std::iter::once((entry, outcome))),
    }
}

fn attempt(commands: &[Command]) -> Answer<Vec<Answer<OrderResult>>> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    worker::transaction(c"pg_bourse: matching", || {
        require_tables()?;
        require_at_work()?;
        let done = carry_out_some(commands)?;
        let results = commands.iter().zip(done).map(|(command, done)| result::of(command, done?));
        Ok(results.collect())
    })
}

fn attempt_one(command: &Command) -> Answer<OrderResult> {
    attempt(std::slice::from_ref(command))?.pop().unwrap_or_else(|| Err(unknown_outcome()))
}

/// Whether it is worth another try: somebody else was in the way.
fn passes(failure: &Failure) -> bool {
    matches!(
        failure.code,
        Code::ERRCODE_LOCK_NOT_AVAILABLE | Code::ERRCODE_T_R_DEADLOCK_DETECTED | Code::ERRCODE_QUERY_CANCELED
    )
}

/// Whether somebody holds a market just now.
fn is_held(symbol: &str) -> bool {
    let look = || require_tables().map(|()| market_rows::is_held(symbol));
    worker::transaction(c"pg_bourse: looking at a market", look).unwrap_or(true)
}

fn pause(times: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << times.min(16)).min(LONGEST_PAUSE)
}

/// Puts the answers where their sessions find them, and wakes those.
fn answer<T: Into<WorkOutcome> + Copy>(answers: impl Iterator<Item = (Taken, Answer<T>)>) {
    let replies: Vec<_> = answers.map(|(entry, answer)| (entry.place, Reply::of(&answer))).collect();
    let count = replies.len() as i64;
    if count == 0 {
        return;
    }
    let wake: Vec<Latch> = RING.with(|ring| replies.iter().filter_map(|(place, r)| ring.answer(*place, *r)).collect());
    wake.into_iter().for_each(Latch::set);
    Tally::batch(count);
}
