//! Calls while another session holds a snapshot, as a dump or a report does: PostgreSQL keeps all that they change.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use super::script;
use crate::bench::grid::{self, Grid};
use crate::bench::pgbench::Pgbench;
use crate::bench::request::{self, Pace};
use crate::bench::statistics::Sorted;
use crate::bench::verdict::{Bound, Verdict};
use crate::failure::{Failure, OrFail, Result};
use crate::project::Project;
use crate::psql::Database;

/// Runs of a script per second, of two calls each: a minute is as many calls on a faster machine.
pub const RATE: u32 = 200;
/// How many stretches in a row the snapshot is held.
const HELD: u32 = 4;
const SCRIPTS: [&str; 2] = ["calls/pair.pgbench.sql", "calls/update.pgbench.sql"];
/// What a call may cost in the last stretch with the snapshot, to the one without.
const GOAL: f64 = 1.5;

/// A time in which every script has one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Who holds what.
    pub name: String,
    /// Microseconds a call of `place_order` and of UPDATE: medians.
    pub microseconds: [f64; SCRIPTS.len()],
}

/// A session that keeps the snapshot of its first query.
pub struct Holder(Child);

impl Holder {
    /// Takes it.
    pub fn begin(database: &Database) -> Result<Self> {
        let mut psql = database.psql();
        let child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut holder = Self(child.or_fail(|| "cannot run psql".into(), "run `cargo xtask setup`")?);
        let (Some(input), Some(output)) = (holder.0.stdin.as_mut(), holder.0.stdout.as_mut()) else {
            return Err(Failure::new("psql came without its pipes", "try again"));
        };
        // Its input stays open, so it waits for more.
        input
            .write_all(b"BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM exchange.markets;\n")
            .or_fail(|| "cannot write to psql".into(), "try again")?;
        let mut count = String::new();
        BufReader::new(output).read_line(&mut count).or_fail(|| "cannot read from psql".into(), "try again")?;
        if count.is_empty() {
            return Err(Failure::new("the session that shall hold a snapshot has ended", "see the server's log"));
        }
        Ok(holder)
    }

    /// Lets it go.
    pub fn end(mut self) -> Result<()> {
        drop(self.0.stdin.take());
        self.0.wait().or_fail(|| "lost psql".into(), "").map(drop)
    }
}

/// How long the snapshot is held, in words.
pub fn time(pace: Pace) -> String {
    request::time(HELD * stretch_seconds(pace))
}

fn stretch_seconds(pace: Pace) -> u32 {
    SCRIPTS.len() as u32 * pace.snapshot_seconds()
}

/// One stretch without it, some with it, one after it.
pub fn measure(project: &Project, database: &Database, pace: Pace) -> Result<Vec<Stretch>> {
    // What is measured is the work of a call: a commit on disk takes longer, and would hide how that grows.
    database.run(&format!("ALTER DATABASE {} SET synchronous_commit = off;\n", database.name))?;
    database.run(&script(project, "market.sql")?)?;
    let stretch = |name: String| -> Result<Stretch> {
        let mut microseconds = [f64::NAN; SCRIPTS.len()];
        for (script, cost) in SCRIPTS.iter().zip(&mut microseconds) {
            let pgbench = Pgbench::new(project, database, script, pace.snapshot_seconds()).at(f64::from(RATE));
            let samples = pgbench.samples(0)?;
            let sorted = Sorted::new(samples.iter().map(|sample| sample.latency - sample.lag).collect());
            *cost = sorted.percentile(0.5) as f64 / 2.0;
        }
        println!("  {name:<20} {:>8.0} {:>8.0} µs a call", microseconds[0], microseconds[1]);
        Ok(Stretch { name, microseconds })
    };
    let mut stretches = vec![stretch("nobody holds one".to_owned())?];
    let holder = Holder::begin(database)?;
    for nth in 1..=HELD {
        stretches.push(stretch(format!("held, up to {}", request::time(nth * stretch_seconds(pace))))?);
    }
    holder.end()?;
    stretches.push(stretch("let go".to_owned())?);
    Ok(stretches)
}

/// Microseconds a call by stretch.
pub fn table(stretches: &[Stretch]) -> Grid {
    let mut grid = Grid::new(&["a snapshot of another session", "place_order", "UPDATE of one row"]);
    let mut push = |label: &str, cells: Vec<String>| grid.push([vec![label.to_owned()], cells].concat());
    for stretch in stretches {
        push(&stretch.name, stretch.microseconds.iter().map(|cost| grid::thousands(*cost, 0)).collect());
    }
    if let Some((first, last)) = ends(stretches) {
        let ratios = last.microseconds.iter().zip(&first.microseconds);
        push("the last held to nobody", ratios.map(|(last, first)| grid::ratio(*last, *first, 2)).collect());
    }
    grid
}

/// The first stretch, without the snapshot, and the last with it.
fn ends(stretches: &[Stretch]) -> Option<(&Stretch, &Stretch)> {
    match stretches {
        [first, .., last, _let_go] => Some((first, last)),
        _ => None,
    }
}

/// The target of `place_order`.
pub fn verdict(stretches: &[Stretch]) -> Option<Verdict> {
    let (first, last) = ends(stretches)?;
    let what = format!("place_order, a snapshot {}, to nobody holding one", last.name);
    Some(Verdict::new(what, last.microseconds[0] / first.microseconds[0], Bound::AtMost(GOAL), 2, " x"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stretch_with_the_snapshot_is_held_against_the_first_without() {
        let stretch = |name: &str, ours, update| Stretch { name: name.to_owned(), microseconds: [ours, update] };
        let stretches = [
            stretch("nobody", 400.0, 200.0),
            stretch("held 1", 440.0, 400.0),
            stretch("held 2", 500.0, 1_200.0),
            stretch("let go", 400.0, 200.0),
        ];
        let table = table(&stretches).markdown();
        assert!(table.ends_with("| let go | 400 | 200 |\n| the last held to nobody | 1.25 x | 6.00 x |\n"), "{table}");
        assert!(verdict(&stretches).is_some_and(|verdict| verdict.is_met()), "an UPDATE has no target");
        assert!(verdict(&stretches[..1]).is_none());
    }
}
