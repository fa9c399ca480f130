//! Every door at once beside the sequencer: no deadlock, nothing lost, every invariant in every snapshot.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::load::{self, Acknowledged, Actor};
use client_tests::sequencer::Venue;
use client_tests::{Result, setting};

const MARKETS: [&str; 3] = ["BTC-USD", "ETH-USD", "SOL-USD"];

#[test]
fn every_door_at_once() -> Result<()> {
    let venue = Venue::open("sequencer_load", "")?;
    let mut session = venue.connect()?;
    let clients = setting("BOURSE_CLIENTS", 32) as usize;
    let time = Duration::from_secs(setting("BOURSE_SECONDS", 8));
    let users = load::prepare(&mut session, &MARKETS, clients)?;
    session.sequencer()?;
    let over = AtomicBool::new(false);
    let (acknowledged, looks, house) = thread::scope(|scope| {
        let verifier = scope.spawn(|| verify(&venue, &over));
        let house = scope.spawn(|| load::keep_house(&venue.database, &MARKETS, &over));
        let traded = venue.clients(clients, |n| {
            let mut actor = Actor::new(venue.database.connect_admin()?, users[n], &MARKETS).among(&users).submitting();
            let start = Instant::now();
            while start.elapsed() < time && !over.load(Ordering::Relaxed) {
                actor.step().inspect_err(|_| over.store(true, Ordering::Relaxed))?;
            }
            Ok(actor.acknowledged)
        });
        over.store(true, Ordering::Relaxed);
        let (looks, house) = (verifier.join().expect("no panic"), house.join().expect("no panic"));
        Ok::<_, client_tests::Failure>((traded?, looks?, house?))
    })?;
    // What still waits in the inbox has been taken all the same.
    session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
    load::settle(&venue.database, &acknowledged.iter().collect::<Vec<&Acknowledged>>())?;
    session.verify_is_empty()?;
    venue.database.check_files()?;
    let status = session.line("SELECT requests, batches, largest_batch FROM exchange.sequencer_status()")?;
    let orders: usize = acknowledged.iter().map(|a| a.orders.len() + a.bulk.len()).sum();
    println!(
        "{clients} clients, {orders} orders, requests|batches|largest {status}, {looks} times verify(), {house} acts of the house"
    );
    assert!(orders > clients, "{orders} orders prove nothing");
    assert!(session.number("SELECT requests FROM exchange.sequencer_status()")? > clients as i64, "{status}");
    assert_eq!(session.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")?, 0);
    Ok(())
}

/// Looks at every invariant until it is over; how often.
fn verify(venue: &Venue, over: &AtomicBool) -> Result<u64> {
    let (mut session, mut looks) = (venue.connect()?, 0);
    while !over.load(Ordering::Relaxed) {
        session.verify_is_empty().inspect_err(|_| over.store(true, Ordering::Relaxed))?;
        looks += 1;
        thread::sleep(Duration::from_millis(150));
    }
    Ok(looks)
}
