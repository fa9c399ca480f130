//! The server's own test programs: pg_regress for SQL and its output, pg_isolation_regress for
//! interleaved sessions. Each starts a server of its own, with the release build.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Tally;
use super::jobs::Job;
use crate::account::Account;
use crate::cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};

/// Runs first because it installs the tables that the others use.
const FIRST: &str = "bourse_install";
/// Runs last because it leaves ten thousands of rows, through which others would go again and again.
const LAST: &str = "exchange_bounds";

/// One of the two programs with its inputs.
struct Suite {
    name: &'static str,
    /// Below PostgreSQL's folder of test programs.
    program: &'static str,
    /// Below the repository.
    folder: &'static str,
    inputs: &'static str,
    extension: &'static str,
}

/// Every file of pg_regress/sql, in one database, one after the other.
pub fn pg_regress(project: &Project) -> Result<Vec<Job<'_>>> {
    let suite = Suite {
        name: "pg_regress",
        program: "regress/pg_regress",
        folder: "pg_regress",
        inputs: "sql",
        extension: "sql",
    };
    Ok(vec![Job::new("pg_regress", 1, move || suite.run(project))])
}

/// Every file of tests/isolation/specs.
pub fn isolation(project: &Project) -> Result<Vec<Job<'_>>> {
    let suite = Suite {
        name: "isolation",
        program: "isolation/pg_isolation_regress",
        folder: "tests/isolation",
        inputs: "specs",
        extension: "spec",
    };
    Ok(vec![Job::new("isolation", 1, move || suite.run(project))])
}

impl Suite {
    fn run(&self, project: &Project) -> Result<Tally> {
        let source = project.root.join(self.folder);
        let tests = names(&source.join(self.inputs), self.extension)?;
        let expected = names(&source.join("expected"), "out")?;
        let mut tally = Tally::default();
        for test in tests.difference(&expected) {
            tally.failed.push(format!("{test}: no expected/{test}.out"));
        }
        // The server may not read the repository, and the program writes beside its inputs.
        let account = Account::of_servers()?;
        let place = Path::new(&project.feature()).join(self.name);
        let work = cluster::server_folder(project, account, &place)?;
        project::remove_folder(&work)?;
        for folder in [self.inputs, "expected"] {
            copy_folder(account, &source.join(folder), &work.join(folder))?;
        }
        account.own(&work)?;
        let runnable = schedule(tests.intersection(&expected));
        if runnable.is_empty() {
            return Ok(tally);
        }
        let bin = project.pg_folder("--bindir")?;
        let mut command = account.command(&self.program(project)?, &work);
        command
            .arg(format!("--bindir={}", bin.display()))
            .arg(format!("--inputdir={}", work.display()))
            .arg(format!("--outputdir={}", work.display()))
            .arg(format!("--temp-instance={}", work.join("instance").display()))
            .args(["--encoding=UTF8", "--no-locale"])
            .arg("--load-extension=pg_bourse")
            .args(&runnable);
        let finished = progress::watch(project, self.name, &mut command)?;
        judge(&runnable, &finished.output, &mut tally);
        if !finished.success && tally.failed.is_empty() {
            tally.failed.push(format!("{} ended with an error", self.name));
        }
        if !tally.failed.is_empty() {
            print!("{}", progress::tail(&finished.output));
            let differences = fs::read_to_string(work.join("regression.diffs"));
            print!("{}", differences.unwrap_or_default());
        }
        Ok(tally)
    }

    fn program(&self, project: &Project) -> Result<PathBuf> {
        let makefile = project.pg_folder("--pgxs")?;
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

/// The stems of the files with this extension; a missing folder has none.
fn names(folder: &Path, extension: &str) -> Result<BTreeSet<String>> {
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

fn schedule<'a>(tests: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut tests: Vec<String> = tests.cloned().collect();
    tests.sort_by_key(|test| (test == LAST, test != FIRST, test.clone()));
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

/// Reads `test NAME … ok` (up to PostgreSQL 15) and `ok 1 - NAME` (since 16). A test that is
/// not named as passed has failed, also when the program died before it.
fn judge(tests: &[String], output: &str, tally: &mut Tally) {
    for test in tests {
        let passed = output.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["test", name, "...", verdict, ..] => name == test && *verdict == "ok",
                ["ok", _, "-" | "+", name, ..] => name == test,
                _ => false,
            }
        });
        tally.record(test, passed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_of_pg_regress_are_read() {
        let tests: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
        let mut tally = Tally::default();
        let output = "test a                            ... ok           12 ms\n\
                      test b                            ... FAILED       12 ms\n\
                      ok 3         - c                                 12 ms\n";
        judge(&tests, output, &mut tally);
        assert_eq!(tally.passed, 2);
        assert_eq!(tally.failed, ["b", "d"]);
    }

    #[test]
    fn the_installing_test_comes_first_and_the_largest_last() {
        let tests = ["audit_chain", FIRST, LAST, "exchange_book"].map(String::from);
        assert_eq!(schedule(tests.iter()), [FIRST, "audit_chain", "exchange_book", LAST]);
    }
}
