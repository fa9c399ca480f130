//! What the sequencer does when it is not asked: the bulk inbox, orders whose time has come, stops that a cascade has
//! left.

use std::ops::ControlFlow;
use std::time::Duration;

use super::super::carry_out::carry_out;
use super::super::command::{Action, Command};
use super::super::fields::markets;
use super::super::inbox::{self, Wanted};
use super::super::match_orders::drain_if_free;
use super::super::suspects::{self, Next, Suspects};
use super::super::tables;
use super::super::{behind, bell, settings, stops};
use super::desk::NAME;
use crate::bourse::supervisor::{self, Complaints, LOOK};
use crate::bourse::{require_at_work, require_home};
use crate::error::{Answer, Failure};
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;
use crate::pg::worker;

/// How many commands of the inbox are carried out between two looks into the ring: when it is empty, and when
/// sessions wait there.
const INBOX_BATCH: usize = 1000;
const SMALL_INBOX_BATCH: usize = 200;
/// How often expired orders, and stops that are left, are looked for.
const EXPIRY: Duration = Duration::from_secs(1);
/// So many bells are looked for at a time.
const BELLS: usize = 1000;

/// The longest pause before something that went wrong is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a look into the inbox has come to.
enum Look {
    /// The database has no tables of ours.
    Gone,
    /// It is to be left alone.
    Paused(Failure),
    /// So many commands have been carried out, or something else has been done.
    Done(usize),
}

/// When what is due, and what went wrong last.
pub struct Chores {
    inbox: Timestamp,
    expiry: Timestamp,
    /// The markets whose orders are being expired.
    expiring: Vec<String>,
    stops: Timestamp,
    /// The markets whose stops are entering, or whose bell rings.
    entering: Vec<String>,
    /// How often the inbox could not be carried out in a row.
    setbacks: u32,
    /// The commands that may have ended the last process; none once they are carried out, or not looked at yet.
    suspects: Option<Suspects>,
    has_looked: bool,
    /// The database is to be left alone.
    paused: bool,
    /// What `sequencer_status()` tells of the inbox.
    told: Option<String>,
    complaints: Complaints,
}

impl Chores {
    /// Everything is due.
    pub fn new() -> Chores {
        let due = Timestamp::default();
        Chores {
            inbox: due,
            expiry: due,
            expiring: Vec::new(),
            stops: due,
            entering: Vec::new(),
            setbacks: 0,
            suspects: None,
            has_looked: false,
            paused: false,
            told: None,
            complaints: Complaints::of(NAME),
        }
    }

    /// Does what is due, less at a time while the ring is in use; returns when the next thing is due. None: the
    /// database has no tables of ours.
    pub fn run(&mut self, ring_is_used: bool) -> Option<Timestamp> {
        let now = Timestamp::now();
        let batch = if ring_is_used { SMALL_INBOX_BATCH } else { INBOX_BATCH };
        if self.inbox.is_due(now, LONGEST_PAUSE.max(settings::poll_interval())) {
            let drained = self.drain(batch);
            self.paused = matches!(drained, Ok(Look::Paused(_)));
            self.tell_of_setback(&drained);
            self.setbacks = if drained.is_err() { self.setbacks + 1 } else { 0 };
            let pause = match self.hear(drained, Look::Done(0)) {
                Look::Gone => return None,
                Look::Paused(failure) => {
                    self.complaints.tell(failure);
                    LOOK
                }
                Look::Done(0) => self.pause(),
                Look::Done(_) => Duration::ZERO,
            };
            self.inbox = Timestamp::now() + pause;
        }
        if self.paused {
            return Some(self.inbox);
        }
        if self.expiring.is_empty() && self.expiry.is_due(now, EXPIRY) {
            let due = worker::transaction(c"pg_bourse: looking for expired orders", || for_whole(expired));
            self.expiring = self.hear(due, Vec::new());
            self.expiry = Timestamp::now() + EXPIRY;
        }
        // One market at a time: whoever waits in the ring is served in between.
        if let Some(symbol) = self.expiring.pop() {
            let ended = worker::transaction(c"pg_bourse: expiring orders", || {
                require_at_work()?;
                carry_out(&[Command::market(&symbol, Action::Expire)]).map(|_| ())
            });
            self.hear(ended, ());
        }
        if self.entering.is_empty() && self.stops.is_due(now, EXPIRY) {
            let look = || for_whole(|| stops::left(None).into_iter().chain(bell::due(BELLS)).collect());
            let left = worker::transaction(c"pg_bourse: looking for stops that are left, and bells", look);
            self.entering = self.hear(left, Vec::new());
            self.stops = Timestamp::now() + EXPIRY;
        }
        if let Some(symbol) = self.entering.pop() {
            let enter = || require_at_work().and_then(|()| stops::enter(&[symbol]));
            let entered = worker::transaction(c"pg_bourse: entering stops", enter);
            // What is left may be more than has entered.
            if self.hear(entered, 0) > 0 {
                self.stops = now;
            }
        }
        let is_busy = !self.expiring.is_empty() || !self.entering.is_empty();
        Some(if is_busy { now } else { self.inbox.min(self.expiry).min(self.stops) })
    }

    /// Carries out the next commands of the inbox.
    fn drain(&mut self, most: usize) -> Answer<Look> {
        if self.suspects.is_some() {
            return self.drain_suspects(most);
        }
        let mut found = None;
        let drained = worker::transaction(c"pg_bourse: draining order_commands", || {
            if let Some(look) = out_of_place() {
                return Ok(look);
            }
            if !settings::drains_inbox() || !inbox::is_waiting() {
                return Ok(Look::Done(0));
            }
            behind::require_none()?;
            if !self.has_looked {
                found = Some(Suspects::at_start());
                return Ok(Look::Done(1));
            }
            let wanted = Wanted { symbol: None, most, until: i64::MAX };
            drain_if_free(wanted).map(Look::Done)
        });
        if drained.is_ok() && found.is_some() {
            (self.suspects, self.has_looked) = (found, true);
        }
        drained
    }

    /// The same while commands wait that may have ended the last process.
    fn drain_suspects(&mut self, most: usize) -> Answer<Look> {
        let Some(suspects) = &mut self.suspects else { return Ok(Look::Done(0)) };
        let noted = worker::transaction(c"pg_bourse: noting what is tried", || {
            if let Some(look) = out_of_place() {
                return Ok(Err(look));
            }
            if !settings::drains_inbox() {
                return Ok(Ok(Next::Busy));
            }
            behind::require_none()?;
            suspects.note(most).map(Ok)
        });
        match noted? {
            Err(look) => Ok(look),
            Ok(Next::Busy) => Ok(Look::Done(0)),
            Ok(Next::SetAside) => Ok(Look::Done(1)),
            Ok(Next::Nothing) => {
                self.suspects = None;
                Ok(Look::Done(1))
            }
            Ok(Next::Try(wanted)) => {
                let drained = worker::transaction(c"pg_bourse: draining order_commands", || {
                    require_at_work()?;
                    let count = drain_if_free(wanted)?;
                    suspects::forget();
                    Ok(Look::Done(count))
                });
                // What is left is of markets that are stopped.
                if drained.as_ref().is_err_and(Failure::is_of_a_row) {
                    self.suspects = None;
                }
                drained.inspect_err(|_| {
                    // This process is alive: it was not these commands that ended it.
                    let _ = worker::transaction(c"pg_bourse: noting what is tried", || {
                        suspects::forget();
                        Ok(())
                    });
                })
            }
        }
    }

    /// How long until the next look into the inbox: longer and longer while it cannot be carried out, for every try
    /// has the ring wait.
    fn pause(&self) -> Duration {
        let pause = settings::poll_interval();
        pause.saturating_mul(1 << self.setbacks.min(16)).min(LONGEST_PAUSE.max(pause))
    }

    /// Has `sequencer_status()` tell why the inbox stands still.
    fn tell_of_setback(&mut self, drained: &Answer<Look>) {
        let told = match drained {
            Ok(Look::Paused(failure)) | Err(failure) => Some(format!("{} ({})", failure.message, failure.sqlstate())),
            Ok(Look::Gone | Look::Done(_)) => None,
        };
        if told != self.told {
            supervisor::note(NAME, self.paused, told.as_deref());
            self.told = told;
        }
    }

    /// What came of a chore; what went wrong goes to the server log.
    fn hear<T>(&mut self, outcome: Answer<T>, otherwise: T) -> T {
        outcome.unwrap_or_else(|failure| {
            self.complaints.tell(failure);
            otherwise
        })
    }
}

/// Why nothing is to be done here now.
fn out_of_place() -> Option<Look> {
    if require_home().is_err() {
        return Some(Look::Gone);
    }
    require_at_work().err().map(Look::Paused)
}

/// What a look finds, where the database is whole.
fn for_whole<T>(look: impl FnOnce() -> Vec<T>) -> Answer<Vec<T>> {
    require_at_work()?;
    let found = look();
    if !found.is_empty() {
        behind::require_none()?;
    }
    Ok(found)
}

/// The markets that have orders whose time has come.
fn expired() -> Vec<String> {
    let now = Timestamp::now();
    let mut markets_table = Table::open(&tables::MARKETS);
    let mut symbols = Vec::new();
    let index = markets_table.index(c"markets_pkey");
    markets_table.scan(index, &[], |row| {
        symbols.push(markets::of(row).symbol().to_owned());
        ControlFlow::Continue(())
    });
    markets_table.close();
    let mut orders_table = Table::open(&tables::ORDERS);
    let index = orders_table.index(c"idx_orders_expires_at");
    symbols.retain(|symbol| orders_table.find(index, &[Key::Text(symbol), Key::Until(now)], |_| ()).is_some());
    orders_table.close();
    symbols
}
