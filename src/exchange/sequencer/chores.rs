//! What the sequencer does when it is not asked: the bulk inbox, orders whose time has come, stops that a cascade has
//! left.

use std::ops::ControlFlow;
use std::time::Duration;

use super::super::command::{Action, Command};
use super::super::inbox::{self, Wanted};
use super::super::rows::{markets, orders};
use super::super::suspects::{self, Next, Suspects};
use super::super::{carry_out, stops};
use super::complaints::Complaints;
use crate::bourse::require_home;
use crate::error::Answer;
use crate::guc;
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

/// The longest pause before something that went wrong is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// When what is due, and what went wrong last.
#[derive(Default)]
pub struct Chores {
    inbox: Timestamp,
    expiry: Timestamp,
    stops: Timestamp,
    /// How often the inbox could not be carried out in a row.
    setbacks: u32,
    /// The commands that may have ended the last process; none once they are carried out, or not looked at yet.
    suspects: Option<Suspects>,
    has_looked: bool,
    complaints: Complaints,
}

impl Chores {
    /// Does what is due, less at a time while the ring is in use; returns when the next thing is due. None: the
    /// database has no tables of ours.
    pub fn run(&mut self, ring_is_used: bool) -> Option<Timestamp> {
        let now = Timestamp::now();
        let batch = if ring_is_used { SMALL_INBOX_BATCH } else { INBOX_BATCH };
        if self.inbox.is_due(now, LONGEST_PAUSE.max(guc::poll_interval())) {
            let drained = self.drain(batch);
            self.setbacks = if drained.is_err() { self.setbacks + 1 } else { 0 };
            let count = self.hear(drained, Some(0))?;
            self.inbox = Timestamp::now() + if count > 0 { Duration::ZERO } else { self.pause() };
        }
        if self.expiry.is_due(now, EXPIRY) {
            let due = worker::transaction(c"pg_bourse: looking for expired orders", || Ok(expired()));
            for symbol in self.hear(due, Vec::new()) {
                let ended = worker::transaction(c"pg_bourse: expiring orders", || {
                    carry_out(&[Command::market(&symbol, Action::Expire)]).map(|_| ())
                });
                self.hear(ended, ());
            }
            self.expiry = Timestamp::now() + EXPIRY;
        }
        if self.stops.is_due(now, EXPIRY) {
            let left = worker::transaction(c"pg_bourse: looking for stops that are left", || Ok(stops::left(None)));
            let mut count = 0;
            for symbol in self.hear(left, Vec::new()) {
                let entered = worker::transaction(c"pg_bourse: entering stops", || stops::enter(&[symbol]));
                count += self.hear(entered, 0);
            }
            self.stops = Timestamp::now() + if count > 0 { Duration::ZERO } else { EXPIRY };
        }
        Some(self.inbox.min(self.expiry).min(self.stops))
    }

    /// Carries out the next commands of the inbox; returns how many. None: the database has no tables of ours.
    fn drain(&mut self, most: usize) -> Answer<Option<usize>> {
        if self.suspects.is_some() {
            return self.drain_suspects(most);
        }
        let mut found = None;
        let drained = worker::transaction(c"pg_bourse: draining order_commands", || {
            if require_home().is_err() {
                return Ok(None);
            }
            if !guc::drains_inbox() || !inbox::is_waiting() {
                return Ok(Some(0));
            }
            if !self.has_looked {
                found = Some(Suspects::at_start());
                return Ok(Some(1));
            }
            let wanted = Wanted { symbol: None, most, until: i64::MAX };
            inbox::drain_if_free(wanted).map(Some)
        });
        if drained.is_ok() && found.is_some() {
            (self.suspects, self.has_looked) = (found, true);
        }
        drained
    }

    /// The same while commands wait that may have ended the last process.
    fn drain_suspects(&mut self, most: usize) -> Answer<Option<usize>> {
        let Some(suspects) = &mut self.suspects else { return Ok(Some(0)) };
        let noted = worker::transaction(c"pg_bourse: noting what is tried", || {
            if require_home().is_err() {
                return Ok(None);
            }
            if guc::drains_inbox() { suspects.note(most).map(Some) } else { Ok(Some(Next::Busy)) }
        });
        match noted? {
            None => Ok(None),
            Some(Next::Busy) => Ok(Some(0)),
            Some(Next::SetAside) => Ok(Some(1)),
            Some(Next::Nothing) => {
                self.suspects = None;
                Ok(Some(1))
            }
            Some(Next::Try(wanted)) => {
                let drained = worker::transaction(c"pg_bourse: draining order_commands", || {
                    let count = inbox::drain_if_free(wanted)?;
                    suspects::forget();
                    Ok(Some(count))
                });
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
        let pause = guc::poll_interval();
        pause.saturating_mul(1 << self.setbacks.min(16)).min(LONGEST_PAUSE.max(pause))
    }

    /// What came of a chore; what went wrong goes to the server log.
    fn hear<T>(&mut self, outcome: Answer<T>, otherwise: T) -> T {
        outcome.unwrap_or_else(|failure| {
            self.complaints.tell(failure);
            otherwise
        })
    }
}

/// The markets that have orders whose time has come.
fn expired() -> Vec<String> {
    let now = Timestamp::now();
    let mut markets_table = Table::open(c"exchange", c"markets", markets::ALL);
    let mut symbols = Vec::new();
    let index = markets_table.index(c"markets_pkey");
    markets_table.scan(index, &[], |row| {
        symbols.push(row.text(markets::SYMBOL).to_owned());
        ControlFlow::Continue(())
    });
    markets_table.close();
    let mut orders_table = Table::open(c"exchange", c"orders", orders::ALL);
    let index = orders_table.index(c"idx_orders_expires_at");
    symbols.retain(|symbol| orders_table.find(index, &[Key::Text(symbol), Key::Until(now)], |_| ()).is_some());
    orders_table.close();
    symbols
}
