//! What the sequencer does without being asked: the bulk inbox, orders that end, stops, notifications.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::sequencer::{Venue, submission};
use client_tests::{Failure, Result};
use postgres::fallible_iterator::FallibleIterator;

const EMPTY: &str = "SELECT count(*) = 0 FROM exchange.order_commands";

fn command(user: i64, symbol: &str, id: &str) -> String {
    format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         VALUES ('new', {user}, '{symbol}', '{id}', 'buy', 90, 1)"
    )
}

#[test]
fn the_inbox_is_drained_without_a_call() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("sequencer_inbox", "", 1)?;
    session.run(&command(users[0], "BTC-USD", "good"))?;
    session.run(&command(users[0], "XXX-USD", "bad"))?;
    println!("drained after {:?}", session.wait_for(EMPTY)?);
    assert_eq!(session.lines("SELECT client_order_id FROM exchange.orders")?, ["good"]);
    assert_eq!(session.lines("SELECT client_order_id, sqlstate FROM exchange.command_rejections")?, ["bad|42704"]);
    session.run("ALTER SYSTEM SET bourse.drain_inbox = off")?;
    session.run("SELECT pg_reload_conf()")?;
    // Until the sequencer has heard of it.
    thread::sleep(Duration::from_secs(3));
    session.run(&command(users[0], "BTC-USD", "stays"))?;
    thread::sleep(Duration::from_secs(2));
    assert_eq!(session.line(EMPTY)?, "f", "drained although it was switched off");
    // The other doors are open all the same.
    session.number(&submission(users[0], "BTC-USD", "buy", "91", "submitted"))?;
    session.run("CALL exchange.match_orders()")?;
    assert_eq!(session.line(EMPTY)?, "t");
    session.run("ALTER SYSTEM RESET bourse.drain_inbox")?;
    session.run("SELECT pg_reload_conf()")?;
    session.run(&command(users[0], "BTC-USD", "goes"))?;
    session.wait_for(EMPTY)?;
    session.verify_is_empty()
}

#[test]
fn a_large_inbox_starves_nobody() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_backlog", "", 4)?;
    session.run(&format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         SELECT 'new', {}, 'BTC-USD', 'bulk ' || n, CASE WHEN n % 2 = 0 THEN 'buy' ELSE 'sell' END, 95 + n % 11, 0.001
         FROM generate_series(1, 100000) n",
        users[0]
    ))?;
    let start = Instant::now();
    let (all, plain) = venue.beside_inserts(|| {
        venue.clients(3, |n| {
            let (mut session, mut times) = (venue.connect()?, Vec::new());
            let mut watch = venue.connect()?;
            for k in 0.. {
                let symbol = ["BTC-USD", "ETH-USD"][k % 2];
                let sent = Instant::now();
                session.number(&submission(users[1 + n], symbol, "buy", "80", &format!("{n}-{k}")))?;
                times.push(sent.elapsed());
                if k % 20 == 0 && watch.line(EMPTY)? == "t" {
                    break;
                }
            }
            Ok(times)
        })
    })?;
    let whole = start.elapsed();
    let mut times = all.concat();
    times.sort();
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("100,000 commands in {whole:?}; {} orders beside them: p50 {p50:?}, p99 {p99:?}", times.len());
    assert!(times.len() > 10, "{} orders prove nothing", times.len());
    // Behind the whole inbox it would be as long as that takes.
    let allowed = Duration::from_millis(500) + whole / 4 + 2 * plain;
    assert!(p99 < allowed, "{p99:?}, allowed {allowed:?}");
    session.verify_is_empty()
}

#[test]
fn orders_end_and_stops_trigger_by_themselves() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_expiry", "", 3)?;
    session.run(&format!(
        "SELECT exchange.submit_order({0}, m.symbol, 'buy', 90, 1, client_order_id => 'gtd ' || symbol, time_in_force => 'gtd',
             expires_at => clock_timestamp() + interval '5 seconds') FROM exchange.markets m;
         SELECT exchange.submit_order({0}, 'BTC-USD', 'sell', NULL, 1, 'stop', client_order_id => 'stop', stop_price => 95);
         SELECT exchange.submit_order({1}, 'BTC-USD', 'buy', 94, 3, client_order_id => 'bid')",
        users[0], users[1]
    ))?;
    let ended =
        "SELECT count(*) = 2 FROM exchange.orders WHERE client_order_id LIKE 'gtd%' AND cancel_reason = 'expired'";
    println!("expired {:?} after they were sent", session.wait_for(ended)?);
    session.number(&submission(users[2], "BTC-USD", "sell", "94", "trade"))?;
    assert_eq!(
        session.line("SELECT status, filled_amount FROM exchange.orders WHERE client_order_id = 'stop'")?,
        "filled|1.00000000"
    );
    // A market that is held keeps its own orders only.
    let gtd = |symbol: &str| {
        format!(
            "SELECT exchange.submit_order({}, '{symbol}', 'buy', 90, 1, client_order_id => 'again {symbol}',
             time_in_force => 'gtd', expires_at => clock_timestamp() + interval '5 seconds')",
            users[0]
        )
    };
    session.run(&gtd("BTC-USD"))?;
    session.run(&gtd("ETH-USD"))?;
    let mut holder = venue.connect()?;
    holder.run("BEGIN; SELECT exchange.set_market_status('BTC-USD', 'open')")?;
    let freed =
        session.wait_for("SELECT status = 'cancelled' FROM exchange.orders WHERE client_order_id = 'again ETH-USD'");
    holder.run("COMMIT")?;
    freed?;
    session.wait_for("SELECT status = 'cancelled' FROM exchange.orders WHERE client_order_id = 'again BTC-USD'")?;
    session.verify_is_empty()
}

#[test]
fn listeners_are_told_once_for_each_batch_and_market() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_notify", "", 8)?;
    let first = session.sequencer()?;
    session.run("ALTER DATABASE venue SET bourse.notify = on")?;
    // The sequencer reads the settings of its database when it starts.
    session.run(&format!("SELECT pg_terminate_backend({first})"))?;
    session.wait_for(&format!("SELECT state = 'working' AND pid <> {first} FROM exchange.sequencer_status()"))?;
    let mut listener = venue.connect()?;
    listener.run("LISTEN bourse")?;
    session.run("BEGIN; SELECT exchange.set_market_status('BTC-USD', 'open')")?;
    let before = venue.connect()?.number("SELECT batches FROM exchange.sequencer_status()")?;
    thread::scope(|scope| {
        let clients = scope.spawn(|| {
            venue.clients(8, |n| venue.connect()?.number(&submission(users[n], "BTC-USD", "buy", "90", "told")))
        });
        session.wait_for_queue(8)?;
        session.run("ROLLBACK")?;
        clients.join().expect("no panic")
    })?;
    session.number(&submission(users[0], "ETH-USD", "buy", "90", "told too"))?;
    // It counts when everybody has been answered.
    session.wait_for("SELECT requests = 9 FROM exchange.sequencer_status()")?;
    let batches = session.number("SELECT batches FROM exchange.sequencer_status()")? - before;
    let told = listener.client().notifications().timeout_iter(Duration::from_secs(3)).collect::<Vec<_>>();
    let told = told.map_err(|error| Failure::of_statement("LISTEN", &error))?;
    let told: Vec<&str> = told.iter().map(|notification| notification.payload()).collect();
    println!("{batches} batches, told {told:?}");
    assert_eq!(told.len() as i64, batches);
    assert_eq!(told.iter().filter(|symbol| **symbol == "ETH-USD").count(), 1);
    Ok(())
}

#[test]
fn listeners_hear_of_a_halt_and_of_a_bell() -> Result<()> {
    let (venue, mut session, _) = Venue::funded("sequencer_notify_status", "", 1)?;
    let first = session.sequencer()?;
    session.run("ALTER DATABASE venue SET bourse.notify = on")?;
    session.run(&format!("SELECT pg_terminate_backend({first})"))?;
    session.wait_for(&format!("SELECT state = 'working' AND pid <> {first} FROM exchange.sequencer_status()"))?;
    let (mut session, mut listener) = (venue.connect()?, venue.connect()?);
    listener.run("LISTEN bourse")?;
    let mut next = || -> Result<Option<String>> {
        let told = listener.client().notifications().timeout_iter(Duration::from_secs(10)).next();
        let told = told.map_err(|error| Failure::of_statement("LISTEN", &error))?;
        Ok(told.map(|notification| notification.payload().to_owned()))
    };
    session.run("SELECT exchange.set_market_status('ETH-USD', 'halted')")?;
    assert_eq!(next()?.as_deref(), Some("ETH-USD"));
    // The same again is no change: the next that is told is what the bell does, which nobody's command has rung.
    session.run("SELECT exchange.set_market_status('ETH-USD', 'halted')")?;
    let weekly = r#"[{"days": [0, 1, 2, 3, 4, 5, 6], "open": "00:00", "close": "24:00"}]"#;
    session.run(&format!(
        "SELECT calendar.load_calendar(jsonb_build_object('name', 'DAY', 'timezone', 'UTC', 'from', current_date - 5,
             'to', current_date + 5, 'weekly', '{weekly}'::jsonb));
         SELECT exchange.set_market_calendar('BTC-USD', 'DAY');
         SELECT calendar.set_holiday('DAY', current_date + n, 'full_day') FROM generate_series(-1, 1) n"
    ))?;
    assert_eq!(next()?.as_deref(), Some("BTC-USD"));
    session.wait_for("SELECT status = 'cancel_only' FROM exchange.markets WHERE symbol = 'BTC-USD'").map(drop)
}
