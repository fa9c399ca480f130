//! What a thousand viewers cost: how long a trade takes to the last of them, what of a core the screen uses, and whether
//! one of them misses a trade, while orders come. `BOURSE_CLIENTS` and `BOURSE_SECONDS` say otherwise how many viewers
//! there are and how long it takes.

#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../tests/suite/client.rs"]
mod client;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use client_tests::{Database, Failure, Result, setting};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use client::{Screen, house};

const VIEWERS: u64 = 1000;
/// So many of them read the times in their messages, too: the measuring must not take what it measures.
const WATCHED: u64 = 50;
const ORDERS_A_SECOND: u32 = 200;
const SESSIONS: u32 = 4;
const WARM_UP: Duration = Duration::from_secs(5);
const SPAN: u64 = 30;
/// A hundred to a second, on every Linux of today.
const TICKS: f64 = 100.0;

/// What a viewer has seen.
#[derive(Default)]
struct Seen {
    messages: usize,
    missed: i64,
    /// In milliseconds, from the time of the last trade of each message to its arrival.
    of_last: Vec<f64>,
    /// The same of every trade.
    of_any: Vec<f64>,
}

fn main() -> Result<()> {
    let (database, mut sql) = house("screen_viewers", &["ann", "bob"])?;
    sql.run("SELECT exchange.deposit(1, 'BTC', 1000000), exchange.deposit(2, 'USD', 100000000)")?;
    let screen = Screen::start(&database, &[])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ended = AtomicBool::new(false);
    let (viewers, span) = (setting("BOURSE_CLIENTS", VIEWERS), Duration::from_secs(setting("BOURSE_SECONDS", SPAN)));
    let (seen, used) = thread::scope(|scope| {
        let traders: Vec<_> = (0..SESSIONS)
            .map(|number| {
                scope.spawn({
                    let (database, ended) = (&database, &ended);
                    move || trade(database, number, ended)
                })
            })
            .collect();
        let end = Instant::now() + WARM_UP + span;
        let viewers: Vec<_> =
            (0..viewers).map(|number| runtime.spawn(view(screen.address.clone(), number < WATCHED, end))).collect();
        thread::sleep(WARM_UP);
        let before = ticks(screen.server.id())?;
        thread::sleep(span);
        let used = (ticks(screen.server.id())? - before) / TICKS / span.as_secs_f64();
        let seen: Vec<Seen> = runtime.block_on(async {
            let mut all = Vec::new();
            for viewer in viewers {
                all.push(viewer.await.map_err(|error| Failure::new(error.to_string()))??);
            }
            Ok::<_, Failure>(all)
        })?;
        ended.store(true, Ordering::Relaxed);
        for trader in traders {
            trader.join().map_err(|_| Failure::new("a trader panicked"))??;
        }
        Ok::<_, Failure>((seen, used))
    })?;
    report(&seen, WARM_UP + span, used);
    Ok(())
}

fn report(seen: &[Seen], time: Duration, used: f64) {
    let at = |delays: &[f64], part: usize| delays.get(delays.len() * part / 100).copied().unwrap_or(f64::NAN);
    let messages: usize = seen.iter().map(|one| one.messages).sum();
    let missed: i64 = seen.iter().map(|one| one.missed).sum();
    let rate = messages as f64 / seen.len() as f64 / time.as_secs_f64();
    println!("viewers {}, messages to each {rate:.1}/s, orders {ORDERS_A_SECOND}/s", seen.len());
    // A trade waits up to a tenth of a second for its message, the last of a message the least.
    for (name, delays) in [
        ("the last trade of a message", sorted(seen.iter().flat_map(|one| &one.of_last))),
        ("any trade", sorted(seen.iter().flat_map(|one| &one.of_any))),
    ] {
        println!("from {name} to the viewer: median {:.0} ms, p99 {:.0} ms", at(&delays, 50), at(&delays, 99));
    }
    println!("the screen uses {used:.2} cores (goal: 0.5); sequences missed: {missed} (goal: 0)");
}

fn sorted<'a>(delays: impl Iterator<Item = &'a f64>) -> Vec<f64> {
    let mut delays: Vec<f64> = delays.copied().collect();
    delays.sort_by(f64::total_cmp);
    delays
}

/// An order of either side in turn at the same price: half of them trade.
fn trade(database: &Database, number: u32, ended: &AtomicBool) -> Result<()> {
    let mut sql = database.connect()?;
    let pace = Duration::from_secs(1) * SESSIONS / ORDERS_A_SECOND;
    let mut next = Instant::now() + pace * number / SESSIONS;
    while !ended.load(Ordering::Relaxed) {
        for (user, side) in [(1, "sell"), (2, "buy")] {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            next += pace;
            sql.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', '{side}', 100, 0.001)"))?;
        }
    }
    Ok(())
}

/// What this process has used so far.
fn ticks(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    Ok(number(11) + number(12))
}

async fn view(address: String, watched: bool, end: Instant) -> Result<Seen> {
    let mut stream = TcpStream::connect(&address).await?;
    let request = format!("GET /api/markets/BTC-USD/stream HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut lines = BufReader::with_capacity(1 << 14, stream).lines();
    let (mut seen, mut last) = (Seen::default(), None);
    loop {
        let line = match tokio::time::timeout_at(end.into(), lines.next_line()).await {
            Err(_) => return Ok(seen),
            Ok(line) => line?.ok_or_else(|| Failure::new("a viewer was cut off"))?,
        };
        let Some(data) = line.strip_prefix("data: ") else { continue };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
        let mut sequences = data.split("\"sequence\":\"").skip(1).map(number);
        let (state, first) = (sequences.next().flatten(), sequences.next().flatten());
        if let (Some(last), Some(first)) = (last, first) {
            seen.missed += first - last - 1;
        }
        // What a new viewer is told of the past has no delay.
        if watched && last.is_some() && first.is_some() {
            let delays: Vec<f64> = times(data).map(|at| (now - at) * 1000.0).collect();
            seen.of_last.extend(delays.last());
            seen.of_any.extend(delays);
        }
        seen.messages += 1;
        last = state;
    }
}

fn number(text: &str) -> Option<i64> {
    text.split('"').next()?.parse().ok()
}

/// The times of the trades of a message, of today, in seconds since 1970.
fn times(data: &str) -> impl Iterator<Item = f64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let midnight = (now - now % 86_400) as f64;
    let trades = data.split("\"book\"").next().unwrap_or_default();
    trades.split("\"at\":\"").skip(1).filter_map(move |at| {
        let clock = at.split(['T', '+']).nth(1)?;
        let mut parts = clock.split(':').map(|part| part.parse::<f64>().unwrap_or(0.0));
        let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
        Some(midnight + hours * 3600.0 + minutes * 60.0 + seconds)
    })
}
