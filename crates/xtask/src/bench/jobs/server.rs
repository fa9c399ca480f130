//! Claim and complete by pgbench: beside two statements on a bare table, with many rows, and while somebody holds a
//! snapshot.

use super::queue::{Arena, CLAIM};
use super::request::Pace;
use crate::bench::calls::Holder;
use crate::bench::grid::{self, Grid};
use crate::bench::pairs::Pairs;
use crate::bench::pgbench::Pgbench;
use crate::bench::verdict::{Bound, Verdict};
use crate::failure::Result;
use crate::project;
use crate::psql::Database;

const OURS: &str = "jobs/claim_complete.pgbench.sql";
const FLOOR: &str = "jobs/floor.pgbench.sql";
/// Sessions of pgbench.
const CLIENTS: [u32; 2] = [1, 8];
/// The parts of the time of a snapshot, each with a row of its own.
const STRETCHES: usize = 4;

/// Ours beside the floor, by number of clients.
pub type Floor = [Pairs; CLIENTS.len()];

/// With many rows beside few: ours, and the floor.
pub type Rows = [[Pairs; CLIENTS.len()]; 2];

/// With a snapshot beside without, from its beginning to its end.
pub type Snapshot = Vec<Pairs>;

fn rate(arena: &Arena<'_>, database: &Database, script: &str, clients: u32, seconds: u32) -> Result<f64> {
    Pgbench::new(arena.project, database, script, seconds).clients(clients).rate()
}

fn fill_floor(database: &Database, jobs: u32) -> Result<()> {
    database.run(&format!(
        "INSERT INTO floor.jobs (payload) SELECT jsonb_build_object('n', n) FROM generate_series(1, {jobs}) AS n;\n"
    ))
}

/// A table of the floor with so many rows that wait, to be copied.
fn prepare_floor(arena: &Arena<'_>, jobs: u32) -> Result<String> {
    let name = format!("floor_{jobs}");
    let database = arena.cluster.fresh_database(&name)?;
    database.run(&project::read_text(&arena.project.root.join("bench/jobs/floor.sql"))?)?;
    fill_floor(&database, jobs)?;
    database.run("VACUUM (ANALYZE);\n")?;
    arena.close(&name)?;
    Ok(name)
}

/// Ours beside the floor.
pub fn floor(arena: &Arena<'_>, pace: Pace) -> Result<Floor> {
    let waiting = Pace::room(pace.seconds());
    arena.prepare(CLAIM, waiting)?;
    let bare = prepare_floor(arena, waiting)?;
    let mut pairs = Floor::default();
    for _ in 0..pace.rounds() {
        for (clients, pairs) in CLIENTS.into_iter().zip(&mut pairs) {
            let ours = || rate(arena, &arena.copy(CLAIM, waiting, "turn")?, OURS, clients, pace.seconds());
            let theirs = || rate(arena, &arena.copy_of(&bare, "turn")?, FLOOR, clients, pace.seconds());
            pairs.turn(ours, theirs)?;
        }
    }
    Ok(pairs)
}

/// Both with many rows that wait and as many that have ended, beside as they are in every other turn.
pub fn rows(arena: &Arena<'_>, pace: Pace) -> Result<Rows> {
    let (waiting, rows) = (Pace::room(pace.seconds()), pace.rows());
    arena.prepare(CLAIM, waiting)?;
    arena.prepare(CLAIM, 0)?;
    let bare = prepare_floor(arena, waiting)?;
    println!("  {rows} rows that wait, and {rows} that have ended");
    let ours = arena.copy(CLAIM, 0, "many")?;
    arena.fill(CLAIM, &ours.name, rows)?;
    ours.run(&project::read_text(&arena.project.root.join("bench/jobs/ended.sql"))?)?;
    arena.fill(CLAIM, &ours.name, rows)?;
    let floor = arena.copy_of(&prepare_floor(arena, 0)?, "many_floor")?;
    fill_floor(&floor, rows)?;
    floor.run("UPDATE floor.jobs SET status = 'completed', finished_at = clock_timestamp();\n")?;
    fill_floor(&floor, rows)?;
    for database in [&ours, &floor] {
        database.run("VACUUM (ANALYZE);\nCHECKPOINT;\n")?;
    }
    let mut all = Rows::default();
    for _ in 0..pace.rounds() {
        for (index, clients) in CLIENTS.into_iter().enumerate() {
            let [of_ours, of_floor] = &mut all;
            let seconds = pace.seconds();
            let few = || rate(arena, &arena.copy(CLAIM, waiting, "turn")?, OURS, clients, seconds);
            of_ours[index].turn(|| rate(arena, &ours, OURS, clients, seconds), few)?;
            let few = || rate(arena, &arena.copy_of(&bare, "turn")?, FLOOR, clients, seconds);
            of_floor[index].turn(|| rate(arena, &floor, FLOOR, clients, seconds), few)?;
        }
    }
    Ok(all)
}

/// A database in which another session holds a snapshot, beside one in which nobody does. That of another database
/// keeps no rows of this one.
pub fn snapshot(arena: &Arena<'_>, pace: Pace) -> Result<Snapshot> {
    let clients = 8;
    let room = Pace::room(pace.stretch());
    arena.prepare(CLAIM, room)?;
    let held = arena.copy(CLAIM, room, "held")?;
    let free = arena.copy(CLAIM, room, "free")?;
    let holder = Holder::begin(&held)?;
    let turns = (pace.held() / pace.stretch()) as usize;
    let mut stretches = Snapshot::new();
    for turn in 0..turns {
        let place = turn * STRETCHES / turns;
        stretches.resize_with(place + 1, Pairs::default);
        for database in [&held, &free] {
            let waiting = database.rows("SELECT count(*) FROM jobs.schedule_runs WHERE status = 'pending';\n")?;
            let waiting: u32 = waiting.concat().concat().parse().unwrap_or(0);
            if waiting < room {
                arena.fill(CLAIM, &database.name, room - waiting)?;
            }
        }
        let one = |database: &Database| rate(arena, database, OURS, clients, pace.stretch());
        stretches[place].turn(|| one(&held), || one(&free))?;
    }
    holder.end()?;
    Ok(stretches)
}

fn clients(number: u32) -> String {
    if number == 1 { "1 client".to_owned() } else { format!("{number} clients") }
}

/// Ours beside the floor.
pub fn floor_table(floor: &Floor) -> Grid {
    let mut grid = Grid::new(&["jobs per second", "claim, complete", "two statements", "ratio"]);
    for (number, pairs) in CLIENTS.into_iter().zip(floor) {
        grid.push([vec![clients(number)], pairs.cells()].concat());
    }
    grid
}

/// Many rows beside few.
pub fn rows_table(rows: &Rows) -> Grid {
    let mut grid = Grid::new(&["jobs per second", "many rows", "few rows", "ratio"]);
    for (name, of_one) in ["claim, complete", "two statements"].into_iter().zip(rows) {
        for (number, pairs) in CLIENTS.into_iter().zip(of_one) {
            grid.push([vec![format!("{name}, {}", clients(number))], pairs.cells()].concat());
        }
    }
    grid
}

/// Stretch by stretch.
pub fn snapshot_table(stretches: &[Pairs], pace: Pace) -> Grid {
    let mut grid = Grid::new(&["jobs per second", "a snapshot is held", "none is", "ratio"]);
    for (index, pairs) in stretches.iter().enumerate() {
        let until = pace.held() as usize * (index + 1) / STRETCHES;
        grid.push([vec![format!("held, up to {until} s")], pairs.cells()].concat());
    }
    grid
}

fn verdict(what: String, ratio: f64, goal: f64) -> Verdict {
    Verdict::new(what, ratio, Bound::AtLeast(goal), 2, " x")
}

/// The targets beside the floor.
pub fn floor_verdicts(floor: &Floor) -> Vec<Verdict> {
    let each = CLIENTS.into_iter().zip(floor);
    each.map(|(number, pairs)| {
        verdict(format!("claim, complete by pgbench, {}, to two statements", clients(number)), pairs.ratio(), 0.7)
    })
    .collect()
}

/// The targets of ours with many rows.
pub fn rows_verdicts(rows: &Rows, pace: Pace) -> Vec<Verdict> {
    let many = grid::count(pace.rows());
    let each = CLIENTS.into_iter().zip(&rows[0]);
    each.map(|(number, pairs)| {
        let what = format!("{many} jobs waiting and {many} ended, {}, to few", clients(number));
        verdict(what, pairs.ratio(), 0.8)
    })
    .collect()
}

/// The target beside a snapshot.
pub fn snapshot_verdict(stretches: &[Pairs], pace: Pace) -> Verdict {
    let last = stretches.last().map_or(f64::NAN, Pairs::ratio);
    verdict(format!("a snapshot held for {} s, its last quarter, to none", pace.held()), last, 0.5)
}
