//! What an order and a read cost while the tables grow.

use super::grid::{self, Grid};
use super::pgbench::Pgbench;
use super::random::{Random, spread};
use super::reads::{GOAL, READS, Reads};
use super::request::{Pace, Size};
use super::statistics::median;
use super::verdict::{Bound, Verdict};
use super::{BATCH, FUNDS};
use crate::bulk::{self, Market};
use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::flow::{Action, Instruction, OrderKey, Side};
use crate::progress;
use crate::project::Project;
use crate::psql::Database;

const TRADERS: u32 = 100;
/// Resting orders join one of so many levels from the best price on.
const LEVELS: u64 = 5;
/// How far behind the best price a crossing order's limit lies, in ticks.
const REACH: u32 = 50;
const DOORS: [(&str, &str); 2] =
    [("place_order", "growth/place_order.pgbench.sql"), ("submit_order", "growth/submit_order.pgbench.sql")];

/// The market with the big book.
struct Big {
    symbol: String,
    base: String,
    quote: String,
    tick: String,
    tick_decimals: usize,
    lot_decimals: usize,
    bid: u32,
    ask: u32,
    /// The mean of what rests: as much is taken as is put in.
    lots: u32,
}

/// The figures at one size.
pub struct Step {
    /// What was loaded.
    pub size: Size,
    /// Microseconds per order: `place_order`, `submit_order`, `match_orders`.
    pub microseconds: [f64; 3],
    /// Reads and verify.
    pub reads: Reads,
}

/// Every size.
pub fn measure(project: &Project, cluster: &Cluster, pace: Pace) -> Result<Vec<Step>> {
    let steps = pace.sizes().into_iter().map(|size| step(project, cluster, pace, size)).collect();
    cluster.database("postgres").run("DROP DATABASE IF EXISTS scale WITH (FORCE);\n")?;
    steps
}

fn step(project: &Project, cluster: &Cluster, pace: Pace, size: Size) -> Result<Step> {
    let database = cluster.fresh_database("scale")?;
    bulk::install(&database)?;
    load(project, &database, pace, size)?;
    let big = Big::find(&database)?;
    database.run("CHECKPOINT;\n")?;
    let reads = Reads::measure(project, &database, &big.symbol, pace)?;
    let market = big.market();
    let names = format!("SELECT format('trader %s', n) FROM generate_series(1, {TRADERS}) AS n");
    let traders = market.fund(&database, &names, FUNDS, FUNDS)?;
    let mut microseconds = [f64::NAN; 3];
    for ((name, script), cost) in DOORS.iter().zip(&mut microseconds) {
        *cost = 1e6 / door(project, &database, script, &big, &traders, pace)?;
        println!("  {name:<14} {cost:>8.0} µs per order");
    }
    microseconds[2] = batch(&database, &big, &traders, pace)?;
    println!("  match_orders   {:>8.1} µs per order", microseconds[2]);
    Ok(Step { size, microseconds, reads })
}

/// Fills the tables of a fresh database.
pub fn load(project: &Project, database: &Database, pace: Pace, size: Size) -> Result<()> {
    let Size { resting, historic } = size;
    let mut command = database.psql();
    command
        .args(["-v", &format!("resting={resting}"), "-v", &format!("historic={historic}")])
        .args(["-v", &format!("trades={historic}"), "-v", &format!("users={}", pace.scale_users())])
        .arg("-f")
        .arg(project.root.join("bench/scale/load.sql"));
    let label = format!("load {} resting and {} historic orders", grid::count(resting), grid::count(historic));
    progress::run(project, &label, &mut command, "see bench/scale/load.sql")
}

/// Orders per second of one client: the median of the rounds, after a second to warm up in.
fn door(
    project: &Project,
    database: &Database,
    script: &str,
    big: &Big,
    traders: &[String],
    pace: Pace,
) -> Result<f64> {
    let end = |user: Option<&String>| user.map_or("1", String::as_str).to_owned();
    let run = |seconds: u32| {
        Pgbench::new(project, database, script, seconds)
            .variable("symbol", &big.symbol)
            .variable("first_user", end(traders.first()))
            .variable("last_user", end(traders.last()))
            .variable("bid", big.bid)
            .variable("ask", big.ask)
            .variable("tick", &big.tick)
            .variable("amount", big.market().amount(big.lots))
            .variable("levels", LEVELS)
            .variable("reach", REACH)
            .rate()
    };
    run(1)?;
    let rates: Result<Vec<f64>> = (0..pace.rounds()).map(|_| run(pace.read_seconds())).collect();
    Ok(median(&rates?))
}

/// Microseconds per order of the bulk door, COPY included: the median of the rounds.
fn batch(database: &Database, big: &Big, traders: &[String], pace: Pace) -> Result<f64> {
    let mut random = Random::new(0x2545_f491_4f6c_dd1d);
    let orders = pace.growth_orders();
    let mut costs = Vec::new();
    for round in 0..pace.rounds() as u32 {
        // A client_order_id is taken for ever, so every round has names of its own.
        let first = round * orders;
        let instructions: Vec<Instruction> =
            (0..orders).map(|index| big.instruction(&mut random, index, first + index)).collect();
        let owner = |i: &Instruction| -> &str { &traders[spread(i.key.order) % traders.len()] };
        let replay = bulk::replay(database, &big.market(), &instructions, BATCH, owner)?;
        costs.push(replay.elapsed.as_secs_f64() * 1e6 / f64::from(orders));
    }
    Ok(median(&costs))
}

impl Big {
    fn find(database: &Database) -> Result<Self> {
        let rows = database.rows(
            "SELECT m.symbol, m.base, m.quote, trim_scale(m.tick_size), scale(trim_scale(m.tick_size)),\n\
             scale(trim_scale(m.lot_size)), (max(o.price) FILTER (WHERE o.side = 'buy') / m.tick_size)::bigint,\n\
             (min(o.price) FILTER (WHERE o.side = 'sell') / m.tick_size)::bigint, (avg(o.amount) / m.lot_size)::bigint\n\
             FROM exchange.markets m JOIN exchange.orders o ON o.symbol = m.symbol AND o.status = 'open'\n\
             GROUP BY m.symbol ORDER BY count(*) DESC LIMIT 1;\n",
        )?;
        let [row] = rows.as_slice() else {
            return Err(Failure::new("no market has a book", "see bench/scale/load.sql"));
        };
        let text = |index: usize| row.get(index).cloned().unwrap_or_default();
        let number = |index: usize| -> Result<u32> {
            text(index).parse().or_fail(|| format!("column {index} of the big market is {:?}", text(index)), "")
        };
        Ok(Self {
            symbol: text(0),
            base: text(1),
            quote: text(2),
            tick: text(3),
            tick_decimals: number(4)? as usize,
            lot_decimals: number(5)? as usize,
            bid: number(6)?,
            ask: number(7)?,
            lots: number(8)?,
        })
    }

    fn market(&self) -> Market<'_> {
        Market {
            symbol: &self.symbol,
            base: &self.base,
            quote: &self.quote,
            tick_decimals: self.tick_decimals,
            lot_decimals: self.lot_decimals,
            options: "",
        }
    }

    /// Half of the orders rest near the best price, half take as much from the other side: the book keeps its size.
    fn instruction(&self, random: &mut Random, index: u32, order: u32) -> Instruction {
        let (is_buy, rests) = (random.below(2) == 0, random.below(2) == 0);
        let away = random.below(LEVELS) as u32;
        let price = match (is_buy, rests) {
            (true, true) => self.bid - away,
            (false, true) => self.ask + away,
            (true, false) => self.ask + REACH,
            (false, false) => self.bid - REACH,
        };
        let side = if is_buy { Side::Buy } else { Side::Sell };
        let key = OrderKey { order, generation: 1 };
        Instruction { message: index, action: Action::New, side, ioc: false, key, price, amount: self.lots }
    }
}

/// Microseconds per order by size.
pub fn cost_table(steps: &[Step]) -> Grid {
    let mut grid = Grid::new(&["resting orders", "historic orders", "place_order", "submit_order", "match_orders"]);
    for step in steps {
        let mut row = vec![grid::count(step.size.resting), grid::count(step.size.historic)];
        row.extend(step.microseconds.iter().zip([0, 0, 1]).map(|(cost, decimals)| grid::thousands(*cost, decimals)));
        grid.push(row);
    }
    if let [first, .., last] = steps {
        let mut row = vec!["last to first".to_owned(), String::new()];
        let ratios = last.microseconds.iter().zip(&first.microseconds);
        row.extend(ratios.map(|(last, first)| grid::ratio(*last, *first, 2)));
        grid.push(row);
    }
    grid
}

/// Milliseconds of each read by size, seconds of verify.
pub fn read_table(steps: &[Step]) -> Grid {
    let mut head = vec!["resting orders", "historic orders"];
    head.extend(READS.iter().map(|read| read.name));
    head.push("verify(), seconds");
    let mut grid = Grid::new(&head);
    for step in steps {
        let mut row = vec![grid::count(step.size.resting), grid::count(step.size.historic)];
        row.extend(step.reads.milliseconds.iter().map(|value| Reads::shown(*value)));
        row.push(grid::thousands(step.reads.verify_seconds, 2));
        grid.push(row);
    }
    grid
}

/// The targets of the reads, at the last size.
pub fn verdicts(steps: &[Step]) -> Vec<Verdict> {
    let Some(last) = steps.last() else { return Vec::new() };
    let (resting, historic) = (grid::count(last.size.resting), grid::count(last.size.historic));
    let with_goal = READS.iter().zip(last.reads.milliseconds).filter(|(read, _)| read.has_goal);
    with_goal
        .map(|(read, value)| {
            let what = format!("{} at {resting} resting and {historic} historic orders", read.name);
            Verdict::new(what, value, Bound::Below(GOAL), 2, " ms")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(resting: u32, cost: f64, read: f64) -> Step {
        let reads = Reads { milliseconds: [read; READS.len()], verify_seconds: 1.5 };
        Step { size: Size { resting, historic: 5 }, microseconds: [cost, cost, cost / 10.0], reads }
    }

    #[test]
    fn the_last_size_is_held_against_the_first_and_the_goal() {
        let steps = [step(1_000, 100.0, 0.1), step(1_000_000, 120.0, f64::INFINITY)];
        let costs = cost_table(&steps).markdown();
        assert!(costs.contains("| 1,000,000 | 5 | 120 | 120 | 12.0 |"), "{costs}");
        assert!(costs.contains("| last to first |  | 1.20 x | 1.20 x | 1.20 x |"), "{costs}");
        assert!(read_table(&steps).markdown().contains("| over 10,000 |"));
        assert!(verdicts(&steps).iter().all(|verdict| !verdict.is_met()));
        assert!(verdicts(&steps[..1]).iter().all(Verdict::is_met));
        assert_eq!(verdicts(&steps).len(), 4);
    }

    #[test]
    fn as_many_orders_take_as_rest() {
        let text = |word: &str| word.to_owned();
        let (bid, ask) = (2_990_000, 3_010_000);
        let (symbol, base, quote) = (text("A-B"), text("A"), text("B"));
        let big =
            Big { symbol, base, quote, tick: text("0.01"), tick_decimals: 2, lot_decimals: 6, bid, ask, lots: 40_000 };
        let mut random = Random::new(1);
        let orders: Vec<Instruction> = (0..10_000).map(|n| big.instruction(&mut random, n, n)).collect();
        let takes = |order: &&Instruction| match order.side {
            Side::Buy => order.price >= ask,
            Side::Sell => order.price <= bid - REACH,
        };
        let taken = orders.iter().filter(takes).count();
        assert!((4_800..5_200).contains(&taken), "{taken} take");
        assert_eq!(big.market().amount(big.lots), "0.040000");
    }
}
