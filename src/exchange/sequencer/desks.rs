//! The desks: which database has a sequencer, which waits for one, which has none.

use std::time::Duration;

use super::message::Text;
use crate::pg::databases::Database;
use crate::pg::latch::Latch;
use crate::pg::shared::Shared;
use crate::pg::value::Timestamp;

/// The most databases of one server that are remembered. One without our tables is forgotten for one that asks.
const DESKS: usize = 256;
/// After this time a database without our tables is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// For so long a sequencer stays in a database in which somebody has begun to make our tables.
const EXPECTATION: Duration = Duration::from_secs(60);
/// After this time a sequencer that has not arrived is given up.
const ARRIVAL: Duration = Duration::from_secs(30);
/// A sequencer that ended sooner than this is started again after a pause.
const SHORT_LIFE: Duration = Duration::from_secs(5);
/// The pause.
const PAUSE: Duration = Duration::from_secs(1);

/// The most bytes of a setback that are told.
const SETBACK: usize = 400;

/// The desks of this server.
pub static DESKS_OF_SERVER: Shared<Desks> = Shared::new(c"pg_bourse desks");

/// One desk for each database, in no order.
#[derive(Clone, Copy)]
pub struct Desks {
    launcher: Option<Latch>,
    desks: [Desk; DESKS],
}

/// The sequencer of one database.
#[derive(Clone, Copy)]
pub struct Desk {
    /// The database; 0: the desk is free.
    database: u32,
    /// What is known of its sequencer.
    pub state: State,
    /// Since when, or (wanted) from when on.
    since: Timestamp,
    /// The process; 0: none.
    pub pid: i32,
    latch: Option<Latch>,
    /// Until when tables of ours are expected, if there are none.
    expected: Timestamp,
    /// Whether its database is to be left alone for now.
    pub paused: bool,
    /// Why it cannot carry out the inbox.
    pub setback: Option<Text<SETBACK>>,
    /// What it has done since the server has started.
    pub work: Work,
}

/// What a sequencer has done.
#[derive(Clone, Copy, Default)]
pub struct Work {
    /// Transactions with requests in them.
    pub batches: i64,
    /// Requests answered.
    pub requests: i64,
    /// The most requests in one transaction.
    pub largest: i64,
}

impl Desk {
    const FREE: Desk = Desk {
        database: 0,
        state: State::Wanted,
        since: Timestamp(0),
        pid: 0,
        latch: None,
        expected: Timestamp(0),
        paused: false,
        setback: None,
        work: Work { batches: 0, requests: 0, largest: 0 },
    };
}

/// What is known of the sequencer of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The launcher shall start it.
    Wanted,
    /// It has been asked for.
    Launched,
    /// It works.
    Working,
    /// It has ended: the database has no tables of ours.
    Absent,
    /// A command needs the database for itself.
    Barred,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Wanted => "wanted",
            State::Launched => "starting",
            State::Working => "working",
            State::Absent => "absent",
            State::Barred => "barred",
        }
    }
}

impl Desks {
    /// Desks that nobody uses.
    pub fn empty() -> Desks {
        Desks { launcher: None, desks: [Desk::FREE; DESKS] }
    }

    /// The desk of a database.
    pub fn of(&mut self, database: u32) -> Option<&mut Desk> {
        self.desks.iter_mut().find(|desk| desk.database == database)
    }

    /// The desk of a database; if it has none yet a free one, or that of a database without our tables.
    fn give(&mut self, database: u32) -> Option<&mut Desk> {
        let find = |wanted: &dyn Fn(&Desk) -> bool| self.desks.iter().position(wanted);
        let free = || find(&|desk| desk.database == 0);
        let absent = || find(&|desk| desk.state == State::Absent && desk.pid == 0);
        let at = find(&|desk| desk.database == database).or_else(free).or_else(absent)?;
        let desk = &mut self.desks[at];
        if desk.database != database {
            *desk = Desk { database, ..Desk::FREE };
        }
        Some(desk)
    }

    /// The launcher says who it is.
    pub fn launcher_is(&mut self, latch: Latch) {
        self.launcher = Some(latch);
        // What an earlier launcher has asked for may never have come.
        for desk in self.desks.iter_mut().filter(|desk| desk.state == State::Launched) {
            desk.state = State::Wanted;
        }
    }

    /// Which of the databases are to have their sequencer started now, those that somebody waits for first: each is
    /// marked as launched. Forgets databases that are gone.
    pub fn due(&mut self, databases: &[Database], now: Timestamp) -> Vec<usize> {
        for desk in &mut self.desks {
            if desk.pid == 0 && desk.state != State::Barred && !databases.iter().any(|d| d.oid == desk.database) {
                desk.database = 0;
            }
        }
        let due = |desk: &Desk| match desk.state {
            State::Wanted => desk.pid == 0 && desk.since.is_due(now, PAUSE),
            State::Launched => (desk.since + ARRIVAL).is_due(now, ARRIVAL),
            State::Absent => (desk.since + LOOK_AGAIN).is_due(now, LOOK_AGAIN),
            State::Working | State::Barred => false,
        };
        let mut found = Vec::new();
        for (at, database) in databases.iter().enumerate() {
            if let Some(desk) = self.give(database.oid).filter(|desk| due(desk)) {
                found.push((desk.since, at));
                (desk.state, desk.since) = (State::Launched, now);
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, at)| at).collect()
    }

    /// No process could be had for the sequencer of a database, or it has ended on its way to its desk; returns whom
    /// to tell.
    pub fn put_off(&mut self, database: u32, now: Timestamp) -> Option<Latch> {
        let launcher = self.launcher;
        let desk = self.of(database).filter(|desk| desk.pid == 0 && desk.state == State::Launched)?;
        (desk.state, desk.since) = (State::Wanted, now + PAUSE);
        launcher
    }

    /// A sequencer finds no tables of ours. It has its desk until it departs. False when it should stay and look again.
    pub fn retire(&mut self, database: u32, now: Timestamp) -> bool {
        let Some(desk) = self.of(database).filter(|desk| desk.state == State::Working) else { return true };
        if !desk.expected.is_due(now, EXPECTATION) {
            return false;
        }
        (desk.state, desk.since) = (State::Absent, now);
        true
    }

    /// Somebody makes our tables in a database; returns whom to tell.
    pub fn expect(&mut self, database: u32, now: Timestamp) -> Option<Latch> {
        let launcher = self.want(database);
        let desk = self.of(database)?;
        desk.expected = now + EXPECTATION;
        launcher.or(desk.latch)
    }

    /// A sequencer tells what stands in its way.
    pub fn note(&mut self, database: u32, paused: bool, setback: Option<&str>) {
        if let Some(desk) = self.of(database) {
            (desk.paused, desk.setback) = (paused, setback.map(Text::new));
        }
    }

    /// Whether a sequencer is to be started soon.
    pub fn is_wanted(&self) -> bool {
        self.desks.iter().any(|desk| desk.database != 0 && desk.state == State::Wanted)
    }

    /// A sequencer sits down. False when its database is barred or has one.
    pub fn arrive(&mut self, database: u32, pid: i32, latch: Latch, now: Timestamp) -> bool {
        match self.give(database) {
            Some(desk) if desk.pid == 0 && desk.state != State::Barred => {
                let (paused, setback) = (false, None);
                *desk = Desk { state: State::Working, since: now, pid, latch: Some(latch), paused, setback, ..*desk };
                true
            }
            Some(_) | None => false,
        }
    }

    /// A sequencer gets up; returns whom to tell.
    pub fn depart(&mut self, database: u32, pid: i32, now: Timestamp) -> Option<Latch> {
        let desk = self.of(database).filter(|desk| desk.pid == pid)?;
        (desk.pid, desk.latch) = (0, None);
        if matches!(desk.state, State::Working | State::Launched) {
            let short = now < desk.since + SHORT_LIFE;
            (desk.state, desk.since) = (State::Wanted, if short { now + PAUSE } else { now });
        }
        self.launcher
    }

    /// The latch of the sequencer of a database.
    pub fn latch(&mut self, database: u32) -> Option<Latch> {
        self.of(database).and_then(|desk| desk.latch)
    }

    /// Somebody needs the sequencer of a database; returns whom to tell, if it does not work already.
    pub fn want(&mut self, database: u32) -> Option<Latch> {
        let launcher = self.launcher;
        let desk = self.give(database)?;
        if matches!(desk.state, State::Absent | State::Wanted) {
            (desk.state, desk.since) = (State::Wanted, Timestamp(0));
        }
        launcher.filter(|_| desk.state == State::Wanted)
    }

    /// Sets the state of a desk; returns whom to tell.
    pub fn set(&mut self, database: u32, state: State, now: Timestamp) -> Option<Latch> {
        let launcher = self.launcher;
        let desk = self.give(database)?;
        (desk.state, desk.since) = (state, now);
        if state == State::Wanted { launcher } else { desk.latch }
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::pg_test;

    use super::*;

    fn launched(now: Timestamp) -> Box<Desks> {
        let mut desks = Box::new(Desks::empty());
        let database = Database { oid: 1, name: "venue".to_owned() };
        assert_eq!(desks.due(&[database], now), [0]);
        desks
    }

    fn state(desks: &mut Desks) -> Option<State> {
        desks.of(1).map(|desk| desk.state)
    }

    #[pg_test]
    fn a_sequencer_that_ends_on_its_way_is_wanted_again() {
        let now = Timestamp::now();
        let mut desks = launched(now);
        desks.put_off(1, now);
        assert_eq!(state(&mut desks), Some(State::Wanted));
    }

    #[pg_test]
    fn a_sequencer_stays_where_tables_are_expected() {
        let now = Timestamp::now();
        let mut desks = launched(now);
        assert!(desks.arrive(1, 7, Latch::mine(), now));
        desks.expect(1, now);
        assert!(!desks.retire(1, now + Duration::from_secs(59)));
        assert_eq!(state(&mut desks), Some(State::Working));
        assert!(desks.retire(1, now + EXPECTATION));
        assert_eq!(state(&mut desks), Some(State::Absent));
        // Somebody comes while it gets up: another one is started when it has gone.
        desks.expect(1, now);
        assert_eq!(state(&mut desks), Some(State::Wanted));
    }

    #[pg_test]
    fn a_database_that_is_barred_stays_barred() {
        let now = Timestamp::now();
        let mut desks = launched(now);
        desks.set(1, State::Barred, now);
        desks.put_off(1, now);
        desks.retire(1, now);
        assert_eq!(state(&mut desks), Some(State::Barred));
        assert!(!desks.arrive(1, 7, Latch::mine(), now));
    }
}
