//! `cargo bench-mirror`: books of ten thousand rows as brokers deliver them, beside an INSERT … ON CONFLICT of the same
//! JSON.

mod figures;

use std::time::Instant;

use crate::bench::paced::Request;
use crate::bench::report;
use crate::failure::{Failure, Result};
use crate::project::{self, Project};
use crate::psql::Database;

use figures::Figures;

/// What brokers deliver.
const BOOKS: [&str; 3] = ["orders", "positions", "holdings"];
/// What is delivered one after the other.
const MOMENTS: [Moment; 3] = [
    Moment { name: "a first time", content: "first" },
    Moment { name: "changed", content: "second" },
    Moment { name: "the same again", content: "second" },
];

struct Moment {
    name: &'static str,
    content: &'static str,
}

/// Measures, prints it, and writes the page.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    let start = Instant::now();
    let (figures, broken) = report::measure(project, request, "mirror", |cluster, machine| {
        let mut figures = Figures::new(machine, request.pace);
        let database = cluster.fresh_database("books")?;
        database.run("CREATE EXTENSION pg_bourse;\nSELECT bourse.install();\n")?;
        database.run(&project::read_text(&project.root.join("bench/mirror/books.sql"))?)?;
        for round in 0..request.pace.rounds() {
            println!("round {} of {}", round + 1, request.pace.rounds());
            measure(&database, &mut figures)?;
        }
        let broken = database.rows("SELECT * FROM mirror_private.verify_books();\n")?;
        Ok((figures, broken))
    })?;
    figures.report().tell(project, request, start)?;
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(format!("verify_books(): {broken:?}"), "")) }
}

fn measure(database: &Database, figures: &mut Figures) -> Result<()> {
    database.run("CALL bench.forget();\nVACUUM mirror.orders, mirror.positions, mirror.holdings;\n")?;
    for (book, moments) in BOOKS.iter().zip(&mut figures.books) {
        for (moment, pairs) in MOMENTS.iter().zip(moments) {
            let rate = |whose| rate(database, &format!("CALL bench.{whose}('{book}', '{}')", moment.content));
            pairs.turn(|| rate("ours"), || rate("by_hand"))?;
        }
    }
    Ok(())
}

/// Runs a statement that notes a rate.
fn rate(database: &Database, statement: &str) -> Result<f64> {
    database.run(&format!("{statement};\n"))?;
    let rows = database.rows("SELECT rate::float8 FROM bench.rates ORDER BY n DESC LIMIT 1;\n")?;
    let rate = rows.first().and_then(|row| row.first()).and_then(|rate| rate.parse().ok());
    rate.ok_or_else(|| Failure::new("no rate was noted", "see bench/mirror/books.sql"))
}
