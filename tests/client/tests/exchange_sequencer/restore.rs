//! A database to which rows still come is left alone: a restore with the sequencer at work loses no command, and ids that
//! are behind their rows are no command's fault.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use client_tests::sequencer::{PRELOAD, Venue, submission};
use client_tests::{Database, ROWS_ALONE, Result, Scratch, Session};

/// So many good commands wait in the inbox of what is restored.
const COMMANDS: i64 = 500;
const EMPTY: &str = "SELECT count(*) = 0 FROM exchange.order_commands";
const WAITING: &str = "SELECT count(*) FROM exchange.order_commands";
const REFUSED: &str = "SELECT count(*) FROM exchange.command_rejections";
const QUIET: [&str; 5] = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"];

fn file(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).to_string_lossy().into_owned()
}

/// A server that has preloaded the library, and one that has not with a venue whose inbox waits.
fn venue_to_restore(name: &str) -> Result<(Scratch, Database)> {
    let from = Database::fresh(name)?;
    let mut session = from.connect()?;
    session.market("BTC-USD")?;
    session.run(&format!(
        "INSERT INTO identity.users (name) SELECT 'trader ' || n FROM generate_series(1, 50) n;
         SELECT exchange.deposit(u.id, a, 1000000) FROM identity.users u, unnest(ARRAY['BTC', 'USD']) a;
         SELECT exchange.place_order(1 + n % 50, 'BTC-USD', CASE n % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 98 + n % 5, 1)
         FROM generate_series(1, 2000) n;
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', 1, 1, time_in_force => 'gtd',
                                     expires_at => clock_timestamp() + interval '100 ms');
         INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         SELECT 'new', 1 + n % 50, 'BTC-USD', 'waits ' || n, 'buy', 50, 1 FROM generate_series(1, {COMMANDS}) n"
    ))?;
    Ok((Scratch::with_settings(name, &format!("{PRELOAD}\nmax_worker_processes = 24"))?, from))
}

/// Every command is carried out, and none was refused.
fn all_are_carried_out(database: &Database) -> Result<()> {
    let mut session = database.connect()?;
    session.wait_for(EMPTY)?;
    assert_eq!(
        session.lines("SELECT DISTINCT sqlstate, reason FROM exchange.command_rejections")?,
        Vec::<String>::new()
    );
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id LIKE 'waits %'")?, COMMANDS);
    assert_eq!(session.lines("SELECT state, setback FROM exchange.sequencer_status()")?, ["working|NULL"]);
    session.wait_for("SELECT count(*) = 1 FROM exchange.orders WHERE cancel_reason = 'expired'")?;
    session.verify_is_empty()
}

#[test]
fn whole_dumps_come_back_beside_the_sequencer() -> Result<()> {
    let (scratch, from) = venue_to_restore("restore_whole")?;
    let (plain, custom) = (file("restore_whole.sql"), file("restore_whole.dump"));
    from.program("pg_dump", &["-f", &plain])?;
    from.program("pg_dump", &["-Fc", "-f", &custom])?;
    for (name, program, arguments) in [
        ("plain", "psql", [&QUIET[..], &[&plain]].concat()),
        ("jobs", "pg_restore", vec!["-j2", "--exit-on-error", &custom]),
        ("one", "pg_restore", vec!["--single-transaction", &custom]),
    ] {
        let to = Database::empty(&scratch.server, name)?;
        to.program(program, &arguments)?;
        all_are_carried_out(&to)?;
    }
    Ok(())
}

/// The rows are there, what follows them is not yet.
#[test]
fn a_restore_that_takes_its_time_is_waited_for() -> Result<()> {
    let (scratch, from) = venue_to_restore("restore_slow")?;
    let custom = file("restore_slow.dump");
    from.program("pg_dump", &["-Fc", "-f", &custom])?;
    let to = Database::empty(&scratch.server, "slow")?;
    let restore =
        |section: &str| to.program("pg_restore", &[&format!("--section={section}"), "--exit-on-error", &custom]);
    restore("pre-data")?;
    let mut session = to.connect()?;
    session.wait_for("SELECT state = 'paused' FROM exchange.sequencer_status()")?;
    restore("data")?;
    thread::sleep(Duration::from_secs(2));
    assert_eq!((session.number(WAITING)?, session.number(REFUSED)?), (COMMANDS, 0));
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE cancel_reason = 'expired'")?, 0);
    restore("post-data")?;
    all_are_carried_out(&to)
}

/// Rows alone come without the sequences, which follow at the end: what is behind is seen, and a pause sees to the rest.
#[test]
fn rows_come_back_beside_the_sequencer() -> Result<()> {
    let (scratch, from) = venue_to_restore("restore_rows")?;
    let rows = file("restore_rows.sql");
    from.program("pg_dump", &[&ROWS_ALONE[..], &["--disable-triggers", "-f", &rows]].concat())?;
    for paused in [true, false] {
        let to = Database::on(&scratch.server, &format!("rows_{paused}"))?;
        let mut session = to.connect()?;
        session.sequencer()?;
        if paused {
            session.run("SELECT bourse.pause()")?;
        }
        to.program("psql", &[&QUIET[..], &[&rows]].concat())?;
        if paused {
            thread::sleep(Duration::from_secs(1));
            assert_eq!((session.number(WAITING)?, session.number(REFUSED)?), (COMMANDS, 0));
            session.run("SELECT bourse.resume()")?;
        }
        all_are_carried_out(&to)?;
    }
    Ok(())
}

/// As a logical subscriber stands when it is told to take over.
#[test]
fn ids_that_are_behind_refuse_nothing_for_ever() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("restore_behind", "", 2)?;
    let (alice, bob) = (users[0], users[1]);
    session.run(&format!(
        "SELECT exchange.place_order({alice}, 'BTC-USD', 'buy', 90, 1) FROM generate_series(1, 100);
         SELECT exchange.deposit({alice}, 'USD', 1) FROM generate_series(1, 100);
         SELECT setval('exchange.orders_id_seq', 1, false), setval('exchange.transfers_id_seq', 1, false);
         INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         SELECT 'new', {alice}, 'BTC-USD', 'bulk ' || n, 'buy', 80, 1 FROM generate_series(1, 20) n"
    ))?;
    session.wait_for("SELECT setback LIKE '%are behind its rows (55000)' FROM exchange.sequencer_status()")?;
    for call in [
        format!("SELECT exchange.place_order({alice}, 'BTC-USD', 'buy', 80, 1, client_order_id => 'never used')"),
        submission(alice, "BTC-USD", "buy", "80", "never used"),
        format!("SELECT exchange.deposit({alice}, 'USD', 5, 'wire 7')"),
        format!("SELECT exchange.submit_transfer({alice}, {bob}, 'USD', 1, 'sent')"),
    ] {
        let said = session.refusal(&call)?;
        assert!(said.contains("55000") && said.contains("bourse.align_sequences()"), "{call}: {said}");
    }
    assert_eq!((session.number(WAITING)?, session.number(REFUSED)?), (20, 0));
    let moved = session.lines("SELECT sequence FROM bourse.align_sequences()")?;
    assert_eq!(moved, ["exchange.orders_id_seq", "exchange.transfers_id_seq"]);
    session.wait_for(EMPTY)?;
    assert_eq!(session.number(REFUSED)?, 0);
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id LIKE 'bulk %'")?, 20);
    session.number(&submission(alice, "BTC-USD", "buy", "80", "never used"))?;
    session.number(&format!("SELECT exchange.submit_transfer({alice}, {bob}, 'USD', 1, 'sent')"))?;
    session.verify_is_empty()
}

/// Whoever trades meanwhile neither waits for it nor gets an id twice, in whatever order he holds the sequences.
#[test]
fn sequences_are_moved_while_others_trade() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("restore_traffic", "", 4)?;
    let behind = "SELECT setval(pg_get_serial_sequence('exchange.' || t, 'id'), 1, false)
                  FROM unnest(ARRAY['orders', 'trades', 'transfers']) t";
    let (place, user) =
        (|user, side| format!("SELECT exchange.place_order({user}, 'ETH-USD', '{side}', 90, 1)"), users[0]);
    session.run(&place(user, "buy"))?;
    session.run(&place(users[1], "sell"))?;
    venue.clients(5, |n| {
        let mut session = venue.connect()?;
        for round in 0..20 {
            if n == 4 {
                session.run(behind)?;
                session.run("SELECT * FROM bourse.align_sequences()")?;
                continue;
            }
            // One holds the numbers of transfers and wants those of orders, the other the other way round.
            let (first, then) = if round % 2 == 0 {
                ("transfers", place(users[n], if n % 2 == 0 { "buy" } else { "sell" }))
            } else {
                ("orders", format!("SELECT exchange.deposit({}, 'USD', 1)", users[n]))
            };
            let sql =
                format!("BEGIN; SELECT nextval('exchange.{first}_id_seq'); SELECT pg_sleep(0.005); {then}; COMMIT");
            match session.run(&sql) {
                Ok(()) => {}
                // It came between the two statements of the one who moves them back.
                Err(failure) if failure.sqlstate.as_deref() == Some("55000") => session.run("ROLLBACK")?,
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    })?;
    session.run("SELECT * FROM bourse.align_sequences()")?;
    session.run(&place(user, "buy"))?;
    session.verify_is_empty()
}

#[test]
fn a_paused_database_is_left_alone() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("restore_paused", "", 1)?;
    let user = users[0];
    session.run("SELECT bourse.pause()")?;
    session.run(&format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         VALUES ('new', {user}, 'BTC-USD', 'waits', 'buy', 90, 1);
         SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 90, 1, client_order_id => 'by hand', time_in_force => 'gtd',
                                     expires_at => clock_timestamp() + interval '100 ms')"
    ))?;
    let said = session.refusal(&submission(user, "BTC-USD", "buy", "90", "submitted"))?;
    assert!(said.contains("55000") && said.contains("bourse.resume()"), "{said}");
    // It knows so after a restart, too.
    venue.scratch.stop("fast")?;
    venue.scratch.resume()?;
    let mut session: Session = venue.connect()?;
    session.wait_for("SELECT state = 'paused' FROM exchange.sequencer_status()")?;
    thread::sleep(Duration::from_secs(2));
    assert_eq!(session.lines("SELECT client_order_id, status FROM exchange.orders")?, ["by hand|open"]);
    assert_eq!(session.number(WAITING)?, 1);
    session.run("SELECT bourse.resume()")?;
    session.wait_for(EMPTY)?;
    session.wait_for("SELECT bool_or(cancel_reason = 'expired') FROM exchange.orders")?;
    session.number(&submission(user, "BTC-USD", "buy", "90", "submitted"))?;
    session.verify_is_empty()
}
