//! All figures of a run, as a text for a terminal and as docs/benchmarks-jobs.md.

use super::drain::Drain;
use super::latency::{self, Latency};
use super::request::{Pace, Part, Request};
use super::schedules;
use super::server::{self, Floor, Rows};
use super::tools::Tools;
use crate::bench::grid::{self, Grid};
use crate::bench::machine::Machine;
use crate::bench::page;
use crate::bench::pairs::Pairs;
use crate::bench::verdict::{self, Verdict};
use crate::failure::Result;
use crate::project::{self, Project};

const TEMPLATE: &str = include_str!("page.md");

/// What was measured; what was not is empty.
pub struct Figures {
    pace: Pace,
    parts: Vec<Part>,
    machine: Machine,
    /// Beside other queues.
    pub drain: Drain,
    /// Beside two statements.
    pub floor: Floor,
    /// With many rows.
    pub rows: Rows,
    /// While somebody holds a snapshot.
    pub snapshot: Vec<Pairs>,
    /// From enqueue to start.
    pub latency: Latency,
    /// Many due at once.
    pub schedules: Vec<f64>,
}

/// A place of the page, what it says above its table in a terminal, and the table.
type Section = (Option<Part>, &'static str, &'static str, Grid);

impl Figures {
    /// Nothing measured yet.
    pub fn new(machine: Machine, request: &Request) -> Self {
        Self {
            pace: request.pace,
            parts: request.parts.clone(),
            machine,
            drain: Drain::default(),
            floor: Floor::default(),
            rows: Rows::default(),
            snapshot: Vec::new(),
            latency: Latency::default(),
            schedules: Vec::new(),
        }
    }

    /// The targets of the parts that were measured.
    fn verdicts(&self) -> Vec<Verdict> {
        let measured = |part| self.parts.contains(&part);
        let mut verdicts = Vec::new();
        if measured(Part::Drain) {
            verdicts.extend(self.drain.verdicts());
        }
        if measured(Part::Floor) {
            verdicts.extend(server::floor_verdicts(&self.floor));
        }
        if measured(Part::Rows) {
            verdicts.extend(server::rows_verdicts(&self.rows, self.pace));
        }
        if measured(Part::Snapshot) {
            verdicts.push(server::snapshot_verdict(&self.snapshot, self.pace));
        }
        if measured(Part::Latency) {
            verdicts.push(self.latency.verdict());
        }
        if measured(Part::Schedules) {
            verdicts.push(schedules::verdict(&self.schedules, self.pace));
        }
        verdicts
    }

    fn sections(&self) -> Vec<Section> {
        let sections = vec![
            (None, "targets", "targets", verdict::table(&self.verdicts())),
            (Some(Part::Drain), "batch_1", "one job at a time", self.drain.table(1)),
            (Some(Part::Drain), "batch_100", "batches of 100", self.drain.table(100)),
            (Some(Part::Floor), "floor", "by pgbench, beside two statements", server::floor_table(&self.floor)),
            (Some(Part::Rows), "rows", "by pgbench, with many rows", server::rows_table(&self.rows)),
            (
                Some(Part::Snapshot),
                "snapshot",
                "by pgbench, while another session holds a snapshot",
                server::snapshot_table(&self.snapshot, self.pace),
            ),
            (Some(Part::Latency), "latency", "from enqueue to start", self.latency.table()),
            (
                Some(Part::Schedules),
                "schedules",
                "schedules due in one second",
                schedules::table(&self.schedules, self.pace),
            ),
            (None, "settings", "settings", self.machine.table()),
        ];
        let measured = |part: Option<Part>| part.is_none_or(|part| self.parts.contains(&part));
        sections.into_iter().filter(|(part, ..)| measured(*part)).collect()
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = format!(
            "\n{} cores, PostgreSQL {}; {}; medians, rounds: {}, seconds of a turn: {}\n",
            self.machine.cores,
            self.machine.server,
            Tools::versions(),
            self.pace.rounds(),
            self.pace.seconds()
        );
        for (_, _, heading, grid) in self.sections() {
            text.push_str(&format!("\n{heading}\n{}", grid.text()));
        }
        text
    }

    /// Writes the page.
    pub fn write(&self, project: &Project) -> Result<()> {
        let page = page::fill(TEMPLATE, &self.places())?;
        project::write_text(&project.root.join("docs/benchmarks-jobs.md"), &page)?;
        println!("wrote docs/benchmarks-jobs.md");
        Ok(())
    }

    /// The places of the page's template, and what stands there.
    fn places(&self) -> Vec<(&'static str, String)> {
        let mut places = vec![
            ("command", self.pace.command("bench-jobs")),
            ("date", self.machine.date.clone()),
            ("cores", self.machine.cores.to_string()),
            ("server", self.machine.server.clone()),
            ("versions", Tools::versions()),
            ("rounds", self.pace.rounds().to_string()),
            ("milliseconds", self.pace.milliseconds().to_string()),
            ("turns_1", self.pace.turns(1).to_string()),
            ("turns_100", self.pace.turns(100).to_string()),
            ("seconds", self.pace.seconds().to_string()),
            ("held", self.pace.held().to_string()),
            ("rows_count", grid::count(self.pace.rows())),
            ("pause", latency::PAUSE.to_string()),
            ("summary", verdict::summary(&self.verdicts())),
        ];
        let tables = self.sections().into_iter();
        places.extend(tables.map(|(_, name, _, grid)| (name, grid.markdown().trim_end().to_owned())));
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(line: &str) -> Figures {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Figures::new(Machine::example(), &Request::parse(&words).expect("arguments"))
    }

    #[test]
    fn the_page_is_whole_whatever_was_measured() {
        let text = page::fill(TEMPLATE, &figures("--full").places()).expect("a part for every place");
        for part in [
            "on 2026-01-31",
            "PostgreSQL 15.1",
            "graphile-worker 0.",
            "cargo bench-jobs --full",
            "held for 300 s",
            "| fsync | on |",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(text.contains("0 of 13 targets are met, 13 missed."), "{text}");
    }

    #[test]
    fn a_part_shows_itself_alone() {
        let text = figures("--quick schedules").text();
        assert!(text.contains("schedules due in one second") && !text.contains("batches of 100"), "{text}");
    }
}
