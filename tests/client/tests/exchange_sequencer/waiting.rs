//! Sessions that wait for the sequencer: timeouts, cancels, deaths, a full ring, markets and balances that are held.

use std::process::Stdio;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use client_tests::sequencer::{Venue, submission};
use client_tests::{Failure, Result, Session, setting};

/// Holds BTC-USD until the session ends its transaction.
fn hold(session: &mut Session) -> Result<()> {
    session.run("BEGIN; SELECT exchange.set_market_status('BTC-USD', 'open')")
}

fn orders(session: &mut Session) -> Result<i64> {
    session.number("SELECT count(*) FROM exchange.orders")
}

/// The SQLSTATE of a statement that should not have worked.
fn failed<T>(outcome: &Result<T>) -> &str {
    outcome.as_ref().err().and_then(|failure| failure.sqlstate.as_deref()).unwrap_or("none")
}

#[test]
fn a_timeout_while_queued_withdraws_the_order() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_queued", "", 1)?;
    hold(&mut session)?;
    let mut impatient = venue.connect()?;
    for _ in 0..5 {
        impatient.run("SET statement_timeout = '300ms'")?;
        assert_eq!(impatient.refused(&submission(users[0], "BTC-USD", "buy", "100", "late"))?, "57014");
    }
    // One that was being tried just then is dropped when the try fails.
    thread::sleep(Duration::from_millis(500));
    session.run("COMMIT")?;
    thread::sleep(Duration::from_millis(1000));
    assert_eq!(orders(&mut session)?, 0, "a withdrawn order was carried out");
    session.wait_for_queue(0)?;
    impatient.run("SET statement_timeout = '60s'")?;
    let first = impatient.number(&submission(users[0], "BTC-USD", "buy", "100", "late"))?;
    assert_eq!(impatient.number(&submission(users[0], "BTC-USD", "buy", "100", "late"))?, first);
    assert_eq!(orders(&mut session)?, 1);
    session.verify_is_empty()
}

/// The sequencer is stopped in the middle of a stream of orders: nobody can tell how far it has come.
#[test]
fn a_timeout_while_taken_is_answered_by_a_repetition() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_taken", "", 8)?;
    let sequencer = session.sequencer()?;
    let (mut sent, mut repeated) = (0, 0);
    for round in 0..setting("BOURSE_KILLS", 20) {
        let outcomes = thread::scope(|scope| {
            let clients = scope.spawn(|| venue.clients(8, |n| stream(&venue, users[n], round)));
            thread::sleep(Duration::from_millis(10 + round % 9));
            let join = || clients.join().expect("no panic");
            venue.scratch.paused(sequencer, Duration::from_secs(1), join)
        })?;
        for (call, outcome) in outcomes.into_iter().flatten() {
            let id = session.number(&call)?;
            match outcome {
                Ok(first) => assert_eq!(id, first),
                Err(failure) if failure.is("57014") => repeated += 1,
                Err(failure) => return Err(failure),
            }
            sent += 1;
        }
        assert_eq!(orders(&mut session)?, sent, "round {round}");
    }
    println!("{repeated} of {sent} orders were repeated after a timeout");
    assert!(repeated > 8, "{repeated} timeouts prove nothing");
    session.wait_for_queue(0)?;
    session.verify_is_empty()
}

/// Sends orders until one of them gets no answer in time, or for half a second.
fn stream(venue: &Venue, user: i64, round: u64) -> Result<Vec<(String, Result<i64>)>> {
    let (mut client, mut sent, start) = (venue.connect()?, Vec::new(), Instant::now());
    client.run("SET statement_timeout = '150ms'")?;
    while start.elapsed() < Duration::from_millis(500)
        && sent.last().is_none_or(|(_, last): &(_, Result<i64>)| last.is_ok())
    {
        let call = submission(user, "BTC-USD", "buy", "100", &format!("r{round}-{}", sent.len()));
        let outcome = client.number(&call);
        sent.push((call, outcome));
    }
    Ok(sent)
}

#[test]
fn a_cancelled_session_withdraws_its_order_and_can_go_on() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_cancel", "", 6)?;
    hold(&mut session)?;
    let outcomes = thread::scope(|scope| {
        let clients = scope.spawn(|| {
            venue.clients(6, |n| {
                let mut client = venue.connect()?;
                let call = submission(users[n], "BTC-USD", "buy", "100", "cancelled");
                let outcome = client.number(&call);
                // ETH-USD is free: the session is as good as before.
                client.number(&submission(users[n], "ETH-USD", "buy", "100", "next"))?;
                Ok(outcome)
            })
        });
        session.wait_for_queue(6)?;
        session.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%submit_order%cancelled%' AND pid <> pg_backend_pid()")?;
        clients.join().expect("no panic")
    })?;
    assert!(outcomes.iter().all(|outcome| failed(outcome) == "57014"), "{outcomes:?}");
    thread::sleep(Duration::from_millis(500));
    session.run("COMMIT")?;
    session.wait_for_queue(0)?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id = 'cancelled'")?, 0);
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id = 'next'")?, 6);
    session.verify_is_empty()
}

/// Half are terminated by the server, half by clients who hang up.
#[test]
fn sessions_that_die_while_waiting_leave_no_slot_behind() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_deaths", "bourse.ring_slots = 20", 1)?;
    hold(&mut session)?;
    // Not the session that holds the market: in a transaction it sees one picture of the others all the time.
    let (mut watch, rounds) = (venue.connect()?, setting("BOURSE_KILLS", 50));
    for round in 0..rounds {
        let all_wait = Barrier::new(11);
        let died = thread::scope(|scope| {
            let clients = scope.spawn(|| {
                venue.clients(20, |n| {
                    let call = submission(users[0], "BTC-USD", "buy", "100", &format!("{round}-{n}"));
                    if n % 2 == 0 {
                        hang_up(&venue, &all_wait, &call)
                    } else {
                        Ok(Some(venue.connect()?.number(&call)))
                    }
                })
            });
            let queued = watch.wait_for("SELECT queued = 20 FROM exchange.sequencer_status()");
            all_wait.wait();
            watch.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'client-tests' AND state = 'active' AND pid <> pg_backend_pid()")?;
            let outcomes = clients.join().expect("no panic")?;
            queued?;
            // The driver reads the server's last word, or finds the connection closed.
            Ok::<_, Failure>(
                outcomes.iter().flatten().filter(|outcome| ["57P01", "none"].contains(&failed(outcome))).count(),
            )
        })?;
        assert_eq!(died, 10, "round {round}");
        watch.wait_for_queue(0)?;
    }
    session.run("COMMIT")?;
    println!("{} sessions died while they waited", rounds * 20);
    // The ring holds twenty: one slot lost at each death and nobody would get through.
    venue.clients(30, |n| {
        venue.connect()?.number(&submission(users[0], "BTC-USD", "buy", "100", &format!("end-{n}")))
    })?;
    // An order that was being tried when its session died may be carried out.
    let served = "SELECT count(*) FROM exchange.orders WHERE client_order_id LIKE 'end-%'";
    assert_eq!(session.number(served)?, 30);
    session.verify_is_empty()
}

/// Sends an order through `psql`, which is killed before the answer.
fn hang_up(venue: &Venue, all_wait: &Barrier, call: &str) -> Result<Option<Result<i64>>> {
    let mut psql = venue.scratch.server.program("psql");
    psql.args(["-X", "-q", "-d", "venue", "-c", "SET client_connection_check_interval = '20ms'", "-c", call]);
    let psql = psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    all_wait.wait();
    let mut psql = psql?;
    psql.kill()?;
    psql.wait()?;
    Ok(None)
}

#[test]
fn a_full_ring_serves_everybody_in_turn() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_full", "bourse.ring_slots = 2", 30)?;
    let place = |n: usize, id: &str| venue.connect()?.number(&submission(users[n], "BTC-USD", "buy", "100", id));
    let start = Instant::now();
    venue.clients(30, |n| (0..10).try_for_each(|round| place(n, &format!("{n}-{round}")).map(drop)))?;
    println!("300 orders of 30 sessions through 2 slots in {:?}", start.elapsed());
    assert_eq!(orders(&mut session)?, 300);
    hold(&mut session)?;
    let outcomes = thread::scope(|scope| {
        let clients = scope.spawn(|| venue.clients(2, |n| place(n, "waits")));
        session.wait_for_queue(2)?;
        let mut third = venue.connect()?;
        third.run("SET statement_timeout = '200ms'")?;
        // No slot for it, whatever its market.
        assert_eq!(third.refused(&submission(users[2], "ETH-USD", "buy", "100", "no slot"))?, "57014");
        session.run("COMMIT")?;
        clients.join().expect("no panic")
    });
    assert_eq!(outcomes?.len(), 2);
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id = 'no slot'")?, 0);
    // More slots at the next reload.
    session.run("ALTER SYSTEM SET bourse.ring_slots = 100")?;
    session.run("SELECT pg_reload_conf()")?;
    venue.clients(30, |n| place(n, "more"))?;
    session.wait_for_queue(0)?;
    session.verify_is_empty()
}

#[test]
fn a_market_that_is_held_stops_no_other() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_market", "", 12)?;
    hold(&mut session)?;
    let ((slowest, plain), served) = thread::scope(|scope| {
        let held = scope.spawn(|| {
            venue.clients(4, |n| venue.connect()?.number(&submission(users[n], "BTC-USD", "buy", "100", "held")))
        });
        session.wait_for_queue(4)?;
        let slowest = venue.beside_inserts(|| {
            venue.clients(4, |n| latencies(&venue, users[4 + n], "ETH-USD", Duration::from_secs(8)))
        });
        session.run("COMMIT")?;
        let start = Instant::now();
        held.join().expect("no panic")?;
        Ok::<_, Failure>((slowest?, start.elapsed()))
    })?;
    println!("ETH-USD while BTC-USD is held: {slowest:?} at most, an INSERT {plain:?}; BTC-USD {served:?} after it");
    // Who waited for the market would have waited eight seconds.
    let allowed = Duration::from_secs(4) + 2 * plain;
    assert!(slowest.iter().all(|slowest| *slowest < allowed), "{slowest:?}, allowed {allowed:?}");
    assert!(served < Duration::from_secs(40), "{served:?}");
    session.verify_is_empty()
}

/// Trades for some time; the longest that an order took.
fn latencies(venue: &Venue, user: i64, symbol: &str, time: Duration) -> Result<Duration> {
    let (mut session, mut slowest, start) = (venue.connect()?, Duration::ZERO, Instant::now());
    session.run("SET statement_timeout = '30s'")?;
    for n in 0.. {
        let sent = Instant::now();
        let side = if n % 2 == 0 { "buy" } else { "sell" };
        session.number(&submission(
            user,
            symbol,
            side,
            if n % 2 == 0 { "99" } else { "101" },
            &format!("{symbol}-{n}"),
        ))?;
        slowest = slowest.max(sent.elapsed());
        if start.elapsed() > time {
            break;
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(slowest)
}

#[test]
fn a_balance_that_is_held_delays_only_who_needs_it() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_balance", "", 6)?;
    session.run(&format!("BEGIN; SELECT exchange.deposit({}, 'USD', 1)", users[0]))?;
    let ((slowest, plain), waited) = thread::scope(|scope| {
        let waiting =
            scope.spawn(|| venue.connect()?.number(&submission(users[0], "BTC-USD", "buy", "90", "needs it")));
        session.wait_for_queue(1)?;
        let slowest = venue.beside_inserts(|| {
            venue.clients(4, |n| latencies(&venue, users[1 + n], "BTC-USD", Duration::from_secs(8)))
        });
        assert!(!waiting.is_finished(), "the balance was not held");
        session.run("COMMIT")?;
        let start = Instant::now();
        waiting.join().expect("no panic")?;
        Ok::<_, Failure>((slowest?, start.elapsed()))
    })?;
    println!("others of the market: {slowest:?} at most, an INSERT {plain:?}; the one {waited:?} after the release");
    // Who waited for the balance would have waited eight seconds.
    let allowed = Duration::from_secs(4) + 2 * plain;
    assert!(slowest.iter().all(|slowest| *slowest < allowed), "{slowest:?}, allowed {allowed:?}");
    assert!(waited < Duration::from_secs(40), "{waited:?}");
    session.verify_is_empty()
}

/// After a long wait a market's next short one is short again.
#[test]
fn a_market_that_was_held_long_ago_is_tried_again_soon() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_again", "", 1)?;
    let mut waited = Vec::new();
    for (n, time) in [4000, 100, 100, 100, 100, 100].into_iter().enumerate() {
        hold(&mut session)?;
        waited.push(thread::scope(|scope| {
            let client =
                scope.spawn(|| venue.connect()?.number(&submission(users[0], "BTC-USD", "buy", "90", &format!("{n}"))));
            thread::sleep(Duration::from_millis(time));
            session.wait_for_queue(1)?;
            session.run("COMMIT")?;
            let start = Instant::now();
            client.join().expect("no panic")?;
            Ok::<_, Failure>(start.elapsed())
        })?);
        session.number(&submission(users[0], "BTC-USD", "buy", "90", &format!("between {n}")))?;
    }
    println!("served so long after the release: {waited:?}");
    // A pause as long as after the long wait would have made all of them take 400 ms; some meet a disk that stalls.
    let soon = waited[1..].iter().filter(|waited| **waited < Duration::from_millis(300)).count();
    assert!(soon >= 2, "{waited:?}");
    session.verify_is_empty()
}
