//! Every metric of `analytics` over series of every kind, beside three Python libraries. Where they differ by more than a
//! thousandth of a millionth, `tests/metrics/differences.tsv` says why: what stands there and is not so fails as well as
//! what is so and does not stand there. Fetches the libraries from PyPI; so it is no part of `cargo check-all`.

mod compare;

use std::process::{Command, ExitCode};

use crate::cluster::Cluster;
use crate::failure::Result;
use crate::project::{self, Project};
use crate::psql::Database;
use crate::table::{layout, row};
use crate::{install, progress, python};
use compare::{Comparison, Figure, Listed};

/// The folder of the comparison.
const FOLDER: &str = "tests/metrics";
const PYTHON: [&str; 5] =
    ["quantstats==0.0.86", "empyrical-reloaded==0.7.1", "pandas==3.1.1", "numpy==2.4.6", "scipy==1.17.1"];
/// Its metrics need nothing of what the bot needs.
const ALONE: [&str; 2] = ["--no-deps", "freqtrade==2026.9"];
const SERIES: &str = "SET extra_float_digits = 1;
    SELECT name, place, coalesce(r::text, 'null') FROM series ORDER BY name, place;";
const TRADES: &str = "SELECT name, place, extract(epoch FROM closed_at)::bigint, net_pnl FROM trades
    ORDER BY name, closed_at;";

/// Compares every figure.
pub fn run(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    install::unless_told(project, arguments, "cargo xtask metrics [--installed]")?;
    python::prepare(project, "metrics", &PYTHON)?;
    let python = python::prepare(project, "metrics", &ALONE)?;
    let cluster = Cluster::open(project, "metrics")?;
    let _running = cluster.run_anew(&[])?;
    let database = cluster.fresh_database("metrics")?;
    let ours = ours(project, &database)?;
    let mut command = Command::new(python);
    command.arg(project.root.join(FOLDER).join("peers.py"));
    for (name, query) in [("series.tsv", SERIES), ("trades.tsv", TRADES)] {
        command.arg(save(project, name, database.rows(query)?)?);
    }
    let told = project.target.join("metrics/peers.tsv");
    progress::run(project, "peers.py", command.arg(&told), "see what Python says")?;
    let theirs = compare::read(&project::read_text(&told)?)?;
    let listed = compare::listed(&text(project, "differences.tsv")?)?;
    Ok(report(&ours, &theirs, listed))
}

fn text(project: &Project, name: &str) -> Result<String> {
    project::read_text(&project.root.join(FOLDER).join(name))
}

fn ours(project: &Project, database: &Database) -> Result<Vec<Figure>> {
    database.run(&format!("CREATE EXTENSION pg_bourse;\n{}", text(project, "series.sql")?))?;
    let rows = database.rows(&text(project, "ours.sql")?)?;
    let lines: Vec<String> = rows.iter().map(|row| row.join("\t")).collect();
    compare::read_ours(&lines.join("\n"))
}

fn save(project: &Project, name: &str, rows: Vec<Vec<String>>) -> Result<std::path::PathBuf> {
    let path = project.target.join("metrics").join(name);
    let lines: Vec<String> = rows.iter().map(|row| format!("{}\n", row.join("\t"))).collect();
    project::write_text(&path, &lines.concat())?;
    Ok(path)
}

fn report(ours: &[Figure], theirs: &[Figure], mut listed: Vec<Listed>) -> ExitCode {
    let mut failed = Vec::new();
    let mut rows = vec![row(&["beside", "figures", "differ", "not listed"])];
    let mut peers: Vec<&str> = theirs.iter().map(|figure| figure.peer.as_str()).collect();
    peers.dedup();
    peers.sort_unstable();
    peers.dedup();
    for peer in peers {
        let compared: Vec<Comparison> = compare::beside(ours, theirs, peer);
        let differ: Vec<&Comparison> = compared.iter().filter(|one| !one.is_same()).collect();
        let strange = differ.iter().filter(|one| !listed.iter_mut().any(|row| row.takes(one)));
        let strange: Vec<String> = strange.map(ToString::to_string).collect();
        rows.push(vec![
            peer.to_owned(),
            compared.len().to_string(),
            differ.len().to_string(),
            strange.len().to_string(),
        ]);
        failed.extend(strange);
    }
    failed.extend(listed.iter().filter_map(Listed::fault));
    print!("{}", layout(&rows, 1));
    for line in &failed {
        println!("  FAILED {line}");
    }
    println!("{} figures of others compared, {} failed", theirs.len(), failed.len());
    if failed.is_empty() && !theirs.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
