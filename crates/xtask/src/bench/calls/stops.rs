//! Stops that trigger together, beside as many orders through the bulk door.

use super::script;
use crate::bench::grid::{self, Grid};
use crate::bench::request::Pace;
use crate::bench::statistics::median;
use crate::bench::verdict::{Bound, Verdict};
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::psql::Database;

/// What a cascade may take, to `match_orders` for as many orders.
const GOAL: f64 = 2.0;

/// One number of stops.
#[derive(Clone, Debug, PartialEq)]
pub struct Cascade {
    /// How many.
    pub stops: u32,
    /// From the order that sets them off to the last commit.
    pub seconds: f64,
    /// For as many market orders.
    pub match_orders: f64,
}

impl Cascade {
    fn ratio(&self) -> f64 {
        self.seconds / self.match_orders
    }
}

/// The medians of the rounds, each in a fresh database.
pub fn measure(project: &Project, fresh: impl Fn() -> Result<Database>, stops: u32, pace: Pace) -> Result<Cascade> {
    let sql = format!("\\set stops {stops}\n{}", script(project, "stops.sql")?);
    let (mut cascades, mut orders) = (Vec::new(), Vec::new());
    for _ in 0..pace.rounds() {
        let row = fresh()?.rows(&sql)?.concat();
        let numbers: Vec<f64> = row.iter().filter_map(|text| text.parse().ok()).collect();
        match numbers.as_slice() {
            [cascade, as_many, filled] if *filled == f64::from(stops) => {
                cascades.push(*cascade);
                orders.push(*as_many);
            }
            _ => {
                return Err(Failure::new(
                    format!("not all {stops} stops are filled: {row:?}"),
                    "see bench/calls/stops.sql",
                ));
            }
        }
    }
    Ok(Cascade { stops, seconds: median(&cascades), match_orders: median(&orders) })
}

/// Seconds by number.
pub fn table(cascades: &[Cascade]) -> Grid {
    let mut grid = Grid::new(&["stops", "seconds", "µs per stop", "match_orders, seconds", "ratio"]);
    for cascade in cascades {
        grid.push(vec![
            grid::count(cascade.stops),
            grid::thousands(cascade.seconds, 2),
            grid::thousands(cascade.seconds * 1e6 / f64::from(cascade.stops), 1),
            grid::thousands(cascade.match_orders, 2),
            grid::ratio(cascade.seconds, cascade.match_orders, 2),
        ]);
    }
    grid
}

/// The target, at the largest number.
pub fn verdict(cascades: &[Cascade]) -> Option<Verdict> {
    let last = cascades.last()?;
    let what = format!("{} stops that trigger together, to match_orders for as many orders", grid::count(last.stops));
    Some(Verdict::new(what, last.ratio(), Bound::AtMost(GOAL), 2, " x the time"))
}

#[test]
fn the_most_stops_decide() {
    let cascades = [
        Cascade { stops: 1_000, seconds: 0.3, match_orders: 0.1 },
        Cascade { stops: 40_000, seconds: 6.0, match_orders: 4.0 },
    ];
    let table = table(&cascades).markdown();
    assert!(table.ends_with("| 1,000 | 0.30 | 300.0 | 0.10 | 3.00 x |\n| 40,000 | 6.00 | 150.0 | 4.00 | 1.50 x |\n"));
    assert!(verdict(&cascades).is_some_and(|verdict| verdict.is_met()));
    assert!(verdict(&cascades[..1]).is_some_and(|verdict| !verdict.is_met()));
}
