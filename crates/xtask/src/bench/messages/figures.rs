//! All figures of a run, as a text for a terminal and as docs/benchmarks-messages.md.

use super::{Both, CLIENTS};
use crate::bench::grid::{self, Grid};
use crate::bench::jobs::Pace;
use crate::bench::machine::Machine;
use crate::bench::report::Report;
use crate::bench::verdict::{Bound, Verdict};

/// What was measured.
pub struct Figures {
    pace: Pace,
    machine: Machine,
    /// Claim and acknowledgement beside two statements.
    pub floor: Both,
    /// The same, with a bucket for each recipient.
    pub limited: Both,
    /// With many that wait beside few.
    pub rows: Both,
    /// A bucket beside an UPDATE of one row.
    pub buckets: Both,
}

fn clients(number: u32) -> String {
    if number == 1 { "1 client".to_owned() } else { format!("{number} clients") }
}

fn table(head: [&str; 3], sides: &[(&str, &Both)]) -> Grid {
    let mut grid = Grid::new(&[head[0], head[1], head[2], "ratio"]);
    for (name, both) in sides {
        for (number, pairs) in CLIENTS.into_iter().zip(*both) {
            grid.push([vec![format!("{name}{}", clients(number))], pairs.cells()].concat());
        }
    }
    grid
}

impl Figures {
    /// Nothing measured yet.
    pub fn new(machine: Machine, pace: Pace) -> Self {
        let none = Both::default;
        Self { pace, machine, floor: none(), limited: none(), rows: none(), buckets: none() }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let many = format!("claim, ack with {} waiting, to few", grid::count(self.pace.rows()));
        let goals = [
            ("claim, ack, to two statements", &self.floor, 0.6),
            (&many, &self.rows, 0.8),
            ("take_tokens, to an UPDATE of one row", &self.buckets, 0.6),
        ];
        let verdict = |what: &str, number, ratio, goal| {
            Verdict::new(format!("{what}, {}", clients(number)), ratio, Bound::AtLeast(goal), 2, " x")
        };
        let of_goal = |(what, both, goal): (&str, &Both, f64)| {
            CLIENTS.into_iter().zip(both).map(|(n, pairs)| verdict(what, n, pairs.ratio(), goal)).collect::<Vec<_>>()
        };
        goals.into_iter().flat_map(of_goal).collect()
    }

    /// All of it.
    pub fn report(&self) -> Report<'_> {
        let floor = table(
            ["messages per second", "claim, ack", "two statements"],
            &[("", &self.floor), ("with a bucket for each recipient, ", &self.limited)],
        );
        let rows = table(["messages per second", "many waiting", "few waiting"], &[("", &self.rows)]);
        let buckets = table(["tokens per second", "take_tokens", "one UPDATE"], &[("", &self.buckets)]);
        Report {
            name: "messages",
            template: include_str!("page.md"),
            machine: &self.machine,
            pace: self.pace,
            verdicts: self.verdicts(),
            tables: vec![("beside_two_statements", floor), ("with_many_that_wait", rows), ("buckets", buckets)],
            places: vec![
                ("seconds", self.pace.seconds().to_string()),
                ("rows_count", grid::count(self.pace.rows())),
                ("few_count", grid::count(Pace::room(self.pace.seconds()))),
            ],
        }
    }
}

#[test]
fn the_page_is_whole_when_nothing_was_measured() {
    let page = Figures::new(Machine::example(), Pace::Full).report().page().expect("a part for every place");
    assert!(page.contains("cargo bench-messages --full") && page.contains("| fsync | on |"), "{page}");
    assert!(page.contains("0 of 6 targets are met, 6 missed."), "{page}");
}
