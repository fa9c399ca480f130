//! The supervisor: workers of two kinds in one database, which come, go and come back without each other.

use client_tests::sequencer::Venue;
use client_tests::{Result, Session};

/// The ticker is on, and hurries.
const TICKING: &str = "bourse.ticker = on\nbourse.ticker_interval = '50ms'";

/// A `bourse_private.tick()` that notes each of its calls, and that install() has the supervisor look for at once.
const TICK: &str = "
    CREATE TABLE IF NOT EXISTS public.ticks (at timestamptz DEFAULT clock_timestamp());
    GRANT INSERT ON public.ticks TO bourse_owner;
    CREATE OR REPLACE FUNCTION bourse_private.tick() RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp
        AS 'INSERT INTO public.ticks DEFAULT VALUES';
    SELECT bourse.install();";

/// The process of a worker here, once it works and is not this one.
fn worker(session: &mut Session, kind: &str, not: i64) -> Result<i64> {
    let here = format!("FROM bourse.workers() WHERE database = current_database() AND kind = '{kind}'");
    session.wait_for(&format!("SELECT count(*) = 1 {here} AND state = 'working' AND pid <> {not}"))?;
    session.number(&format!("SELECT pid {here}"))
}

/// Waits for so many more ticks than there have been.
fn wait_for_ticks(session: &mut Session, more: i64) -> Result<()> {
    let before = session.number("SELECT count(*) FROM public.ticks")?;
    session.wait_for(&format!("SELECT count(*) >= {} FROM public.ticks", before + more)).map(drop)
}

#[test]
fn two_kinds_work_in_one_database_and_end_alone() -> Result<()> {
    let venue = Venue::open("workers_two", TICKING)?;
    let mut session = venue.connect()?;
    session.run(TICK)?;
    let (sequencer, ticker) = (worker(&mut session, "sequencer", 0)?, worker(&mut session, "ticker", 0)?);
    wait_for_ticks(&mut session, 3)?;
    let types = session.rows(
        "SELECT backend_type FROM pg_stat_activity
         WHERE backend_type LIKE 'pg_bourse%' AND datname = current_database() ORDER BY 1",
    )?;
    let types: Vec<&str> = types.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(types, ["pg_bourse sequencer", "pg_bourse ticker"]);
    // Each comes back by itself, and the other has not noticed.
    session.run(&format!("SELECT pg_terminate_backend({ticker})"))?;
    let second = worker(&mut session, "ticker", ticker)?;
    wait_for_ticks(&mut session, 3)?;
    assert_eq!(worker(&mut session, "sequencer", 0)?, sequencer);
    session.run(&format!("SELECT pg_terminate_backend({sequencer})"))?;
    worker(&mut session, "sequencer", sequencer)?;
    assert_eq!(worker(&mut session, "ticker", 0)?, second);
    // What becomes of a killed one, every process of the server shares.
    venue.scratch.signal("-9", second)?;
    std::thread::sleep(std::time::Duration::from_millis(300));
    venue.scratch.wait()?;
    let mut session = venue.connect()?;
    worker(&mut session, "ticker", second)?;
    worker(&mut session, "sequencer", sequencer)?;
    wait_for_ticks(&mut session, 3)?;
    session.verify_is_empty()
}

#[test]
fn a_command_that_needs_the_database_sends_all_of_them_away() -> Result<()> {
    let venue = Venue::open("workers_cleared", TICKING)?;
    let mut session = venue.connect()?;
    session.run(TICK)?;
    let (sequencer, ticker) = (worker(&mut session, "sequencer", 0)?, worker(&mut session, "ticker", 0)?);
    drop(session);
    let mut outside = venue.scratch.server.connect("postgres", "postgres")?;
    outside.run("ALTER DATABASE venue RENAME TO elsewhere")?;
    let mut session = venue.scratch.server.connect("elsewhere", "postgres")?;
    worker(&mut session, "sequencer", sequencer)?;
    worker(&mut session, "ticker", ticker)?;
    drop(session);
    outside.run("DROP DATABASE elsewhere")
}

#[test]
fn a_ticker_that_fails_says_why_and_goes_on() -> Result<()> {
    let venue = Venue::open("workers_failing", TICKING)?;
    let mut session = venue.connect()?;
    session.run(TICK)?;
    let ticker = worker(&mut session, "ticker", 0)?;
    session.run(
        "CREATE OR REPLACE FUNCTION bourse_private.tick() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
         AS 'BEGIN RAISE EXCEPTION ''no tick today''; END'",
    )?;
    let setback =
        "SELECT setback = 'no tick today (P0001)' FROM bourse.workers() WHERE kind = 'ticker' AND pid IS NOT NULL";
    session.wait_for(setback)?;
    let told = "SELECT severity, detail FROM bourse.alerts() WHERE alert = 'ticker_has_a_setback'";
    assert_eq!(session.lines(told)?, ["warning|no tick today (P0001)"]);
    session.run(TICK)?;
    wait_for_ticks(&mut session, 3)?;
    session.wait_for("SELECT bool_and(setback IS NULL) FROM bourse.workers()")?;
    assert_eq!(worker(&mut session, "ticker", 0)?, ticker);
    // A pause is for it too.
    let state = |state: &str| format!("SELECT state = '{state}' FROM bourse.workers() WHERE pid = {ticker}");
    session.run("SELECT bourse.pause()")?;
    session.wait_for(&state("paused"))?;
    let before = session.number("SELECT count(*) FROM public.ticks")?;
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(session.number("SELECT count(*) FROM public.ticks")?, before);
    session.run("SELECT bourse.resume()")?;
    session.wait_for(&state("working"))?;
    wait_for_ticks(&mut session, 1)
}

#[test]
fn a_kind_that_is_off_has_no_process() -> Result<()> {
    let venue = Venue::open("workers_off", "")?;
    let mut session = venue.connect()?;
    session.run(TICK)?;
    worker(&mut session, "sequencer", 0)?;
    let tickers = "SELECT count(*) FROM bourse.workers() WHERE kind = 'ticker'";
    assert_eq!(session.number(tickers)?, 0);
    session.run("ALTER SYSTEM SET bourse.ticker = on")?;
    session.run("SELECT pg_reload_conf()")?;
    let ticker = worker(&mut session, "ticker", 0)?;
    session.run("ALTER SYSTEM RESET bourse.ticker")?;
    session.run("SELECT pg_reload_conf()")?;
    session.wait_for(&format!("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {ticker}"))?;
    session.wait_for("SELECT count(*) = 0 FROM bourse.workers() WHERE kind = 'ticker'")?;
    assert_eq!(session.number("SELECT count(*) FROM public.ticks WHERE at > now()")?, 0);
    Ok(())
}
