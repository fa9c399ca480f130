//! What happens and leaves no row: refusals, and events that a schema counts, by database, since the server has
//! started. In shared memory, so nothing is counted where the library is not preloaded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgrx::pg_shmem_init;
use pgrx::prelude::*;

use crate::error;
use crate::pg::shared::{self, Shared, Text};
use crate::pg::value::Timestamp;
use crate::pg::worker::my_database;

/// The most (database, what) that are told apart; further ones are counted as [`OTHERS`].
const LINES: usize = 512;
/// What is counted where there is no room.
const OTHERS: &str = "others";
/// What is counted as of late is of this window of time and the one before.
const WINDOW: Duration = Duration::from_secs(300);

static TALLY: Shared<Tally> = Shared::new(c"pg_bourse tally");
static IS_THERE: AtomicBool = AtomicBool::new(false);

/// The name of what is counted: a SQLSTATE, or `schema.event`.
type What = Text<24>;

/// The lines, the first of which are taken, in the order in which they were first needed.
#[derive(Clone, Copy)]
struct Tally {
    lines: [Line; LINES],
    taken: usize,
}

/// How often one thing has happened in one database.
#[derive(Clone, Copy)]
struct Line {
    database: u32,
    what: Option<What>,
    total: i64,
    /// The window of the last one, and how many were in it and in the one before.
    window: i64,
    inside: i64,
    before: i64,
}

/// Sets up what needs a preloaded library. Called once, by the server that is starting.
pub fn prepare() {
    pg_shmem_init!(TALLY = shared::first(Tally::empty()));
    IS_THERE.store(true, Ordering::Relaxed);
    error::tell(|sqlstate| count(&[(sqlstate, 1)]));
}

/// Counts how often each of these has happened in the database of this process.
pub fn count(events: &[(&str, i64)]) {
    if !IS_THERE.load(Ordering::Relaxed) || events.iter().all(|(_, times)| *times == 0) {
        return;
    }
    let (database, window) = (my_database(), window_of(Timestamp::now()));
    TALLY.with(|tally| {
        for (what, times) in events {
            tally.line(database, Text::new(what)).add(*times, window);
        }
    });
}

impl Tally {
    const fn empty() -> Tally {
        let free = Line { database: 0, what: None, total: 0, window: 0, inside: 0, before: 0 };
        Tally { lines: [free; LINES], taken: 0 }
    }

    fn line(&mut self, database: u32, what: What) -> &mut Line {
        let is_it = |line: &Line| line.database == database && line.what == Some(what);
        let at = self.lines[..self.taken].iter().position(is_it).unwrap_or_else(|| {
            // The last line is everybody's.
            let is_last = self.taken + 1 >= LINES;
            let at = self.taken.min(LINES - 1);
            self.taken = at + 1;
            self.lines[at].database = if is_last { 0 } else { database };
            self.lines[at].what = Some(if is_last { Text::new(OTHERS) } else { what });
            at
        });
        &mut self.lines[at]
    }
}

impl Line {
    fn add(&mut self, times: i64, window: i64) {
        (self.inside, self.before) = self.at(window);
        self.window = window;
        self.inside += times;
        self.total += times;
    }

    /// How many are in this window and in the one before.
    fn at(&self, window: i64) -> (i64, i64) {
        match window - self.window {
            0 => (self.inside, self.before),
            1 => (0, self.inside),
            _ => (0, 0),
        }
    }
}

fn window_of(time: Timestamp) -> i64 {
    time.0.div_euclid(WINDOW.as_micros() as i64)
}

#[pg_extern(sql = false)]
fn count_event(what: Option<&str>) {
    count(&[(what.unwrap_or(OTHERS), 1)]);
}

#[pg_extern(sql = false)]
fn tally() -> TableIterator<'static, (name!(what, String), name!(total, i64), name!(lately, i64))> {
    let (database, window) = (my_database(), window_of(Timestamp::now()));
    let mut lines: Vec<Line> = Vec::new();
    if IS_THERE.load(Ordering::Relaxed) {
        TALLY.with(|tally| lines.extend_from_slice(&tally.lines[..tally.taken]));
    }
    lines.retain(|line| line.database == database || line.database == 0);
    TableIterator::new(lines.into_iter().map(move |line| {
        let (inside, before) = line.at(window);
        (line.what.map(|what| what.read()).unwrap_or_default(), line.total, inside + before)
    }))
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::*;

    #[pg_test]
    fn a_line_forgets_what_is_older_than_the_window_before() {
        let mut tally = Box::new(Tally::empty());
        for (window, times) in [(7, 2), (8, 3), (8, 1), (9, 5)] {
            tally.line(1, Text::new("23514")).add(times, window);
        }
        let line = *tally.line(1, Text::new("23514"));
        assert_eq!((line.total, line.at(9), line.at(10), line.at(11)), (11, (5, 4), (0, 5), (0, 0)));
        assert_eq!(tally.line(2, Text::new("23514")).total, 0);
        assert_eq!(tally.taken, 2);
    }

    #[pg_test]
    fn what_finds_no_room_is_counted_together() {
        let mut tally = Box::new(Tally::empty());
        for database in 1..=2 * LINES as u32 {
            tally.line(database, Text::new("42501")).add(1, 0);
        }
        assert_eq!(tally.taken, LINES);
        assert_eq!(tally.lines[LINES - 1].total, LINES as i64 + 1);
        assert_eq!(tally.line(1, Text::new("42501")).total, 1);
    }
}
