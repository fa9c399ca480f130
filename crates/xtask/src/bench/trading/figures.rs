//! All figures of a run, as a text for a terminal and as docs/benchmarks-trading.md.

use super::{COPIED, bulk, calls};
use crate::bench::grid::{self, Grid};
use crate::bench::jobs::Pace;
use crate::bench::machine::Machine;
use crate::bench::pairs::Pairs;
use crate::bench::report::Report;
use crate::bench::statistics::median;
use crate::bench::verdict::{Bound, Verdict};

/// What was measured.
pub struct Figures {
    pace: Pace,
    machine: Machine,
    /// apply_fill(), and the peer's, without the flush.
    pub peer: Pairs,
    /// apply_fill(), and an INSERT of one row, with it.
    pub bare: Pairs,
    /// apply_pending(), and the peer's calls in one statement.
    pub bulk: Pairs,
    /// COPY of trades, and the same without triggers.
    pub copy: Pairs,
    /// Milliseconds of 10,000 heartbeats.
    pub heartbeats: Vec<f64>,
    /// Milliseconds of a sweep over 100,000 bots.
    pub sweep: Vec<f64>,
}

impl Figures {
    /// Nothing measured yet.
    pub fn new(machine: Machine, pace: Pace) -> Self {
        let none = Pairs::default;
        let (peer, bare, bulk, copy) = (none(), none(), none(), none());
        Self { pace, machine, peer, bare, bulk, copy, heartbeats: Vec::new(), sweep: Vec::new() }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let ratio = |what, pairs: &Pairs, goal| Verdict::new(what, pairs.ratio(), Bound::AtLeast(goal), 2, " x");
        let time = |what, times: &[f64], most| Verdict::new(what, typical(times), Bound::Below(most), 1, " ms");
        vec![
            ratio("apply_fill(), to PL/pgSQL, without the flush", &self.peer, 4.0),
            ratio("apply_fill(), to an INSERT of one row, with the flush", &self.bare, 0.5),
            ratio("apply_pending(), to PL/pgSQL in one statement", &self.bulk, 20.0),
            ratio("COPY of closed trades, to the same without triggers", &self.copy, 0.5),
            time("10,000 heartbeats in one call", &self.heartbeats, 100.0),
            time("a sweep of 100,000 bots", &self.sweep, 50.0),
        ]
    }

    /// All of it.
    pub fn report(&self) -> Report<'_> {
        let mut pairs = Grid::new(&["rows per second", "ours", "beside it", "ratio"]);
        for (what, figures) in [
            ("`apply_fill()`, beside PL/pgSQL, without the flush", &self.peer),
            ("`apply_fill()`, beside an INSERT of one row, with the flush", &self.bare),
            ("`apply_pending()`, beside PL/pgSQL in one statement", &self.bulk),
            ("`COPY trading.trades`, beside the same without triggers", &self.copy),
        ] {
            pairs.push([vec![what.to_owned()], figures.cells()].concat());
        }
        Report {
            name: "trading",
            template: include_str!("page.md"),
            machine: &self.machine,
            pace: self.pace,
            verdicts: self.verdicts(),
            tables: vec![("rates", pairs)],
            places: vec![
                ("calls", grid::count(calls(self.pace))),
                ("bulk", grid::count(bulk(self.pace))),
                ("copied", grid::count(COPIED)),
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
    assert!(page.contains("cargo bench-trading --full") && page.contains("| fsync | on |"), "{page}");
    assert!(page.contains("0 of 6 targets are met, 6 missed."), "{page}");
}
