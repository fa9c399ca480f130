//! Tests through a real driver, against a private cluster with the release build.

use super::{Tally, cargo_tests};
use crate::cluster::{Cluster, PORT};
use crate::failure::Result;
use crate::project::Project;

/// Starts the cluster `client`, tells the tests where it is, and runs them.
pub fn run(project: &Project) -> Result<Tally> {
    let cluster = Cluster::open(project, "client")?;
    cluster.destroy()?;
    let _running = cluster.run(&[("max_connections", "200")])?;
    let mut command = project.cargo();
    command
        .args(["test", "--profile", "quick", "--no-fail-fast", "-p", "client-tests"])
        .env("BOURSE_TEST_HOST", cluster.socket())
        .env("BOURSE_TEST_PORT", PORT.to_string())
        .env("BOURSE_TEST_BIN", cluster.bin());
    cargo_tests::harness(project, "client tests", &mut command)
}
