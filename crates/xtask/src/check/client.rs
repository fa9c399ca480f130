//! Tests through a real driver: one program for each schema, in a private cluster of its own.

use std::path::{Path, PathBuf};

use super::cargo_tests;
use super::jobs::{self, Job};
use crate::cluster::{Cluster, NO_AUTOVACUUM};
use crate::failure::{Failure, Result};
use crate::progress;
use crate::project::Project;

/// Below the repository: the package, whose folder its programs run in.
const PACKAGE: &str = "tests/client";

/// Of the server that the tests of a program share. Tests that lead the planner by switches make every plan dear, and
/// compiling each is most of their time; servers of their own have PostgreSQL's default.
const SETTINGS: [(&str, &str); 3] = [("max_connections", "200"), NO_AUTOVACUUM, ("jit", "off")];

/// One of the programs.
struct Program {
    name: String,
    executable: PathBuf,
}

/// Builds the programs; each is a job.
pub fn jobs<'a>(project: &'a Project, names: &[String]) -> Result<Vec<Job<'a>>> {
    let mut build = project.cargo();
    build.args(["test", "--profile", "quick", "--no-run", "-p", "client-tests"]);
    let built = progress::watch(project, "build the client tests", &mut build)?;
    if !built.success {
        return Err(Failure::new(
            format!("the client tests do not build:\n{}", progress::tail(&built.output)),
            "mend what the compiler says",
        ));
    }
    let programs = built.output.lines().filter_map(|line| program(&project.root, line));
    Ok(programs.map(|program| program.job(project, names.to_vec())).collect())
}

/// Reads `Executable tests/exchange/main.rs (target/quick/deps/exchange-0123456789abcdef)`.
fn program(root: &Path, line: &str) -> Option<Program> {
    let (source, rest) = line.trim().strip_prefix("Executable tests/")?.split_once(" (")?;
    let name = source.strip_suffix("/main.rs").or(source.strip_suffix(".rs"))?;
    Some(Program { name: name.to_owned(), executable: root.join(rest.strip_suffix(')')?) })
}

impl Program {
    fn job(self, project: &Project, names: Vec<String>) -> Job<'_> {
        let size = jobs::weight(&project.root.join(PACKAGE).join("tests").join(&self.name));
        Job::new("client", size, move || {
            let cluster = Cluster::open(project, &format!("client_{}", self.name))?;
            let _running = cluster.run_anew(&SETTINGS)?;
            let mut command = std::process::Command::new(&self.executable);
            command
                .args(&names)
                .current_dir(project.root.join(PACKAGE))
                .env("BOURSE_TEST_HOST", cluster.socket())
                .env("BOURSE_TEST_BIN", cluster.bin());
            let label = format!("client {}", self.name);
            if progress::is_long() {
                // What it has seen is what it is run for: all of it stands in the log.
                command.env("RUST_TEST_NOCAPTURE", "1");
            }
            let mut tally = cargo_tests::harness(project, &label, &mut command)?;
            if progress::is_long() && tally.passed > 0 {
                println!("  {label}: what it has seen stands in {}", project.log(&label)?.display());
            }
            // Of those that were named, none may be in this program.
            if names.is_empty() {
                tally = tally.required(&label);
            } else {
                tally.failed.retain(|line| !line.ends_with("filtered out"));
            }
            for test in &mut tally.failed {
                test.insert_str(0, &format!("{} ", self.name));
            }
            Ok(tally)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_names_the_programs() {
        let line = "  Executable tests/exchange/main.rs (target/quick/deps/exchange-15f4ad9e0cc0a1b2)";
        let found = program(Path::new("/here"), line).expect("a program");
        assert_eq!(found.name, "exchange");
        assert_eq!(found.executable, Path::new("/here/target/quick/deps/exchange-15f4ad9e0cc0a1b2"));
        assert!(program(Path::new("/here"), "   Compiling client-tests v0.1.0").is_none());
        assert!(program(Path::new("/here"), "    Finished `quick` profile [optimized] target(s) in 1s").is_none());
    }
}
