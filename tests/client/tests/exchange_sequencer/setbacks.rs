//! One command, one database, one caller that cannot be served never stops the others.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use client_tests::sequencer::{Venue, submission};
use client_tests::{Database, Result, Server, Session};

const EMPTY: &str = "SELECT count(*) = 0 FROM exchange.order_commands";
const REJECTED: &str = "SELECT client_order_id, sqlstate, reason FROM exchange.command_rejections ORDER BY command_id";

fn command(session: &mut Session, id: i64, user: i64, symbol: &str, name: &str) -> Result<()> {
    session.run(&format!(
        "INSERT INTO exchange.order_commands (id, action, user_id, symbol, client_order_id, side, price, amount)
         VALUES ({id}, 'new', {user}, '{symbol}', '{name}', 'buy', 90, 1)"
    ))
}

/// Fills the inbox with good and poisoned commands; the names of the poisoned.
fn fill(session: &mut Session, user: i64) -> Result<()> {
    session.run(&format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         SELECT 'new', {user}, 'BTC-USD', CASE WHEN n IN (1, 77, 78, 400) THEN 'poison ' ELSE 'good ' END || n, 'buy', 90, 1
         FROM generate_series(1, 400) n"
    ))
}

fn only_the_poison_is_refused(session: &mut Session) -> Result<()> {
    let refused = [1, 77, 78, 400].map(|n| format!("poison {n}|22012|not this one: poison {n}"));
    assert_eq!(session.lines(REJECTED)?, refused);
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 396);
    assert_eq!(session.line("SELECT bool_and(hint IS NULL) FROM exchange.command_rejections")?, "t");
    // In the order in which they came.
    let order = "SELECT count(*) FROM (SELECT priority < lag(priority) OVER (ORDER BY substr(client_order_id, 6)::int)
                 AS wrong FROM exchange.orders) o WHERE wrong";
    assert_eq!(session.number(order)?, 0);
    session.verify_is_empty()
}

#[test]
fn a_command_that_raises_an_error_is_refused_alone() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("sequencer_poison", "", 1)?;
    session.picky_index("exchange.orders", "poison%")?;
    fill(&mut session, users[0])?;
    session.wait_for(EMPTY)?;
    only_the_poison_is_refused(&mut session)?;
    let call = submission(users[0], "BTC-USD", "buy", "90", "poison too");
    assert_eq!(session.refusal(&call)?.lines().count(), 1, "a HINT that says nothing");
    Ok(())
}

#[test]
fn match_orders_refuses_a_command_that_raises_an_error() -> Result<()> {
    let database = Database::fresh("setbacks_match_orders")?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "1000000")])?;
    session.picky_index("exchange.orders", "poison%")?;
    fill(&mut session, user)?;
    session.run("CALL exchange.match_orders(batch_size => 150)")?;
    assert_eq!(session.line(EMPTY)?, "t");
    only_the_poison_is_refused(&mut session)
}

/// What stands in the way of every command is no command's fault.
#[test]
fn a_missing_column_refuses_no_command() -> Result<()> {
    let database = Database::fresh("setbacks_missing")?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "1000000")])?;
    for n in 1..=3 {
        command(&mut session, n, user, "BTC-USD", &format!("good {n}"))?;
    }
    session.run("ALTER TABLE exchange.orders RENAME COLUMN cancel_reason TO elsewhere")?;
    assert_eq!(session.refused("CALL exchange.match_orders()")?, "55000");
    session.run("ALTER TABLE exchange.orders RENAME COLUMN elsewhere TO cancel_reason")?;
    session.run("CALL exchange.match_orders()")?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 3);
    session.verify_is_empty()
}

#[test]
fn an_id_that_was_refused_before_is_refused_again() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("sequencer_twice", "", 1)?;
    for name in ["first", "second"] {
        command(&mut session, 7, users[0], "XXX-USD", name)?;
        session.wait_for(EMPTY)?;
    }
    assert_eq!(session.lines(REJECTED)?, ["second|42704|market XXX-USD does not exist"]);
    // Whatever number a command has, it is carried out or refused.
    command(&mut session, 0, users[0], "BTC-USD", "zero")?;
    command(&mut session, -5, users[0], "XXX-USD", "below")?;
    command(&mut session, i64::MIN, users[0], "BTC-USD", "lowest")?;
    session.wait_for(EMPTY)?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 2);
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections WHERE command_id = -5")?, 1);
    session.verify_is_empty()
}

#[test]
fn a_database_that_is_not_utf8_is_not_installed() -> Result<()> {
    let server = Server::of_suite()?;
    let mut session = server.connect("postgres", "postgres")?;
    for (name, encoding) in [("setbacks_latin1", "LATIN1"), ("setbacks_ascii", "SQL_ASCII")] {
        session.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        session.run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"))?;
        let mut other = server.connect(name, "postgres")?;
        other.run("CREATE EXTENSION pg_bourse")?;
        let said = other.refusal("SELECT bourse.install()")?;
        assert!(said.contains("0A000") && said.contains(encoding) && said.contains("HINT"), "{said}");
    }
    Ok(())
}

/// The sequencer would wait for what the caller's transaction holds, and the caller for the sequencer.
#[test]
fn a_transaction_that_holds_a_lock_is_refused() -> Result<()> {
    let (venue, _session, users) = Venue::funded("sequencer_holder", "", 1)?;
    let mut session = venue.connect()?;
    session.run("SET statement_timeout = '30s'")?;
    for (n, before) in [
        "SELECT exchange.expire_orders('BTC-USD')",
        "SELECT exchange.set_market_status('BTC-USD', 'open')",
        "LOCK TABLE exchange.orders IN SHARE MODE",
        "LOCK TABLE exchange.assets IN EXCLUSIVE MODE",
        "LOCK TABLE identity.users IN ACCESS EXCLUSIVE MODE",
        "SELECT exchange.cancel_all_orders(NULL) FROM identity.users WHERE false; SELECT exchange_private.match_batch('BTC-USD', 1)",
    ]
    .into_iter()
    .enumerate()
    {
        session.run("BEGIN")?;
        session.run(before)?;
        let call = submission(users[0], "BTC-USD", "buy", "90", &format!("held {n}"));
        assert_eq!(session.refused(&call)?, "25001", "{before}");
        session.run("ROLLBACK")?;
        session.number(&call)?;
    }
    // What keeps no writer out does not matter, nor does a transaction that has ended.
    session.run("BEGIN; LOCK TABLE exchange.orders IN ROW EXCLUSIVE MODE; SELECT * FROM exchange.markets")?;
    session.number(&submission(users[0], "BTC-USD", "buy", "90", "after reads"))?;
    session.run("COMMIT")?;
    session.verify_is_empty()
}

#[test]
fn each_call_names_the_call_that_works_instead() -> Result<()> {
    let (venue, _session, users) = Venue::funded("sequencer_hints", "", 1)?;
    let mut session = venue.connect()?;
    let order = session.number(&submission(users[0], "BTC-USD", "buy", "90", "order"))?;
    for (call, instead) in [
        (submission(users[0], "BTC-USD", "buy", "90", "other"), "place_order()"),
        (format!("SELECT exchange.submit_cancel({order})"), "cancel_order()"),
        (format!("SELECT exchange.submit_amend({order}, 91)"), "amend_order()"),
    ] {
        session.run("BEGIN; CREATE TEMP TABLE written (n int) ON COMMIT DROP")?;
        let said = session.refusal(&call)?;
        assert!(said.contains(&format!("or use {instead}")), "{said}");
        session.run("ROLLBACK")?;
    }
    Ok(())
}

/// Through every door: what became of the order is told, whatever has become of the user.
#[test]
fn a_repetition_is_answered_after_the_user_has_been_deactivated() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("sequencer_inactive", "", 1)?;
    let user = users[0];
    let submitted = submission(user, "BTC-USD", "buy", "90", "first");
    let placed = submitted.replace("submit_order", "place_order");
    let order = session.number(&submitted)?;
    session.run(&format!("UPDATE identity.users SET is_active = false WHERE id = {user}"))?;
    assert_eq!(session.number(&submitted)?, order);
    assert_eq!(session.number(&placed)?, order);
    command(&mut session, 1, user, "BTC-USD", "first")?;
    session.wait_for(EMPTY)?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections")?, 0);
    let insert = |more: &str| {
        format!(
            "INSERT INTO exchange.orders (user_id, symbol, side, price, amount, client_order_id)
             VALUES ({user}, 'BTC-USD', 'buy', 90, 1, 'first') {more}"
        )
    };
    session.run(&insert("ON CONFLICT DO NOTHING"))?;
    assert_eq!(session.refused(&insert(""))?, "23505");
    // Anything else is refused.
    assert_eq!(session.refused(&submission(user, "BTC-USD", "buy", "91", "first"))?, "23505");
    assert_eq!(session.refused(&submission(user, "BTC-USD", "buy", "90", "second"))?, "42501");
    session.verify_is_empty()
}

#[test]
fn a_database_has_its_own_say_on_its_inbox() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("sequencer_subscriber", "", 1)?;
    session.run("ALTER DATABASE venue SET bourse.drain_inbox = off")?;
    let first = session.sequencer()?;
    // As the page has it.
    session.run("SELECT pg_terminate_backend(pid) FROM exchange.sequencer_status()")?;
    session.wait_for(&format!("SELECT state = 'working' AND pid <> {first} FROM exchange.sequencer_status()"))?;
    command(&mut session, 1, users[0], "BTC-USD", "stays")?;
    thread::sleep(Duration::from_secs(1));
    assert_eq!(session.line(EMPTY)?, "f", "drained although it was switched off here");
    session.run("CALL exchange.match_orders()")?;
    assert_eq!(session.line(EMPTY)?, "t");
    session.verify_is_empty()
}

/// pg_upgrade starts both clusters like this; what writes meanwhile is lost or copied halfway.
#[test]
fn nobody_works_in_a_cluster_that_is_being_upgraded() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_upgrade", "", 1)?;
    session.run("BEGIN; SELECT exchange.set_market_status('BTC-USD', 'open')")?;
    command(&mut venue.connect()?, 1, users[0], "BTC-USD", "waits")?;
    // Nobody ends the transaction before the sequencer has gone.
    venue.scratch.stop("immediate")?;
    venue.scratch.resume_with("-b")?;
    let mut session = venue.connect()?;
    thread::sleep(Duration::from_secs(3));
    let ours = "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_bourse%'";
    assert_eq!(session.number(ours)?, 0);
    assert_eq!(session.line(EMPTY)?, "f", "the inbox has been drained");
    assert_eq!(session.refused(&submission(users[0], "BTC-USD", "buy", "90", "now"))?, "55000");
    venue.scratch.stop("fast")?;
    venue.scratch.resume()?;
    let mut session = venue.connect()?;
    session.wait_for(EMPTY)?;
    assert_eq!(session.lines("SELECT client_order_id FROM exchange.orders")?, ["waits"]);
    session.verify_is_empty()
}

#[test]
fn who_watches_and_the_log_are_told_that_no_worker_process_is_left() -> Result<()> {
    // One for the server's own launcher, one for ours.
    let settings = "max_worker_processes = 2\nlog_min_messages = warning";
    let venue = Venue::open("sequencer_short", settings)?;
    let mut session = venue.connect()?;
    session.wait_for("SELECT state = 'wanted' AND setback IS NOT NULL FROM exchange.sequencer_status()")?;
    // What stands in the way is told for as long as it stands there, by every call that a monitor makes.
    let setback = "no worker process is left: raise max_worker_processes (53400)";
    for told in [
        "SELECT setback FROM exchange.sequencer_status()",
        "SELECT setback FROM bourse.workers() WHERE database = current_database()",
        "SELECT detail FROM bourse.alerts() WHERE alert = 'sequencer_has_a_setback'",
        "SELECT detail FROM bourse.health() WHERE NOT ok",
    ] {
        assert_eq!(session.lines(told)?, [setback], "{told}");
    }
    thread::sleep(Duration::from_secs(6));
    assert_eq!(session.lines("SELECT setback FROM exchange.sequencer_status()")?, [setback]);
    let log = fs::read_to_string(venue.scratch.log())?;
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains("no worker process is left")).collect();
    let of_venue = complaints.iter().filter(|line| line.contains("the sequencer of venue")).count();
    assert!(of_venue == 1 && complaints.len() <= 2, "{complaints:#?}");
    Ok(())
}

/// Commands that need the database for themselves come one after another: who has submitted waits them out.
#[test]
fn several_exclusive_commands_in_a_row_refuse_nobody() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_barred", "", 1)?;
    let mut owner = venue.scratch.server.connect("postgres", "postgres")?;
    let start = Instant::now();
    let outcome = thread::scope(|scope| {
        // PostgreSQL waits 5 seconds for the sessions that are still there.
        let commands = scope.spawn(move || {
            (0..3).try_for_each(|_| owner.refused("DROP DATABASE venue").map(|sqlstate| assert_eq!(sqlstate, "55006")))
        });
        session.wait_for("SELECT state = 'barred' FROM exchange.sequencer_status()")?;
        let outcome = session.number(&submission(users[0], "BTC-USD", "buy", "90", "patient"));
        commands.join().expect("no panic")?;
        outcome
    });
    println!("answered {:?} after the first command", start.elapsed());
    outcome?;
    session.verify_is_empty()
}

/// An error that tells nobody whose fault it is refuses nothing. What alone raises it stands aside for the others; where
/// everything raises it, everything waits.
#[test]
fn an_error_of_unclear_origin_refuses_no_command() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("sequencer_unclear", "", 1)?;
    let user = users[0];
    session.picky_index("exchange.orders", "poison%")?;
    session.run("CREATE TABLE public.odd (name text); GRANT SELECT ON public.odd TO bourse_owner")?;
    session.run("INSERT INTO public.odd VALUES ('odd'), ('even')")?;
    session.run(
        "CREATE OR REPLACE FUNCTION public.picky(name text) RETURNS text IMMUTABLE LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
         BEGIN
             IF split_part(name, ' ', 1) IN (SELECT o.name FROM public.odd o) THEN
                 RAISE EXCEPTION 'nobody knows why' USING ERRCODE = 'XX000';
             END IF;
             RETURN name;
         END $$",
    )?;
    for n in 1..=20 {
        command(&mut session, n, user, "BTC-USD", &format!("{} {n}", if n % 2 == 0 { "even" } else { "odd" }))?;
    }
    session.wait_for("SELECT setback = 'nobody knows why (XX000)' FROM exchange.sequencer_status()")?;
    thread::sleep(Duration::from_secs(1));
    let waiting = "SELECT count(*), count(set_aside_at) FROM exchange.order_commands";
    assert_eq!(session.line(waiting)?, "20|0");
    session.run("DELETE FROM public.odd WHERE name = 'even'")?;
    session.wait_for("SELECT count(*) = 10 AND count(set_aside_at) = 10 FROM exchange.order_commands")?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id LIKE 'even %'")?, 10);
    // Once it has gone they can be tried again.
    session.run("DELETE FROM public.odd; UPDATE exchange.order_commands SET set_aside_at = NULL")?;
    session.wait_for(EMPTY)?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections")?, 0);
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 20);
    session.verify_is_empty()
}
