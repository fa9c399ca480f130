//! How long reads take at a size, one client, statements prepared.

use std::time::Instant;

use super::pgbench::Pgbench;
use super::request::Pace;
use super::statistics::Sorted;
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::psql::Database;

/// A login of the first user, who sees what row security lets a trader see.
const TRADER: &str = "bench_trader";
/// Whoever waits longer has no use for the answer.
const LIMIT_SECONDS: u32 = 10;
/// What a read may take that a person or a bot waits for.
pub const GOAL: f64 = 1.0;

/// One read that is measured: its name for people, its script, and whether it has the goal.
pub struct Read {
    /// For a head of a column.
    pub name: &'static str,
    script: &'static str,
    /// Whether it must take less than [`GOAL`].
    pub has_goal: bool,
}

/// All of them.
pub const READS: [Read; 6] = [
    Read { name: "order_book(…, 20)", script: "reads/order_book.pgbench.sql", has_goal: true },
    Read { name: "best_bid_offer", script: "reads/best_bid_offer.pgbench.sql", has_goal: true },
    Read { name: "open orders", script: "reads/open_orders.pgbench.sql", has_goal: true },
    Read { name: "last 50 trades", script: "reads/last_trades.pgbench.sql", has_goal: true },
    Read { name: "ticker", script: "reads/ticker.pgbench.sql", has_goal: false },
    Read { name: "candles, 24 h", script: "reads/candles.pgbench.sql", has_goal: false },
];

/// Milliseconds of each read (infinite: it was given up), and seconds of `verify()`.
pub struct Reads {
    /// In the order of [`READS`]: the median of one client's calls.
    pub milliseconds: [f64; READS.len()],
    /// The first call after the load.
    pub verify_seconds: f64,
}

impl Reads {
    /// Measures all reads in a loaded database.
    pub fn measure(project: &Project, database: &Database, symbol: &str, pace: Pace) -> Result<Self> {
        let start = Instant::now();
        let violations = database.rows("SELECT * FROM exchange.verify();\n")?;
        let verify_seconds = start.elapsed().as_secs_f64();
        if let Some(first) = violations.first() {
            return Err(Failure::new(
                format!("verify() finds {} faults in the loaded data, first: {}", violations.len(), first.join(" | ")),
                "mend bench/scale/load.sql",
            ));
        }
        login(database)?;
        let mut milliseconds = [f64::INFINITY; READS.len()];
        for (read, value) in READS.iter().zip(&mut milliseconds) {
            let pgbench = Pgbench::new(project, database, read.script, pace.read_seconds())
                .variable("symbol", symbol)
                .login(TRADER, LIMIT_SECONDS);
            if let Some(samples) = pgbench.samples_within_limit()? {
                let sorted = Sorted::new(samples.iter().map(|sample| sample.latency).collect());
                *value = sorted.percentile(0.5) as f64 / 1000.0;
            }
        }
        Ok(Self { milliseconds, verify_seconds })
    }

    /// A reading as text.
    pub fn shown(milliseconds: f64) -> String {
        if milliseconds.is_finite() {
            super::grid::thousands(milliseconds, 2)
        } else {
            format!("over {}", super::grid::thousands(f64::from(LIMIT_SECONDS) * 1000.0, 0))
        }
    }
}

/// Roles belong to the cluster, the user's link to one to the database.
fn login(database: &Database) -> Result<()> {
    database.run(&format!(
        "SELECT 'CREATE ROLE {TRADER} LOGIN IN ROLE bourse_trader'\n\
         WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{TRADER}') \\gexec\n\
         UPDATE identity.users SET db_role = '{TRADER}' WHERE id = (SELECT min(id) FROM identity.users);\n"
    ))
}
