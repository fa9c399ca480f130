//! The sequencer, the launcher and the server end under load: what was answered stands, nothing stands twice.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::sequencer::{Venue, submission};
use client_tests::{Failure, Random, Result, Session, setting};

const CLIENTS: usize = 12;
/// How soon a sequencer that has ended works again: in a second or two, on a machine that is not busy.
const RETURN: Duration = Duration::from_secs(20);

/// What the clients were answered, by client_order_id, and what they do not know.
#[derive(Default)]
struct Known {
    answered: BTreeMap<String, i64>,
    unknown: Vec<(String, String)>,
    /// How often each SQLSTATE was the answer.
    refused: BTreeMap<String, usize>,
}

fn open(name: &str, settings: &str) -> Result<(Venue, Session, Vec<i64>)> {
    let venue = Venue::open(name, settings)?;
    let mut session = venue.connect()?;
    let users = client_tests::load::prepare(&mut session, &["BTC-USD", "ETH-USD"], CLIENTS)?;
    session.sequencer()?;
    Ok((venue, session, users))
}

/// Submits on every connection while `events` happen. A broken connection ends a client.
fn submit_while(
    venue: &Venue,
    users: &[i64],
    round: u64,
    known: &Mutex<Known>,
    events: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients = scope.spawn(|| {
            venue.clients(CLIENTS, |n| {
                let (mut session, mut random) = (venue.connect()?, Random::new(round * 100 + n as u64));
                for k in 0.. {
                    if over.load(Ordering::Relaxed)
                        || !submit(&mut session, &mut random, users[n], &format!("{round}-{n}-{k}"), known)?
                    {
                        break;
                    }
                }
                Ok(())
            })
        });
        let happened = events();
        over.store(true, Ordering::Relaxed);
        clients.join().expect("no panic")?;
        happened
    })
}

/// One random order; false when the connection is gone.
fn submit(session: &mut Session, random: &mut Random, user: i64, id: &str, known: &Mutex<Known>) -> Result<bool> {
    let (symbol, side) = (["BTC-USD", "ETH-USD"][random.below(2) as usize], ["buy", "sell"][random.below(2) as usize]);
    let call = submission(user, symbol, side, &(95 + random.below(10)).to_string(), id);
    let answer = session.number(&call);
    let mut known = known.lock().map_err(|_| Failure::new("another client has failed"))?;
    let failure = match answer {
        Ok(order) => {
            known.answered.insert(id.to_owned(), order);
            return Ok(true);
        }
        Err(failure) => failure,
    };
    let sqlstate = failure.sqlstate.clone().unwrap_or_else(|| "gone".into());
    *known.refused.entry(sqlstate.clone()).or_default() += 1;
    match sqlstate.as_str() {
        // No money, or the user's own order on the other side.
        "23514" => Ok(true),
        "08007" | "57P03" => {
            known.unknown.push((id.to_owned(), call));
            Ok(true)
        }
        "gone" | "57P01" | "57P02" => {
            known.unknown.push((id.to_owned(), call));
            Ok(false)
        }
        _ => Err(failure),
    }
}

/// Everything that was answered stands as it was answered; what is not known is repeated, and stands once.
fn settle(venue: &Venue, known: &Mutex<Known>) -> Result<()> {
    let mut session = venue.connect()?;
    let mut known = known.lock().map_err(|_| Failure::new("a client has failed"))?;
    let stored = session.rows("SELECT client_order_id, id FROM exchange.orders")?;
    let stored: BTreeMap<&str, i64> =
        stored.iter().map(|row| (row[0].as_str(), row[1].parse().unwrap_or_default())).collect();
    let lost: Vec<_> = known.answered.iter().filter(|(id, order)| stored.get(id.as_str()) != Some(order)).collect();
    assert!(lost.is_empty(), "{} orders were answered and are lost: {lost:?}", lost.len());
    session.sequencer()?;
    for (id, call) in std::mem::take(&mut known.unknown) {
        let order = match session.number(&call) {
            Err(failure) if failure.is("23514") && !stored.contains_key(id.as_str()) => continue,
            answer => answer?,
        };
        assert_eq!(stored.get(id.as_str()).copied().unwrap_or(order), order, "{id} was sent twice");
        known.answered.insert(id, order);
    }
    let count = session.number("SELECT count(*) FROM exchange.orders")?;
    assert_eq!(count, known.answered.len() as i64, "orders that nobody has sent");
    session.verify_is_empty()
}

#[test]
fn a_terminated_sequencer_comes_back_and_loses_nothing() -> Result<()> {
    let (venue, mut session, users) = open("sequencer_terminated", "")?;
    let (known, mut random, mut longest) = (Mutex::default(), Random::new(3), Duration::ZERO);
    for round in 0..setting("BOURSE_KILLS", 8) {
        submit_while(&venue, &users, round, &known, || {
            thread::sleep(Duration::from_millis(300 + random.below(200)));
            let first = session.sequencer()?;
            let how = if round % 3 == 2 { "cancel" } else { "terminate" };
            session.run(&format!("SELECT pg_{how}_backend({first})"))?;
            let back = format!("SELECT state = 'working' AND pid <> {first} FROM exchange.sequencer_status()");
            // A cancel need not end it.
            if how == "terminate" {
                longest = longest.max(session.wait_for(&back)?);
            }
            thread::sleep(Duration::from_millis(300));
            Ok(())
        })?;
        settle(&venue, &known).map_err(|failure| Failure::new(format!("round {round}: {failure}")))?;
    }
    let known = known.into_inner().map_err(|_| Failure::new("a client has failed"))?;
    println!("{} orders, answers otherwise {:?}, back after {longest:?} at most", known.answered.len(), known.refused);
    assert!(known.answered.len() > 100, "{} orders prove nothing", known.answered.len());
    venue.database.check_files()
}

#[test]
fn a_killed_sequencer_costs_no_answered_order() -> Result<()> {
    let (venue, mut session, users) = open("sequencer_killed", "restart_after_crash = on")?;
    let known = Mutex::default();
    for round in 0..setting("BOURSE_KILLS", 3) {
        let victim = session.sequencer()?;
        submit_while(&venue, &users, round, &known, || {
            thread::sleep(Duration::from_millis(500));
            venue.scratch.signal("-9", victim)?;
            // The server ends every session and recovers.
            thread::sleep(Duration::from_millis(300));
            venue.scratch.wait()
        })?;
        // The clients have learnt of it; a sequencer that was writing may have died later than it was asked to.
        venue.scratch.wait()?;
        session = venue.connect()?;
        let start = Instant::now();
        session.sequencer()?;
        println!("round {round}: a sequencer {:?} after the recovery", start.elapsed());
        assert!(start.elapsed() < RETURN);
        settle(&venue, &known).map_err(|failure| Failure::new(format!("round {round}: {failure}")))?;
    }
    venue.database.check_files()
}

#[test]
fn shutdown_under_load_keeps_what_was_answered() -> Result<()> {
    let (venue, session, users) = open("sequencer_shutdown", "")?;
    drop(session);
    let known = Mutex::default();
    for (round, mode) in ["fast", "immediate", "fast", "immediate", "smart"].iter().enumerate() {
        let start = Mutex::new(Instant::now());
        submit_while(&venue, &users, round as u64, &known, || {
            thread::sleep(Duration::from_millis(500));
            if *mode != "smart" {
                *start.lock().map_err(|_| Failure::new("poisoned"))? = Instant::now();
                venue.scratch.stop(mode)?;
            }
            Ok(())
        })?;
        // Smart waits for the clients, who have gone now, but not for the sequencer.
        if *mode == "smart" {
            venue.scratch.stop(mode)?;
        }
        println!("{mode}: down after {:?}", start.lock().map_err(|_| Failure::new("poisoned"))?.elapsed());
        venue.scratch.resume()?;
        settle(&venue, &known).map_err(|failure| Failure::new(format!("{mode}: {failure}")))?;
    }
    venue.database.check_files()
}

#[test]
fn a_launcher_that_has_ended_comes_back() -> Result<()> {
    let (venue, mut session, users) = open("sequencer_launcher", "")?;
    let first = session.sequencer()?;
    let launcher = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_bourse launcher'";
    let old = session.number(launcher)?;
    session.run(&format!("SELECT pg_terminate_backend({old})"))?;
    // The sequencers do not need it.
    session.number(&submission(users[0], "BTC-USD", "buy", "100", "without launcher"))?;
    assert_eq!(session.sequencer()?, first);
    let back =
        format!("SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'pg_bourse launcher' AND pid <> {old}");
    println!("launcher back after {:?}", session.wait_for(&back)?);
    session.run(&format!("SELECT pg_terminate_backend({first})"))?;
    session.wait_for(&format!("SELECT state = 'working' AND pid <> {first} FROM exchange.sequencer_status()"))?;
    let other = client_tests::Database::on(&venue.scratch.server, "later")?;
    let mut session = other.connect()?;
    let users = client_tests::load::prepare(&mut session, &["BTC-USD"], 1)?;
    session.number(&submission(users[0], "BTC-USD", "buy", "100", "new database"))?;
    session.verify_is_empty()
}
