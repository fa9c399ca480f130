//! `cargo bench-screen`: a thousand viewers of one market, and orders beside them.

use crate::cluster::Cluster;
use crate::failure::{Failure, Result};
use crate::install;
use crate::live_screen::Places;
use crate::progress;
use crate::project::Project;

/// Builds the screen as it is installed, and prints what its viewers have seen.
pub fn run(project: &Project, arguments: &[String]) -> Result<()> {
    install::unless_told(project, arguments, "cargo bench-screen [--installed]")?;
    let places = Places::with_page(project)?;
    let cluster = Cluster::open(project, "bench_screen")?;
    let _running = cluster.run_anew(&[("max_connections", "100")])?;
    let mut command = places.cargo(project, &["bench", "--locked", "--bench", "viewers"]);
    command.env("BOURSE_TEST_HOST", cluster.socket()).env("BOURSE_TEST_BIN", cluster.bin());
    let finished = progress::watch(project, "a thousand viewers", &mut command)?;
    if !finished.success {
        return Err(Failure::new(progress::tail(&finished.output), "mend what it says"));
    }
    let said = finished.output.lines().skip_while(|line| !line.starts_with("viewers "));
    said.for_each(|line| println!("{line}"));
    Ok(())
}
