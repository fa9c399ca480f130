//! All figures of a run, as a text for a terminal and as docs/benchmarks-mirror.md.

use super::{BOOKS, MOMENTS};
use crate::bench::grid::Grid;
use crate::bench::jobs::Pace;
use crate::bench::machine::Machine;
use crate::bench::pairs::Pairs;
use crate::bench::report::Report;
use crate::bench::verdict::{Bound, Verdict};

/// What was measured.
pub struct Figures {
    pace: Pace,
    machine: Machine,
    /// Rows a second of each book at each moment: taken over, and written by hand.
    pub books: [[Pairs; MOMENTS.len()]; BOOKS.len()],
}

impl Figures {
    /// Nothing measured yet.
    pub fn new(machine: Machine, pace: Pace) -> Self {
        Self { pace, machine, books: Default::default() }
    }

    fn named(&self) -> impl Iterator<Item = (String, &Pairs)> {
        BOOKS.iter().zip(&self.books).flat_map(|(book, moments)| {
            MOMENTS.iter().zip(moments).map(move |(moment, pairs)| (format!("{book}, {}", moment.name), pairs))
        })
    }

    /// All of it.
    pub fn report(&self) -> Report<'_> {
        let mut rates = Grid::new(&["rows per second", "ours", "by hand", "ratio"]);
        for (what, pairs) in self.named() {
            rates.push([vec![what], pairs.cells()].concat());
        }
        let verdict = |(what, pairs): (String, &Pairs)| {
            Verdict::new(format!("{what}, to an INSERT by hand"), pairs.ratio(), Bound::AtLeast(0.5), 2, " x")
        };
        Report {
            name: "mirror",
            template: include_str!("page.md"),
            machine: &self.machine,
            pace: self.pace,
            verdicts: self.named().map(verdict).collect(),
            tables: vec![("rates", rates)],
            places: vec![],
        }
    }
}

#[test]
fn the_page_is_whole_when_nothing_was_measured() {
    let page = Figures::new(Machine::example(), Pace::Full).report().page().expect("a part for every place");
    assert!(page.contains("cargo bench-mirror --full") && page.contains("| fsync | on |"), "{page}");
    assert!(page.contains("0 of 9 targets are met, 9 missed."), "{page}");
}
