//! Many calls in one transaction, which keeps all that it has changed.

use super::script;
use crate::bench::grid::{self, Grid};
use crate::bench::request::Pace;
use crate::bench::verdict::{Bound, Verdict};
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::psql::Database;

/// What is not ours, for comparison: it has no target.
const UPDATE: &str = "UPDATE of one row";
/// What the last tenth of the calls may cost, to the first tenth.
const GOAL: f64 = 1.5;

/// One shape of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its name for people.
    pub name: String,
    /// Calls and seconds so far, after every thousand.
    pub marks: Vec<(u32, f64)>,
}

impl Shape {
    /// Microseconds a call of the first so many; nothing when it was stopped before.
    fn mean(&self, calls: u32) -> Option<f64> {
        let (calls, seconds) = self.marks.iter().find(|(so_far, _)| *so_far == calls)?;
        Some(seconds * 1e6 / f64::from(*calls))
    }

    /// Microseconds a call of the first and of the last tenth.
    fn ends(&self) -> Option<(f64, f64)> {
        let cost = |(calls, seconds): (u32, f64), (before, start): (u32, f64)| {
            (seconds - start) * 1e6 / f64::from(calls - before)
        };
        let (last, tenth) = (self.marks.last()?, self.marks.len().div_ceil(10));
        let before = self.marks.len().checked_sub(tenth + 1)?;
        Some((cost(self.marks[tenth - 1], (0, 0.0)), cost(*last, self.marks[before])))
    }

    /// How many calls were made.
    fn calls(&self) -> u32 {
        self.marks.last().map_or(0, |(calls, _)| *calls)
    }
}

/// Every shape in a transaction of its own.
pub fn measure(project: &Project, database: &Database, pace: Pace) -> Result<Vec<Shape>> {
    database.run(&script(project, "market.sql")?)?;
    let most = pace.calls().last().copied().unwrap_or_default();
    let calls = script(project, "in_one_transaction.sql")?;
    let rows = database.rows(&format!("\\set calls {most}\n\\set seconds {}\n{calls}", pace.patience()))?;
    let mut shapes: Vec<Shape> = Vec::new();
    for row in rows {
        let mark = |calls: &str, seconds: &str| Some((calls.parse().ok()?, seconds.parse().ok()?));
        let [name, calls, seconds] = row.as_slice() else {
            return Err(Failure::new("a row of another form", "see bench/calls/in_one_transaction.sql"));
        };
        let mark = mark(calls, seconds)
            .ok_or_else(|| Failure::new(format!("no numbers: {row:?}"), "see bench/calls/in_one_transaction.sql"))?;
        match shapes.last_mut().filter(|shape| shape.name == *name) {
            Some(shape) => shape.marks.push(mark),
            None => shapes.push(Shape { name: name.clone(), marks: vec![mark] }),
        }
    }
    Ok(shapes)
}

/// Microseconds a call by calls, and of the last tenth.
pub fn table(shapes: &[Shape], pace: Pace) -> Grid {
    let mut head = vec!["calls in one transaction"];
    head.extend(shapes.iter().map(|shape| shape.name.as_str()));
    let mut grid = Grid::new(&head);
    let mut push = |label: String, cell: &dyn Fn(&Shape) -> String| {
        let mut row = vec![label];
        row.extend(shapes.iter().map(cell));
        grid.push(row);
    };
    for calls in pace.calls() {
        push(grid::count(*calls), &|shape| match shape.mean(*calls) {
            Some(cost) => grid::thousands(cost, 0),
            None => format!("stopped after {}", grid::count(shape.calls())),
        });
    }
    push("the last tenth of them".to_owned(), &|shape| {
        shape.ends().map_or_else(String::new, |(_, last)| grid::thousands(last, 0))
    });
    push("to the first tenth".to_owned(), &|shape| {
        shape.ends().map_or_else(String::new, |(first, last)| grid::ratio(last, first, 2))
    });
    grid
}

/// The target of the shape that has grown most.
pub fn verdict(shapes: &[Shape]) -> Option<Verdict> {
    let grown = |shape: &Shape| shape.ends().map_or(f64::NAN, |(first, last)| last / first);
    let ours = shapes.iter().filter(|shape| shape.name != UPDATE);
    let worst = ours.max_by(|a, b| grown(a).total_cmp(&grown(b)))?;
    let what = format!(
        "the last tenth of {} calls in one transaction, to the first: {}",
        grid::count(worst.calls()),
        worst.name
    );
    Some(Verdict::new(what, grown(worst), Bound::AtMost(GOAL), 2, " x"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(name: &str, thousands: &[f64]) -> Shape {
        let marks = thousands.iter().zip(1..).map(|(seconds, thousand)| (1000 * thousand, *seconds));
        Shape { name: name.to_owned(), marks: marks.collect() }
    }

    fn steady() -> Shape {
        shape("pairs", &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.02])
    }

    #[test]
    fn the_last_tenth_is_held_against_the_first() {
        let shapes = [steady(), shape(UPDATE, &[0.01, 0.04, 0.09])];
        let table = table(&shapes, Pace::Quick).markdown();
        assert!(table.contains("| 1,000 | 100 | 10 |\n| 10,000 | 102 | stopped after 3,000 |\n"), "{table}");
        assert!(table.ends_with("| the last tenth of them | 120 | 50 |\n| to the first tenth | 1.20 x | 5.00 x |\n"));
        assert!(verdict(&shapes).is_some_and(|verdict| verdict.is_met()), "an UPDATE has no target");
    }

    #[test]
    fn the_shape_that_grows_most_decides() {
        let shapes = [steady(), shape("resting", &[0.1, 0.2, 0.4])];
        assert!(verdict(&shapes).is_some_and(|verdict| !verdict.is_met()));
        assert!(verdict(&[steady(), shape("resting", &[])]).is_some_and(|verdict| !verdict.is_met()), "not measured");
    }
}
