//! `cargo xtask pg-upgrade`: what stands in a cluster of PostgreSQL 15 is taken to 16 and on to 18 by `pg_upgrade`, and
//! is there as it was: every row of every table, the sequences, the invariants, the processes, the next order.

use std::thread;
use std::time::{Duration, Instant};

use crate::check;
use crate::cluster::Cluster;
use crate::contents::Contents;
use crate::failure::{Failure, Result};
use crate::install;
use crate::project::{DEFAULT_MAJOR, Project};
use crate::setup;

/// Where it comes from, and each place that it comes to, with how.
const FROM: u32 = DEFAULT_MAJOR;
const STEPS: [(u32, &str); 2] = [(16, "--copy"), (18, "--link")];
/// The pages of the manual show a server that feeds, and is not preloaded.
const PLAIN: [(&str, &str); 2] = [("fsync", "off"), ("wal_level", "logical")];
/// The servers that are upgraded run as those that trade.
const PRELOADED: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("shared_preload_libraries", "pg_bourse"),
    ("max_worker_processes", "100"),
    ("wal_level", "logical"),
];
/// How long the processes of all databases may take to come up on a slow machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// The database that trades before and after each step.
const VENUE: &str = "venue";
const OPEN_VENUE: &str = "
    CREATE EXTENSION pg_bourse;
    SELECT bourse.install();
    INSERT INTO identity.users (id, name) VALUES (11, 'alice'), (12, 'bob');
    SELECT exchange.create_market('BTC-USD', 'BTC', 'USD');
    SELECT exchange.deposit(11, 'USD', 1000000), exchange.deposit(12, 'BTC', 1000000);
    SELECT exchange.place_order(12, 'BTC-USD', 'sell', 100, 1000);
";
/// Trades with what OPEN_VENUE has offered, by the table and by the sequencer.
const ORDERS: &str = "
    SELECT status FROM exchange.place_order(11, 'BTC-USD', 'buy', 100, 0.01);
    SELECT status FROM exchange.submit_order(11, 'BTC-USD', 'buy', 100, 0.01);
";

/// Fills a cluster, and upgrades it step by step.
pub fn run(project: &Project, arguments: &[String]) -> Result<()> {
    const USAGE: &str = "cargo xtask pg-upgrade [--installed]";
    let (is_installed, names) = install::without_build(arguments, USAGE)?;
    if !names.is_empty() {
        return Err(Failure::new(format!("what is `{}`?", names.join(" ")), USAGE));
    }
    let majors = [FROM].into_iter().chain(STEPS.map(|(major, _)| major));
    let projects: Vec<Project> = majors.map(|major| project.with_major(major)).collect();
    for project in projects.iter().filter(|_| !is_installed) {
        println!("PostgreSQL {}", project.major);
        setup::run(project)?;
        install::run(project)?;
    }
    let clusters = projects.iter().map(|project| Cluster::open(project, "pg_upgrade"));
    let clusters = clusters.collect::<Result<Vec<Cluster>>>()?;
    upgrade(project, &clusters)?;
    // After a failure they stay, to be looked at.
    clusters.iter().try_for_each(Cluster::destroy)
}

fn upgrade(project: &Project, clusters: &[Cluster]) -> Result<()> {
    let [first, others @ ..] = clusters else { return Ok(()) };
    fill(&project.with_major(FROM), first)?;
    let running = first.run(&PRELOADED)?;
    let databases = databases(first)?;
    trade(first, &databases)?;
    let mut before = contents(first, &databases)?;
    println!("PostgreSQL {FROM}: {before}");
    println!("  without a row: {}", before.empty().join(", "));
    forget_versions(first)?;
    drop(running);
    let mut old = first;
    for (new, (major, how)) in others.iter().zip(STEPS) {
        new.upgrade_from(project, old, how, &PRELOADED)?;
        let _running = new.run(&PRELOADED)?;
        // Nothing has been written but by the processes of the library itself, which find nothing to do.
        let after = contents(new, &databases)?;
        before.require_equal(&after)?;
        trade(new, &databases)?;
        before = contents(new, &databases)?;
        println!("PostgreSQL {major}: {after}, all as before; then it trades, and verify() is empty");
        old = new;
    }
    Ok(())
}

/// Runs the manual, page by page, and opens a venue.
fn fill(project: &Project, cluster: &Cluster) -> Result<()> {
    cluster.destroy()?;
    let _running = cluster.run(&PLAIN)?;
    check::fill(project, cluster)?;
    cluster.fresh_database(VENUE)?.run(OPEN_VENUE)
}

/// Takes out of the catalogs what PostgreSQL 15.20 keeps there of each column, and no 16 or 18 of before November 2026
/// reads: `pg_upgrade` to one of those ends with `unrecognized parameter "pg_attver"`, whatever the tables are.
fn forget_versions(cluster: &Cluster) -> Result<()> {
    for name in all_databases(cluster)? {
        cluster.database(&name).run(
            "UPDATE pg_attribute SET attoptions = nullif(ARRAY(
                 SELECT o FROM unnest(attoptions) o WHERE NOT starts_with(o, 'pg_attver=')), '{}')
             WHERE attoptions IS NOT NULL;\n",
        )?;
    }
    Ok(())
}

/// The databases with tables of ours; some pages have none, and one has dropped them.
fn databases(cluster: &Cluster) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in all_databases(cluster)? {
        let orders = cluster.database(&name).rows("SELECT 1 WHERE to_regclass('exchange.orders') IS NOT NULL;\n")?;
        if !orders.is_empty() {
            found.push(name);
        }
    }
    Ok(found)
}

fn contents(cluster: &Cluster, databases: &[String]) -> Result<Contents> {
    let databases: Vec<_> = databases.iter().map(|name| cluster.database(name)).collect();
    Contents::read(&databases)
}

fn all_databases(cluster: &Cluster) -> Result<Vec<String>> {
    let all = "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname;\n";
    Ok(cluster.database("postgres").rows(all)?.into_iter().flatten().collect())
}

/// Has the processes come up, an order trade at each door, and every invariant hold.
fn trade(cluster: &Cluster, databases: &[String]) -> Result<()> {
    wait_for(cluster, databases)?;
    let answers = cluster.database(VENUE).rows(ORDERS)?;
    if answers != [["filled"], ["filled"]] {
        return Err(Failure::new(format!("the orders after an upgrade: {answers:?}"), ""));
    }
    for name in databases {
        let broken = cluster.database(name).rows("SELECT * FROM bourse.verify();\n")?;
        if !broken.is_empty() {
            return Err(Failure::new(format!("bourse.verify() in {name}: {broken:?}"), ""));
        }
    }
    Ok(())
}

/// Waits until every database has its sequencer.
fn wait_for(cluster: &Cluster, databases: &[String]) -> Result<()> {
    let begun = Instant::now();
    for name in databases {
        loop {
            let state = cluster.database(name).rows("SELECT state FROM exchange.sequencer_status();\n")?;
            if state == [["working"]] {
                break;
            }
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new(format!("the sequencer of {name} is {state:?}"), "see its server.log"));
            }
            thread::sleep(Duration::from_millis(200));
        }
    }
    Ok(())
}
