//! All figures of a run, as a text for a terminal and as docs/benchmarks-messages.md.

use super::{Both, CLIENTS};
use crate::bench::grid::{self, Grid};
use crate::bench::jobs::Pace;
use crate::bench::machine::Machine;
use crate::bench::page;
use crate::bench::verdict::{self, Bound, Verdict};
use crate::failure::Result;
use crate::project::{self, Project};

const TEMPLATE: &str = include_str!("page.md");

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

    /// The places of the page for tables, what a terminal shows above them, and the tables.
    fn sections(&self) -> [(&'static str, &'static str, Grid); 5] {
        let floor = table(
            ["messages per second", "claim, ack", "two statements"],
            &[("", &self.floor), ("with a bucket for each recipient, ", &self.limited)],
        );
        let rows = table(["messages per second", "many waiting", "few waiting"], &[("", &self.rows)]);
        let buckets = table(["tokens per second", "take_tokens", "one UPDATE"], &[("", &self.buckets)]);
        [
            ("targets", "targets", verdict::table(&self.verdicts())),
            ("floor", "beside two statements", floor),
            ("rows", "with many that wait", rows),
            ("buckets", "buckets", buckets),
            ("settings", "settings", self.machine.table()),
        ]
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let Machine { cores, server, .. } = &self.machine;
        let mut text = format!("\n{cores} cores, PostgreSQL {server}; medians, rounds: {}\n", self.pace.rounds());
        for (_, heading, grid) in self.sections() {
            text.push_str(&format!("\n{heading}\n{}", grid.text()));
        }
        text
    }

    /// Writes the page.
    pub fn write(&self, project: &Project) -> Result<()> {
        let page = page::fill(TEMPLATE, &self.places())?;
        project::write_text(&project.root.join("docs/benchmarks-messages.md"), &page)?;
        println!("wrote docs/benchmarks-messages.md");
        Ok(())
    }

    fn places(&self) -> Vec<(&'static str, String)> {
        let mut places = vec![
            ("command", self.pace.command("bench-messages")),
            ("date", self.machine.date.clone()),
            ("cores", self.machine.cores.to_string()),
            ("server", self.machine.server.clone()),
            ("rounds", self.pace.rounds().to_string()),
            ("seconds", self.pace.seconds().to_string()),
            ("rows_count", grid::count(self.pace.rows())),
            ("few_count", grid::count(self.pace.few())),
            ("summary", verdict::summary(&self.verdicts())),
        ];
        places.extend(self.sections().map(|(name, _, grid)| (name, grid.markdown().trim_end().to_owned())));
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
    let page = page::fill(TEMPLATE, &Figures::new(machine, Pace::Full).places()).expect("a part for every place");
    assert!(page.contains("cargo bench-messages --full") && page.contains("| fsync | on |"), "{page}");
    assert!(page.contains("0 of 6 targets are met, 6 missed."), "{page}");
}
