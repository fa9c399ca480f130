//! The desks: which database has a worker of which kind, which waits for one, which has none.

use std::time::Duration;

use crate::pg::latch::Latch;
use crate::pg::shared::{Shared, Text};
use crate::pg::value::Timestamp;
pub use crate::pg::worker::Post;

/// The most posts of one server that are remembered. One without work is forgotten for one that asks.
const DESKS: usize = 256;
/// After this time a database without work for a kind is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// For so long a worker stays in a database in which somebody has begun to make our tables.
const EXPECTATION: Duration = Duration::from_secs(60);
/// After this time a worker that has not arrived is given up.
const ARRIVAL: Duration = Duration::from_secs(30);
/// A worker that ended sooner than this is started again after a pause.
const SHORT_LIFE: Duration = Duration::from_secs(5);
/// The pause.
const PAUSE: Duration = Duration::from_secs(1);

/// The most bytes of a setback that are told.
const SETBACK: usize = 400;

/// The desks of this server.
pub static DESKS_OF_SERVER: Shared<Desks> = Shared::new(c"pg_bourse desks");

/// One desk for each post, in no order.
#[derive(Clone, Copy)]
pub struct Desks {
    launcher: Option<Latch>,
    desks: [Desk; DESKS],
}

/// The worker of one kind of one database.
#[derive(Clone, Copy)]
pub struct Desk {
    /// The kind and the database; [`NOBODY`]: the desk is free.
    pub post: Post,
    /// What is known of its worker.
    pub state: WorkerState,
    /// Since when, or (wanted) from when on.
    pub since: Timestamp,
    /// The process; 0: none.
    pub pid: i32,
    latch: Option<Latch>,
    /// Until when tables of ours are expected, if there are none.
    expected: Timestamp,
    /// Whether its database is to be left alone for now.
    pub paused: bool,
    /// What stands in its way.
    pub setback: Option<Text<SETBACK>>,
    /// What its kind counts, since the server has started.
    pub counts: Counts,
}

/// Numbers whose meaning a kind gives them.
pub type Counts = [i64; 3];

/// The post of a free desk: no database has the oid 0.
const NOBODY: Post = Post { kind: 0, database: 0 };

impl Desk {
    const FREE: Desk = Desk {
        post: NOBODY,
        state: WorkerState::Wanted,
        since: Timestamp(0),
        pid: 0,
        latch: None,
        expected: Timestamp(0),
        paused: false,
        setback: None,
        counts: [0; 3],
    };

    /// The word for what its worker is doing.
    pub fn word(&self) -> &'static str {
        if self.state == WorkerState::Working && self.paused { "paused" } else { self.state.as_str() }
    }
}

/// What is known of the worker of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// The launcher shall start it.
    Wanted,
    /// It has been asked for.
    Launched,
    /// It works.
    Working,
    /// It has ended: the database has no work for it.
    Absent,
    /// A command needs the database for itself.
    Barred,
}

impl WorkerState {
    fn as_str(self) -> &'static str {
        match self {
            WorkerState::Wanted => "wanted",
            WorkerState::Launched => "starting",
            WorkerState::Working => "working",
            WorkerState::Absent => "absent",
            WorkerState::Barred => "barred",
        }
    }
}

impl Desks {
    /// Desks that nobody uses.
    pub fn empty() -> Desks {
        Desks { launcher: None, desks: [Desk::FREE; DESKS] }
    }

    /// The desk of a post.
    pub fn of(&mut self, post: Post) -> Option<&mut Desk> {
        self.desks.iter_mut().find(|desk| desk.post == post)
    }

    /// Every desk that is somebody's.
    pub fn taken(&self) -> impl Iterator<Item = &Desk> {
        self.desks.iter().filter(|desk| desk.post != NOBODY)
    }

    /// The desk of a post; if it has none yet a free one, or that of a database without work for its kind.
    fn give(&mut self, post: Post) -> Option<&mut Desk> {
        let find = |wanted: &dyn Fn(&Desk) -> bool| self.desks.iter().position(wanted);
        let free = || find(&|desk| desk.post == NOBODY);
        let absent = || find(&|desk| desk.state == WorkerState::Absent && desk.pid == 0);
        let at = find(&|desk| desk.post == post).or_else(free).or_else(absent)?;
        let desk = &mut self.desks[at];
        if desk.post != post {
            *desk = Desk { post, ..Desk::FREE };
        }
        Some(desk)
    }

    /// The launcher says who it is.
    pub fn launcher_is(&mut self, latch: Latch) {
        self.launcher = Some(latch);
        // What an earlier launcher has asked for may never have come.
        for desk in self.desks.iter_mut().filter(|desk| desk.state == WorkerState::Launched) {
            desk.state = WorkerState::Wanted;
        }
    }

    /// Which of the posts are to have their worker started now, those that somebody waits for first: each is marked as
    /// launched. Forgets posts that are not among them: their database is gone, or their kind switched off.
    pub fn due(&mut self, posts: &[Post], now: Timestamp) -> Vec<usize> {
        for desk in &mut self.desks {
            if desk.pid == 0 && desk.state != WorkerState::Barred && !posts.contains(&desk.post) {
                desk.post = NOBODY;
            }
        }
        let due = |desk: &Desk| match desk.state {
            WorkerState::Wanted => desk.pid == 0 && desk.since.is_due(now, PAUSE),
            WorkerState::Launched => (desk.since + ARRIVAL).is_due(now, ARRIVAL),
            WorkerState::Absent => (desk.since + LOOK_AGAIN).is_due(now, LOOK_AGAIN),
            WorkerState::Working | WorkerState::Barred => false,
        };
        let mut found = Vec::new();
        for (at, post) in posts.iter().enumerate() {
            if let Some(desk) = self.give(*post).filter(|desk| due(desk)) {
                found.push((desk.since, at));
                (desk.state, desk.since) = (WorkerState::Launched, now);
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, at)| at).collect()
    }

    /// No process could be had for a worker, or it has ended on its way to its desk; returns whom to tell.
    pub fn put_off(&mut self, post: Post, now: Timestamp) -> Option<Latch> {
        let launcher = self.launcher;
        let desk = self.of(post).filter(|desk| desk.pid == 0 && desk.state == WorkerState::Launched)?;
        (desk.state, desk.since) = (WorkerState::Wanted, now + PAUSE);
        launcher
    }

    /// A worker finds no work in its database. It has its desk until it departs. False when it should stay and look
    /// again.
    pub fn retire(&mut self, post: Post, now: Timestamp) -> bool {
        let Some(desk) = self.of(post).filter(|desk| desk.state == WorkerState::Working) else { return true };
        if !desk.expected.is_due(now, EXPECTATION) {
            return false;
        }
        (desk.state, desk.since) = (WorkerState::Absent, now);
        true
    }

    /// Somebody makes our tables in a database; returns whom to tell.
    pub fn expect(&mut self, post: Post, now: Timestamp) -> Option<Latch> {
        let launcher = self.want(post);
        let desk = self.of(post)?;
        desk.expected = now + EXPECTATION;
        launcher.or(desk.latch)
    }

    /// What stands in the way of a worker, told by it or by the launcher; until it is told anew, sits down or gets up.
    pub fn note(&mut self, post: Post, paused: bool, setback: Option<&str>) {
        if let Some(desk) = self.of(post) {
            (desk.paused, desk.setback) = (paused, setback.map(Text::new));
        }
    }

    /// Whether a worker is to be started soon.
    pub fn is_wanted(&self) -> bool {
        self.taken().any(|desk| desk.state == WorkerState::Wanted)
    }

    /// A worker sits down. False when its database is barred or has one.
    pub fn arrive(&mut self, post: Post, pid: i32, latch: Latch, now: Timestamp) -> bool {
        match self.give(post) {
            Some(desk) if desk.pid == 0 && desk.state != WorkerState::Barred => {
                let (paused, setback) = (false, None);
                *desk =
                    Desk { state: WorkerState::Working, since: now, pid, latch: Some(latch), paused, setback, ..*desk };
                true
            }
            Some(_) | None => false,
        }
    }

    /// A worker gets up; returns whom to tell.
    pub fn depart(&mut self, post: Post, pid: i32, now: Timestamp) -> Option<Latch> {
        let desk = self.of(post).filter(|desk| desk.pid == pid)?;
        (desk.pid, desk.latch, desk.setback) = (0, None, None);
        if matches!(desk.state, WorkerState::Working | WorkerState::Launched) {
            let short = now < desk.since + SHORT_LIFE;
            (desk.state, desk.since) = (WorkerState::Wanted, if short { now + PAUSE } else { now });
        }
        self.launcher
    }

    /// The latch of the worker of a post.
    pub fn latch(&mut self, post: Post) -> Option<Latch> {
        self.of(post).and_then(|desk| desk.latch)
    }

    /// Somebody needs the worker of a post; returns whom to tell, if it does not work already.
    pub fn want(&mut self, post: Post) -> Option<Latch> {
        let launcher = self.launcher;
        let desk = self.give(post)?;
        if matches!(desk.state, WorkerState::Absent | WorkerState::Wanted) {
            (desk.state, desk.since) = (WorkerState::Wanted, Timestamp(0));
        }
        launcher.filter(|_| desk.state == WorkerState::Wanted)
    }

    /// Sets the state of a desk; returns whom to tell.
    pub fn set(&mut self, post: Post, state: WorkerState, now: Timestamp) -> Option<Latch> {
        let launcher = self.launcher;
        let desk = self.give(post)?;
        (desk.state, desk.since) = (state, now);
        if state == WorkerState::Wanted { launcher } else { desk.latch }
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::pg_test;

    use super::*;

    const HERE: Post = Post { kind: 0, database: 1 };
    const BESIDE: Post = Post { kind: 1, database: 1 };

    fn launched(now: Timestamp) -> Box<Desks> {
        let mut desks = Box::new(Desks::empty());
        assert_eq!(desks.due(&[HERE], now), [0]);
        desks
    }

    fn state(desks: &mut Desks) -> Option<WorkerState> {
        desks.of(HERE).map(|desk| desk.state)
    }

    #[pg_test]
    fn a_worker_that_ends_on_its_way_is_wanted_again() {
        let now = Timestamp::now();
        let mut desks = launched(now);
        desks.put_off(HERE, now);
        assert_eq!(state(&mut desks), Some(WorkerState::Wanted));
    }

    #[pg_test]
    fn a_worker_stays_where_tables_are_expected() {
        let now = Timestamp::now();
        let mut desks = launched(now);
        assert!(desks.arrive(HERE, 7, Latch::mine(), now));
        desks.expect(HERE, now);
        assert!(!desks.retire(HERE, now + Duration::from_secs(59)));
        assert_eq!(state(&mut desks), Some(WorkerState::Working));
        assert!(desks.retire(HERE, now + EXPECTATION));
        assert_eq!(state(&mut desks), Some(WorkerState::Absent));
        // Somebody comes while it gets up: another one is started when it has gone.
        desks.expect(HERE, now);
        assert_eq!(state(&mut desks), Some(WorkerState::Wanted));
    }

    #[pg_test]
    fn a_database_that_is_barred_stays_barred() {
        let now = Timestamp::now();
        let mut desks = launched(now);
        desks.set(HERE, WorkerState::Barred, now);
        desks.put_off(HERE, now);
        desks.retire(HERE, now);
        assert_eq!(state(&mut desks), Some(WorkerState::Barred));
        assert!(!desks.arrive(HERE, 7, Latch::mine(), now));
    }

    #[pg_test]
    fn two_kinds_in_one_database_come_and_go_by_themselves() {
        let (now, mut desks) = (Timestamp::now(), Box::new(Desks::empty()));
        assert_eq!(desks.due(&[HERE, BESIDE], now), [0, 1]);
        assert!(desks.arrive(HERE, 7, Latch::mine(), now) && desks.arrive(BESIDE, 8, Latch::mine(), now));
        desks.depart(BESIDE, 8, now + SHORT_LIFE);
        assert_eq!(desks.due(&[HERE, BESIDE], now + SHORT_LIFE), [1]);
        assert_eq!(state(&mut desks), Some(WorkerState::Working));
        // Its kind is switched off.
        desks.put_off(BESIDE, now);
        assert!(desks.due(&[HERE], now + ARRIVAL).is_empty() && desks.of(BESIDE).is_none());
    }
}
