//! The launcher: sees to it that every database with our tables has a sequencer.

use std::collections::HashSet;
use std::time::Duration;

use super::desks::DESKS_OF_SERVER;
use crate::pg::databases;
use crate::pg::latch::{self, Latch};
use crate::pg::value::Timestamp;
use crate::pg::worker;

/// How often it looks without being asked.
const ROUND: Duration = Duration::from_millis(500);
/// How soon it looks again while something is on its way.
const SOON: Duration = Duration::from_millis(250);

/// The main loop of the launcher.
pub fn launch() {
    DESKS_OF_SERVER.with(|desks| desks.launcher_is(Latch::mine()));
    // Databases for which no process could be had; the log is told once of each, until it has one.
    let mut waiting = HashSet::new();
    loop {
        pgrx::check_for_interrupts!();
        worker::reload();
        let listed = worker::transaction(c"pg_bourse: listing databases", || Ok(databases::connectable()));
        let databases = listed.unwrap_or_default();
        let now = Timestamp::now();
        let due = DESKS_OF_SERVER.with(|desks| desks.due(&databases, now));
        let launch = |database: &databases::Database| worker::launch_sequencer(database.oid, &database.name);
        let mut short = false;
        for database in due.into_iter().map(|at| &databases[at]) {
            if !short && launch(database) {
                waiting.remove(&database.oid);
            } else {
                short = true;
                if waiting.insert(database.oid) {
                    let name = &database.name;
                    pgrx::warning!(
                        "pg_bourse: no worker process is left for the sequencer of {name}; raise max_worker_processes"
                    );
                }
                DESKS_OF_SERVER.with(|desks| desks.put_off(database.oid, now));
            }
        }
        let waits = DESKS_OF_SERVER.with(|desks| desks.is_wanted());
        latch::sleep(if waits { SOON } else { ROUND });
    }
}
