//! Orders of bots in markets that somebody else holds: what is to be cancelled elsewhere goes, and nobody waits long.

use std::time::{Duration, Instant};

use client_tests::sequencer::Venue;
use client_tests::{Database, Result, Session};

/// A user with money, a silent bot with resting entries in the markets AAA-USD and ZZZ-USD.
fn lived_in(database: &Database) -> Result<Session> {
    let mut root = database.connect()?;
    root.run(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann'), (2, 'ben');
         SELECT exchange.create_market(s || '-USD', s, 'USD') FROM unnest('{AAA,ZZZ}'::text[]) s;
         SELECT exchange.deposit(u, 'USD', 100000) FROM unnest('{1,2}'::bigint[]) u;
         SELECT trading.create_bot(1, 'grid', '{}');
         SELECT trading.start_bot(1), trading.heartbeat(1)",
    )?;
    root.run(
        "SELECT trading.place_order(1, s || '-USD', 'buy', 1, 1)
         FROM unnest('{AAA,ZZZ}'::text[]) s, generate_series(1, 40)",
    )?;
    root.run("UPDATE trading.bot_heartbeats SET last_heartbeat = now() - interval '5 minutes'")?;
    Ok(root)
}

const RESTING: &str = "SELECT string_agg(symbol || ' ' || n, ', ' ORDER BY symbol) FROM (
     SELECT symbol, count(*) AS n FROM exchange.orders WHERE user_id = 1 AND status = 'open' GROUP BY 1) o";

/// Once nobody holds the market.
fn the_rest_goes(root: &mut Session, holder: &mut Session) -> Result<()> {
    holder.run("COMMIT")?;
    root.run("SELECT * FROM trading.sweep_bots()")?;
    assert_eq!(root.number("SELECT count(*) FROM exchange.orders WHERE user_id = 1 AND status = 'open'")?, 0);
    Ok(())
}

#[test]
fn a_sweep_waits_for_no_market_that_somebody_holds() -> Result<()> {
    let database = Database::fresh("trading_held_market")?;
    let mut root = lived_in(&database)?;
    let mut holder = database.connect()?;
    holder.run("BEGIN; SELECT exchange.place_order(2, 'AAA-USD', 'buy', 1, 1)")?;
    let began = Instant::now();
    root.run("SELECT * FROM trading.sweep_bots()")?;
    // Who waited for the market would wait for good.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?} for 40 orders of a market that is held", began.elapsed());
    assert_eq!(root.line(RESTING)?, "AAA-USD 40");
    the_rest_goes(&mut root, &mut holder)
}

/// The kill switch: its user's transaction holds the bot, or a market.
#[test]
fn an_operator_waits_for_a_bounded_time() -> Result<()> {
    let database = Database::fresh("trading_held_bot")?;
    let mut root = lived_in(&database)?;
    let mut holder = database.connect()?;
    holder.run("BEGIN; SELECT trading.apply_cash(1, 'held', 'deposit', 1)")?;
    assert_eq!(root.refused("SELECT trading.disable_bot(1)")?, "55P03");
    holder.run("ROLLBACK; BEGIN; SELECT exchange.place_order(2, 'AAA-USD', 'buy', 1, 1)")?;
    let began = Instant::now();
    root.run("SELECT trading.disable_bot(1)")?;
    assert!(began.elapsed() < Duration::from_secs(9), "one wait for a market: {:?}", began.elapsed());
    assert_eq!(root.line(RESTING)?, "AAA-USD 40");
    the_rest_goes(&mut root, &mut holder)
}

/// The platform's own process acts for nobody, and comes by no door. A login that may hold no market has it cancel.
#[test]
fn the_ticker_cancels_what_is_to_go_where_others_hold_no_market() -> Result<()> {
    let settings = "bourse.ticker = on\nbourse.ticker_interval = '50ms'\nbourse.sequencer_only = on";
    let venue = Venue::open("trading_ticker", settings)?;
    venue.database.login("ticked_trader", "bourse_trader")?;
    let mut root = venue.connect()?;
    root.run(
        "INSERT INTO identity.users (id, name, db_role) VALUES (1, 'ann', 'ticked_trader');
         SELECT exchange.create_market('BTC-USD', 'BTC', 'USD'), exchange.deposit(1, 'USD', 1000)",
    )?;
    root.run(
        "BEGIN; SELECT trading.create_bot(1, 'grid', '{}') FROM generate_series(1, 2);
         SELECT trading.start_bot(1), trading.start_bot(2), trading.heartbeat(1)",
    )?;
    root.run("SELECT trading.place_order(b, 'BTC-USD', 'buy', 1, 1) FROM generate_series(1, 2) b")?;
    root.run(
        "UPDATE trading.bot_heartbeats SET last_heartbeat = now() - interval '5 minutes' WHERE bot_id = 1; COMMIT",
    )?;
    let mut trader = venue.database.connect_as("ticked_trader")?;
    assert_eq!(trader.line("SELECT trading.stop_bot(2)")?, "stopped");
    assert_eq!(root.line("SELECT detail FROM trading.bot_events(2, 1)")?, "{\"orders_left\": 1}");
    root.wait_for("SELECT count(*) = 0 FROM exchange.orders WHERE status = 'open'")?;
    assert_eq!(root.line("SELECT string_agg(status, ' ' ORDER BY id) FROM trading.bots")?, "error stopped");
    Ok(())
}
