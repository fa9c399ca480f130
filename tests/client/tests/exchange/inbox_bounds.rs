//! Nothing that is put into the inbox stops the sequencer: not its size, not its work, not what cannot be recorded,
//! not what kills whoever carries it out.

use std::fs;

use client_tests::sequencer::Venue;
use client_tests::{Database, Failure, Result, Session};

/// Commands that wait; those that are set aside do not.
const NONE_WAITS: &str = "SELECT count(*) = 0 FROM exchange.order_commands WHERE set_aside_at IS NULL";
const ASIDE: &str = "SELECT concat_ws('|', client_order_id, set_aside_sqlstate, set_aside_reason)
                     FROM exchange.order_commands WHERE set_aside_at IS NOT NULL ORDER BY id";

fn insert(columns: &str, values: &str) -> String {
    format!("INSERT INTO exchange.order_commands (action, user_id, {columns}) VALUES ('new', 1, {values})")
}

/// Commands 1 to `count` of a user, one of them with a name of its own.
fn fill(session: &mut Session, user: i64, count: usize, at: usize, name: &str) -> Result<()> {
    session.run(&format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         SELECT 'new', {user}, 'BTC-USD', CASE WHEN n = {at} THEN '{name}' ELSE 'good ' || n END, 'buy', 90, 1
         FROM generate_series(1, {count}) n"
    ))
}

#[test]
fn every_column_of_a_command_is_bounded() -> Result<()> {
    let database = Database::fresh("inbox_columns")?;
    let mut session = database.connect()?;
    session.user("alice")?;
    for column in ["symbol", "client_order_id", "side", "order_type", "time_in_force", "self_trade_prevention"] {
        session.run(&insert(column, "repeat('x', 1000)"))?;
        assert_eq!(session.refused(&insert(column, "repeat('x', 1001)"))?, "23514", "{column}");
    }
    for column in ["price", "amount", "stop_price", "display_amount", "quote_amount"] {
        session.run(&insert(column, "repeat('9', 1000)::numeric"))?;
        assert_eq!(session.refused(&insert(column, "repeat('9', 1100)::numeric"))?, "23514", "{column}");
    }
    let action =
        |length| format!("INSERT INTO exchange.order_commands (action, user_id) VALUES (repeat('x', {length}), 1)");
    session.run(&action(1000))?;
    assert_eq!(session.refused(&action(1001))?, "23514");
    // What is merely wrong is refused later, and told in a few words.
    session.run("CALL exchange.match_orders()")?;
    let longest = session.number("SELECT max(length(reason)) FROM exchange.command_rejections")?;
    assert!(longest <= 241, "a reason of {longest} characters");
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections")?, 12);
    session.verify_is_empty()
}

/// Such as a version without bounds has left behind: one INSERT of many large texts.
#[test]
fn large_commands_come_a_few_at_a_time() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("inbox_flood", "", 1)?;
    session.run("ALTER TABLE exchange.order_commands DROP CONSTRAINT order_commands_size_check")?;
    session.run(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, side, client_order_id)
         SELECT 'new', 1, 'BTC-USD', 'buy', repeat('x', 20000000) FROM generate_series(1, 20)",
    )?;
    fill(&mut session, users[0], 3, 0, "")?;
    session.wait_for(NONE_WAITS)?;
    let pid = session.sequencer()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kilobytes: usize = line.trim().trim_end_matches(" kB").trim().parse().unwrap_or(usize::MAX);
    println!("the sequencer has used {kilobytes} kB");
    assert!(kilobytes < 300_000, "{kilobytes} kB");
    let kept = "SELECT count(*) FROM exchange.command_rejections WHERE octet_length(client_order_id) <= 1000";
    assert_eq!(session.number(kept)?, 20);
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id LIKE 'good%'")?, 3);
    session.verify_is_empty()
}

#[test]
fn a_transaction_of_a_batch_is_bounded_in_work() -> Result<()> {
    let database = Database::fresh("inbox_work")?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    session.user("alice")?;
    session.run(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id)
         SELECT 'cancel', 1, 'BTC-USD', 'none' FROM generate_series(1, 100005)",
    )?;
    session.run("CALL exchange.match_orders(batch_size => 1000000)")?;
    let transactions = "SELECT count(*) FROM exchange.command_rejections GROUP BY xmin ORDER BY 1";
    let counts = session.lines(transactions)?;
    // Each batch is a subtransaction.
    assert_eq!(counts, ["5", "100000"]);
    session.verify_is_empty()
}

/// An index of the operator's on the rejections, which does not take this one.
#[test]
fn a_command_that_can_neither_be_carried_out_nor_refused_is_set_aside() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("inbox_aside", "", 1)?;
    session.picky_index("exchange.command_rejections", "cursed%")?;
    session.run(&format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id) VALUES
         ('cancel', {0}, 'BTC-USD', 'before'), ('cancel', {0}, 'BTC-USD', 'cursed'), ('cancel', {0}, 'BTC-USD', 'after')",
        users[0]
    ))?;
    fill(&mut session, users[0], 10, 0, "")?;
    session.wait_for(NONE_WAITS)?;
    assert_eq!(session.lines(ASIDE)?, ["cursed|22012|not this one: cursed"]);
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections")?, 2);
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 10);
    // Nobody tries it again, until an operator says so.
    session.run("CALL exchange.match_orders()")?;
    assert_eq!(session.lines(ASIDE)?.len(), 1);
    session.run("DROP INDEX exchange.picky; UPDATE exchange.order_commands SET set_aside_at = NULL")?;
    session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections")?, 3);
    session.verify_is_empty()
}

/// An index of the operator's on the orders, which ends the process that adds this one to it, or keeps it long.
fn plant(session: &mut Session) -> Result<()> {
    session.run(
        "CREATE FUNCTION public.deadly(name text) RETURNS text IMMUTABLE SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
         BEGIN
             IF name = 'killer' THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); END IF;
             IF name = 'slow' THEN PERFORM pg_sleep(2); END IF;
             RETURN name;
         END $$;
         CREATE INDEX deadly ON exchange.orders (public.deadly(client_order_id));",
    )
}

#[test]
fn a_command_that_kills_its_sequencer_is_set_aside() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("inbox_killer", "", 1)?;
    plant(&mut session)?;
    fill(&mut session, users[0], 20, 7, "killer")?;
    println!("set aside after {:?}", session.wait_for(NONE_WAITS)?);
    let aside = session.lines(ASIDE)?;
    assert!(aside.len() == 1 && aside[0].starts_with("killer|58000|"), "{aside:?}");
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 19);
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_attempts")?, 0);
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections")?, 0);
    session.verify_is_empty()
}

/// Somebody ends the sequencer in the middle of an innocent command, twice.
#[test]
fn a_command_whose_sequencer_is_ended_by_others_is_carried_out() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("inbox_innocent", "", 1)?;
    plant(&mut session)?;
    fill(&mut session, users[0], 5, 3, "slow")?;
    let (sleeps, mut pid) = ("backend_type = 'pg_bourse sequencer' AND wait_event = 'PgSleep'", 0);
    for round in 0..2 {
        session.wait_for(&format!("SELECT count(*) = 1 FROM pg_stat_activity WHERE {sleeps} AND pid <> {pid}"))?;
        pid = session.number(&format!("SELECT pid FROM pg_stat_activity WHERE {sleeps}"))?;
        if round == 0 {
            session.run(&format!("SELECT pg_terminate_backend({pid})"))?;
        } else {
            // The whole server starts again.
            venue.scratch.kill_backend(pid)?;
            session = venue.connect()?;
        }
    }
    session.wait_for(NONE_WAITS)?;
    if session.number("SELECT count(*) FROM exchange.orders")? != 5 {
        return Err(Failure::new(format!("set aside: {:?}", session.lines(ASIDE)?)));
    }
    session.verify_is_empty()
}
