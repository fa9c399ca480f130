//! `cargo check-all`: every kind of test in one go, and one line at the end.

mod cargo_tests;
mod client;
mod examples;
mod jobs;
mod languages;
mod live_screen;
mod readme;
mod regress;
mod request;

use std::collections::BTreeSet;
use std::process::ExitCode;

use jobs::Job;

use crate::failure::{Failure, Result};
use crate::install;
use crate::progress;
use crate::project::Project;
use crate::setup;

pub use readme::fill;
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
    /// What ran nothing has failed.
    fn required(mut self, name: &str) -> Self {
        if self.passed == 0 && self.failed.is_empty() {
            self.failed.push(format!("{name} ran no test at all"));
        }
        self
    }

    /// What could not run.
    fn of_failure(failure: Failure) -> Self {
        Self { passed: 0, failed: vec![failure.to_string()] }
    }

    /// Records one more test.
    fn record(&mut self, name: &str, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed.push(name.to_owned());
        }
    }

    /// Adds another.
    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed.extend_from_slice(&other.failed);
    }
}

/// One kind of test.
pub struct Kind {
    name: &'static str,
    tests: Tests,
}

/// How the tests of a kind run, or those with one of these in their names.
enum Tests {
    /// One kind after the other, with builds of their own.
    Alone(fn(&Project) -> Result<Tally>),
    /// With the library as it is installed: all that there are, side by side.
    Installed(for<'a> fn(&'a Project, &[String]) -> Result<Vec<Job<'a>>>),
}

/// In the order in which they run: the test build of `pg_test` replaces the installed library, so the one without tests is
/// installed after it.
const KINDS: [Kind; 9] = [
    Kind { name: "style", tests: Tests::Alone(style) },
    Kind { name: "unit", tests: Tests::Alone(cargo_tests::unit) },
    Kind { name: "pg_test", tests: Tests::Alone(cargo_tests::pg_test) },
    Kind { name: "pg_regress", tests: Tests::Installed(regress::pg_regress) },
    Kind { name: "isolation", tests: Tests::Installed(regress::isolation) },
    Kind { name: "client", tests: Tests::Installed(client::jobs) },
    Kind { name: "examples", tests: Tests::Installed(examples::jobs) },
    Kind { name: "screen", tests: Tests::Installed(live_screen::jobs) },
    Kind { name: "readme", tests: Tests::Installed(readme::jobs) },
];

/// How the parts of kinds went, by kind.
type Tallies = Vec<(&'static str, Tally)>;

/// Runs every kind, or those that are named; the last line reads `N passed, N failed`, and nothing follows it.
pub fn run(project: &Project, request: &Request) -> Result<ExitCode> {
    if request.compiles() {
        setup::run(project)?;
    }
    let builds = !request.installed && request.kinds.iter().any(|kind| matches!(kind.tests, Tests::Installed(_)));
    let mut tallies = run_alone(project, request);
    let mut jobs = prepare(project, request, &mut tallies);
    // The test build of pg_test is installed by now, and is replaced.
    let installed = if builds {
        install::build_for_suite(project).and_then(|staged| install::put(project, &staged))
    } else {
        Ok(())
    };
    if let Err(failure) = installed {
        let failed: BTreeSet<_> = jobs.drain(..).map(|job| job.kind).collect();
        let said = failure.to_string();
        tallies.extend(failed.into_iter().map(|kind| (kind, Tally { passed: 0, failed: vec![said.clone()] })));
    }
    tallies.extend(jobs::run(jobs));
    Ok(conclude(request, &tallies))
}

/// The kinds that run one after the other.
fn run_alone(project: &Project, request: &Request) -> Tallies {
    let mut tallies = Vec::new();
    for Kind { name, tests } in &request.kinds {
        if let Tests::Alone(tests) = tests {
            println!("{name}");
            tallies.push((*name, tests(project).unwrap_or_else(Tally::of_failure)));
        }
    }
    tallies
}

/// What is to run side by side; a kind that cannot has failed.
fn prepare<'a>(project: &'a Project, request: &Request, tallies: &mut Tallies) -> Vec<Job<'a>> {
    let mut all = Vec::new();
    for Kind { name, tests } in &request.kinds {
        if let Tests::Installed(jobs) = tests {
            match jobs(project, &request.names) {
                Ok(jobs) => all.extend(jobs),
                Err(failure) => tallies.push((name, Tally::of_failure(failure))),
            }
        }
    }
    all
}

/// Says how each kind went, and all of them.
fn conclude(request: &Request, tallies: &Tallies) -> ExitCode {
    let mut total = Tally::default();
    println!();
    for Kind { name, .. } in &request.kinds {
        let mut sum = Tally::default();
        for (_, tally) in tallies.iter().filter(|(kind, _)| kind == name) {
            sum.add(tally);
        }
        let sum = sum.required(name);
        for line in &sum.failed {
            println!("  FAILED {line}");
        }
        println!("  {name}: {} passed, {} failed", sum.passed, sum.failed.len());
        total.add(&sum);
    }
    println!("\n{} passed, {} failed", total.passed, total.failed.len());
    if total.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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

    #[test]
    fn a_kind_without_a_test_has_failed() {
        let tally = Tally::default().required("empty");
        assert_eq!((tally.passed, tally.failed.len()), (0, 1));
    }

    #[test]
    fn a_kind_that_could_not_run_has_failed_once() {
        let tally = Tally::of_failure(Failure::new("no server", "start it")).required("broken");
        assert_eq!((tally.passed, tally.failed.len()), (0, 1));
    }
}
