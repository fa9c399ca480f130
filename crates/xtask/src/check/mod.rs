//! `cargo check-all`: every kind of test in one go, and one line at the end.

mod cargo_tests;
mod client;
mod readme;
mod regress;

use std::process::ExitCode;

use crate::failure::{Failure, Result};
use crate::install;
use crate::progress;
use crate::project::Project;
use crate::setup;

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

type Kind = (&'static str, fn(&Project) -> Result<Tally>);

/// The test build of `pg_test` replaces the installed library, so the release build is
/// installed after it, for those that test what users get.
const KINDS: [Kind; 7] = [
    ("style", style),
    ("unit", cargo_tests::unit),
    ("pg_test", cargo_tests::pg_test),
    ("pg_regress", pg_regress),
    ("isolation", regress::isolation),
    ("client", client::run),
    ("readme", readme::run),
];

/// Runs every kind, or those that are named; the last line reads `N passed, N failed`, and nothing follows it.
pub fn run(project: &Project, wanted: &[String]) -> Result<ExitCode> {
    let kinds = chosen(wanted)?;
    setup::run(project)?;
    let has = |name: &str| kinds.iter().any(|(kind, _)| *kind == name);
    if !has("pg_regress") && (has("isolation") || has("client") || has("readme")) {
        install::run(project)?;
    }
    let mut passed = 0;
    let mut failed = 0;
    for (name, kind) in kinds {
        println!("{name}");
        let tally = required(name, kind(project));
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

/// The kinds of these names, in the order in which they run; without a name all of them.
fn chosen(wanted: &[String]) -> Result<Vec<Kind>> {
    if let Some(unknown) = wanted.iter().find(|name| !KINDS.iter().any(|(kind, _)| kind == name)) {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        return Err(Failure::new(
            format!("there is no kind of test `{unknown}`"),
            format!("one of {}", names.join(", ")),
        ));
    }
    Ok(KINDS.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|kind| kind == name)).collect())
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

fn pg_regress(project: &Project) -> Result<Tally> {
    install::run(project)?;
    regress::pg_regress(project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_chosen_by_name_and_run_in_their_order() {
        let names = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
            chosen(&wanted).map(|kinds| kinds.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).map(|kinds| kinds.len()).ok(), Some(KINDS.len()));
        assert_eq!(names(&["client", "unit"]).ok(), Some(vec!["unit", "client"]));
        assert!(names(&["units"]).is_err());
    }

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
