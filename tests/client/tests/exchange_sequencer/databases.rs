//! A sequencer never stands in the way of a command that needs its database, and is there again afterwards.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::sequencer::{PRELOAD, Venue, submission};
use client_tests::{Database, Failure, Result, Scratch, Session};

/// A database with a sequencer that has work behind it.
fn open(name: &str) -> Result<(Venue, Session)> {
    let venue = Venue::open(name, "")?;
    let mut session = venue.connect()?;
    trade(&mut session, "first")?;
    drop(session);
    let postgres = venue.scratch.server.connect("postgres", "postgres")?;
    thread::sleep(Duration::from_millis(100));
    Ok((venue, postgres))
}

/// A new user's order through the sequencer.
fn trade(session: &mut Session, name: &str) -> Result<()> {
    if session.number("SELECT count(*) FROM exchange.markets")? == 0 {
        session.market("BTC-USD")?;
    }
    let user = session.user(name)?;
    session.fund(user, &[("USD", "1000")])?;
    session.number(&submission(user, "BTC-USD", "buy", "100", name))?;
    session.verify_is_empty()
}

/// What nothing here may take. The minute after which the launcher looks again by itself is longer; a busy machine
/// stays below.
const SOON: Duration = Duration::from_secs(30);

/// How long a statement takes.
fn timed(session: &mut Session, sql: &str) -> Result<Duration> {
    let start = Instant::now();
    session.run(sql)?;
    Ok(start.elapsed())
}

#[test]
fn commands_that_need_the_database_do_not_wait_for_its_sequencer() -> Result<()> {
    let (venue, mut session) = open("sequencer_ddl")?;
    let server = &venue.scratch.server;
    let copied = timed(&mut session, "CREATE DATABASE copy TEMPLATE venue")?;
    trade(&mut server.connect("venue", "postgres")?, "after the copy")?;
    trade(&mut server.connect("copy", "postgres")?, "in the copy")?;
    let renamed = timed(&mut session, "ALTER DATABASE copy RENAME TO moved")?;
    trade(&mut server.connect("moved", "postgres")?, "after the rename")?;
    let dropped = timed(&mut session, "DROP DATABASE moved")?;
    // WITH (FORCE) ends the sessions that wait for the sequencer too.
    let forced = timed(&mut session, "DROP DATABASE venue WITH (FORCE)")?;
    println!("CREATE … TEMPLATE {copied:?}, RENAME {renamed:?}, DROP {dropped:?}, DROP WITH (FORCE) {forced:?}");
    assert!([copied, renamed, dropped, forced].iter().all(|time| *time < SOON));
    // The names are free again.
    trade(&mut Database::on(server, "venue")?.connect()?, "a new one")
}

#[test]
fn many_such_commands_in_one_session() -> Result<()> {
    let (venue, mut session) = open("sequencer_many_ddl")?;
    for round in 0..15 {
        session.run("ALTER DATABASE venue RENAME TO moved")?;
        session.run("ALTER DATABASE moved RENAME TO venue")?;
        if round % 5 == 0 {
            trade(&mut venue.connect()?, &format!("round {round}"))?;
        }
    }
    trade(&mut venue.connect()?, "at last")
}

#[test]
fn a_command_that_fails_leaves_a_working_sequencer() -> Result<()> {
    let (venue, mut session) = open("sequencer_refused_ddl")?;
    let mut other = venue.connect()?;
    let first = other.sequencer()?;
    session.run("CREATE ROLE stranger LOGIN CREATEDB")?;
    let mut stranger = venue.scratch.server.connect("postgres", "stranger")?;
    for sql in [
        "DROP DATABASE venue",
        "DROP DATABASE venue WITH (FORCE)",
        "ALTER DATABASE venue RENAME TO theirs",
        "CREATE DATABASE theirs TEMPLATE venue",
        "ALTER DATABASE venue SET TABLESPACE pg_default",
    ] {
        assert_eq!(stranger.refused(sql)?, "42501", "{sql}");
        assert_eq!(other.sequencer()?, first, "{sql} of a stranger has ended the sequencer");
    }
    for sql in ["DROP DATABASE venue", "ALTER DATABASE venue RENAME TO moved", "CREATE DATABASE copy TEMPLATE venue"] {
        let start = Instant::now();
        assert_eq!(session.refused(sql)?, "55006", "{sql} with another session in it");
        trade(&mut other, &format!("after {sql}"))?;
        println!("{sql}: refused, and an order served, after {:?}", start.elapsed());
    }
    // In a transaction block it cannot run at all.
    session.run("BEGIN")?;
    assert_eq!(session.refused("DROP DATABASE venue")?, "25001");
    session.run("ROLLBACK")?;
    trade(&mut other, "after all")
}

/// A command that is cancelled while it waits for the sequencer bars nobody.
#[test]
fn a_cancelled_command_leaves_a_working_sequencer() -> Result<()> {
    let (venue, mut session) = open("sequencer_cancelled_ddl")?;
    let sequencer = venue.connect()?.sequencer()?;
    session.run("SET statement_timeout = '300ms'")?;
    let rename = || session.refused("ALTER DATABASE venue RENAME TO moved");
    assert_eq!(venue.scratch.paused(sequencer, Duration::from_secs(5), rename)?, "57014");
    trade(&mut venue.connect()?, "afterwards")
}

#[test]
fn a_session_that_dies_in_such_a_command_bars_nobody() -> Result<()> {
    let (venue, mut session) = open("sequencer_dead_ddl")?;
    let sequencer = venue.connect()?.sequencer()?;
    let pid = session.number("SELECT pg_backend_pid()")?;
    let mut killer = venue.scratch.server.connect("postgres", "postgres")?;
    let die = || {
        thread::scope(|scope| {
            let client = scope.spawn(move || session.run("ALTER DATABASE venue RENAME TO moved"));
            thread::sleep(Duration::from_millis(300));
            killer.run(&format!("SELECT pg_terminate_backend({pid})"))?;
            assert!(client.join().expect("no panic").is_err());
            Ok(())
        })
    };
    venue.scratch.paused(sequencer, Duration::from_secs(5), die)?;
    trade(&mut venue.connect()?, "afterwards")
}

#[test]
fn an_extension_made_later_has_a_sequencer_at_once() -> Result<()> {
    let scratch = Scratch::with_settings("sequencer_later", PRELOAD)?;
    for round in 0..5 {
        let database = Database::empty(&scratch.server, "later")?;
        // The launcher finds the database at some moment of this.
        thread::sleep(Duration::from_millis(700 * round));
        let mut session = database.connect()?;
        session.run("CREATE EXTENSION pg_bourse")?;
        session.run("SELECT bourse.install()")?;
        let start = Instant::now();
        trade(&mut session, "alice")?;
        println!("first order {:?} after install()", start.elapsed());
        assert!(start.elapsed() < SOON, "round {round}: {:?}", start.elapsed());
    }
    // Another database of the server has none and needs none.
    let idle =
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_bourse sequencer' AND datname <> 'later'";
    let mut session = scratch.server.connect("postgres", "postgres")?;
    session.wait_for(&idle.replace("count(*)", "count(*) = 0")).map(drop)
}

#[test]
fn an_extension_with_tables_is_not_dropped_under_the_sequencer() -> Result<()> {
    let (venue, mut session) = open("sequencer_drop_extension")?;
    let mut other = venue.connect()?;
    assert_eq!(other.refused("DROP EXTENSION pg_bourse")?, "2BP01");
    trade(&mut other, "still there")?;
    other.run("SET bourse.drop_tables = on; DROP EXTENSION pg_bourse CASCADE")?;
    let gone =
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_bourse sequencer' AND datname = 'venue'";
    println!("retired after {:?}", session.wait_for(gone)?);
    other.run("CREATE EXTENSION pg_bourse")?;
    other.run("SELECT bourse.install()")?;
    trade(&mut other, "again")
}

/// Databases without our tables take nothing from one that has them.
#[test]
fn other_databases_leave_room_for_a_sequencer() -> Result<()> {
    // Seventy copies of some three hundred files each.
    let scratch = Scratch::furnished("sequencer_neighbours", PRELOAD)?;
    let mut session = scratch.server.connect("postgres", "postgres")?;
    (0..70).try_for_each(|n| session.run(&format!("CREATE DATABASE neighbour{n} STRATEGY file_copy")))?;
    let database = Database::on(&scratch.server, "venue")?;
    let start = Instant::now();
    trade(&mut database.connect()?, "alice")?;
    println!("first order beside 70 databases after {:?}", start.elapsed());
    scratch.stop("fast")?;
    scratch.resume()?;
    let start = Instant::now();
    trade(&mut database.connect()?, "bob")?;
    println!("first order after a restart beside 70 databases after {:?}", start.elapsed());
    if start.elapsed() > SOON {
        return Err(Failure::new("the others were served first"));
    }
    Ok(())
}

/// Also where nobody submits, and the launcher has looked before and found nothing.
#[test]
fn tables_made_later_and_copies_are_found_at_once() -> Result<()> {
    let scratch = Scratch::with_settings("sequencer_found", PRELOAD)?;
    let command = "INSERT INTO exchange.order_commands (action, user_id) VALUES ('look', 1)";
    let drained = |database: &Database| -> Result<Duration> {
        database.connect()?.wait_for("SELECT count(*) > 0 FROM exchange.command_rejections WHERE action = 'look'")
    };
    let database = Database::empty(&scratch.server, "found")?;
    thread::sleep(Duration::from_secs(12));
    let mut session = database.connect()?;
    session.run("CREATE EXTENSION pg_bourse")?;
    session.run("SELECT bourse.install()")?;
    session.run(command)?;
    let found = drained(&database)?;
    session.run("DELETE FROM exchange.command_rejections; ALTER DATABASE found SET bourse.drain_inbox = off")?;
    session.run("SELECT pg_terminate_backend(pid) FROM exchange.sequencer_status()")?;
    session.wait_for(
        "SELECT current_setting('bourse.drain_inbox') IS NOT NULL AND pid IS NOT NULL FROM exchange.sequencer_status()",
    )?;
    session.run(command)?;
    drop(session);
    scratch.server.connect("postgres", "postgres")?.run("CREATE DATABASE copy TEMPLATE found")?;
    let copied = drained(&Database { server: scratch.server.clone(), name: "copy".to_owned() })?;
    println!("after install() {found:?}, after CREATE DATABASE … TEMPLATE {copied:?}");
    assert!(found < SOON && copied < SOON, "{found:?}, {copied:?}");
    Ok(())
}
