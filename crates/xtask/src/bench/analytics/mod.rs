//! `cargo bench-analytics`: metrics beside what PostgreSQL brings along, a PL/pgSQL aggregate and quantstats; in one
//! server, in turns; the median of the ratios of the rounds counts. A query is measured the second time that it runs in
//! its session, by what EXPLAIN ANALYZE says, without parallel workers.

mod cases;
mod figures;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::bench::jobs::Pace;
use crate::bench::paced::Request;
use crate::bench::report;
use crate::failure::{Failure, Result};
use crate::project::{self, Project};
use crate::psql::Database;
use crate::{progress, python};

use cases::{ALL, GROUPS};
use figures::Figures;

/// The peer, as `cargo xtask metrics` compares with it.
const PYTHON: [&str; 4] = ["quantstats==0.0.86", "pandas==3.1.1", "numpy==2.4.6", "scipy==1.17.1"];

/// How many returns.
fn rows(pace: Pace) -> u32 {
    if pace == Pace::Quick { 100_000 } else { 1_000_000 }
}

/// Measures, prints it, and writes the page.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    let start = Instant::now();
    let python = python::prepare(project, "metrics", &PYTHON)?;
    let figures = report::measure(project, request, "analytics", |cluster, machine| {
        let database = cluster.fresh_database("returns")?;
        let rows = rows(request.pace);
        let script = project::read_text(&project.root.join("bench/analytics/series.sql"))?;
        database.run(&format!("\\set rows {}\n{script}", rows))?;
        let mut figures = Figures::new(machine, request.pace, rows);
        Arena { project, database: &database, python, rows: f64::from(rows) }.measure(request, &mut figures)?;
        Ok(figures)
    })?;
    figures.report().tell(project, request, start)
}

/// Where turns are made.
struct Arena<'a> {
    project: &'a Project,
    database: &'a Database,
    python: PathBuf,
    rows: f64,
}

impl Arena<'_> {
    fn measure(&self, request: &Request, figures: &mut Figures) -> Result<()> {
        let returns = self.save()?;
        for _ in 0..request.pace.rounds() {
            for (group, pairs) in GROUPS.iter().zip(&mut figures.groups) {
                let rows = if group.is_few { self.rows / 10.0 } else { self.rows };
                for (case, pairs) in group.cases.iter().zip(pairs) {
                    pairs.turn(|| self.rate(case.ours, rows), || self.rate(case.theirs, rows))?;
                }
            }
            figures.all.turn(|| self.rate(ALL, self.rows), || self.quantstats(&returns))?;
        }
        Ok(())
    }

    /// Rows a second of a query.
    fn rate(&self, query: &str, rows: f64) -> Result<f64> {
        let settings = "SET max_parallel_workers_per_gather = 0;\nSET jit = off;\nSET work_mem = '256MB';\n";
        let explain = format!("EXPLAIN (ANALYZE, TIMING OFF) {query};\n");
        let lines = self.database.rows(&format!("{settings}{explain}{explain}"))?;
        let told = lines
            .iter()
            .rev()
            .find_map(|line| line.first()?.strip_prefix("Execution Time: ")?.strip_suffix(" ms")?.parse::<f64>().ok());
        let milliseconds =
            told.ok_or_else(|| Failure::new(format!("no time of {query}"), "see what EXPLAIN prints"))?;
        Ok(rows / (milliseconds / 1000.0))
    }

    /// The returns in a file, one a line.
    fn save(&self) -> Result<PathBuf> {
        let path = self.project.target.join("metrics/returns.txt");
        let rows = self.database.rows("SELECT r FROM returns ORDER BY t;")?;
        let lines: Vec<String> = rows.into_iter().flatten().map(|r| r + "\n").collect();
        project::write_text(&path, &lines.concat())?;
        Ok(path)
    }

    /// Rows a second of all metrics of quantstats.
    fn quantstats(&self, returns: &Path) -> Result<f64> {
        let mut command = Command::new(&self.python);
        command.arg(self.project.root.join("bench/analytics/quantstats_all.py")).arg(returns);
        let finished = progress::watch_quietly(self.project, "bench-analytics", "quantstats_all.py", &mut command)?;
        let told = finished.output.lines().find_map(|line| line.strip_prefix("seconds ")?.trim().parse::<f64>().ok());
        let seconds = told.ok_or_else(|| {
            Failure::new(format!("quantstats: {}", progress::tail(&finished.output)), "see what Python says")
        })?;
        Ok(self.rows / seconds)
    }
}
