//! Money between two venues, each a database of its own: whoever is killed between two calls, nothing is lost or made.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use client_tests::{Database, Failure, Random, Result, Session, setting};

const USERS: u64 = 4;
/// Whom the second venue does not know: what is sent for them comes back.
const STRANGERS: u64 = 2;
const ENDED: &str = "SELECT count(*) = 0 FROM exchange.unsettled_venue_transfers()";

/// Two venues, a carrier's login for both. Users of the first hold money; the second knows some of them.
struct Venues {
    east: Database,
    west: Database,
}

impl Venues {
    fn open(name: &str) -> Result<Self> {
        let (east, west) = (Database::fresh(&format!("{name}_east"))?, Database::fresh(&format!("{name}_west"))?);
        for n in 1..=USERS + STRANGERS {
            let user = east.connect()?.user(&format!("trader {n}"))?;
            east.connect()?.fund(user, &[("USD", "1000")])?;
            if n <= USERS {
                west.connect()?.user(&format!("trader {n}"))?;
            }
        }
        east.login("test_carrier", "bourse_carrier")?;
        east.connect()?.run("SELECT exchange.register_venue('west')")?;
        west.connect()?.run("SELECT exchange.register_venue('east')")?;
        Ok(Self { east, west })
    }

    /// One turn of a carrier; it dies before a call, or after it, without a word, as a process does that is killed.
    fn carry(&self, random: &mut Random, dies: u64) -> Result<bool> {
        let (mut east, mut west) = (self.east.connect_as("test_carrier")?, self.west.connect_as("test_carrier")?);
        let under_way =
            east.rows("SELECT transfer_id, user_id, asset, amount FROM exchange.unsettled_venue_transfers()")?;
        for leg in &under_way {
            let [id, user, asset, amount] = &leg[..] else { return Err(Failure::new("four columns")) };
            let body = format!("'{id}', {user}, 'east', '{asset}', {amount}");
            let received = west.line(&format!("SELECT exchange.receive_from_venue({body})"));
            if random.percent(dies) {
                return Ok(false);
            }
            let end = match received {
                Ok(_) => "settle_venue_transfer",
                Err(failure) if ["22003", "42704", "55000"].iter().any(|code| failure.is(code)) => {
                    west.run(&format!("SELECT exchange.refuse_from_venue({body})"))?;
                    if random.percent(dies) {
                        return Ok(false);
                    }
                    "return_venue_transfer"
                }
                Err(failure) => return Err(failure),
            };
            east.run(&format!("SELECT exchange.{end}('{id}')"))?;
        }
        Ok(under_way.is_empty())
    }

    /// All that users hold in both venues, and what is under way: in suspense in the first, and not yet in the second.
    fn money(&self) -> Result<i64> {
        let held = |session: &mut Session| {
            session.number("SELECT coalesce(sum(amount + locked_amount), 0)::bigint FROM exchange.assets")
        };
        let mut east = self.east.connect()?;
        let in_suspense =
            east.number("SELECT coalesce(sum(amount), 0)::bigint FROM exchange.venue_transfers WHERE status = 'sent'")?;
        let ids = east.lines("SELECT transfer_id FROM exchange.venue_transfers WHERE status = 'sent'")?;
        let mut west = self.west.connect()?;
        let arrived = west.number(&format!(
            "SELECT coalesce(sum(amount), 0)::bigint FROM exchange.venue_transfers
             WHERE status = 'received' AND transfer_id = ANY ('{{{}}}')",
            ids.join(",")
        ))?;
        Ok(held(&mut east)? + held(&mut west)? + in_suspense - arrived)
    }

    /// Every leg has its other half, and they say the same.
    fn reconcile(&self) -> Result<()> {
        let out = self.east.connect()?.lines(
            "SELECT concat_ws(' ', transfer_id, named_user_id, asset, amount,
                              CASE status WHEN 'settled' THEN 'received' WHEN 'returned' THEN 'refused' ELSE status END)
             FROM exchange.venue_transfers ORDER BY 1",
        )?;
        let arrived = self.west.connect()?.lines(
            "SELECT concat_ws(' ', transfer_id, named_user_id, asset, amount, status)
             FROM exchange.venue_transfers ORDER BY 1",
        )?;
        if out == arrived { Ok(()) } else { Err(Failure::new(format!("{out:?}\nand {arrived:?}"))) }
    }
}

/// Sends as clients do who never know: the same id again, until an answer has come.
fn send(database: &Database, random: &mut Random, transfers: u64) -> Result<()> {
    let mut session = database.connect_admin()?;
    for _ in 0..transfers {
        let id = session_id(random);
        let (user, amount) = (1 + random.below(USERS + STRANGERS), 1 + random.below(20));
        let call = format!("SELECT exchange.send_to_venue('{id}', {user}, 'west', 'USD', {amount})");
        loop {
            match session.line(&call) {
                Ok(_) if random.percent(30) => {}
                Ok(_) => break,
                Err(failure) if failure.is("23514") => break,
                Err(failure) if failure.is("57P01") || failure.sqlstate.is_none() => {
                    session = database.connect_admin()?
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok(())
}

fn session_id(random: &mut Random) -> String {
    format!("00000000-0000-4000-{:04x}-{:012x}", 0x8000 + random.below(0x1000), random.below(1 << 48))
}

/// Ends sessions of both venues at random, until it is over: what a crash of a backend is to a client.
fn end_sessions(database: &Database, is_over: &AtomicBool, ended: &AtomicU64) -> Result<()> {
    let mut session = database.connect()?;
    while !is_over.load(Ordering::Relaxed) {
        // Ever more rarely: on a machine where a call takes longer than the pause nobody would come to the end.
        thread::sleep(Duration::from_millis(20 + ended.load(Ordering::Relaxed) / 4));
        let n = session.number(
            "SELECT count(pg_terminate_backend(a.pid))
             FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                   AND usename IN ('test_carrier', 'test_admin') ORDER BY random() LIMIT 1) a",
        )?;
        ended.fetch_add(n as u64, Ordering::Relaxed);
    }
    Ok(())
}

#[test]
fn transfers_between_venues_survive_carriers_and_clients_that_are_killed() -> Result<()> {
    let venues = Venues::open("venues_killed")?;
    let before = venues.money()?;
    let (is_sent, is_over, ended, deaths) =
        (AtomicBool::new(false), AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let seed = setting("BOURSE_SEED", 7);
    let transfers = setting("BOURSE_TRANSFERS", 60);
    let results: Vec<Result<()>> = thread::scope(|scope| {
        let killers: Vec<_> =
            [&venues.east, &venues.west].map(|at| scope.spawn(|| end_sessions(at, &is_over, &ended))).into();
        let senders: Vec<_> = (0..3)
            .map(|n| {
                let east = &venues.east;
                scope.spawn(move || send(east, &mut Random::new(seed + n), transfers))
            })
            .collect();
        // Two at once, which find the same transfers.
        let carriers: Vec<_> = (10..12)
            .map(|n| {
                let (venues, is_sent, deaths) = (&venues, &is_sent, &deaths);
                scope.spawn(move || {
                    let mut random = Random::new(seed + n);
                    loop {
                        let was_sent = is_sent.load(Ordering::Relaxed);
                        match venues.carry(&mut random, 20) {
                            Ok(true) if was_sent => return Ok(()),
                            Ok(true) => {}
                            Err(failure) if failure.sqlstate.as_deref().is_some_and(|c| c != "57P01") => {
                                return Err(failure);
                            }
                            _ => _ = deaths.fetch_add(1, Ordering::Relaxed),
                        }
                    }
                })
            })
            .collect();
        let sent: Vec<Result<()>> = senders.into_iter().map(|s| s.join().expect("no panic")).collect();
        is_sent.store(true, Ordering::Relaxed);
        let carried: Vec<Result<()>> = carriers.into_iter().map(|c| c.join().expect("no panic")).collect();
        is_over.store(true, Ordering::Relaxed);
        let killed: Vec<Result<()>> = killers.into_iter().map(|k| k.join().expect("no panic")).collect();
        sent.into_iter().chain(carried).chain(killed).collect()
    });
    results.into_iter().collect::<Result<()>>()?;
    let mut east = venues.east.connect()?;
    east.wait_for(ENDED)?;
    assert_eq!(venues.money()?, before);
    venues.reconcile()?;
    let by_status =
        east.lines("SELECT status || ' ' || count(*) FROM exchange.venue_transfers GROUP BY status ORDER BY 1")?;
    println!(
        "{by_status:?}, {} sessions ended, {} deaths of carriers",
        ended.load(Ordering::Relaxed),
        deaths.load(Ordering::Relaxed)
    );
    assert_eq!(by_status.len(), 2, "returned and settled: {by_status:?}");
    east.verify_is_empty()?;
    venues.west.connect()?.verify_is_empty()
}

/// What the protocol is for: the same with withdraw() and deposit(), told again when no answer came, makes money, and
/// without telling again it loses some; verify() of each venue sees neither.
#[test]
fn a_careless_transfer_makes_or_loses_money_and_the_sum_over_venues_tells() -> Result<()> {
    let venues = Venues::open("venues_careless")?;
    let before = venues.money()?;
    let (mut east, mut west) = (venues.east.connect()?, venues.west.connect()?);
    east.run("SELECT exchange.withdraw(1, 'USD', 10)")?;
    assert_eq!(venues.money()?, before - 10, "the carrier was killed before the deposit");
    west.run("SELECT exchange.deposit(1, 'USD', 10)")?;
    assert_eq!(venues.money()?, before);
    west.run("SELECT exchange.deposit(1, 'USD', 10)")?;
    assert_eq!(venues.money()?, before + 10, "the next one did not know that it was made");
    east.verify_is_empty()?;
    west.verify_is_empty()
}
