//! `cargo bench-trading`: fills of bots booked one by one and in bulk, beside PL/pgSQL (`bench/peer/plpgsql_fills.sql`), an
//! INSERT of one row, and COPY without triggers; in one server, in turns; the median of the ratios of the rounds counts.

use std::fs;

use crate::bench::SETTINGS;
use crate::bench::machine;
use crate::bench::pairs::Pairs;
use crate::cluster::Cluster;
use crate::failure::{Failure, Result};
use crate::install;
use crate::project::{self, Project};
use crate::psql::Database;
use crate::setup;

/// The arguments of `cargo bench-trading`.
pub const USAGE: &str = "cargo bench-trading [--installed]";

const ROUNDS: usize = 5;
/// Calls of a turn, and rows of a bulk run and of a COPY.
const CALLS: u32 = 5_000;
const BULK: u32 = 20_000;
const COPIED: u32 = 100_000;

/// Measures, and prints it.
pub fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let installed = match arguments {
        [] => false,
        [argument] if argument == "--installed" => true,
        _ => return Err(Failure::new("unexpected arguments", USAGE)),
    };
    machine::warn_when_busy();
    setup::run(project)?;
    if !installed {
        install::run(project)?;
    }
    let cluster = Cluster::open(project, "bench_trading")?;
    cluster.destroy()?;
    let _running = cluster.run(&SETTINGS)?;
    let database = prepared(project, &cluster)?;
    let mut goals = [
        ("apply_fill(), to PL/pgSQL, without the flush", 4.0, Pairs::default()),
        ("apply_fill(), to an INSERT of one row, with the flush", 0.5, Pairs::default()),
        ("apply_pending(), to PL/pgSQL in one statement", 20.0, Pairs::default()),
        ("COPY of closed trades, to the same without triggers", 0.5, Pairs::default()),
    ];
    for _ in 0..ROUNDS {
        let one = |what, flush| one_by_one(&database, what, flush);
        goals[0].2.turn(|| one("ours", "off"), || one("peer", "off"))?;
        goals[1].2.turn(|| one("ours", "on"), || one("bare", "on"))?;
        goals[2].2.turn(|| bulk(&database), || rate(&database, &format!("CALL bench.peer_bulk({BULK})")))?;
        let copied = |what| copied(&database, &cluster, what);
        goals[3].2.turn(|| copied("copy"), || copied("replica"))?;
    }
    for (name, goal, pairs) in &goals {
        println!("{name}: {:.2} x, at least {goal:.1} x", pairs.ratio());
    }
    let broken = database.rows("SELECT check_name, subject, expected, actual FROM trading.verify()")?;
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(format!("trading.verify(): {broken:?}"), "")) }
}

fn prepared(project: &Project, cluster: &Cluster) -> Result<Database> {
    let database = cluster.fresh_database("trading")?;
    database.run("CREATE EXTENSION pg_bourse; SELECT bourse.install();")?;
    for script in ["peer/plpgsql_fills.sql", "trading/fills.sql"] {
        database.run(&project::read_text(&project.root.join("bench").join(script))?)?;
    }
    let line = |n: u32| {
        let (bot, minute) = (n % 100 + 1, n % 60);
        format!(
            "{bot}\t{bot}\tpaper\tS\t2026-01-01 00:{minute:02}Z\t2026-01-02Z\t100\t101\t1\tlong\t0.1\t1\t0.9\tclosed\n"
        )
    };
    fs::write(file(cluster), (0..COPIED).map(line).collect::<String>())
        .map_err(|error| Failure::new(format!("the file of trades cannot be written: {error}"), ""))?;
    database.run("VACUUM (ANALYZE);")?;
    Ok(database)
}

/// Where the server reads trades from.
fn file(cluster: &Cluster) -> std::path::PathBuf {
    cluster.socket().join("trades.tsv")
}

/// Runs statements, of which the last notes a rate.
fn rate(database: &Database, statements: &str) -> Result<f64> {
    database.run(statements)?;
    let rows = database.rows("SELECT rate::float8 FROM bench.rates ORDER BY n DESC LIMIT 1")?;
    let rate = rows.first().and_then(|row| row.first()).and_then(|rate| rate.parse().ok());
    rate.ok_or_else(|| Failure::new("no rate was noted", ""))
}

fn one_by_one(database: &Database, what: &str, flush: &str) -> Result<f64> {
    rate(database, &format!("SET synchronous_commit = {flush};\nCALL bench.one_by_one('{what}', {CALLS});\n"))
}

fn bulk(database: &Database) -> Result<f64> {
    let fill = format!("CALL bench.fill_inbox({BULK});\nCALL trading.apply_pending();\n");
    rate(database, &format!("{fill}CALL bench.note_bulk({BULK});\n"))
}

fn copied(database: &Database, cluster: &Cluster, what: &str) -> Result<f64> {
    let file = file(cluster).display().to_string();
    rate(database, &format!("SET bench.file = '{file}';\nCALL bench.copy_trades('{what}', {COPIED});\n"))
}
