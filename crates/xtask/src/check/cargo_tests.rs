//! Tests that Rust's own harness runs: the pure crates, and `#[pg_test]` inside a server.

use std::path::Path;
use std::process::Command;

use super::Tally;
use crate::account::{Account, SERVER_USER};
use crate::cluster;
use crate::failure::Result;
use crate::install;
use crate::progress;
use crate::project::Project;

/// The crates that need no PostgreSQL.
pub fn unit(project: &Project) -> Result<Tally> {
    let mut command = project.cargo();
    command.args(["test", "--profile", "quick", "--no-fail-fast"]);
    command.args([
        "-p",
        "analytics",
        "-p",
        "calendar",
        "-p",
        "cron",
        "-p",
        "fuzz",
        "-p",
        "ids",
        "-p",
        "matching",
        "-p",
        "money",
        "-p",
        "processes",
        "-p",
        "schema",
        "-p",
        "vault",
        "-p",
        "xtask",
    ]);
    command.args(["--features", "money/decimal"]);
    harness(project, "cargo test", &mut command)
}

/// The tests inside the extension, which `cargo pgrx` runs in a server of its own.
pub fn pg_test(project: &Project) -> Result<Tally> {
    let mut command = project.cargo();
    command.args(["pgrx", "test", &project.feature(), "--profile", "quick"]);
    command.envs([install::SAME_FLAGS]);
    command.args(project.feature_flags());
    if Account::is_root()? {
        let place = Path::new(&project.feature()).join("pg_test");
        let folder = cluster::server_folder(project, Account::of_servers()?, &place)?;
        command.args(["--runas", SERVER_USER, "--pgdata"]).arg(folder);
    }
    harness(project, "cargo pgrx test", &mut command)
}

/// Runs a command and counts what the harnesses in it say.
pub fn harness(project: &Project, label: &str, command: &mut Command) -> Result<Tally> {
    let finished = progress::watch(project, label, command)?;
    let mut tally = count(&finished.output);
    if !finished.success {
        print!("{}", progress::tail(&finished.output));
        if tally.failed.is_empty() {
            tally.failed.push(format!("{label} ended with an error"));
        }
    }
    Ok(tally)
}

/// Counts the summary lines `test result: ok. 5 passed; 0 failed; 1 ignored; …` and names the
/// tests that failed. An ignored or filtered test is one that nobody runs: it counts as failed,
/// and so does one that is long under way and never said to have ended.
fn count(output: &str) -> Tally {
    let mut tally = Tally::default();
    let mut failed = 0;
    let mut under_way: Vec<&str> = Vec::new();
    for line in output.lines() {
        if let Some(name) = slow_test(line) {
            under_way.push(name);
        }
        under_way.retain(|name| !ends(line, name));
        if let Some(name) = failed_test(line) {
            tally.failed.push(name.to_owned());
        }
        let Some(summary) = line.trim_start().strip_prefix("test result: ") else {
            continue;
        };
        let number = |word: &str| -> usize {
            let part = summary.split([';', '.']).map(str::trim).find_map(|part| part.strip_suffix(word));
            part.and_then(|n| n.trim().parse().ok()).unwrap_or(0)
        };
        tally.passed += number("passed");
        failed += number("failed");
        for word in ["ignored", "filtered out"] {
            let skipped = number(word);
            if skipped > 0 {
                tally.failed.push(format!("{skipped} tests are {word}"));
                failed += 1;
            }
        }
    }
    tally.failed.extend(under_way.iter().map(|name| format!("{name} did not end")));
    // A harness that prints a name in another way must still be counted.
    while tally.failed.len() < failed {
        tally.failed.push("a test whose name stands in the log above".into());
    }
    tally
}

fn failed_test(line: &str) -> Option<&str> {
    let name = line.strip_prefix("test ")?;
    Some(name.strip_suffix(" ... FAILED")?.trim())
}

fn slow_test(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("test ")?.split_once(" has been running for over ")?;
    Some(name)
}

/// Whether a line tells how this test went.
fn ends(line: &str, name: &str) -> bool {
    line.strip_prefix("test ").and_then(|line| line.strip_prefix(name)).is_some_and(|rest| rest.starts_with(" ... "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_several_harnesses_are_added() {
        let tally = count(
            "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
             test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n",
        );
        assert_eq!(tally.passed, 4);
        assert_eq!(tally.failed, ["b"]);
    }

    #[test]
    fn a_slow_test_that_does_not_end_is_named() {
        let tally = count(
            "running 3 tests\n\
             test a has been running for over 60 seconds\n\
             test b has been running for over 60 seconds\n\
             test a ... ok\n\
             test c ... FAILED\n",
        );
        assert_eq!(tally.failed, ["c", "b did not end"]);
    }

    #[test]
    fn a_skipped_test_is_a_failed_one() {
        let tally =
            count("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.1s\n");
        assert_eq!((tally.passed, tally.failed.len()), (3, 2));
    }
}
