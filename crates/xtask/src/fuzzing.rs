//! The pure crates under libFuzzer: bytes that grow where they reach new code, for as long as one says. The same bodies
//! run over random bytes in `cargo test -p fuzz`. Needs a nightly compiler, so it is no part of `cargo check-all`.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::setup;

/// How long each target runs where nobody says.
const SECONDS: u64 = 60;
/// Where libFuzzer tells how often it has called a target.
const EXECUTED: &str = "stat::number_of_executed_units:";

/// For how long, and what.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    seconds: u64,
    targets: Vec<String>,
}

impl Request {
    /// `[SECONDS] [TARGET …]`
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let seconds = arguments.first().and_then(|text| text.parse().ok());
        let targets = &arguments[usize::from(seconds.is_some())..];
        match targets.iter().find(|name| name.starts_with('-') || name.parse::<u64>().is_ok()) {
            Some(name) => Err(Failure::new(format!("{name} is no target"), "cargo xtask fuzz [SECONDS] [TARGET …]")),
            None => Ok(Request { seconds: seconds.unwrap_or(SECONDS), targets: targets.to_vec() }),
        }
    }
}

/// Runs the targets one after another; ends with the first that fails.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    set_up(project)?;
    let all = targets(project)?;
    if let Some(unknown) = request.targets.iter().find(|name| !all.contains(name)) {
        return Err(Failure::new(format!("there is no target {unknown}"), format!("one of {}", all.join(", "))));
    }
    for name in if request.targets.is_empty() { &all } else { &request.targets } {
        let executed = fuzz(project, name, request.seconds)?;
        println!("{name}: {executed} executions in {} s, nothing found", request.seconds);
    }
    Ok(())
}

fn targets(project: &Project) -> Result<Vec<String>> {
    let files = project::files_below(&project.root.join("fuzz/fuzz_targets"))?;
    let mut names: Vec<String> = files.iter().filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn fuzz(project: &Project, name: &str, seconds: u64) -> Result<u64> {
    // A step of its own: the first build takes longer than what it is for.
    let mut build = nightly(project, &["cargo", "fuzz", "build", name]);
    progress::run(project, &format!("cargo fuzz build {name}"), &mut build, "mend what the log above says")?;
    let mut command = nightly(project, &["cargo", "fuzz", "run", name, "--"]);
    // What one run allocates is bounded, too; a run that hangs is a finding.
    command.args([&format!("-max_total_time={seconds}"), "-print_final_stats=1", "-timeout=20", "-rss_limit_mb=2048"]);
    let label = format!("fuzz {name} for {seconds} s");
    let finished = progress::watch(project, &label, &mut command)?;
    let executed = finished.output.lines().find_map(|line| line.strip_prefix(EXECUTED)?.trim().parse().ok());
    match executed {
        Some(executed) if finished.success => Ok(executed),
        _ => Err(Failure::new(
            format!("{name} does not hold:\n{}", progress::tail(&finished.output)),
            format!("the input stands in fuzz/artifacts/{name}; a unit test of crates/fuzz repeats it"),
        )),
    }
}

/// A command of the nightly compiler, as rustup finds it.
fn nightly(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly"]).args(arguments).current_dir(&project.root);
    command
}

fn set_up(project: &Project) -> Result<()> {
    if !setup::works("rustup", &["run", "nightly", "rustc", "--version"]) {
        let mut command = Command::new("rustup");
        command.args(["toolchain", "install", "nightly", "--profile", "minimal"]);
        progress::run(project, "rustup toolchain install nightly", &mut command, "install rustup, and a nightly Rust")?;
    }
    setup::for_crate(project, "cargo-fuzz", &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Option<Request> {
        Request::parse(&arguments.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn seconds_come_first_and_targets_after_them() {
        let request = |seconds, targets: &[&str]| {
            Some(Request { seconds, targets: targets.iter().map(|name| (*name).to_owned()).collect() })
        };
        assert_eq!(parsed(&[]), request(SECONDS, &[]));
        assert_eq!(parsed(&["5", "money"]), request(5, &["money"]));
        assert_eq!(parsed(&["cron", "ids"]), request(SECONDS, &["cron", "ids"]));
        assert_eq!(parsed(&["money", "5"]), None);
        assert_eq!(parsed(&["--help"]), None);
    }

    #[test]
    fn each_target_has_a_file() -> Result<()> {
        let project = Project::locate()?;
        let listed = project::read_text(&project.root.join("crates/fuzz/src/lib.rs"))?;
        for name in targets(&project)? {
            assert!(listed.contains(&format!("(\"{name}\", {name})")), "{name} is no body of crates/fuzz");
        }
        Ok(())
    }
}
