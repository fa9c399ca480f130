//! Runs of `pgbench`: as fast as it goes, or at a fixed rate with a log of every transaction.

use std::path::PathBuf;
use std::process::{Command, Output};

use super::samples::{self, Sample};
use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};
use crate::psql::Database;

/// More threads than cores of the smallest machine we measure on would measure pgbench.
const MAX_THREADS: u32 = 2;
/// What a server says that gave up on a statement.
const TIMED_OUT: &str = "canceling statement due to statement timeout";

/// One script against one database, with one number of clients.
pub struct Pgbench<'a> {
    project: &'a Project,
    database: &'a Database,
    /// Relative to the folder `bench`.
    script: &'a str,
    clients: u32,
    seconds: u32,
    variables: Vec<String>,
    per_second: Option<f64>,
    login: &'a str,
    options: String,
}

impl<'a> Pgbench<'a> {
    /// `script` is relative to the folder `bench`; one client as superuser unless told otherwise.
    pub fn new(project: &'a Project, database: &'a Database, script: &'a str, seconds: u32) -> Self {
        let options = "-c search_path=peer,public".to_owned();
        Self {
            project,
            database,
            script,
            clients: 1,
            seconds,
            variables: Vec::new(),
            per_second: None,
            login: "postgres",
            options,
        }
    }

    /// So many sessions.
    pub fn clients(mut self, clients: u32) -> Self {
        self.clients = clients;
        self
    }

    /// Sets a variable of the script.
    pub fn variable(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.variables.push(format!("{name}={value}"));
        self
    }

    /// So many transactions per second instead of as many as it can.
    pub fn at(mut self, per_second: f64) -> Self {
        self.per_second = Some(per_second);
        self
    }

    /// Logs in as this role, for which a statement may take so many seconds.
    pub fn login(mut self, role: &'a str, limit: u32) -> Self {
        self.login = role;
        self.options = format!("-c statement_timeout={limit}s");
        self
    }

    /// Transactions per second.
    pub fn rate(&self) -> Result<f64> {
        let output = self.run(&mut self.command())?;
        let text = String::from_utf8_lossy(&output.stdout);
        rate(&text).filter(|_| output.status.success()).ok_or_else(|| self.failure(&output))
    }

    /// Every transaction. Those that end within `skip` seconds are left out.
    pub fn samples(&self, skip: u32) -> Result<Vec<Sample>> {
        let folder = self.log_folder()?;
        let output = self.run(&mut self.logged(&folder))?;
        if !output.status.success() {
            return Err(self.failure(&output));
        }
        samples::read(&folder, u64::from(skip) * 1_000_000)
    }

    /// As [`Self::samples`]; nothing when a statement took longer than the login's limit.
    pub fn samples_within_limit(&self) -> Result<Option<Vec<Sample>>> {
        let folder = self.log_folder()?;
        let output = self.run(&mut self.logged(&folder))?;
        if output.status.success() {
            return samples::read(&folder, 0).map(Some);
        }
        if String::from_utf8_lossy(&output.stderr).contains(TIMED_OUT) {
            return Ok(None);
        }
        Err(self.failure(&output))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.database.bin.join("pgbench"));
        command
            .args(["-n", "-M", "prepared", "-f"])
            .arg(self.project.root.join("bench").join(self.script))
            .args(["-c", &self.clients.to_string()])
            .args(["-j", &self.clients.min(MAX_THREADS).to_string()])
            .args(["-T", &self.seconds.to_string()])
            .args(self.variables.iter().flat_map(|variable| ["-D", variable]))
            .args(self.per_second.map(|rate| format!("--rate={rate:.0}")))
            .env("PGOPTIONS", &self.options);
        command.arg("-h").arg(&self.database.socket).args(["-p", &self.database.port.to_string(), "-U", self.login]);
        command
    }

    fn logged(&self, folder: &std::path::Path) -> Command {
        let mut command = self.command();
        command.arg("-l").arg(format!("--log-prefix={}", folder.join("transactions").display()));
        command
    }

    /// A folder with nothing in it.
    fn log_folder(&self) -> Result<PathBuf> {
        let folder = self.project.target.join("xtask/pgbench");
        project::remove_folder(&folder)?;
        project::make_folder(&folder)?;
        Ok(folder)
    }

    fn run(&self, command: &mut Command) -> Result<Output> {
        // The database comes last: pgbench takes it without an option.
        command.arg(&self.database.name);
        command.output().or_fail(|| "cannot run pgbench".into(), "run `cargo xtask setup`")
    }

    fn failure(&self, output: &Output) -> Failure {
        let (script, clients) = (self.script, self.clients);
        let errors = String::from_utf8_lossy(&output.stderr);
        // Every client says the same.
        let said: Vec<&str> = errors.trim().lines().take(4).collect();
        Failure::new(
            format!("pgbench {script} with {clients} clients failed: {}", said.join("\n  ")),
            "run the script by hand to see more",
        )
    }
}

fn rate(output: &str) -> Option<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn the_rate_is_read_from_pgbench() {
    let output = "latency average = 0.2 ms\ntps = 6301.5 (without initial connection time)\n";
    assert_eq!(rate(output), Some(6301.5));
    assert_eq!(rate("pgbench: error"), None);
}
