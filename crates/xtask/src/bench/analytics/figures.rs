//! All figures of a run, as a text for a terminal and as docs/benchmarks-analytics.md.

use super::cases::{ALL_GOAL, GROUPS, Group};
use crate::bench::grid::{self, Grid};
use crate::bench::jobs::Pace;
use crate::bench::machine::Machine;
use crate::bench::pairs::Pairs;
use crate::bench::report::Report;
use crate::bench::verdict::{Bound, Verdict};

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

    /// All of it.
    pub fn report(&self) -> Report<'_> {
        let mut all = Grid::new(&["rows per second", "in one pass", "quantstats", "ratio"]);
        all.push([vec!["return_statistics".to_owned()], self.all.cells()].concat());
        let groups = GROUPS.iter().zip(&self.groups).map(|(group, pairs)| (group.name, table(group, pairs)));
        Report {
            name: "analytics",
            template: include_str!("page.md"),
            machine: &self.machine,
            pace: self.pace,
            verdicts: self.verdicts(),
            tables: groups.chain([("all", all)]).collect(),
            places: vec![("rows", grid::count(self.rows)), ("few", grid::count(self.rows / 10))],
        }
    }
}

#[test]
fn the_page_is_whole_when_nothing_was_measured() {
    let page = Figures::new(Machine::example(), Pace::Full, 1_000_000).report().page().expect("a part for every place");
    assert!(page.contains("cargo bench-analytics --full") && page.contains("| fsync | on |"), "{page}");
    assert!(page.contains("0 of 20 targets are met, 20 missed."), "{page}");
}
