//! Whether the tests of the pure crates see a fault: cargo-mutants plants one at a time, and some test has to fail. What
//! is planted where, and what cannot be seen, is said in `.cargo/mutants.toml`. Takes its time, so it is no part of
//! `cargo check-all`.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::setup;

/// The crates whose faults cost money.
const PACKAGES: [&str; 3] = ["analytics", "matching", "money"];
/// Into so many samples all faults are divided: some thirty in each.
const SAMPLES: usize = 40;
/// What a fault may make a test ask for, in KiB: one that never stops to add to a list would take all of the machine.
const MOST_MEMORY: usize = 8 * 1024 * 1024;
const USAGE: &str = "cargo xtask mutants [--all | --shard K/N] [PACKAGE …]";

/// Which faults are planted.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The k-th of n samples; none: all of them.
    shard: Option<(usize, usize)>,
    packages: Vec<String>,
}

impl Request {
    /// `[--all | --shard K/N] [PACKAGE …]`
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let wrong = |what: String| Failure::new(what, USAGE);
        let (shard, packages) = match arguments {
            [all, rest @ ..] if all == "--all" => (None, rest),
            [shard, which, rest @ ..] if shard == "--shard" => {
                let parts = which.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
                let parts = parts.filter(|(k, n): &(usize, usize)| k < n);
                (Some(parts.ok_or_else(|| wrong(format!("{which} is no sample, as 0/{SAMPLES} is")))?), rest)
            }
            rest => (Some((0, SAMPLES)), rest),
        };
        match packages.iter().find(|name| !PACKAGES.contains(&name.as_str())) {
            Some(name) => Err(wrong(format!("{name} is none of {}", PACKAGES.join(", ")))),
            None => Ok(Request { shard, packages: packages.to_vec() }),
        }
    }

    fn label(&self) -> String {
        let which = self.shard.map_or("all".into(), |(k, n)| format!("{k} of {n}"));
        if self.packages.is_empty() {
            format!("mutants {which}")
        } else {
            format!("mutants {which} {}", self.packages.join(" "))
        }
    }
}

/// Plants the faults, and fails when no test has seen one of them.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    // Built as fast as can be: it does nothing but wait for others.
    setup::for_crate(project, "cargo-mutants", &["--debug"])?;
    let label = request.label();
    let folder = project.target.join("xtask/mutants");
    project::remove_folder(&folder.join("mutants.out"))?;
    let trees = folder.join("trees");
    // A run that was stopped has left its own.
    project::remove_folder(&trees)?;
    project::make_folder(&trees)?;
    let finished = progress::watch(project, &label, &mut command(project, request, &folder, &trees))?;
    // It ends with an error when a fault was missed, or a test had to be ended: what counts is that none was left out.
    let planned = finished.output.lines().find_map(planned);
    let counted = Counted::read(&folder.join("mutants.out")).filter(|counted| Some(counted.all()) == planned);
    let Some(counted) = counted.filter(|counted| counted.all() > 0) else {
        return Err(Failure::new(
            format!("{label} came to no end:\n{}", progress::tail(&finished.output)),
            "mend what the log above says; without a fault every test must pass",
        ));
    };
    println!("{}", counted.told());
    if counted.missed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        format!("no test has seen these faults:\n{}", progress::tail(&counted.missed.join("\n"))),
        "write the test that sees it; where nothing could, say why in .cargo/mutants.toml",
    ))
}

fn command(project: &Project, request: &Request, folder: &Path, trees: &Path) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit -v {MOST_MEMORY} 2>/dev/null; exec \"$@\"");
    command.args(["-c", &script, "sh", "cargo", "mutants", "--colors=never", "--caught"]);
    command.arg("--output").arg(folder).current_dir(&project.root).env("TMPDIR", trees);
    if let Some((k, n)) = request.shard {
        command.args(["--sharding=round-robin", &format!("--shard={k}/{n}")]);
    }
    let all = PACKAGES.map(str::to_owned);
    for name in if request.packages.is_empty() { &all[..] } else { &request.packages } {
        command.args(["--package", name]);
    }
    // A copy of the tree is built in a target folder of its own.
    command.env_remove("CARGO_TARGET_DIR");
    // A build for each fault takes longer than the tests: what the last one has is used again, and little is optimized.
    command.env("CARGO_INCREMENTAL", "1").env("CARGO_PROFILE_QUICK_OPT_LEVEL", "1");
    command
}

/// How many faults there are to plant, where a line says so.
fn planned(line: &str) -> Option<usize> {
    line.strip_prefix("Found ")?.split_once(" mutant")?.0.parse().ok()
}

/// What has become of the faults.
struct Counted {
    caught: usize,
    missed: Vec<String>,
    /// What does not compile.
    unviable: usize,
    /// What a test does not come to its end with: it is seen, too.
    timeouts: usize,
}

impl Counted {
    fn read(folder: &Path) -> Option<Self> {
        let lines = |name: &str| {
            let text = project::read_text(&folder.join(name)).ok()?;
            Some(text.lines().map(str::to_owned).collect::<Vec<_>>())
        };
        Some(Counted {
            caught: lines("caught.txt")?.len(),
            missed: lines("missed.txt")?,
            unviable: lines("unviable.txt")?.len(),
            timeouts: lines("timeout.txt")?.len(),
        })
    }

    fn all(&self) -> usize {
        self.caught + self.missed.len() + self.unviable + self.timeouts
    }

    fn told(&self) -> String {
        let Counted { caught, missed, unviable, timeouts } = self;
        let (all, missed) = (self.all(), missed.len());
        format!("{all} mutants: {caught} caught, {missed} missed, {unviable} unviable, {timeouts} timeouts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Option<Request> {
        Request::parse(&arguments.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn a_sample_is_taken_unless_all_are_asked_for() {
        let request = |shard, packages: &[&str]| {
            Some(Request { shard, packages: packages.iter().map(|name| (*name).to_owned()).collect() })
        };
        assert_eq!(parsed(&[]), request(Some((0, SAMPLES)), &[]));
        assert_eq!(parsed(&["money"]), request(Some((0, SAMPLES)), &["money"]));
        assert_eq!(parsed(&["--all", "money", "matching"]), request(None, &["money", "matching"]));
        assert_eq!(parsed(&["--shard", "2/5"]), request(Some((2, 5)), &[]));
        assert_eq!(["Found 12 mutants to test", "Found 1 mutant to test"].map(planned), [Some(12), Some(1)]);
        for wrong in [&["--shard", "5/5"][..], &["--shard"], &["--shard", "1"], &["vault"], &["money", "--all"]] {
            assert_eq!(parsed(wrong), None, "{wrong:?}");
        }
    }
}
