//! The queues that are measured, and their turns.

use std::process::Command;

use super::request::Pace;
use super::tools::Tools;
use crate::bench::copies;
use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::project::Project;
use crate::psql::Database;

/// The database of a turn, a copy of one that was made once.
const TURN: &str = "turn";

/// A client of a queue: a program below bench/jobs with one of its modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Queue {
    /// For people.
    pub name: &'static str,
    /// The module, and the databases.
    module: &'static str,
    /// Whose database it works on.
    like: Option<&'static str>,
    language: Language,
    /// Whether it is ours.
    pub is_ours: bool,
    /// Whether it takes a batch of jobs at once.
    pub has_batches: bool,
    /// Whether a job that fails is tried again, after a while and not for ever.
    pub has_retries: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    Node,
    Python,
}

const fn queue(name: &'static str, module: &'static str, language: Language) -> Queue {
    Queue { name, module, like: None, language, is_ours: false, has_batches: true, has_retries: true }
}

/// `jobs.claim`, then `jobs.complete`.
pub const CLAIM: Queue = Queue { is_ours: true, ..queue("claim, complete", "pg_bourse", Language::Node) };
/// `jobs.complete_and_claim`.
pub const ONE_COMMIT: Queue = Queue {
    is_ours: true,
    like: Some(CLAIM.module),
    ..queue("complete_and_claim", "pg_bourse_one_commit", Language::Node)
};
/// The one that the others are measured against most.
pub const GRAPHILE: Queue = queue("graphile-worker", "graphile_worker", Language::Node);
const PG_BOSS: Queue = queue("pg-boss", "pg_boss", Language::Node);
const PGMQ: Queue = Queue { has_retries: false, ..queue("pgmq", "pgmq", Language::Node) };
const OBAN: Queue = queue("oban", "oban", Language::Node);

/// All that are driven from Node.js.
pub const NODE: [Queue; 6] = [CLAIM, ONE_COMMIT, GRAPHILE, PG_BOSS, PGMQ, OBAN];
/// All that are driven from Python: each peer beside ours over the same driver.
pub const PYTHON: [Queue; 4] = [
    Queue {
        is_ours: true,
        like: Some(CLAIM.module),
        ..queue("claim, complete (psycopg)", "pg_bourse", Language::Python)
    },
    Queue { has_batches: false, ..queue("procrastinate (psycopg)", "procrastinate", Language::Python) },
    Queue {
        is_ours: true,
        like: Some(CLAIM.module),
        ..queue("claim, complete (asyncpg)", "pg_bourse_asyncpg", Language::Python)
    },
    queue("pgqueuer (asyncpg)", "pgqueuer", Language::Python),
];
/// Those that tell a client of a new job.
pub const LISTENING: [Queue; 4] = [CLAIM, GRAPHILE, PG_BOSS, PGMQ];

/// Ours that a peer is measured against: claim and complete over the same driver, and the one commit from Node.js.
pub fn rivals(peer: Queue) -> [Option<Queue>; 2] {
    if peer.is_ours {
        return [None, None];
    }
    match PYTHON.into_iter().position(|queue| queue == peer) {
        Some(place) => [PYTHON.get(place.wrapping_sub(1)).copied(), None],
        None => [Some(CLAIM), Some(ONE_COMMIT)],
    }
}

/// Where turns are made.
pub struct Arena<'a> {
    /// The repository.
    pub project: &'a Project,
    /// The server.
    pub cluster: &'a Cluster,
    /// The programs.
    pub tools: &'a Tools,
}

impl Arena<'_> {
    /// Makes the database that the turns of a queue are copies of, with so many jobs that wait.
    pub fn prepare(&self, queue: Queue, jobs: u32) -> Result<()> {
        if queue.like.is_some() {
            return Ok(());
        }
        println!("  {}, {jobs} jobs", queue.name);
        let name = database(queue, jobs);
        // Nobody could enter it to drop it.
        let database = self.cluster.fresh_database(&name)?;
        self.program(queue.language, &name, &["install".to_owned(), queue.module.to_owned()])?;
        if jobs > 0 {
            self.fill(queue, &name, jobs)?;
        }
        database.run("VACUUM (ANALYZE);\n")?;
        self.close(&name)
    }

    /// Enqueues so many jobs.
    pub fn fill(&self, queue: Queue, database: &str, jobs: u32) -> Result<()> {
        let arguments = ["fill".to_owned(), queue.module.to_owned(), jobs.to_string()];
        self.program(queue.language, database, &arguments).map(drop)
    }

    /// Lets nobody enter a database any more: it can be copied.
    pub fn close(&self, name: &str) -> Result<()> {
        copies::close(self.cluster, name)
    }

    /// A new database that is a copy of the queue's.
    pub fn copy(&self, queue: Queue, jobs: u32, to: &str) -> Result<Database> {
        self.copy_of(&database(queue, jobs), to)
    }

    /// A new database that is a copy of another.
    pub fn copy_of(&self, from: &str, to: &str) -> Result<Database> {
        copies::copy(self.cluster, from, to)
    }

    /// Jobs per second of clients that take turns, each in a database of its own: by queue, in the order of its turns.
    pub fn race(&self, queues: &[Queue], (workers, batch): (u32, u32), pace: Pace) -> Result<Vec<Vec<f64>>> {
        let numbers = [workers, batch, pace.turns(batch), pace.milliseconds()];
        let mut arguments = vec!["race".to_owned()];
        arguments.extend(numbers.map(|number| number.to_string()));
        for queue in queues {
            let name = format!("race_{}", queue.module);
            self.copy(*queue, pace.waiting(batch), &name)?;
            arguments.push(format!("{}={name}", queue.module));
        }
        self.cluster.database("postgres").run("CHECKPOINT;\n")?;
        let language = queues.first().map_or(Language::Node, |queue| queue.language);
        let said = self.program(language, "postgres", &arguments)?;
        let rates = said.lines().map(|line| line.split(' ').skip(1).map(str::parse).collect());
        let rates = rates.collect::<std::result::Result<Vec<Vec<f64>>, _>>();
        let rates = rates.or_fail(|| format!("no rates: {said}"), "run the program by hand")?;
        if rates.len() == queues.len() && rates.iter().all(|of_one| of_one.len() == pace.turns(batch) as usize) {
            return Ok(rates);
        }
        Err(Failure::new(format!("rates are missing: {said}"), "run the program by hand"))
    }

    /// Microseconds from the call that enqueues a job to its start, in an empty queue.
    pub fn latencies(&self, queue: Queue, seconds: u32) -> Result<Vec<u64>> {
        self.copy(queue, 0, TURN)?;
        let arguments = ["latency".to_owned(), queue.module.to_owned(), seconds.to_string()];
        let said = self.program(queue.language, TURN, &arguments)?;
        let numbers = said.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>();
        numbers.or_fail(|| format!("{} says {said}", queue.name), "run its program by hand")
    }

    /// Runs a program in a database, and returns what it prints.
    fn program(&self, language: Language, database: &str, arguments: &[String]) -> Result<String> {
        let mut command: Command = match language {
            Language::Node => self.tools.node_program(),
            Language::Python => self.tools.python_program(self.project),
        };
        let output = command
            .args(arguments)
            .env("PGHOST", self.cluster.socket())
            .env("PGPORT", crate::cluster::PORT.to_string())
            .envs([("PGUSER", "postgres"), ("PGDATABASE", database)])
            .output()
            .or_fail(|| "cannot run a program of bench/jobs".to_owned(), "remove target/bench-jobs")?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(format!("bench/jobs {}: {}", arguments.join(" "), errors.trim()), "see the server's log"))
    }
}

fn database(queue: Queue, jobs: u32) -> String {
    format!("{}_{jobs}", queue.like.unwrap_or(queue.module))
}

/// Everybody's turn in a round: forwards, then backwards, so that what changes slowly hits all alike; and each begins.
pub fn order(queues: &[Queue], round: usize) -> Vec<Queue> {
    let mut order = queues.to_vec();
    order.rotate_left((round / 2) % queues.len().max(1));
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_there_and_back_and_each_begins() {
        let names = |round| -> Vec<&str> { order(&[CLAIM, GRAPHILE, OBAN], round).iter().map(|q| q.module).collect() };
        assert_eq!(names(0), ["pg_bourse", "graphile_worker", "oban"]);
        assert_eq!(names(1), ["oban", "graphile_worker", "pg_bourse"]);
        assert_eq!(names(2), ["graphile_worker", "oban", "pg_bourse"]);
        assert_eq!(names(6), names(0));
    }

    #[test]
    fn a_peer_is_measured_against_ours_over_its_driver() {
        let names = |peer| rivals(peer).map(|ours| ours.map(|ours| ours.name));
        assert_eq!(names(OBAN), [Some("claim, complete"), Some("complete_and_claim")]);
        assert_eq!(names(PYTHON[3]), [Some("claim, complete (asyncpg)"), None]);
        assert_eq!(names(PYTHON[0]), [None, None]);
    }

    #[test]
    fn both_doors_of_ours_work_on_one_database() {
        assert_eq!(database(ONE_COMMIT, 7), database(CLAIM, 7));
        assert_eq!(database(PYTHON[0], 7), "pg_bourse_7");
    }
}
