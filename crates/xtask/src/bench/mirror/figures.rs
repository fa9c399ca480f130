//! All figures of a run, as a text for a terminal and as docs/benchmarks-mirror.md.

use super::{BOOKS, MOMENTS};
use crate::bench::grid::Grid;
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
    /// Rows a second of each book at each moment: taken over, and written by hand.
    pub books: [[Pairs; MOMENTS.len()]; BOOKS.len()],
    /// Orders a second for a thousand followers: copied, and placed by a call for each that commits.
    pub copies: Pairs,
    /// The same, where all calls are one transaction.
    pub copies_together: Pairs,
    /// Milliseconds for the summary of 5,000 positions.
    pub summary: Vec<f64>,
}

impl Figures {
    /// Nothing measured yet.
    pub fn new(machine: Machine, pace: Pace) -> Self {
        Self {
            pace,
            machine,
            books: Default::default(),
            copies: Pairs::default(),
            copies_together: Pairs::default(),
            summary: vec![],
        }
    }

    fn named(&self) -> impl Iterator<Item = (String, &Pairs)> {
        BOOKS.iter().zip(&self.books).flat_map(|(book, moments)| {
            MOMENTS.iter().zip(moments).map(move |(moment, pairs)| (format!("{book}, {}", moment.name), pairs))
        })
    }

    fn own_verdicts(&self) -> [Verdict; 2] {
        let summary = if self.summary.is_empty() { f64::NAN } else { median(&self.summary) };
        [
            Verdict::new("1,000 followers, to a call for each", self.copies.ratio(), Bound::AtLeast(5.0), 2, " x"),
            Verdict::new("summary of 50 accounts and 5,000 positions", summary, Bound::Below(5.0), 1, " ms"),
        ]
    }

    /// All of it.
    pub fn report(&self) -> Report<'_> {
        let mut rates = Grid::new(&["rows per second", "ours", "by hand", "ratio"]);
        for (what, pairs) in self.named() {
            rates.push([vec![what], pairs.cells()].concat());
        }
        let mut copies = Grid::new(&["orders per second", "copied", "a call for each", "ratio"]);
        copies.push([vec!["calls that commit".to_owned()], self.copies.cells()].concat());
        copies.push([vec!["calls in one transaction".to_owned()], self.copies_together.cells()].concat());
        let verdict = |(what, pairs): (String, &Pairs)| {
            Verdict::new(format!("{what}, to an INSERT by hand"), pairs.ratio(), Bound::AtLeast(0.5), 2, " x")
        };
        Report {
            name: "mirror",
            template: include_str!("page.md"),
            machine: &self.machine,
            pace: self.pace,
            verdicts: self.named().map(verdict).chain(self.own_verdicts()).collect(),
            tables: vec![("rates", rates), ("copies", copies)],
            places: vec![],
        }
    }
}

#[test]
fn the_page_is_whole_when_nothing_was_measured() {
    let page = Figures::new(Machine::example(), Pace::Full).report().page().expect("a part for every place");
    assert!(page.contains("cargo bench-mirror --full") && page.contains("| fsync | on |"), "{page}");
    assert!(page.contains("0 of 11 targets are met, 11 missed."), "{page}");
}
