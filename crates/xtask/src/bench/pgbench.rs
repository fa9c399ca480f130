//! One order per transaction, through `pgbench`.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, OrFail, Result};
use crate::project::Project;
use crate::psql::Database;

/// More threads than cores of the smallest machine we measure on would measure pgbench.
const MAX_THREADS: u32 = 2;

/// The three loads, which differ in their script only.
pub struct Load<'a> {
    database: &'a Database,
    scripts: PathBuf,
    first_user: &'a str,
    last_user: &'a str,
    seconds: u32,
}

impl<'a> Load<'a> {
    /// `users` are our users' ids in order, without a gap.
    pub fn new(project: &Project, database: &'a Database, users: &'a [String], seconds: u32) -> Self {
        Self {
            database,
            scripts: project.root.join("bench"),
            first_user: users.first().map_or("1", String::as_str),
            last_user: users.last().map_or("1", String::as_str),
            seconds,
        }
    }

    /// Transactions per second of a one-row INSERT.
    pub fn floor(&self, clients: u32) -> Result<f64> {
        self.run("floor", "insert.pgbench.sql", clients, &[])
    }

    /// Orders per second of the peer.
    pub fn peer(&self, clients: u32) -> Result<f64> {
        let variables = ["nsym=1".to_owned()];
        self.run("peer", "peer/place_order.pgbench.sql", clients, &variables)
    }

    /// Orders per second of ours.
    pub fn ours(&self, clients: u32) -> Result<f64> {
        let variables = [format!("first_user={}", self.first_user), format!("last_user={}", self.last_user)];
        self.run("ours", "place_order.pgbench.sql", clients, &variables)
    }

    fn run(&self, who: &str, script: &str, clients: u32, variables: &[String]) -> Result<f64> {
        let mut command = Command::new(self.database.bin.join("pgbench"));
        command
            .args(["-n", "-M", "prepared", "-f"])
            .arg(self.scripts.join(script))
            .args(["-c", &clients.to_string()])
            .args(["-j", &clients.min(MAX_THREADS).to_string()])
            .args(["-T", &self.seconds.to_string()])
            .args(variables.iter().flat_map(|variable| ["-D", variable]))
            .env("PGOPTIONS", "-c search_path=peer,public");
        command
            .arg("-h")
            .arg(&self.database.socket)
            .args(["-p", &self.database.port.to_string(), "-U", "postgres"])
            .arg(&self.database.name);
        let output = command.output().or_fail(|| "cannot run pgbench".into(), "run `cargo xtask setup`")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = rate(&text).filter(|_| output.status.success());
        let rate = rate.ok_or_else(|| {
            Failure::new(
                format!(
                    "pgbench {script} with {clients} clients failed: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                ),
                "run the script by hand to see more",
            )
        })?;
        println!("  {who:<6} {clients:>2} clients  {rate:>8.0}/s");
        Ok(rate)
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
