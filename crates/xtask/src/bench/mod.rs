//! `cargo bench-all`: pg_bourse against the peer and against the floor, in one server with full
//! durability, alternating; the ratio of the medians is what counts.

pub mod analytics;
mod calls;
mod churn;
mod copies;
mod copy_floor;
mod figures;
mod grid;
mod growth;
pub mod jobs;
mod latency;
mod machine;
pub mod marketplace;
pub mod messages;
pub mod mirror;
mod paced;
mod page;
mod pairs;
mod pgbench;
mod quotes;
mod random;
mod random_orders;
mod reads;
mod report;
mod request;
mod samples;
pub mod screen;
mod statistics;
mod throughput;
mod timed;
pub mod trading;
mod verdict;

use std::time::Instant;

use crate::bulk::{self, Market};
use crate::cluster::Cluster;
use crate::failure::{Failure, Result};
use crate::flow;
use crate::install;
use crate::project::{self, Project};
use crate::psql::Database;
use crate::setup;

use calls::Calls;
use churn::Churn;
use copy_floor::CopyFloor;
use figures::Figures;
use latency::Latency;
use machine::Machine;
pub use paced::Request as PacedRequest;
use random_orders::RandomOrders;
pub use request::Request;
use throughput::{Arena, Contender, Throughput};

const USERS: u32 = 1000;
/// As much as the peer gives its users.
const FUNDS: u64 = 100_000_000_000;
/// Commands of one transaction of the bulk door.
const BATCH: u32 = 10_000;

const SETTINGS: [(&str, &str); 8] = [
    ("shared_preload_libraries", "pg_bourse"),
    // What match_orders is measured with must not be taken away by the sequencer.
    ("bourse.drain_inbox", "off"),
    ("shared_buffers", "512MB"),
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    // A checkpoint in the middle of one side's turn would count against it alone.
    ("checkpoint_timeout", "1h"),
    ("max_wal_size", "8GB"),
];

/// Measures everything, prints it, and writes the page.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    let start = Instant::now();
    // Before the build, which is busy itself.
    machine::warn_when_busy();
    setup::run(project)?;
    if !request.installed {
        install::run(project)?;
    }
    let cluster = Cluster::open(project, "bench")?;
    let _running = cluster.run(&SETTINGS)?;
    if request.only_calls {
        println!("{}", figures::calls_text(&Calls::measure(project, &cluster, request.pace)?, request.pace));
        return Ok(());
    }
    let figures = measure(project, &cluster, request)?;
    println!("{}\n{:.0} seconds", figures.text(), start.elapsed().as_secs_f64());
    if request.write {
        page::write(project, &figures)?;
    }
    if figures.violations == 0 {
        return Ok(());
    }
    Err(Failure::new(
        format!("verify() finds {} faults after the orders of this run", figures.violations),
        "this is a defect of the exchange: report it",
    ))
}

fn measure(project: &Project, cluster: &Cluster, request: &Request) -> Result<Figures> {
    let pace = request.pace;
    let file = request.flow.clone().unwrap_or_else(|| project.default_flow());
    let messages = flow::read(&file)?;
    // First: what it finds out are sizes, which a machine that is still busy does not change.
    println!("churn, {}", pace.churn_time());
    let churn = Churn::measure(project, cluster, pace)?;
    let database = cluster.fresh_database("bench")?;
    let users = prepare(project, &database)?;
    let arena = Arena { project, database: &database, users: &users };
    arena.require_submit_order()?;
    let mut throughput = Throughput::default();
    let mut random_orders = RandomOrders::new(&database, pace.bulk_orders());
    let mut flow = CopyFloor::new(flow::name(&file), &messages);
    for round in 0..pace.rounds() {
        println!("round {} of {}", round + 1, pace.rounds());
        throughput.measure(&arena, pace, round)?;
        random_orders.measure()?;
        flow.measure(cluster, &messages)?;
    }
    println!("latency at half load");
    // What the rounds have left is cleaned away now: autovacuum would take a core from whoever is measured first.
    database.run("VACUUM (ANALYZE);\nCHECKPOINT;\n")?;
    let rate = throughput.rate(Contender::SubmitOrder, latency::CLIENTS) / 2.0;
    let latency = Latency::measure(&arena, pace, rate)?;
    let violations = database.rows("SELECT * FROM exchange.verify();\n")?.len();
    let calls = Calls::measure(project, cluster, pace)?;
    println!("growth");
    let growth = growth::measure(project, cluster, pace)?;
    Ok(Figures {
        pace,
        machine: Machine::look(&database)?,
        throughput,
        latency,
        random_orders: random_orders.rates,
        flow,
        calls,
        growth,
        churn,
        violations,
    })
}

/// The peer, the floor, and a market for each of our doors with as many users and as much money.
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
    let doors = [market("S1-USD", "S1"), market("S2-USD", "S2")];
    for market in &doors {
        market.create(database)?;
    }
    let names = format!("SELECT format('user %s', n) FROM generate_series(1, {USERS}) AS n");
    let users = doors[0].fund(database, &names, FUNDS, FUNDS)?;
    database.run(&format!(
        "SELECT count(exchange.deposit(id, 'S2', {FUNDS}, 'opening-S2-' || id)) FROM identity.users;\n\
         VACUUM ANALYZE;\n"
    ))?;
    Ok(users)
}

/// A market with the peer's steps of price and amount.
fn market<'a>(symbol: &'a str, base: &'a str) -> Market<'a> {
    Market { symbol, base, quote: "USD", tick_decimals: 1, lot_decimals: 1, options: "" }
}
