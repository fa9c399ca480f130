//! A public order flow through the bulk door, and the time that COPY needs for the rows that it leaves behind.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::grid::{self, Grid};
use super::statistics::median;
use super::verdict::{Bound, Verdict};
use super::{BATCH, FUNDS, market};
use crate::bulk;
use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::flow::{self, Instruction, Message, Side};
use crate::psql::Database;

const PREPARE: &str = include_str!("copy_floor.sql");
/// Each before those that refer to it.
const TABLES: [&str; 4] = ["assets", "orders", "order_amendments", "trades"];

/// Seconds of all rounds, for one flow.
pub struct CopyFloor {
    /// The name of the flow.
    pub name: String,
    /// How many messages it has.
    pub messages: usize,
    /// How many rows it leaves behind: balances, orders, amendments, trades.
    pub rows: u64,
    door: Vec<f64>,
    copy: Vec<f64>,
}

impl CopyFloor {
    /// Nothing measured yet.
    pub fn new(name: String, messages: &[Message]) -> Self {
        Self { name, messages: messages.len(), rows: 0, door: Vec::new(), copy: Vec::new() }
    }

    /// One round in a database of its own.
    pub fn measure(&mut self, cluster: &Cluster, messages: &[Message]) -> Result<()> {
        let database = cluster.fresh_database("flow")?;
        let door = replay(&database, messages)?.as_secs_f64();
        let (rows, copy) = copy_rows(&database)?;
        let copy = copy.as_secs_f64();
        println!(
            "  match_orders   {:>9} messages {:>8.0}/s; {rows} rows by COPY: {copy:.2} s, the door {door:.2} s",
            self.messages,
            self.messages as f64 / door
        );
        self.rows = rows;
        self.door.push(door);
        self.copy.push(copy);
        cluster.database("postgres").run("DROP DATABASE flow WITH (FORCE);\n")
    }

    /// Messages per second, by the median.
    pub fn rate(&self) -> f64 {
        self.messages as f64 / median(&self.door)
    }

    /// The door beside COPY.
    pub fn table(&self) -> Grid {
        let mut grid = Grid::new(&["the same rows, twice", "rows", "seconds", "rows/s", "messages/s"]);
        let rows = self.rows as f64;
        let mut push = |what: &str, seconds: f64, rate: String| {
            grid.push(vec![
                what.to_owned(),
                grid::count(self.rows),
                grid::thousands(seconds, 2),
                grid::thousands(rows / seconds, 0),
                rate,
            ]);
        };
        push("COPY in and match_orders", median(&self.door), grid::thousands(self.rate(), 0));
        push("COPY of the result", median(&self.copy), String::new());
        grid
    }

    /// The targets of the bulk door.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let ratio = median(&self.door) / median(&self.copy);
        vec![
            Verdict::new("match_orders, public order flow", self.rate(), Bound::AtLeast(60_000.0), 0, " messages/s"),
            Verdict::new(
                "match_orders, to COPY of the same resulting rows",
                ratio,
                Bound::AtMost(1.5),
                2,
                " x the time",
            ),
        ]
    }
}

/// From the first row of COPY into the inbox to the last commit of `match_orders`, after a checkpoint.
fn replay(database: &Database, messages: &[Message]) -> Result<Duration> {
    bulk::install(database)?;
    let market = market("S1-USD", "S1");
    market.create(database)?;
    let users = market.fund(database, "VALUES ('buyer'), ('seller')", FUNDS, FUNDS)?;
    let [buyer, seller] = users.as_slice() else {
        return Err(Failure::new("two users were asked for", ""));
    };
    let owner = |i: &Instruction| -> &str {
        match i.side {
            Side::Buy => buyer,
            Side::Sell => seller,
        }
    };
    database.run("CHECKPOINT;\n")?;
    Ok(bulk::replay(database, &market, &flow::translate(messages), BATCH, owner)?.elapsed)
}

/// Rows, and the time from the first COPY to the commit of the last, after a checkpoint.
fn copy_rows(database: &Database) -> Result<(u64, Duration)> {
    database.run(PREPARE)?;
    let place =
        database.rows("SELECT regexp_replace(current_setting('data_directory'), '[^/]+$', 'copy_');\n")?.concat();
    let file = |table: &str| PathBuf::from(format!("{}{table}", place.concat()));
    let copies: String =
        TABLES.iter().map(|table| format!("COPY copied.{table} FROM '{}';\n", file(table).display())).collect();
    let start = Instant::now();
    database.run(&copies)?;
    let elapsed = start.elapsed();
    for table in TABLES {
        fs::remove_file(file(table))
            .or_fail(|| format!("cannot remove {}", file(table).display()), "remove it by hand")?;
    }
    Ok((count_rows(database)?, elapsed))
}

/// The rows of both sides, which must be as many.
fn count_rows(database: &Database) -> Result<u64> {
    let sum = |schema: &str| -> Result<u64> {
        let counts: Vec<String> = TABLES.iter().map(|t| format!("(SELECT count(*) FROM {schema}.{t})")).collect();
        let rows = database.rows(&format!("SELECT {};\n", counts.join(" + ")))?;
        rows.concat().concat().parse().or_fail(|| format!("the rows of {schema} cannot be counted"), "")
    };
    let (made, copied) = (sum("exchange")?, sum("copied")?);
    if made != copied {
        return Err(Failure::new(format!("{made} rows were made, {copied} copied"), "nobody else may write here"));
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_is_measured_against_the_median_copy() {
        let figures = CopyFloor {
            name: "a".to_owned(),
            messages: 120_000,
            rows: 200_000,
            door: vec![1.0, 2.0, 1.5],
            copy: vec![1.0, 1.0, 9.0],
        };
        let met: Vec<bool> = figures.verdicts().iter().map(Verdict::is_met).collect();
        assert_eq!(met, [true, true]);
        assert!(figures.table().markdown().contains("| COPY of the result | 200,000 | 1.00 | 200,000 |  |"));
    }
}
