//! The server's own test programs: pg_regress for SQL and its output, pg_isolation_regress for interleaved sessions.
//!
//! Every test has a new database, a copy of one in which the extension is installed, so that none needs another and
//! none must clean up after itself. Roles belong to a cluster: tests that run at the same time are in different ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Tally;
use super::jobs::{self, Job};
use crate::account::Account;
use crate::cluster::{self, Cluster, PORT};
use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::wheel;

/// Runs where nobody has called `bourse.install()` yet.
const INSTALLS: &str = "bourse_install";
/// Begins first because it takes longest.
const LONGEST: &str = "exchange_bounds";
/// The databases that those of the tests are copies of.
const EMPTY: &str = "empty";
const INSTALLED: &str = "installed";
/// As in the instances that pg_regress starts itself; the tests of what a crash leaves are others.
const SETTINGS: [(&str, &str); 3] =
    [("max_prepared_transactions", "2"), ("max_connections", "100"), cluster::NO_AUTOVACUUM];

/// One of the two programs with its inputs.
struct Suite {
    name: &'static str,
    /// Below PostgreSQL's folder of test programs.
    program: &'static str,
    /// Below the repository. What stands there in `fixtures.sql` is there for every test.
    folder: &'static str,
    inputs: &'static str,
    extension: &'static str,
}

const PG_REGRESS: Suite =
    Suite { name: "pg_regress", program: "regress/pg_regress", folder: "pg_regress", inputs: "sql", extension: "sql" };

const ISOLATION: Suite = Suite {
    name: "isolation",
    program: "isolation/pg_isolation_regress",
    folder: "tests/isolation",
    inputs: "specs",
    extension: "spec",
};

/// Every file of pg_regress/sql.
pub fn pg_regress<'a>(project: &'a Project, names: &[String]) -> Result<Vec<Job<'a>>> {
    PG_REGRESS.jobs(project, names)
}

/// Every file of tests/isolation/specs.
pub fn isolation<'a>(project: &'a Project, names: &[String]) -> Result<Vec<Job<'a>>> {
    ISOLATION.jobs(project, names)
}

/// The tests of a suite for which nobody has a cluster yet.
type Queue = Arc<Mutex<Vec<String>>>;

impl Suite {
    /// As many jobs as can run at a time, which take test after test.
    fn jobs<'a>(&'static self, project: &'a Project, names: &[String]) -> Result<Vec<Job<'a>>> {
        let source = project.root.join(self.folder);
        let mut tests = stems(&source.join(self.inputs), self.extension)?;
        tests.retain(|test| names.is_empty() || names.iter().any(|name| test.contains(name.as_str())));
        let expected = stems(&source.join("expected"), "out")?;
        // The server may not read the repository.
        let account = Account::of_servers()?;
        let place = Path::new(&project.feature()).join(self.name);
        let work = cluster::server_folder(project, account, &place)?;
        project::remove_folder(&work)?;
        for folder in [self.inputs, "expected"] {
            copy_folder(account, &source.join(folder), &work.join(folder))?;
        }
        project::make_folder(&work.join("results"))?;
        let missing = tests.difference(&expected).map(|test| format!("{test}: no expected/{test}.out"));
        let missing = Tally { passed: 0, failed: missing.collect() };
        let queue: Queue = Arc::new(Mutex::new(order(tests.intersection(&expected))));
        let size = jobs::weight(&work.join(self.inputs));
        let workers = jobs::slots().min(tests.len());
        let workers = (1..=workers).map(|number| {
            let (worker, queue) = (Worker { suite: self, project, account, work: work.clone(), number }, queue.clone());
            Job::new(self.name, size, move || worker.run(&queue))
        });
        Ok(workers.chain([Job::new(self.name, 0, || Ok(missing))]).collect())
    }

    fn program(&self, project: &Project) -> Result<PathBuf> {
        let makefile = wheel::with_test_programs(project).pg_folder("--pgxs")?;
        let tests = makefile.ancestors().nth(2).map(|src| src.join("test"));
        let program = tests.map(|folder| folder.join(self.program));
        program.filter(|path| path.exists()).ok_or_else(|| {
            Failure::new(
                format!("no {} beside {}", self.program, makefile.display()),
                "install the server's development package: `cargo xtask setup`",
            )
        })
    }
}

/// Runs tests of a suite in a cluster of its own.
struct Worker<'a> {
    suite: &'static Suite,
    project: &'a Project,
    account: Account,
    /// Where inputs, expected and results are.
    work: PathBuf,
    number: usize,
}

impl Worker<'_> {
    fn run(&self, queue: &Queue) -> Result<Tally> {
        let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut tally = Tally::default();
        let Some(mut test) = take() else {
            return Ok(tally);
        };
        let cluster = Cluster::open(self.project, &self.label())?;
        let _running = cluster.run_anew(&SETTINGS)?;
        self.make_templates(&cluster)?;
        loop {
            tally.record(&test, self.test(&cluster, &test)?);
            match take() {
                Some(next) => test = next,
                None => return Ok(tally),
            }
        }
    }

    fn label(&self) -> String {
        format!("{}_{}", self.suite.name, self.number)
    }

    fn make_templates(&self, cluster: &Cluster) -> Result<()> {
        let fixtures = project::read_text(&self.project.root.join(self.suite.folder).join("fixtures.sql"))?;
        let empty = cluster.fresh_database(EMPTY)?;
        empty.run("CREATE EXTENSION pg_bourse;\n")?;
        empty.run(&fixtures)?;
        copy_database(cluster, EMPTY, INSTALLED)?;
        cluster.database(INSTALLED).rows("SELECT bourse.install();\n").map(drop)
    }

    /// Whether a test passes; prints how it differs.
    fn test(&self, cluster: &Cluster, test: &str) -> Result<bool> {
        copy_database(cluster, if test == INSTALLS { EMPTY } else { INSTALLED }, test)?;
        // Programs that run at the same time would overwrite each other's log.
        let output = self.work.join(self.label());
        project::make_folder(&output)?;
        self.account.own(&output)?;
        let mut command = self.account.command(&self.suite.program(self.project)?, &self.work);
        command
            .arg(format!("--bindir={}", cluster.bin().display()))
            .arg(format!("--inputdir={}", self.work.display()))
            .arg(format!("--outputdir={}", output.display()))
            .arg(format!("--host={}", cluster.socket().display()))
            .arg(format!("--port={PORT}"))
            .args(["--user=postgres", "--encoding=UTF8", "--use-existing"])
            .arg(format!("--dbname={test}"))
            .arg(test);
        let finished = progress::watch_quietly(self.project, &self.label(), test, &mut command)?;
        let result = Path::new("results").join(format!("{test}.out"));
        let _ = fs::rename(output.join(&result), self.work.join(&result));
        if !finished.success {
            let differences = fs::read_to_string(output.join("regression.diffs")).unwrap_or_default();
            println!("{}{differences}", progress::tail(&finished.output));
        }
        cluster.database("postgres").run(&format!("DROP DATABASE {test} WITH (FORCE);\n"))?;
        Ok(finished.success)
    }
}

/// A copy has the contents of a database; the right that CREATE EXTENSION gives on the database itself it has not.
pub fn copy_database(cluster: &Cluster, from: &str, to: &str) -> Result<()> {
    cluster
        .database("postgres")
        .run(&format!("CREATE DATABASE {to} TEMPLATE {from};\nGRANT CREATE ON DATABASE {to} TO bourse_owner;\n"))
}

/// The stems of the files with this extension; a missing folder has none.
fn stems(folder: &Path, extension: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(names);
    };
    for entry in entries {
        let path = entry.or_fail(|| format!("cannot list {}", folder.display()), "try again")?.path();
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
        if path.extension().is_some_and(|e| e == extension) {
            names.extend(stem);
        }
    }
    Ok(names)
}

/// The tests as they are taken, the last one first.
fn order<'a>(tests: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut tests: Vec<String> = tests.cloned().collect();
    tests.sort_by(|a, b| (a == LONGEST).cmp(&(b == LONGEST)).then(b.cmp(a)));
    tests
}

fn copy_folder(account: Account, from: &Path, to: &Path) -> Result<()> {
    project::make_folder(to)?;
    let Ok(entries) = fs::read_dir(from) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let target = to.join(entry.file_name());
        fs::copy(entry.path(), &target)
            .or_fail(|| format!("cannot copy {}", entry.path().display()), "check the target folder")?;
        // A copy keeps its mode, which may be for the owner's eyes only.
        account.own(&target)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_test_comes_first_and_the_others_by_name() {
        let tests = ["audit_chain", LONGEST, "exchange_book"].map(String::from);
        let mut order = order(tests.iter());
        let taken = [order.pop(), order.pop(), order.pop()].map(Option::unwrap_or_default);
        assert_eq!(taken, [LONGEST, "audit_chain", "exchange_book"]);
    }
}
