//! What is compared after every way that a database can come back, and a database in which much has happened.

use client_tests::door::{self, Door};
use client_tests::flow::{Flow, SMALL};
use client_tests::{Database, Desk, Failure, Random, Result, Session};

const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];

/// A database of this name with rows of every kind.
pub fn lived_in(database: &Database) -> Result<()> {
    let mut session = database.connect()?;
    let users = client_tests::load::prepare(&mut session, &MARKETS, 4)?;
    let commands =
        Flow { markets: &MARKETS, users: &users, house: false, ..SMALL }.commands(&mut Random::new(17), 400, &[]);
    door::send(&mut session, Door::Bulk(50), &commands)?;
    let user = users[0];
    session.identities(user)?;
    let desk = Desk::open(&mut session)?;
    desk.furnish(&mut session, user, "ann")?;
    desk.trade(&mut session)?;
    session.run(&format!(
        "SELECT exchange.withdraw({user}, 'USD', 5, 'w1'), exchange.transfer({user}, {}, 'USD', 1);
         SELECT exchange.amend_order(id, 90, amount) FROM exchange.orders
         WHERE status = 'open' AND order_type = 'limit' LIMIT 1;
         INSERT INTO jobs.schedules (user_id, name, job_type, target, cron)
         VALUES ({user}, 'daily', 'report', 'pnl', '@daily');
         SELECT audit.log_activity({user}, 'backup.tested'), audit.seal();
         SELECT bourse.record_backup('dump', 'before', now()); SELECT * FROM bourse.maintain()",
        users[1]
    ))?;
    let empty = session.lines(
        "SELECT m FROM bourse_private.modules() m
         WHERE m NOT IN ('analytics', 'calendar', 'marketplace', 'messaging', 'trading', 'webui')
           AND NOT EXISTS (SELECT FROM pg_stat_user_tables t WHERE t.schemaname = m AND t.n_tup_ins > 0)",
    )?;
    assert_eq!(empty, [""; 0], "schemas without rows prove nothing");
    Ok(())
}

/// The tables of the platform that hold their rows themselves, as the catalog has them: one that a function of ours left
/// out would be compared by nobody.
pub fn tables(session: &mut Session) -> Result<Vec<String>> {
    session.lines(
        "SELECT bourse_private.quoted_name(c.oid) AS name FROM pg_class c
         WHERE c.relkind = 'r' AND c.relowner = 'bourse_owner'::regrole
         ORDER BY bourse_private.quoted_name(c.oid) COLLATE \"C\"",
    )
}

/// One line for each table: its name, its rows, a hash of them.
pub fn contents(session: &mut Session) -> Result<Vec<String>> {
    let tables = tables(session)?;
    let line = |table: &String| {
        session.line(&format!(
            "SELECT '{table}', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\")) FROM {table} t"
        ))
    };
    tables.iter().map(line).collect()
}

/// Fails with every table whose rows are others.
pub fn same(found: &[String], expected: &[String]) -> Result<()> {
    let lost = expected.iter().filter(|line| !found.contains(line)).map(|line| format!("\n  lost: {line}"));
    let added = found.iter().filter(|line| !expected.contains(line)).map(|line| format!("\n  added: {line}"));
    let all: String = lost.chain(added).collect();
    if all.is_empty() { Ok(()) } else { Err(Failure::new(all)) }
}

/// Fails with everything critical that `validate_integrity()` finds.
pub fn valid(session: &mut Session) -> Result<()> {
    let found = session.lines("SELECT * FROM bourse.validate_integrity() WHERE severity = 'critical'")?;
    if found.is_empty() { Ok(()) } else { Err(Failure::new(found.join("\n"))) }
}

/// Fails unless the database is whole and what comes next finds its place: every sequence is ahead, an order is placed,
/// matched, and sealed into the trail.
pub fn goes_on(session: &mut Session) -> Result<()> {
    valid(session)?;
    assert_eq!(session.lines("SELECT * FROM bourse.verify()")?, [""; 0]);
    assert_eq!(session.lines("SELECT * FROM bourse.align_sequences()")?, [""; 0], "sequences were behind");
    let last = session.number("SELECT coalesce(max(id), 0) FROM exchange.orders")?;
    session.run(
        "SELECT exchange.cancel_all_orders(user_id) FROM exchange.orders
         WHERE symbol = 'BTC-USD' AND status IN ('open', 'partially_filled') GROUP BY user_id;
         SELECT exchange.deposit(u, a, 1000) FROM generate_series(1, 2) u, unnest(ARRAY['USD', 'BTC']) a;
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', 100, 1)",
    )?;
    let sold = session.line("SELECT id, status FROM exchange.place_order(2, 'BTC-USD', 'sell', 100, 1)")?;
    let (id, status) = sold.split_once('|').ok_or_else(|| Failure::new(format!("{sold:?} is no order")))?;
    assert!(id.parse::<i64>().is_ok_and(|id| id > last), "order {id} after {last}");
    assert_eq!(status, "filled");
    session.run("SELECT audit.seal()")?;
    valid(session)
}

/// A comparison that does not see one row less of a table sees nothing.
#[test]
fn a_row_that_is_lost_is_seen() -> Result<()> {
    let database = Database::fresh("whole_lost")?;
    lived_in(&database)?;
    let mut session = database.connect()?;
    let before = contents(&mut session)?;
    let filled: Vec<String> = before
        .iter()
        .filter_map(|line| {
            line.split_once('|').filter(|(_, rest)| !rest.starts_with("0|")).map(|(name, _)| name.into())
        })
        .collect();
    println!("{} of {} tables have rows", filled.len(), before.len());
    assert!(filled.len() > 50, "{} tables have rows", filled.len());
    for table in filled {
        session.run("BEGIN; SET LOCAL session_replication_role = replica")?;
        session.run(&format!("DELETE FROM {table} WHERE ctid = (SELECT min(ctid) FROM {table})"))?;
        let said = same(&contents(&mut session)?, &before).err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(said.contains(&format!("lost: {table}|")), "{table}: {said:?}");
        session.run("ROLLBACK")?;
    }
    // What nobody compares is seen by what it belongs to.
    session.run("SET session_replication_role = replica; DELETE FROM exchange.transfers WHERE reference = 'w1'")?;
    assert!(goes_on(&mut session).is_err(), "money came from nowhere");
    Ok(())
}
