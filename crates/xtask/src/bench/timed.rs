//! What a server measures of itself, without the way to a client.

use super::statistics::median;
use crate::cluster::Cluster;
use crate::failure::{Failure, Result};
use crate::project::{self, Project};
use crate::psql::Database;

/// How often a question is asked in a round.
pub const CALLS: usize = 9;

/// A new database, installed, with the rows of a script below bench/, which notes its rates in `bench.rates`.
pub fn prepared(project: &Project, cluster: &Cluster, script: &str) -> Result<Database> {
    let name = script.rsplit('/').next().unwrap_or(script);
    let database = cluster.fresh_database(name)?;
    database.run("CREATE EXTENSION pg_bourse;\nSELECT bourse.install();\nCREATE SCHEMA bench;\n")?;
    database.run("CREATE TABLE bench.rates (n bigint GENERATED ALWAYS AS IDENTITY, what text, rate numeric);\n")?;
    database.run(&project::read_text(&project.root.join(format!("bench/{script}.sql")))?)?;
    Ok(database)
}

/// Runs a statement that notes a rate in `bench.rates`.
pub fn rate(database: &Database, statement: &str) -> Result<f64> {
    database.run(&format!("{statement};\n"))?;
    let rows = database.rows("SELECT rate::float8 FROM bench.rates ORDER BY n DESC LIMIT 1;\n")?;
    let rate = rows.first().and_then(|row| row.first()).and_then(|rate| rate.parse().ok());
    rate.ok_or_else(|| Failure::new(format!("{statement} noted no rate"), ""))
}

/// How long a login waits for a query, plans included, as the server says: the median of some calls of one session.
pub fn milliseconds(database: &Database, login: &str, query: &str) -> Result<f64> {
    let explain = format!("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY) {query};\n");
    let lines = database.rows(&format!("SET SESSION AUTHORIZATION {login};\n{}", explain.repeat(CALLS + 1)))?;
    let times = |name: &str| -> Vec<f64> {
        let told = lines.iter().filter_map(|line| line.first()?.strip_prefix(name)?.strip_suffix(" ms"));
        told.skip(1).filter_map(|time| time.parse().ok()).collect()
    };
    let (planned, executed) = (times("Planning Time: "), times("Execution Time: "));
    if executed.is_empty() || planned.len() != executed.len() {
        return Err(Failure::new(format!("no time of {query}"), ""));
    }
    Ok(median(&planned.iter().zip(&executed).map(|(planned, executed)| planned + executed).collect::<Vec<_>>()))
}
