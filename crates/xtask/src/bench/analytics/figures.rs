//! All figures of a run, as a text for a terminal and as docs/benchmarks-analytics.md.

use super::cases::{ALL_GOAL, GROUPS, Group};
use crate::bench::grid::{self, Grid};
use crate::bench::jobs::Pace;
use crate::bench::machine::Machine;
use crate::bench::page;
use crate::bench::pairs::Pairs;
use crate::bench::verdict::{self, Bound, Verdict};
use crate::failure::Result;
use crate::project::{self, Project};

const TEMPLATE: &str = include_str!("page.md");

/// What was measured.
pub struct Figures {
    pace: Pace,
    rows: u32,
    machine: Machine,
    /// Of each group, of each case.
    pub groups: [Vec<Pairs>; GROUPS.len()],
    /// All in one pass.
    pub all: Pairs,
}

fn table(group: &Group, pairs: &[Pairs]) -> Grid {
    let mut grid = Grid::new(&[group.head[0], group.head[1], group.head[2], "ratio"]);
    for (case, pairs) in group.cases.iter().zip(pairs) {
        grid.push([vec![case.what.to_owned()], pairs.cells()].concat());
    }
    grid
}

impl Figures {
    /// Nothing measured yet.
    pub fn new(machine: Machine, pace: Pace, rows: u32) -> Self {
        let groups = GROUPS.each_ref().map(|group| vec![Pairs::default(); group.cases.len()]);
        Self { pace, rows, machine, groups, all: Pairs::default() }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let verdict = |what, pairs: &Pairs, goal| Verdict::new(what, pairs.ratio(), Bound::AtLeast(goal), 2, " x");
        let groups = GROUPS.iter().zip(&self.groups).flat_map(|(group, pairs)| {
            let [_, ours, theirs] = group.head;
            group.cases.iter().zip(pairs).map(move |(case, pairs)| {
                let what = if ours == "metric" { String::new() } else { format!(", {ours}") };
                verdict(format!("{}{what}, to {theirs}", case.what), pairs, case.goal)
            })
        });
        groups.chain([verdict("return_statistics, to quantstats".to_owned(), &self.all, ALL_GOAL)]).collect()
    }

    /// The places of the page for tables, and the tables.
    fn sections(&self) -> Vec<(&'static str, Grid)> {
        let mut all = Grid::new(&["rows per second", "in one pass", "quantstats", "ratio"]);
        all.push([vec!["return_statistics".to_owned()], self.all.cells()].concat());
        let groups = GROUPS.iter().zip(&self.groups).map(|(group, pairs)| (group.name, table(group, pairs)));
        let first = [("targets", verdict::table(&self.verdicts()))];
        first.into_iter().chain(groups).chain([("all", all), ("settings", self.machine.table())]).collect()
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let Machine { cores, server, .. } = &self.machine;
        let mut text = format!("\n{cores} cores, PostgreSQL {server}; medians, rounds: {}\n", self.pace.rounds());
        for (heading, grid) in self.sections() {
            text.push_str(&format!("\n{}\n{}", heading.replace('_', " "), grid.text()));
        }
        text
    }

    /// Writes the page.
    pub fn write(&self, project: &Project) -> Result<()> {
        let page = page::fill(TEMPLATE, &self.places())?;
        project::write_text(&project.root.join("docs/benchmarks-analytics.md"), &page)?;
        println!("wrote docs/benchmarks-analytics.md");
        Ok(())
    }

    fn places(&self) -> Vec<(&'static str, String)> {
        let mut places = vec![
            ("command", self.pace.command("bench-analytics")),
            ("date", self.machine.date.clone()),
            ("cores", self.machine.cores.to_string()),
            ("server", self.machine.server.clone()),
            ("rounds", self.pace.rounds().to_string()),
            ("rows", grid::count(self.rows)),
            ("few", grid::count(self.rows / 10)),
            ("summary", verdict::summary(&self.verdicts())),
        ];
        places.extend(self.sections().into_iter().map(|(name, grid)| (name, grid.markdown().trim_end().to_owned())));
        places
    }
}

#[test]
fn the_page_is_whole_when_nothing_was_measured() {
    let machine = Machine {
        cores: 2,
        server: "15.1".to_owned(),
        date: "2026-01-31".to_owned(),
        settings: vec![vec!["fsync".to_owned(), "on".to_owned()]],
    };
    let page =
        page::fill(TEMPLATE, &Figures::new(machine, Pace::Full, 1_000_000).places()).expect("a part for every place");
    assert!(page.contains("cargo bench-analytics --full") && page.contains("| fsync | on |"), "{page}");
    assert!(page.contains("0 of 20 targets are met, 20 missed."), "{page}");
}
