//! `cargo bench-jobs`: the queue of `jobs` against other queues, a floor, many rows and an old snapshot, in one server
//! with full durability, in turns; the ratio of a round is what counts, and the median of them.

mod drain;
mod figures;
mod latency;
mod queue;
mod request;
mod schedules;
mod server;
mod tools;

use std::time::Instant;

use crate::bench::SETTINGS;
use crate::bench::machine::{self, Machine};
use crate::cluster::Cluster;
use crate::failure::Result;
use crate::install;
use crate::project::Project;
use crate::setup;

use drain::Drain;
use figures::Figures;
use latency::Latency;
use queue::Arena;
use request::Part;
pub use request::{Pace, Request};
use tools::Tools;

/// Measures what was asked for, prints it, and writes the page.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    let start = Instant::now();
    machine::warn_when_busy();
    setup::run(project)?;
    let tools = Tools::prepare(project)?;
    if !request.installed {
        install::run(project)?;
    }
    let cluster = Cluster::open(project, "bench_jobs")?;
    // The databases of a run before are many, and nobody needs them.
    cluster.destroy()?;
    // Clients that wait for their turn keep their connections.
    let _running = cluster.run(&[&SETTINGS[..], &[("max_connections", "250")]].concat())?;
    let arena = Arena { project, cluster: &cluster, tools: &tools };
    let figures = measure(&arena, request)?;
    println!("{}\n{:.0} seconds", figures.text(), start.elapsed().as_secs_f64());
    if request.write { figures.write(project) } else { Ok(()) }
}

fn measure(arena: &Arena<'_>, request: &Request) -> Result<Figures> {
    let pace = request.pace;
    let machine = Machine::look(&arena.cluster.database("postgres"))?;
    let mut figures = Figures::new(machine, request);
    for part in &request.parts {
        match part {
            Part::Drain => figures.drain = Drain::measure(arena, pace)?,
            Part::Floor => figures.floor = server::floor(arena, pace)?,
            Part::Rows => figures.rows = server::rows(arena, pace)?,
            Part::Snapshot => figures.snapshot = server::snapshot(arena, pace)?,
            Part::Latency => figures.latency = Latency::measure(arena, pace)?,
            Part::Schedules => figures.schedules = schedules::measure(arena, pace)?,
        }
    }
    Ok(figures)
}
