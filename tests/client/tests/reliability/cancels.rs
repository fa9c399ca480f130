//! Statements that are cancelled, that take too long or whose session is ended, at random moments, through every door:
//! nothing is half done, and whoever cancels does not wait.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::load::{self, Acknowledged, Actor};
use client_tests::sequencer::Venue;
use client_tests::{Failure, Random, Result, Session, setting};

const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];

/// What a client has to expect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Statements that take too long, or wait too long, are given up.
    TimesOut,
    /// `pg_cancel_backend`.
    Cancelled,
    /// `pg_terminate_backend`.
    Ended,
}

const FATES: [Fate; 6] = [Fate::TimesOut, Fate::TimesOut, Fate::Cancelled, Fate::Cancelled, Fate::Ended, Fate::Ended];

/// A client as others see it.
struct Seat {
    fate: Fate,
    user: i64,
    /// The server's process.
    pid: AtomicI64,
    /// When it was told to stop; empty once it has.
    told: Mutex<Option<Instant>>,
    stopped: AtomicU64,
}

/// What one client has found out.
struct Played {
    acknowledged: Acknowledged,
    waits: Vec<Duration>,
}

fn session(venue: &Venue, seat: &Seat, random: &mut Random) -> Result<Session> {
    let mut session = venue.database.connect_admin()?;
    if seat.fate == Fate::TimesOut {
        let (statement, lock) = (1 + random.below(5), 1 + random.below(4));
        session.run(&format!("SET statement_timeout = {statement}; SET lock_timeout = {lock}"))?;
    }
    Ok(session)
}

/// Trades until told to stop.
fn play(venue: &Venue, seat: &Seat, users: &[i64], over: &AtomicBool) -> Result<Played> {
    let mut random = Random::new(seat.user as u64);
    let session_of = |random: &mut Random| session(venue, seat, random);
    let mut actor = Actor::new(session_of(&mut random)?, seat.user, &MARKETS).submitting().among(users);
    let mut waits = Vec::new();
    let mut is_new = true;
    while !over.load(Ordering::Relaxed) {
        let step = match is_new {
            true => actor.backend().map(|pid| seat.pid.store(pid, Ordering::Relaxed)),
            false => actor.step(),
        };
        match step {
            Ok(()) => is_new = false,
            Err(failure) if failure.is("57014") || failure.is("55P03") => {
                seat.stopped.fetch_add(1, Ordering::Relaxed);
                if let Some(told) = seat.told.lock().expect("nobody fails with it").take() {
                    waits.push(told.elapsed());
                }
            }
            Err(failure) if failure.is("57P01") || failure.sqlstate.is_none() => {
                seat.stopped.fetch_add(1, Ordering::Relaxed);
                if let Some(told) = seat.told.lock().expect("nobody fails with it").take() {
                    waits.push(told.elapsed());
                }
                actor.reconnect(session_of(&mut random)?);
                is_new = true;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(Played { acknowledged: actor.acknowledged, waits })
}

/// Stops whoever works, at random moments, until as many statements as asked have ended of each fate.
fn stop(venue: &Venue, seats: &[Seat], times: u64) -> Result<()> {
    let (mut session, mut random) = (venue.connect()?, Random::new(3));
    let start = Instant::now();
    let is_enough = |fate: Fate| {
        let of = seats.iter().filter(|seat| seat.fate == fate);
        of.map(|seat| seat.stopped.load(Ordering::Relaxed)).sum::<u64>() >= times
    };
    let everybody = [Fate::TimesOut, Fate::Cancelled, Fate::Ended];
    while !everybody.into_iter().all(is_enough) {
        if start.elapsed() > Duration::from_secs(60 + times) {
            return Err(Failure::new("too few statements were stopped: nothing is proved"));
        }
        thread::sleep(Duration::from_micros(random.below(8000)));
        let Some(seat) = random.pick(seats) else { continue };
        let function = match seat.fate {
            Fate::TimesOut => continue,
            Fate::Cancelled => "pg_cancel_backend",
            Fate::Ended => "pg_terminate_backend",
        };
        let pid = seat.pid.load(Ordering::Relaxed);
        // Its answer may be there before ours.
        *seat.told.lock().expect("nobody fails with it") = Some(Instant::now());
        let told = session.line(&format!(
            "SELECT count(*) FILTER (WHERE {function}(pid)) FROM pg_stat_activity
             WHERE pid = {pid} AND state = 'active'"
        ))?;
        if told == "0" {
            *seat.told.lock().expect("nobody fails with it") = None;
        }
    }
    Ok(())
}

#[test]
fn cancelled_statements_leave_nothing_behind() -> Result<()> {
    let (venue, mut root, users) = Venue::funded("cancels", "", FATES.len())?;
    let over = AtomicBool::new(false);
    let seat = |(fate, user): (&Fate, &i64)| Seat {
        fate: *fate,
        user: *user,
        pid: AtomicI64::new(0),
        told: Mutex::new(None),
        stopped: AtomicU64::new(0),
    };
    let seats: Vec<Seat> = FATES.iter().zip(&users).map(seat).collect();
    let times = setting("BOURSE_CANCELS", 60);
    let played = thread::scope(|scope| {
        let house = scope.spawn(|| load::keep_house(&venue.database, &MARKETS, &over));
        let clients: Vec<_> = seats.iter().map(|seat| scope.spawn(|| play(&venue, seat, &users, &over))).collect();
        let stopped = stop(&venue, &seats, times);
        over.store(true, Ordering::Relaxed);
        let played: Result<Vec<Played>> =
            clients.into_iter().map(|client| client.join().expect("no panic in a client")).collect();
        let kept = house.join().expect("no panic in the house");
        stopped.and(kept).and(played)
    })?;
    // A command that was stopped waits in the inbox.
    root.run("CALL exchange.match_orders()")?;
    tell(&seats, &played);
    let mut acknowledged: Vec<&Acknowledged> = played.iter().map(|played| &played.acknowledged).collect();
    load::settle(&venue.database, &acknowledged)?;
    assert_eq!(root.lines(load::MONEY)?, Vec::<String>::new());
    root.verify_is_empty()?;
    venue.database.check_files()?;
    // What was acknowledged and is not there would be found.
    let mut lost = Acknowledged::default();
    lost.orders.insert("never placed".into(), 1);
    lost.transfers.insert("never booked".into(), 1);
    acknowledged.push(&lost);
    let found = load::settle(&venue.database, &acknowledged).expect_err("two things are lost").to_string();
    assert!(found.starts_with("2 things are wrong"), "{found}");
    Ok(())
}

/// How often each fate has struck, and how long those waited who were told to stop.
fn tell(seats: &[Seat], played: &[Played]) {
    for (fate, name) in [(Fate::TimesOut, "timed out"), (Fate::Cancelled, "cancelled"), (Fate::Ended, "ended")] {
        let of = || seats.iter().zip(played).filter(move |(seat, _)| seat.fate == fate);
        let stopped: u64 = of().map(|(seat, _)| seat.stopped.load(Ordering::Relaxed)).sum();
        let mut waits: Vec<Duration> = of().flat_map(|(_, played)| played.waits.iter().copied()).collect();
        waits.sort();
        let at = |percent: usize| waits.get((waits.len() * percent / 100).min(waits.len().saturating_sub(1)));
        match (at(50), at(99), waits.last()) {
            (Some(half), Some(most), Some(longest)) => {
                println!("{stopped} statements {name}, p50 {half:?}, p99 {most:?}, longest {longest:?}");
            }
            _ => println!("{stopped} statements {name}"),
        }
    }
}
