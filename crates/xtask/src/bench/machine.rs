//! What the figures depend on and a reader cannot see: cores, server, settings, day.

use std::fs;
use std::thread;

use super::grid::Grid;
use crate::failure::{Failure, Result};
use crate::psql::Database;

/// Those that decide about durability, memory and pauses.
const SETTINGS: [&str; 12] = [
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "wal_level",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "autovacuum",
    "max_connections",
    "shared_preload_libraries",
    "bourse.drain_inbox",
];

/// Of the cores: more than this in use, and a benchmark has to share.
const BUSY_SHARE: f64 = 0.25;

/// The surroundings of a run.
pub struct Machine {
    /// How many the operating system shows us.
    pub cores: usize,
    /// The version of PostgreSQL, for example 15.20.
    pub server: String,
    /// The day of the run.
    pub date: String,
    /// Names and values.
    pub settings: Vec<Vec<String>>,
}

impl Machine {
    /// One to show pages with.
    #[cfg(test)]
    pub fn example() -> Self {
        Self {
            cores: 2,
            server: "15.1".to_owned(),
            date: "2026-01-31".to_owned(),
            settings: vec![vec!["fsync".to_owned(), "on".to_owned()]],
        }
    }

    /// Asks the system and the server.
    pub fn look(database: &Database) -> Result<Self> {
        let rows = database.rows("SELECT split_part(current_setting('server_version'), ' ', 1), current_date;\n")?;
        let [row] = rows.as_slice() else {
            return Err(Failure::new("the server does not say its version", ""));
        };
        let list: Vec<String> = SETTINGS.iter().map(|name| format!("('{name}')")).collect();
        let settings = database.rows(&format!(
            "SELECT name, current_setting(name, true) FROM (VALUES {}) AS s (name);\n",
            list.join(", ")
        ))?;
        Ok(Self {
            cores: cores(),
            server: row.first().cloned().unwrap_or_default(),
            date: row.get(1).cloned().unwrap_or_default(),
            settings,
        })
    }

    /// The server's settings.
    pub fn table(&self) -> Grid {
        let mut grid = Grid::new(&["setting", "value"]);
        for row in &self.settings {
            grid.push(row.clone());
        }
        grid
    }
}

/// How many cores the operating system shows us; one is what we can be sure of.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Says so when other programs keep the machine busy: whatever is measured now is too low.
pub fn warn_when_busy() {
    // A system without this file does not tell.
    let Some(load) = fs::read_to_string("/proc/loadavg").ok().and_then(|text| load(&text)) else { return };
    if load > cores() as f64 * BUSY_SHARE {
        println!("  this machine is busy (load {load:.1} on {} cores): the figures will be too low", cores());
    }
}

/// The mean number of running programs in the last minute.
fn load(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

#[test]
fn the_load_is_the_first_number() {
    assert_eq!(load("0.52 1.10 2.00 1/300 4711\n"), Some(0.52));
    assert_eq!(load(""), None);
}
