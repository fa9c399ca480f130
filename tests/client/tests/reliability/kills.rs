//! `kill -9` of the server, and of any one of its processes.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use client_tests::siege::settings;
use client_tests::{Database, Failure, Random, Result, Scratch, Siege, Tally};

/// Kills of one server, before the next begins anew.
const PART: u64 = 50;

/// Has a server struck as often as wanted. Struck and started again, it has all that was acknowledged.
fn endure(name: &str, mut strike: impl FnMut(&mut Siege, &mut Random) -> Result<()>) -> Result<()> {
    Tally::open(name, "BOURSE_KILLS", 2)?.run(name, PART, |seed, count| {
        let (mut siege, mut random) = (Siege::open(Scratch::furnished(name, &settings(""))?, seed)?, Random::new(seed));
        for round in 1..=count {
            let endured = strike(&mut siege, &mut random).and_then(|()| siege.check());
            endured.map_err(|failure| Failure::new(format!("{name}, seed {seed}, kill {round}: {failure}")))?;
            println!("{name}, seed {seed}, kill {round}: {} orders acknowledged", siege.orders());
        }
        siege.database.check_files()?;
        siege.misses_one()?;
        Ok(siege.orders())
    })
}

#[test]
fn acknowledged_orders_survive_the_death_of_the_server() -> Result<()> {
    endure("kills_server", |siege, random| {
        siege.during(|scratch, _| scratch.kill())?;
        if random.percent(25) {
            // Once more, while it recovers.
            siege.scratch.begin_to_resume()?;
            thread::sleep(Duration::from_millis(random.below(200)));
            siege.scratch.kill()?;
        }
        siege.scratch.resume()
    })
}

#[test]
fn acknowledged_orders_survive_the_death_of_any_process() -> Result<()> {
    let mut killed = BTreeMap::new();
    endure("kills_process", |siege, random| {
        let kind = siege.during(|scratch, database| kill_one(scratch, database, random))?;
        *killed.entry(kind).or_insert(0) += 1;
        println!("killed {killed:?}");
        Ok(())
    })
}

/// `kill -9` of one process, of which every kind has the same chance; the kind. The server ends all others and recovers
/// by itself.
fn kill_one(scratch: &Scratch, database: &Database, random: &mut Random) -> Result<String> {
    let mut watching = database.connect()?;
    for _ in 0..20 {
        let mut kinds: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        let there = "SELECT backend_type, pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        for row in watching.rows(there)? {
            kinds.entry(row[0].clone()).or_default().push(row[1].parse().expect("a pid"));
        }
        let kinds: Vec<(String, Vec<i64>)> = kinds.into_iter().collect();
        let (kind, pids) = random.pick(&kinds).expect("somebody trades");
        // Some live for a moment only.
        if scratch.signal("-9", *random.pick(pids).expect("one of its kind")).is_err() {
            continue;
        }
        let killed = Instant::now();
        while killed.elapsed() < Duration::from_secs(5) {
            if watching.run("SELECT 1").is_err() {
                return Ok(kind.clone());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
    Err(Failure::new("twenty processes were killed and the server does not mind"))
}

/// The control: who answers before the log is written loses what was answered, and it is missed.
#[test]
fn orders_that_wait_for_no_log_are_lost_with_the_server() -> Result<()> {
    let hasty = "synchronous_commit = off\nwal_writer_delay = '10s'\nwal_writer_flush_after = '1GB'";
    let scratch = Scratch::furnished("kills_control", &settings(hasty))?;
    let mut siege = Siege::open(scratch, 0)?;
    siege.checkpoints = false;
    let (mut lost, mut all) = (0, 0);
    // The sequencer waits for the log all the same, and what came before goes there with it.
    for _ in 0..10 {
        siege.during(|scratch, _| scratch.kill())?;
        siege.scratch.resume()?;
        (lost, all) = siege.lost()?;
        if lost > 0 {
            break;
        }
        siege.reconnect()?;
    }
    println!("control of the kills: {lost} of {all} acknowledged orders lost");
    assert!(lost > 0, "no order is lost: the kills prove nothing");
    assert!(siege.check().is_err(), "{lost} orders are not missed");
    Ok(())
}
