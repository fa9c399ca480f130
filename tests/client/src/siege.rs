//! Clients that trade through every door while their server is struck, and what must be there afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::load::{self, Acknowledged, Actor};
use crate::sequencer::PRELOAD;
use crate::{Database, Failure, Random, Result, Scratch, Session};

const CLIENTS: usize = 8;
const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];
/// Has the ticker and the tasks write as often as they may.
const SEAL: &str = "SELECT jobs.set_schedule_enabled(id, true), jobs.update_schedule(id, cron => '* * * * * *')
     FROM jobs.schedules WHERE name = 'maintenance: seal'";
/// What a server may say when it, the sequencer or its disk ends in the middle.
const STRUCK: [&str; 5] = ["57P01", "57P02", "57P03", "08007", "58030"];
/// What it says when there is no room.
pub const DISK_FULL: &str = "53100";

/// A server with clients on it.
pub struct Siege {
    /// The server.
    pub scratch: Scratch,
    /// Where they trade.
    pub database: Database,
    actors: Vec<Actor>,
    random: Random,
    /// Whether the server writes its pages, and its log with them, again and again meanwhile.
    pub checkpoints: bool,
    /// Orders at the last look.
    before: i64,
}

impl Siege {
    /// Clients on a new database of this server, whose luck the seed decides.
    pub fn open(scratch: Scratch, seed: u64) -> Result<Self> {
        let database = Database::on(&scratch.server, "siege")?;
        let mut session = database.connect()?;
        let users = load::prepare(&mut session, &MARKETS, CLIENTS)?;
        session.run(SEAL)?;
        session.sequencer()?;
        let actor =
            |user: &i64| Ok(Actor::new(client(&database)?, *user, &MARKETS).among(&users).submitting().seeded(seed));
        let actors = users.iter().map(actor).collect::<Result<_>>()?;
        Ok(Self { scratch, database, actors, random: Random::new(seed), checkpoints: true, before: 0 })
    }

    /// Has every client trade until this has happened, at a random moment, and every client whose connection it broke
    /// has gone.
    pub fn during<T>(&mut self, blow: impl FnOnce(&Scratch, &Database) -> Result<T>) -> Result<T> {
        let (over, moment) = (AtomicBool::new(false), self.random.below(600));
        let (scratch, database, before, checkpoints) = (&self.scratch, &self.database, self.before, self.checkpoints);
        let (struck, traded) = thread::scope(|scope| {
            let over = &over;
            let trading: Vec<_> = self.actors.iter_mut().map(|actor| scope.spawn(move || trade(actor, over))).collect();
            let pages = scope.spawn(|| {
                // Whatever becomes of it: the server is to be struck in the middle.
                let Ok(mut session) = database.connect() else { return };
                while checkpoints && !over.load(Ordering::Relaxed) && session.run("CHECKPOINT").is_ok() {
                    thread::sleep(Duration::from_millis(150));
                }
            });
            let struck = wait_for_orders(database, before + 40).and_then(|()| {
                thread::sleep(Duration::from_millis(moment));
                blow(scratch, database)
            });
            over.store(true, Ordering::Relaxed);
            let traded = trading.into_iter().map(|client| client.join().expect("no panic in a client"));
            let traded = traded.collect::<Vec<Result<()>>>();
            pages.join().expect("no panic beside the clients");
            (struck, traded)
        });
        traded.into_iter().collect::<Result<()>>().and(struck)
    }

    /// Fails unless all that was acknowledged is there, nothing else is but what was on the way, every invariant holds
    /// and no money was made or lost. Then the clients are there again, and each does something.
    pub fn check(&mut self) -> Result<()> {
        self.scratch.wait()?;
        load::settle(&self.database, &self.acknowledged())?;
        let mut session = self.database.connect()?;
        let broken = session.lines("SELECT * FROM bourse.verify()")?;
        if !broken.is_empty() {
            return Err(Failure::new(format!("bourse.verify() has {} rows: {broken:?}", broken.len())));
        }
        let money = session.lines(load::MONEY)?;
        if !money.is_empty() {
            return Err(Failure::new(format!("money was made or lost: {money:?}")));
        }
        let after = session.number("SELECT count(*) FROM exchange.orders")?;
        if after <= self.before + 20 {
            return Err(Failure::new(format!("{} new orders prove nothing", after - self.before)));
        }
        self.before = after;
        self.reconnect()
    }

    /// Has the clients come again, and each do something.
    pub fn reconnect(&mut self) -> Result<()> {
        self.database.connect()?.sequencer()?;
        for actor in &mut self.actors {
            actor.reconnect(client(&self.database)?);
            actor.step()?;
        }
        Ok(())
    }

    /// How many orders were acknowledged, by whatever door.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.actors.iter().map(|actor| actor.acknowledged.count() as u64).sum()
    }

    /// Takes one of the acknowledged orders away, and fails unless it is missed: who does not see that sees nothing.
    pub fn misses_one(&mut self) -> Result<()> {
        let first = self.acknowledged().iter().find_map(|known| known.orders.values().next().copied());
        let first = first.ok_or_else(|| Failure::new("no order was acknowledged"))?;
        let mut session = self.database.connect()?;
        session
            .run(&format!("SET session_replication_role = replica; DELETE FROM exchange.orders WHERE id = {first}"))?;
        match (self.lost()?, load::settle(&self.database, &self.acknowledged())) {
            ((1, _), Err(_)) => Ok(()),
            (lost, _) => Err(Failure::new(format!("order {first} was taken away, and missing are {lost:?}"))),
        }
    }

    /// How often a client was answered with this SQLSTATE.
    #[must_use]
    pub fn refused(&self, sqlstate: &str) -> u64 {
        self.actors.iter().filter_map(|actor| actor.acknowledged.refused.get(sqlstate)).sum()
    }

    /// How many of the acknowledged orders are nowhere, and how many were acknowledged.
    pub fn lost(&self) -> Result<(usize, usize)> {
        load::lost(&self.database, &self.acknowledged())
    }

    /// What the clients know.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<&Acknowledged> {
        self.actors.iter().map(|actor| &actor.acknowledged).collect()
    }
}

/// What the server has in its configuration beside these lines: every process of ours runs.
#[must_use]
pub fn settings(more: &str) -> String {
    format!("{PRELOAD}\nbourse.ticker = on\nbourse.tasks = on\n{more}")
}

/// A session of which no statement waits for ever.
fn client(database: &Database) -> Result<Session> {
    let mut session = database.connect_admin()?;
    session.run("SET statement_timeout = '60s'")?;
    Ok(session)
}

/// Trades until it is over or the connection is gone.
fn trade(actor: &mut Actor, over: &AtomicBool) -> Result<()> {
    while !over.load(Ordering::Relaxed) {
        let Err(failure) = actor.step() else { continue };
        let Some(code) = failure.sqlstate.clone() else { return Ok(()) };
        *actor.acknowledged.refused.entry(code.clone()).or_default() += 1;
        match &*code {
            code if STRUCK.contains(&code) => {}
            // Whoever tries again at once only keeps the machine busy.
            DISK_FULL => thread::sleep(Duration::from_millis(20)),
            _ => return Err(failure),
        }
    }
    Ok(())
}

/// Until there are so many orders, or for a minute.
fn wait_for_orders(database: &Database, count: i64) -> Result<()> {
    let (mut session, start) = (database.connect()?, Instant::now());
    while session.number("SELECT count(*) FROM exchange.orders")? < count {
        if start.elapsed() > Duration::from_secs(60) {
            return Err(Failure::new(format!("not {count} orders after a minute")));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
