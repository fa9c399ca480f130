//! Many schedules that are due at once, enqueued by `jobs.tick`.

use std::time::Instant;

use super::queue::{Arena, CLAIM};
use super::request::Pace;
use crate::bench::grid::{self, Grid};
use crate::bench::statistics::median;
use crate::bench::verdict::{Bound, Verdict};
use crate::failure::{Failure, Result};
use crate::project;

/// Schedules of one call, as the ticker of the platform has it.
const BATCH: u32 = 20_000;
/// Copies of a database of so many schedules take longer than the ticks.
const ROUNDS: usize = 3;

/// Seconds of every round.
pub type Schedules = Vec<f64>;

/// From the first call of `tick` to the one that finds nothing due.
pub fn measure(arena: &Arena<'_>, pace: Pace) -> Result<Schedules> {
    let wanted = pace.schedules();
    arena.prepare(CLAIM, 0)?;
    println!("  {wanted} schedules");
    let database = arena.copy(CLAIM, 0, "schedules")?;
    let script = project::read_text(&arena.project.root.join("bench/jobs/schedules.sql"))?;
    database.run(&format!("\\set schedules {wanted}\n{script}"))?;
    arena.close(&database.name)?;
    let mut seconds = Vec::new();
    for _ in 0..pace.rounds().min(ROUNDS) {
        let turn = arena.copy_of(&database.name, "turn")?;
        let due = turn.rows("SELECT max(next_run_at) FROM jobs.schedules;\n")?.concat().concat();
        let start = Instant::now();
        // One session, a transaction for each call.
        let calls = wanted.div_ceil(BATCH) + 1;
        let tick = format!("SELECT count(*) FROM jobs.tick('{due}', {BATCH});\n");
        let enqueued = turn.rows(&tick.repeat(calls as usize))?;
        seconds.push(start.elapsed().as_secs_f64());
        let enqueued: u32 = enqueued.concat().iter().filter_map(|count| count.parse::<u32>().ok()).sum();
        if enqueued != wanted {
            return Err(Failure::new(
                format!("of {wanted} schedules {enqueued} were enqueued"),
                "this is a defect: report it",
            ));
        }
    }
    Ok(seconds)
}

/// The median.
pub fn table(seconds: &[f64], pace: Pace) -> Grid {
    let mut grid = Grid::new(&["schedules", "seconds", "schedules/s"]);
    let taken = median(seconds);
    grid.push(vec![
        grid::count(pace.schedules()),
        grid::thousands(taken, 2),
        grid::thousands(f64::from(pace.schedules()) / taken, 0),
    ]);
    grid
}

/// The target.
pub fn verdict(seconds: &[f64], pace: Pace) -> Verdict {
    let taken = if seconds.is_empty() { f64::NAN } else { median(seconds) };
    let what = format!("{} schedules due in one second, enqueued", grid::count(pace.schedules()));
    Verdict::new(what, taken, Bound::Below(3.0), 2, " s")
}
