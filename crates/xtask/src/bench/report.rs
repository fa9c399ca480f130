//! A benchmark whose parts are all measured at once: where it runs, and what it says, in a terminal and in
//! docs/benchmarks-<name>.md.

use std::time::Instant;

use super::SETTINGS;
use super::grid::Grid;
use super::jobs::Pace;
use super::machine::{self, Machine};
use super::paced::Request;
use super::page;
use super::verdict::{self, Verdict};
use crate::cluster::Cluster;
use crate::failure::Result;
use crate::install;
use crate::project::{self, Project};
use crate::setup;

/// What a run has measured.
pub struct Report<'a> {
    /// Of `cargo bench-<name>`.
    pub name: &'static str,
    /// Of the page.
    pub template: &'static str,
    pub machine: &'a Machine,
    pub pace: Pace,
    pub verdicts: Vec<Verdict>,
    /// By their places in the page, which stand above them in a terminal.
    pub tables: Vec<(&'static str, Grid)>,
    /// What else this page has a place for.
    pub places: Vec<(&'static str, String)>,
}

/// Has a benchmark work on a new server with full durability, whose name it is.
pub fn measure<T>(
    project: &Project,
    request: &Request,
    name: &str,
    work: impl FnOnce(&Cluster, Machine) -> Result<T>,
) -> Result<T> {
    machine::warn_when_busy();
    setup::run(project)?;
    if !request.installed {
        install::run(project)?;
    }
    let cluster = Cluster::open(project, &format!("bench_{name}"))?;
    // The databases of a run before are many, and nobody needs them.
    cluster.destroy()?;
    let _running = cluster.run(&SETTINGS)?;
    let machine = Machine::look(&cluster.database("postgres"))?;
    work(&cluster, machine)
}

impl Report<'_> {
    /// Prints it, and writes the page if it is asked for.
    pub fn tell(&self, project: &Project, request: &Request, start: Instant) -> Result<()> {
        println!("{}\n{:.0} seconds", self.text(), start.elapsed().as_secs_f64());
        if !request.write {
            return Ok(());
        }
        let file = format!("docs/benchmarks-{}.md", self.name);
        project::write_text(&project.root.join(&file), &self.page()?)?;
        println!("wrote {file}");
        Ok(())
    }

    fn text(&self) -> String {
        let Machine { cores, server, .. } = self.machine;
        let mut text = format!("\n{cores} cores, PostgreSQL {server}; medians, rounds: {}\n", self.pace.rounds());
        self.each_table(|name, grid| text.push_str(&format!("\n{}\n{}", name.replace('_', " "), grid.text())));
        text
    }

    /// The page, whole.
    pub fn page(&self) -> Result<String> {
        let mut places = vec![
            ("command", self.pace.command(&format!("bench-{}", self.name))),
            ("date", self.machine.date.clone()),
            ("cores", self.machine.cores.to_string()),
            ("server", self.machine.server.clone()),
            ("rounds", self.pace.rounds().to_string()),
            ("summary", verdict::summary(&self.verdicts)),
        ];
        places.extend(self.places.iter().cloned());
        self.each_table(|name, grid| places.push((name, grid.markdown().trim_end().to_owned())));
        page::fill(self.template, &places)
    }

    /// The targets come first, the settings last.
    fn each_table(&self, mut each: impl FnMut(&'static str, &Grid)) {
        each("targets", &verdict::table(&self.verdicts));
        self.tables.iter().for_each(|(name, grid)| each(name, grid));
        each("settings", &self.machine.table());
    }
}
