//! `cargo bench-trading`: fills of bots booked one by one and in bulk, beside PL/pgSQL (`bench/peer/plpgsql_fills.sql`), an
//! INSERT of one row, and COPY without triggers; in one server, in turns; the median of the ratios of the rounds counts.
//! Then heartbeats and sweeps over many bots.

mod figures;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use crate::bench::jobs::Pace;
use crate::bench::paced::Request;
use crate::bench::report;
use crate::bench::statistics::median;
use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};
use crate::psql::Database;

use figures::Figures;

/// Rows of a COPY.
const COPIED: u32 = 100_000;
/// How often a heartbeat and a sweep are measured in a round.
const CALLS: u32 = 5;

/// Fills of a turn, one by one.
fn calls(pace: Pace) -> u32 {
    if pace == Pace::Quick { 1_000 } else { 5_000 }
}

/// Fills of a bulk run.
fn bulk(pace: Pace) -> u32 {
    if pace == Pace::Quick { 5_000 } else { 20_000 }
}

/// Measures, prints it, and writes the page.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    let start = Instant::now();
    let (figures, broken) = report::measure(project, request, "trading", |cluster, machine| {
        let mut figures = Figures::new(machine, request.pace);
        let arena = Arena { fills: fills(project, cluster)?, bots: bots(project, cluster)?, cluster };
        for round in 0..request.pace.rounds() {
            println!("round {} of {}", round + 1, request.pace.rounds());
            arena.measure(request.pace, &mut figures)?;
        }
        let broken = arena.fills.rows("SELECT check_name, subject, expected, actual FROM trading.verify();\n")?;
        Ok((figures, broken))
    })?;
    figures.report().tell(project, request, start)?;
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(format!("trading.verify(): {broken:?}"), "")) }
}

/// Where turns are made.
struct Arena<'a> {
    /// A hundred bots that trade, and as many of the peer's.
    fills: Database,
    /// A hundred thousand that are heard of.
    bots: Database,
    cluster: &'a Cluster,
}

impl Arena<'_> {
    fn measure(&self, pace: Pace, figures: &mut Figures) -> Result<()> {
        let (calls, bulk) = (calls(pace), bulk(pace));
        let one = |what, flush| self.one_by_one(what, flush, calls);
        figures.peer.turn(|| one("ours", "off"), || one("peer", "off"))?;
        figures.bare.turn(|| one("ours", "on"), || one("bare", "on"))?;
        figures.bulk.turn(|| self.bulk(bulk), || self.rate(&format!("CALL bench.peer_bulk({bulk});\n")))?;
        figures.copy.turn(|| self.copied("copy"), || self.copied("replica"))?;
        let heartbeats = "SELECT trading.heartbeats(ARRAY(SELECT n FROM generate_series(1, 10000) n))";
        figures.heartbeats.push(self.milliseconds(heartbeats)?);
        figures.sweep.push(self.milliseconds("SELECT count(*) FROM trading.sweep_bots()")?);
        self.bots.run("VACUUM trading.bot_heartbeats;\n")
    }

    fn one_by_one(&self, what: &str, flush: &str, calls: u32) -> Result<f64> {
        self.rate(&format!("SET synchronous_commit = {flush};\nCALL bench.one_by_one('{what}', {calls});\n"))
    }

    fn bulk(&self, count: u32) -> Result<f64> {
        let fill = format!("CALL bench.fill_inbox({count});\nCALL trading.apply_pending();\n");
        self.rate(&format!("{fill}CALL bench.note_bulk({count});\n"))
    }

    fn copied(&self, what: &str) -> Result<f64> {
        let file = file(self.cluster).display().to_string();
        self.rate(&format!("SET bench.file = '{file}';\nCALL bench.copy_trades('{what}', {COPIED});\n"))
    }

    /// Runs statements, of which the last notes a rate.
    fn rate(&self, statements: &str) -> Result<f64> {
        self.fills.run(statements)?;
        let rows = self.fills.rows("SELECT rate::float8 FROM bench.rates ORDER BY n DESC LIMIT 1;\n")?;
        let rate = rows.first().and_then(|row| row.first()).and_then(|rate| rate.parse().ok());
        rate.ok_or_else(|| Failure::new("no rate was noted", "see bench/trading/fills.sql"))
    }

    /// How long a call takes, as the server says, plans and caches known: the median of some calls of one session.
    fn milliseconds(&self, query: &str) -> Result<f64> {
        let explain = format!("EXPLAIN (ANALYZE, TIMING OFF) {query};\n");
        let lines = self.bots.rows(&explain.repeat(CALLS as usize + 1))?;
        let told = lines.iter().filter_map(|line| line.first()?.strip_prefix("Execution Time: ")?.strip_suffix(" ms"));
        let times: Vec<f64> = told.skip(1).filter_map(|time| time.parse().ok()).collect();
        if times.is_empty() { Err(Failure::new(format!("no time of {query}"), "")) } else { Ok(median(&times)) }
    }
}

fn fills(project: &Project, cluster: &Cluster) -> Result<Database> {
    let database = installed(cluster, "trading")?;
    for script in ["peer/plpgsql_fills.sql", "trading/fills.sql"] {
        database.run(&project::read_text(&project.root.join("bench").join(script))?)?;
    }
    let line = |n: u32| {
        let (bot, minute) = (n % 100 + 1, n % 60);
        format!(
            "{bot}\t{bot}\tpaper\tS\t2026-01-01 00:{minute:02}Z\t2026-01-02Z\t100\t101\t1\tlong\t0.1\t1\t0.9\tclosed\n"
        )
    };
    let file = file(cluster);
    fs::write(&file, (0..COPIED).map(line).collect::<String>())
        .or_fail(|| format!("cannot write {}", file.display()), "check that the disk is writable and not full")?;
    database.run("VACUUM (ANALYZE);\n")?;
    Ok(database)
}

fn bots(project: &Project, cluster: &Cluster) -> Result<Database> {
    let database = installed(cluster, "bots")?;
    database.run(&project::read_text(&project.root.join("bench/trading/bots.sql"))?)?;
    database.run("VACUUM (ANALYZE);\n")?;
    Ok(database)
}

fn installed(cluster: &Cluster, name: &str) -> Result<Database> {
    let database = cluster.fresh_database(name)?;
    database.run("CREATE EXTENSION pg_bourse;\nSELECT bourse.install();\n")?;
    Ok(database)
}

/// Where the server reads trades from.
fn file(cluster: &Cluster) -> PathBuf {
    cluster.socket().join("trades.tsv")
}
