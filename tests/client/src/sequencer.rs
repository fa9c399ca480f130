//! A server that has preloaded the library, and a look at the sequencer of one of its databases.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Database, Failure, Result, Scratch, Session};

/// What preloads the library.
pub const PRELOAD: &str = "shared_preload_libraries = 'pg_bourse'";

/// How long a test waits for what comes in a moment: a busy machine may take its time, and a sequencer a minute, when
/// somebody looked for one before the tables were there.
const PATIENCE: Duration = Duration::from_secs(80);

/// A server of a test's own with one installed database that has a sequencer.
pub struct Venue {
    /// The server.
    pub scratch: Scratch,
    /// The database.
    pub database: Database,
}

impl Venue {
    /// A new server with these lines in its configuration beside [`PRELOAD`].
    pub fn open(name: &str, settings: &str) -> Result<Self> {
        let scratch = Scratch::furnished(name, &format!("{PRELOAD}\n{settings}"))?;
        let database = Database::on(&scratch.server, "venue")?;
        Ok(Self { scratch, database })
    }

    /// The same with a working sequencer, two markets, and so many users with more money than they can lock in a
    /// test's time on any machine; a session, and the users' ids.
    pub fn funded(name: &str, settings: &str, users: usize) -> Result<(Self, Session, Vec<i64>)> {
        let venue = Self::open(name, settings)?;
        let mut session = venue.connect()?;
        let ids = crate::load::prepare(&mut session, &["BTC-USD", "ETH-USD"], users)?;
        for id in &ids {
            session.fund(*id, &[("USD", "1000000000"), ("BTC", "10000000"), ("ETH", "10000000")])?;
        }
        session.sequencer()?;
        Ok((venue, session, ids))
    }

    /// Works, and tells beside it how long the slowest of the plain one-row INSERTs took that were committed
    /// meanwhile: a disk that stalls delays everybody, and is no fault of the sequencer.
    pub fn beside_inserts<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
        self.connect()?.run("CREATE TABLE IF NOT EXISTS public.plain (n int)")?;
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let inserts = scope.spawn(|| {
                let (mut session, mut slowest, start) = (self.connect()?, Duration::ZERO, Instant::now());
                // Work that panics does not say that it is done.
                while !done.load(Ordering::Relaxed) && start.elapsed() < Duration::from_secs(60) {
                    let sent = Instant::now();
                    session.run("INSERT INTO public.plain VALUES (1)")?;
                    slowest = slowest.max(sent.elapsed());
                    thread::sleep(Duration::from_millis(1));
                }
                Ok::<_, Failure>(slowest)
            });
            let outcome = work();
            done.store(true, Ordering::Relaxed);
            let slowest = inserts.join().expect("no panic beside the work")?;
            Ok((outcome?, slowest))
        })
    }

    /// A session of the superuser. None of its statements waits for ever, whatever goes wrong.
    pub fn connect(&self) -> Result<Session> {
        let mut session = self.database.connect()?;
        session.run("SET statement_timeout = '60s'")?;
        Ok(session)
    }

    /// Runs so many clients at once, each on a thread of its own; their results in order.
    pub fn clients<T: Send>(&self, count: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
        let work = &work;
        thread::scope(|scope| {
            let clients: Vec<_> = (0..count).map(|n| scope.spawn(move || work(n))).collect();
            clients.into_iter().map(|client| client.join().expect("no panic in a client")).collect()
        })
    }
}

/// A limit order for `submit_order`.
#[must_use]
pub fn submission(user: i64, symbol: &str, side: &str, price: &str, client_id: &str) -> String {
    format!(
        "SELECT (exchange.submit_order({user}, '{symbol}', '{side}', {price}, 1, client_order_id => '{client_id}')).id"
    )
}

/// What `sequencer_status()` tells, and how long it takes to become otherwise.
impl Session {
    /// The state of the sequencer.
    pub fn sequencer_state(&mut self) -> Result<String> {
        self.line("SELECT state FROM exchange.sequencer_status()")
    }

    /// Its process, once it works.
    pub fn sequencer(&mut self) -> Result<i64> {
        self.wait_for("SELECT state = 'working' FROM exchange.sequencer_status()")?;
        self.number("SELECT pid FROM exchange.sequencer_status()")
    }

    /// Waits until so many requests are queued.
    pub fn wait_for_queue(&mut self, count: usize) -> Result<()> {
        self.wait_for(&format!("SELECT queued = {count} FROM exchange.sequencer_status()")).map(drop)
    }

    /// Waits until a query returns true; how long that took.
    pub fn wait_for(&mut self, sql: &str) -> Result<Duration> {
        let start = Instant::now();
        while self.line(sql)? != "t" {
            if start.elapsed() > PATIENCE {
                let status = self.line("SELECT s FROM exchange.sequencer_status() s").unwrap_or_default();
                return Err(Failure::new(format!("not true after {PATIENCE:?}, sequencer {status}\n  in: {sql}")));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(start.elapsed())
    }

    /// The whole error of a statement that is refused: SQLSTATE, message, HINT.
    pub fn refusal(&mut self, sql: &str) -> Result<String> {
        match self.run(sql) {
            Ok(()) => Err(Failure::new(format!("not refused\n  in: {sql}"))),
            Err(failure) if failure.sqlstate.is_some() => {
                let said = failure.to_string();
                Ok(said.split("\n  in: ").next().unwrap_or_default().to_owned())
            }
            Err(failure) => Err(failure),
        }
    }
}
