//! `cargo check-all`: every kind of test in one go, and one line at the end.

mod cargo_tests;
mod client;
mod readme;
mod regress;
mod request;

use std::process::ExitCode;

use crate::failure::Result;
use crate::install;
use crate::progress;
use crate::project::Project;
use crate::setup;

pub use request::Request;

/// How one kind of test went.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that ran and passed.
    pub passed: usize,
    /// Tests that failed, did not run, or are missing: one line each.
    pub failed: Vec<String>,
}

impl Tally {
    /// Records one more test.
    fn record(&mut self, name: &str, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed.push(name.to_owned());
        }
    }
}

/// One kind of test.
pub struct Kind {
    name: &'static str,
    /// Whether it tests the release build as it is installed.
    installed: bool,
    run: fn(&Project) -> Result<Tally>,
}

/// In the order in which they run: the test build of `pg_test` replaces the installed library, so the release build is
/// installed after it, for those that test what users get.
const KINDS: [Kind; 7] = [
    Kind { name: "style", installed: false, run: style },
    Kind { name: "unit", installed: false, run: cargo_tests::unit },
    Kind { name: "pg_test", installed: false, run: cargo_tests::pg_test },
    Kind { name: "pg_regress", installed: true, run: regress::pg_regress },
    Kind { name: "isolation", installed: true, run: regress::isolation },
    Kind { name: "client", installed: true, run: client::run },
    Kind { name: "readme", installed: true, run: readme::run },
];

/// Runs every kind, or those that are named; the last line reads `N passed, N failed`, and nothing follows it.
pub fn run(project: &Project, request: &Request) -> Result<ExitCode> {
    setup::run(project)?;
    let mut to_install = !request.installed;
    let mut passed = 0;
    let mut failed = 0;
    for Kind { name, installed, run } in &request.kinds {
        if *installed && to_install {
            install::run(project)?;
            to_install = false;
        }
        println!("{name}");
        let tally = required(name, run(project));
        for line in &tally.failed {
            println!("  FAILED {line}");
        }
        println!("  {name}: {} passed, {} failed\n", tally.passed, tally.failed.len());
        passed += tally.passed;
        failed += tally.failed.len();
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A kind that could not run, or that ran nothing, has failed.
fn required(name: &str, outcome: Result<Tally>) -> Tally {
    let mut tally = outcome.unwrap_or_else(|failure| Tally { passed: 0, failed: vec![failure.to_string()] });
    if tally.passed == 0 && tally.failed.is_empty() {
        tally.failed.push(format!("{name} ran no test at all"));
    }
    tally
}

/// The formatter and the linter count as one test each.
fn style(project: &Project) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut format = project.cargo();
    format.args(["fmt", "--all", "--check"]);
    let mut lint = project.cargo();
    // In the profile of the tests: the expensive dependencies are built once.
    lint.args(["clippy", "--profile", "quick", "--workspace", "--all-targets"])
        .args(project.feature_flags())
        .args(["--features", "money/decimal"])
        .args(["--", "-D", "warnings"]);
    for (label, command) in [("cargo fmt", &mut format), ("cargo clippy", &mut lint)] {
        let finished = progress::watch(project, label, command)?;
        if !finished.success {
            print!("{}", progress::tail(&finished.output));
        }
        tally.record(label, finished.success);
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn a_kind_without_a_test_has_failed() {
        let tally = required("empty", Ok(Tally::default()));
        assert_eq!((tally.passed, tally.failed.len()), (0, 1));
    }

    #[test]
    fn a_kind_that_could_not_run_has_failed() {
        let tally = required("broken", Err(Failure::new("no server", "start it")));
        assert_eq!((tally.passed, tally.failed.len()), (0, 1));
    }
}
