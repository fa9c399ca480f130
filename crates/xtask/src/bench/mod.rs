//! `cargo bench-all`: pg_bourse against the peer and against the floor, in one server with full
//! durability, alternating; the ratio of the medians is what counts.

mod bulk_door;
mod pgbench;

use crate::bulk;
use crate::bulk::Market;
use crate::cluster::Cluster;
use crate::failure::Result;
use crate::flow;
use crate::install;
use crate::project::{self, Project};
use crate::psql::Database;
use crate::setup;
use crate::table;

use bulk_door::BulkDoor;
use pgbench::Load;

const USERS: u32 = 1000;
/// As much as the peer gives its users.
const FUNDS: u64 = 100_000_000_000;

/// How long to measure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// For figures to quote.
    Full,
    /// To see that everything runs.
    Quick,
}

impl Pace {
    fn rounds(self) -> usize {
        match self {
            Self::Full => 3,
            Self::Quick => 1,
        }
    }

    fn seconds(self) -> u32 {
        match self {
            Self::Full => 5,
            Self::Quick => 1,
        }
    }

    fn bulk_orders(self) -> u32 {
        match self {
            Self::Full => 200_000,
            Self::Quick => 20_000,
        }
    }
}

/// The figures of all rounds, per second.
#[derive(Default)]
struct Figures {
    floor: [Vec<f64>; 2],
    peer: [Vec<f64>; 2],
    ours: [Vec<f64>; 2],
    bulk_random: Vec<f64>,
    bulk_flow: Vec<f64>,
}

/// Clients of the two columns of [`Figures`].
const CLIENTS: [u32; 2] = [1, 16];

/// Measures and prints one table.
pub fn run(project: &Project, pace: Pace) -> Result<()> {
    setup::run(project)?;
    install::run(project)?;
    let cluster = Cluster::open(project, "bench")?;
    let _running = cluster.run(&[
        ("shared_buffers", "512MB"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        // A checkpoint in the middle of one side's turn would count against it alone.
        ("checkpoint_timeout", "1h"),
        ("max_wal_size", "8GB"),
    ])?;
    let database = cluster.fresh_database("bench")?;
    let users = prepare(project, &database)?;
    let messages = flow::read(&project.default_flow())?;
    let mut door = BulkDoor::new(&database, &users, &messages, pace.bulk_orders());
    let load = Load::new(project, &database, &users, pace.seconds());
    let mut figures = Figures::default();
    for round in 1..=pace.rounds() {
        println!("round {round} of {}", pace.rounds());
        database.run("CHECKPOINT;\n")?;
        for (column, clients) in CLIENTS.into_iter().enumerate() {
            figures.floor[column].push(load.floor(clients)?);
            figures.peer[column].push(load.peer(clients)?);
            figures.ours[column].push(load.ours(clients)?);
        }
        figures.bulk_random.push(door.random_orders()?);
        figures.bulk_flow.push(door.public_flow()?);
    }
    print_table(&figures, pace);
    let violations = database.rows("SELECT * FROM exchange.verify();\n")?;
    println!("\nverify(): {} rows after all of it", violations.len());
    Ok(())
}

/// The peer, the floor, and our market `S1-USD` with as many users and as much money.
fn prepare(project: &Project, database: &Database) -> Result<Vec<String>> {
    println!("prepare");
    let peer = project.root.join("bench/peer/plpgsql_exchange.sql");
    database.run(&project::read_text(&peer)?)?;
    database.run(
        "CREATE SCHEMA floor;\n\
         CREATE TABLE floor.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
         user_id bigint NOT NULL, price numeric(20,8) NOT NULL, amount numeric(20,8) NOT NULL);\n",
    )?;
    bulk::install(database)?;
    let market = market("S1-USD");
    market.create(database)?;
    let names = format!("SELECT format('user %s', n) FROM generate_series(1, {USERS}) AS n");
    let users = market.fund(database, &names, FUNDS, FUNDS)?;
    database.run("VACUUM ANALYZE;\n")?;
    Ok(users)
}

/// A market with the peer's steps of price and amount; all of them trade the same asset.
fn market(symbol: &str) -> Market<'_> {
    Market { symbol, base: "S1", quote: "USD", tick_decimals: 1, lot_decimals: 1, options: "" }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn print_table(figures: &Figures, pace: Pace) {
    let one = median(&figures.peer[0]);
    let rows = [
        ("place_order, 1 client", &figures.ours[0], one, Some(&figures.floor[0]), Some(2.0)),
        (
            "place_order, 16 clients on one market",
            &figures.ours[1],
            median(&figures.peer[1]),
            Some(&figures.floor[1]),
            None,
        ),
        ("match_orders, the peer's orders", &figures.bulk_random, one, None, Some(20.0)),
        ("match_orders, public order flow", &figures.bulk_flow, one, None, Some(20.0)),
    ];
    let mut lines = vec![table::row(&["per second", "ours", "peer", "floor", "ratio", "goal"])];
    for (what, ours, peer, floor, goal) in rows {
        let ratio = median(ours) / peer;
        let verdict = match goal {
            Some(goal) if ratio >= goal => format!("{goal:.0} x, met"),
            Some(goal) => format!("{goal:.0} x, MISSED"),
            None => String::new(),
        };
        lines.push(vec![
            what.to_owned(),
            format!("{:.0}", median(ours)),
            format!("{peer:.0}"),
            floor.map_or_else(String::new, |floor| format!("{:.0}", median(floor))),
            format!("{ratio:.1} x"),
            verdict,
        ]);
    }
    println!(
        "\nmedians of {} rounds of {} s; fsync and synchronous_commit on; the floor inserts one row per transaction",
        pace.rounds(),
        pace.seconds()
    );
    print!("{}", table::layout(&lines, 1));
}

#[test]
fn the_median_is_the_middle_value() {
    assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
}
