//! `cargo bench-mirror`: books of ten thousand rows as brokers deliver them, beside an INSERT … ON CONFLICT of the same
//! JSON; orders copied to a thousand followers, beside a call for each; the positions of a user summed up.

mod figures;

use std::time::Instant;

use crate::bench::paced::Request;
use crate::bench::report;
use crate::bench::timed::{milliseconds, prepared, rate};
use crate::failure::{Failure, Result};
use crate::project::Project;
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
        let books = prepared(project, cluster, "mirror/books")?;
        let copies = prepared(project, cluster, "mirror/copies")?;
        for round in 0..request.pace.rounds() {
            println!("round {} of {}", round + 1, request.pace.rounds());
            take_over(&books, &mut figures)?;
            copy(&copies, &mut figures)?;
        }
        let mut broken = books.rows("SELECT * FROM mirror_private.verify_books();\n")?;
        broken.extend(copies.rows("SELECT * FROM bourse.verify();\n")?);
        Ok((figures, broken))
    })?;
    figures.report().tell(project, request, start)?;
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(format!("verify(): {broken:?}"), "")) }
}

fn take_over(database: &Database, figures: &mut Figures) -> Result<()> {
    database.run("CALL bench.forget();\nVACUUM mirror.orders, mirror.positions, mirror.holdings;\n")?;
    for (book, moments) in BOOKS.iter().zip(&mut figures.books) {
        for (moment, pairs) in MOMENTS.iter().zip(moments) {
            let rate = |whose| rate(database, &format!("CALL bench.{whose}('{book}', '{}')", moment.content));
            pairs.turn(|| rate("ours"), || rate("by_hand"))?;
        }
    }
    Ok(())
}

fn copy(database: &Database, figures: &mut Figures) -> Result<()> {
    let rate = |whose: &str| rate(database, &format!("CALL bench.{whose}()"));
    figures.copies.turn(|| rate("copies"), || rate("places"))?;
    figures.copies_together.turn(|| rate("copies"), || rate("places_together"))?;
    let summary = "SELECT * FROM mirror.get_user_positions_summary(1)";
    figures.summary.push(milliseconds(database, "bench_user", summary)?);
    Ok(())
}
