//! All figures of a run, as a text for a terminal and as docs/benchmarks-marketplace.md.

use super::{SEARCHES, configs};
use crate::bench::grid::{self, Grid};
use crate::bench::jobs::Pace;
use crate::bench::machine::Machine;
use crate::bench::pairs::Pairs;
use crate::bench::report::Report;
use crate::bench::statistics::median;
use crate::bench::timed::CALLS;
use crate::bench::verdict::{Bound, Verdict};

/// What was measured.
pub struct Figures {
    pace: Pace,
    machine: Machine,
    /// Milliseconds of what a user has come to.
    pub user: Vec<f64>,
    /// Milliseconds of what a bot has come to.
    pub bot: Vec<f64>,
    /// Milliseconds of the slowest search.
    pub search: Vec<f64>,
    /// Runs claimed and finished, and rows of a bare table.
    pub runs: Pairs,
    /// Configs by a schema that is known, and by ones that are not.
    pub configs: Pairs,
}

impl Figures {
    /// Nothing measured yet.
    pub fn new(machine: Machine, pace: Pace) -> Self {
        let (user, bot, search) = (Vec::new(), Vec::new(), Vec::new());
        Self { pace, machine, user, bot, search, runs: Pairs::default(), configs: Pairs::default() }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let ratio = |what, pairs: &Pairs, goal| Verdict::new(what, pairs.ratio(), Bound::AtLeast(goal), 2, " x");
        let time = |what, times: &[f64], most| Verdict::new(what, typical(times), Bound::Below(most), 2, " ms");
        vec![
            time("user_performance_summary of one user, 1,000,000 trades", &self.user, 5.0),
            time("bot_performance_summary of one bot, 1,000,000 trades", &self.bot, 5.0),
            time("search_bots() over 100,000 bots, the slowest", &self.search, 20.0),
            ratio("runs claimed and finished, to an UPDATE of one row", &self.runs, 0.5),
            ratio("configs by a schema that is known, to new ones", &self.configs, 20.0),
        ]
    }

    /// All of it.
    pub fn report(&self) -> Report<'_> {
        let mut pairs = Grid::new(&["per second", "ours", "beside it", "ratio"]);
        for (what, figures) in [
            ("runs claimed and finished, beside an UPDATE of one row", &self.runs),
            ("configs by a schema that is known, beside new ones", &self.configs),
        ] {
            pairs.push([vec![what.to_owned()], figures.cells()].concat());
        }
        Report {
            name: "marketplace",
            template: include_str!("page.md"),
            machine: &self.machine,
            pace: self.pace,
            verdicts: self.verdicts(),
            tables: vec![("rates", pairs)],
            places: vec![
                ("calls", CALLS.to_string()),
                ("searches", SEARCHES.len().to_string()),
                ("configs", grid::count(configs(self.pace))),
            ],
        }
    }
}

/// NaN of none.
fn typical(times: &[f64]) -> f64 {
    if times.is_empty() { f64::NAN } else { median(times) }
}

#[test]
fn the_page_is_whole_when_nothing_was_measured() {
    let page = Figures::new(Machine::example(), Pace::Full).report().page().expect("a part for every place");
    assert!(page.contains("cargo bench-marketplace --full") && page.contains("| fsync | on |"), "{page}");
    assert!(page.contains("0 of 5 targets are met, 5 missed."), "{page}");
}
