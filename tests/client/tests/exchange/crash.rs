//! `kill -9` under load: every acknowledged order survives, nothing is half done.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::load::{self, Acknowledged, Actor};
use client_tests::{Database, Failure, Random, Result, Scratch, setting};

const CLIENTS: usize = 8;
const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];

/// Has every actor trade on until its connection breaks.
fn trade_until_killed(actors: &mut [Actor], kill: impl FnOnce() -> Result<()>) -> Result<()> {
    let ended: Vec<Result<()>> = thread::scope(|scope| {
        let clients: Vec<_> = actors
            .iter_mut()
            .map(|actor| {
                scope.spawn(|| {
                    loop {
                        match actor.step() {
                            Ok(()) => {}
                            // The connection is gone, or the server says that it is going.
                            Err(failure) if failure.sqlstate.as_deref().is_none_or(|c| c.starts_with("57P")) => {
                                return Ok(());
                            }
                            Err(failure) => return Err(failure),
                        }
                    }
                })
            })
            .collect();
        let killed = kill();
        let joined = clients.into_iter().map(|client| client.join().expect("no panic in a client"));
        std::iter::once(killed).chain(joined).collect()
    });
    ended.into_iter().collect()
}

#[test]
fn acknowledged_orders_survive_the_death_of_the_server() -> Result<()> {
    let scratch = Scratch::furnished("crash_server", "")?;
    let database = Database::on(&scratch.server, "crash")?;
    let users = load::prepare(&mut database.connect()?, &MARKETS, CLIENTS)?;
    let sessions = users.iter().map(|user| Ok(Actor::new(database.connect_admin()?, *user, &MARKETS)));
    let mut actors = sessions.collect::<Result<Vec<Actor>>>()?;
    let mut random = Random::new(9);
    for round in 1..=setting("BOURSE_KILLS", 2) {
        let before = database.connect()?.number("SELECT count(*) FROM exchange.orders")?;
        trade_until_killed(&mut actors, || {
            let traded = wait_for_orders(&database, before + 40);
            thread::sleep(Duration::from_millis(random.below(600)));
            // Whatever comes: nobody else ends the clients.
            scratch.kill().and(traded)
        })?;
        scratch.resume()?;
        let mut session = database.connect()?;
        let context = |failure: Failure| Failure::new(format!("round {round}: {failure}"));
        settle(&database, &actors).map_err(context)?;
        session.verify_is_empty().map_err(context)?;
        let after = session.number("SELECT count(*) FROM exchange.orders")?;
        assert!(after > before + 20, "round {round}: {} orders prove nothing", after - before);
        println!("round {round}: {} orders survived, {before} of them from before", after);
        for actor in &mut actors {
            actor.reconnect(database.connect_admin()?);
            actor.step()?;
        }
    }
    database.check_files()
}

/// Until there are so many orders, or for a minute.
fn wait_for_orders(database: &Database, count: i64) -> Result<()> {
    let (mut session, start) = (database.connect()?, Instant::now());
    while start.elapsed() < Duration::from_secs(60) && session.number("SELECT count(*) FROM exchange.orders")? < count {
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// What was on the way when the server died may have happened or not; all else must be as acknowledged.
fn settle(database: &Database, actors: &[Actor]) -> Result<()> {
    let acknowledged: Vec<&Acknowledged> = actors.iter().map(|actor| &actor.acknowledged).collect();
    load::settle(database, &acknowledged)
}

#[test]
fn the_death_of_one_backend_costs_no_acknowledged_order() -> Result<()> {
    let scratch = Scratch::furnished("crash_backend", "")?;
    let database = Database::on(&scratch.server, "crash")?;
    let users = load::prepare(&mut database.connect()?, &MARKETS, CLIENTS)?;
    let sessions = users.iter().map(|user| Ok(Actor::new(database.connect_admin()?, *user, &MARKETS)));
    let mut actors = sessions.collect::<Result<Vec<Actor>>>()?;
    let victim = actors[0].backend()?;
    trade_until_killed(&mut actors, || {
        thread::sleep(Duration::from_millis(700));
        scratch.kill_backend(victim)
    })?;
    // The postmaster ends the other backends too, and recovers by itself.
    scratch.wait()?;
    settle(&database, &actors)?;
    database.connect()?.verify_is_empty()?;
    database.check_files()
}
