//! The launcher: sees to it that every database has a worker of every kind that is wanted.

use std::collections::HashSet;
use std::time::Duration;

use super::desks::{DESKS_OF_SERVER, Post};
use super::kind::{Kind, kinds};
use crate::pg::databases::{self, Database};
use crate::pg::latch::{self, Latch};
use crate::pg::value::Timestamp;
use crate::pg::worker;

/// How often it looks without being asked.
const ROUND: Duration = Duration::from_millis(500);
/// How soon it looks again while something is on its way.
const SOON: Duration = Duration::from_millis(250);

/// What stands in the way of a worker for which no process could be had.
const NO_PROCESS: &str = "no worker process is left: raise max_worker_processes (53400)";

/// The main loop of the launcher.
pub fn launch() {
    DESKS_OF_SERVER.with(|desks| desks.launcher_is(Latch::mine()));
    // Posts for which no process could be had; the log is told once of each, until it has one.
    let mut waiting = HashSet::new();
    loop {
        pgrx::check_for_interrupts!();
        worker::reload();
        let listed = worker::transaction(c"pg_bourse: listing databases", || Ok(databases::connectable()));
        let databases = listed.unwrap_or_default();
        let (posts, names): (Vec<Post>, Vec<_>) = posts(&databases).unzip();
        let now = Timestamp::now();
        let due = DESKS_OF_SERVER.with(|desks| desks.due(&posts, now));
        let mut short = false;
        for at in due {
            let (post, (kind, name)) = (posts[at], names[at]);
            if !short && worker::launch(post, kind, name) {
                waiting.remove(&post);
                continue;
            }
            short = true;
            if waiting.insert(post) {
                pgrx::warning!(
                    "pg_bourse: no worker process is left for the {kind} of {name}; raise max_worker_processes"
                );
            }
            DESKS_OF_SERVER.with(|desks| {
                desks.put_off(post, now);
                desks.note(post, false, Some(NO_PROCESS));
            });
        }
        let waits = DESKS_OF_SERVER.with(|desks| desks.is_wanted());
        latch::sleep(if waits { SOON } else { ROUND });
    }
}

/// Every post that is to have a worker, and the names of its kind and its database: kind by kind, so that where
/// processes are few the first kinds have theirs.
fn posts(databases: &[Database]) -> impl Iterator<Item = (Post, (&'static str, &str))> {
    let wanted = kinds().iter().enumerate().filter(|(_, kind)| (kind.is_wanted)());
    wanted.flat_map(|(number, kind): (usize, &&'static Kind)| {
        databases.iter().map(move |database| {
            (Post { kind: number as u32, database: database.oid }, (kind.name, database.name.as_str()))
        })
    })
}
