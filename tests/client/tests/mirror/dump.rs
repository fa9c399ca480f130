//! Backups with PostgreSQL's own tools: what comes back of the mirror is what went in, and copying goes on.

use std::path::PathBuf;

use client_tests::{Database, Desk, Result, Session};

fn file(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).to_string_lossy().into_owned()
}

/// A leader and two who follow him, with rows in every table.
fn lived_in(name: &str) -> Result<Database> {
    let database = Database::fresh(name)?;
    let mut session = database.connect()?;
    let desk = Desk::open(&mut session)?;
    for name in ["ann", "ben"] {
        let user = session.user(name)?;
        session.fund(user, &[("EUR", "1000")])?;
        desk.furnish(&mut session, user, name)?;
    }
    desk.trade(&mut session)?;
    session.run("SELECT mirror.set_instrument('NSE', 'INFY', 1, 0.05)")?;
    let empty: Vec<String> = contents(&mut session)?.into_iter().filter(|line| line.contains("|0|")).collect();
    assert_eq!(empty, Vec::<String>::new(), "tables without rows prove nothing");
    Ok(database)
}

/// One line for each table: its rows, and a hash of them.
fn contents(session: &mut Session) -> Result<Vec<String>> {
    let tables = session.lines(
        "SELECT oid::regclass FROM pg_class
         WHERE relkind = 'r' AND relnamespace = 'mirror'::regnamespace ORDER BY relname",
    )?;
    let line = |table: &String| {
        session.line(&format!(
            "SELECT '{table}', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\")) FROM {table} t"
        ))
    };
    tables.iter().map(line).collect()
}

/// What was under way is, and ids go on above those that are there.
fn goes_on(session: &mut Session) -> Result<()> {
    assert_eq!(session.lines("SELECT * FROM mirror.verify()")?, [""; 0]);
    // A new order is with a sender of each account, another waits: the first is answered, the other goes.
    let answer = "SELECT mirror.ack_order(r.lease, r.order_id, 'restored ' || r.order_id) FROM mirror.order_requests r
                  WHERE r.status = 'sending'";
    assert_eq!(session.lines(answer)?.len(), 2);
    assert_eq!(session.number("SELECT count(*) FROM mirror.claim_orders('restored')")?, 2);
    assert_eq!(session.lines(answer)?.len(), 2);
    session.run(
        "UPDATE mirror.orders SET status = 'EXECUTED', filled_quantity = quantity WHERE order_id LIKE 'restored %';
         SELECT mirror.settle_copies()",
    )?;
    assert_eq!(session.lines("SELECT DISTINCT trim_scale(held) FROM mirror.follower_positions")?, ["30"]);
    // What was copied is not copied again; what is new gets an id of its own.
    let copies = session.number("SELECT count(*) FROM mirror.copied_orders")?;
    session.run("SELECT mirror.copy_order(id) FROM mirror.all_orders WHERE order_id LIKE 'of the lead %'")?;
    assert_eq!(session.number("SELECT count(*) FROM mirror.copied_orders")?, copies);
    let last = session.number("SELECT max(id) FROM mirror.copied_orders")?;
    let next = session.number(
        "INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                    product, status, placed_at)
         SELECT account_id, user_id, 'next', exchange, symbol, action, 5, 'MARKET', product, 'OPEN', clock_timestamp()
         FROM mirror.orders WHERE order_id = 'of the lead 4' RETURNING id",
    )?;
    session.run(&format!("SELECT mirror.copy_order({next})"))?;
    assert_eq!(session.number(&format!("SELECT count(*) FROM mirror.copied_orders WHERE id > {last}"))?, 2);
    assert_eq!(session.lines("SELECT * FROM mirror.verify()")?, [""; 0]);
    Ok(())
}

const QUIET: [&str; 5] = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"];

#[test]
fn a_dump_of_the_mirror_comes_back_and_copying_goes_on() -> Result<()> {
    let from = lived_in("mirror_dump")?;
    let dump = file("mirror.sql");
    from.program("pg_dump", &["-f", &dump])?;
    let to = Database::empty(&from.server, "mirror_dump_restored")?;
    to.program("psql", &[&QUIET[..], &[&dump]].concat())?;
    let (mut before, mut after) = (from.connect()?, to.connect()?);
    assert_eq!(contents(&mut after)?, contents(&mut before)?);
    goes_on(&mut after)
}

/// Into a database that is installed: triggers and row security are at work while rows come.
#[test]
fn rows_of_the_mirror_come_back_alone() -> Result<()> {
    let from = lived_in("mirror_rows")?;
    let dump = file("mirror_rows.sql");
    from.program("pg_dump", &["--data-only", "-T", "bourse.schema_migrations", "-N", "audit", "-f", &dump])?;
    let to = Database::fresh("mirror_rows_restored")?;
    to.connect()?.run(
        "DELETE FROM bourse.policies; DELETE FROM bourse.thresholds; DELETE FROM jobs.schedules;
         DELETE FROM marketplace.bot_categories;
         DELETE FROM marketplace.billing_settings; DELETE FROM mirror.brokers",
    )?;
    to.program("psql", &[&QUIET[..], &[&dump]].concat())?;
    let (mut before, mut after) = (from.connect()?, to.connect()?);
    assert_eq!(contents(&mut after)?, contents(&mut before)?);
    goes_on(&mut after)
}
