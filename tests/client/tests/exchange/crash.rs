//! Statements that are cancelled under load: nothing is half done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use client_tests::load::{self, Acknowledged, Actor};
use client_tests::{Database, Result};

const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];
/// Makes everybody wait for the markets, for a moment.
const HOLD_ALL: &str = "BEGIN;
    SELECT exchange.set_market_status('BTC-USD', 'open'), exchange.set_market_status('ETH-USD', 'open');
    SELECT pg_sleep(0.2);
    COMMIT";

#[test]
fn cancelled_statements_leave_nothing_behind() -> Result<()> {
    let database = Database::fresh("crash_cancel")?;
    let users = load::prepare(&mut database.connect()?, &MARKETS, 4)?;
    let over = AtomicBool::new(false);
    let actors: Vec<Result<(Acknowledged, u32)>> = thread::scope(|scope| {
        let holder = scope.spawn(|| {
            thread::sleep(Duration::from_secs(1));
            // Where no statement takes as long by itself.
            let held = database.connect().and_then(|mut session| session.run(HOLD_ALL));
            thread::sleep(Duration::from_secs(1));
            over.store(true, Ordering::Relaxed);
            held
        });
        let clients: Vec<_> = users
            .iter()
            .map(|user| {
                let (database, over) = (&database, &over);
                scope.spawn(move || {
                    let mut session = database.connect_admin()?;
                    // Shorter than some waits for a market, longer than most orders.
                    session.run("SET statement_timeout = 3; SET lock_timeout = 2")?;
                    let mut actor = Actor::new(session, *user, &MARKETS);
                    let mut cancelled = 0;
                    while !over.load(Ordering::Relaxed) {
                        match actor.step() {
                            Err(failure) if failure.is("57014") || failure.is("55P03") => cancelled += 1,
                            other => other?,
                        }
                    }
                    Ok((actor.acknowledged, cancelled))
                })
            })
            .collect();
        let ended = clients.into_iter().map(|client| client.join().expect("no panic in a client")).collect();
        holder.join().expect("no panic in the holder").map(|()| ended)
    })?;
    let actors = actors.into_iter().collect::<Result<Vec<_>>>()?;
    let cancelled: u32 = actors.iter().map(|(_, cancelled)| cancelled).sum();
    assert!(cancelled > 0, "no statement was cancelled: nothing is proved");
    // A bulk command that was cancelled waits in the inbox.
    database.connect()?.run("CALL exchange.match_orders()")?;
    println!("{cancelled} statements cancelled");
    let acknowledged: Vec<&Acknowledged> = actors.iter().map(|(acknowledged, _)| acknowledged).collect();
    load::settle(&database, &acknowledged)?;
    database.connect()?.verify_is_empty()
}
