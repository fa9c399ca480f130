//! How far tables and indexes grow beyond what they hold, while orders come and go and autovacuum cleans up.

use super::grid::{self, Grid};
use super::growth;
use super::pgbench::Pgbench;
use super::reads::{READS, Reads};
use super::request::Pace;
use crate::bulk;
use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};
use crate::psql::Database;

const CLIENTS: u32 = 4;
/// Runs of the script per second, of two to four transactions each: an hour is as busy on a faster machine.
pub const RATE: u32 = 300;
/// What is smaller than this many bytes is not shown: a page more or less would look like bloat.
const SHOWN: u64 = 1 << 20;
const SYMBOL: &str = "M0-USD";

/// A table or an index at one time.
#[derive(Clone, Copy, Default)]
struct Look {
    bytes: u64,
    updates: u64,
    hot: u64,
    vacuums: u64,
}

type Looks = Vec<(String, Look)>;

/// What the churn has left.
#[derive(Default)]
pub struct Churn {
    before: Looks,
    after: Looks,
    rewritten: Looks,
    /// Orders by what has become of them, since the churn began.
    orders: Vec<(String, u64)>,
    /// Milliseconds of the reads of the book, before and after.
    reads: [(&'static str, f64, f64); 2],
}

impl Churn {
    /// Loads, churns, looks, and rewrites everything to see what it would need.
    pub fn measure(project: &Project, cluster: &Cluster, pace: Pace) -> Result<Self> {
        let database = cluster.fresh_database("churn")?;
        bulk::install(&database)?;
        growth::load(project, &database, pace, pace.churn_size())?;
        let last = database.rows("SELECT coalesce(max(id), 0) FROM exchange.orders;\n")?.concat().concat();
        let sql = project::read_text(&project.root.join("bench/churn/sizes.sql"))?;
        let fresh = Reads::measure(project, &database, SYMBOL, pace)?;
        let before = looks(&database, &sql)?;
        Pgbench::new(project, &database, "churn/churn.pgbench.sql", pace.churn_seconds())
            .variable("users", pace.scale_users())
            .clients(CLIENTS)
            .at(f64::from(RATE))
            .rate()?;
        let after = looks(&database, &sql)?;
        // It begins with verify(): nothing may be lost or made on the way.
        let worn = Reads::measure(project, &database, SYMBOL, pace)?;
        let orders = database.rows(&format!(
            "SELECT status, count(*) FROM exchange.orders WHERE id > {last} GROUP BY status ORDER BY status;\n"
        ))?;
        database.run("VACUUM FULL;\n")?;
        let rewritten = looks(&database, &sql)?;
        cluster.database("postgres").run("DROP DATABASE churn WITH (FORCE);\n")?;
        let read = |index: usize| (READS[index].name, fresh.milliseconds[index], worn.milliseconds[index]);
        let orders = orders.iter().map(|row| Ok((row[0].clone(), number(&row[1])?))).collect::<Result<_>>()?;
        Ok(Self { before, after, rewritten, orders, reads: [read(0), read(1)] })
    }

    /// Megabytes before, after, and rewritten; what is large enough to tell.
    pub fn table(&self) -> Grid {
        let mut grid =
            Grid::new(&["megabytes", "before", "after", "rewritten", "after to rewritten", "HOT updates", "vacuums"]);
        let of = |looks: &Looks, name: &str| {
            looks.iter().find(|(known, _)| known == name).map(|(_, look)| *look).unwrap_or_default()
        };
        for (name, after) in self.after.iter().filter(|(_, look)| look.bytes >= SHOWN) {
            let (before, rewritten) = (of(&self.before, name), of(&self.rewritten, name));
            let (updates, hot) = (after.updates - before.updates, after.hot - before.hot);
            let vacuums = after.vacuums - before.vacuums;
            grid.push(vec![
                name.clone(),
                megabytes(before),
                megabytes(*after),
                megabytes(rewritten),
                grid::ratio(after.bytes as f64, rewritten.bytes as f64, 2),
                if updates > 0 {
                    format!("{} %", grid::thousands(100.0 * hot as f64 / updates as f64, 1))
                } else {
                    String::new()
                },
                if vacuums > 0 { grid::count(vacuums) } else { String::new() },
            ]);
        }
        grid
    }

    /// What has been done, and what it has cost the reads of the book, in words.
    pub fn story(&self) -> String {
        let total: u64 = self.orders.iter().map(|(_, count)| count).sum();
        let by_status: Vec<String> =
            self.orders.iter().map(|(status, count)| format!("{} {status}", grid::count(*count))).collect();
        let reads: Vec<String> = self
            .reads
            .iter()
            .map(|(name, before, after)| {
                format!("`{name}` took {} ms before and {} ms after", Reads::shown(*before), Reads::shown(*after))
            })
            .collect();
        format!("{} orders ({}). {}.", grid::count(total), by_status.join(", "), reads.join(", "))
    }
}

fn looks(database: &Database, sql: &str) -> Result<Looks> {
    let rows = database.rows(sql)?;
    let look = |row: &[String]| -> Result<(String, Look)> {
        let [name, bytes, updates, hot, vacuums] = row else {
            return Err(Failure::new("a row of another form", "see bench/churn/sizes.sql"));
        };
        let look =
            Look { bytes: number(bytes)?, updates: number(updates)?, hot: number(hot)?, vacuums: number(vacuums)? };
        Ok((name.clone(), look))
    };
    rows.iter().map(|row| look(row)).collect()
}

fn number(text: &str) -> Result<u64> {
    text.parse().or_fail(|| format!("{text:?} is no number"), "see bench/churn/sizes.sql")
}

fn megabytes(look: Look) -> String {
    grid::thousands(look.bytes as f64 / f64::from(1 << 20), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(bytes: u64, updates: u64, hot: u64) -> Look {
        Look { bytes, updates, hot, vacuums: hot / 10 }
    }

    #[test]
    fn bloat_is_held_against_what_a_rewritten_table_needs() {
        let churn = Churn {
            before: vec![("orders".to_owned(), look(2 << 20, 10, 10)), ("pk".to_owned(), look(1 << 20, 0, 0))],
            after: vec![("orders".to_owned(), look(6 << 20, 110, 60)), ("pk".to_owned(), look(1 << 19, 0, 0))],
            rewritten: vec![("orders".to_owned(), look(4 << 20, 0, 0))],
            orders: vec![("cancelled".to_owned(), 1_500), ("filled".to_owned(), 500)],
            reads: [("order_book", 0.5, 0.6), ("best_bid_offer", 0.1, f64::INFINITY)],
        };
        let table = churn.table().markdown();
        assert!(table.ends_with("| orders | 2.0 | 6.0 | 4.0 | 1.50 x | 50.0 % | 5 |\n"), "{table}");
        assert_eq!(table.lines().count(), 3, "what is small is not shown: {table}");
        assert_eq!(
            churn.story(),
            "2,000 orders (1,500 cancelled, 500 filled). `order_book` took 0.50 ms before and 0.60 ms after, \
             `best_bid_offer` took 0.10 ms before and over 10,000 ms after."
        );
    }
}
