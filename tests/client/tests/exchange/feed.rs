//! Market data by logical replication: a subscriber holds what the market did, and nothing of whom.

use std::thread;
use std::time::Duration;

use client_tests::door::{self, Door};
use client_tests::flow::{Flow, SMALL};
use client_tests::{Database, Failure, PORT, Random, Result, Scratch, Session};

const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];
const TABLES: [&str; 3] = ["exchange.markets", "exchange.orders", "exchange.trades"];

/// The published columns of a table, in the order of their names.
fn columns(session: &mut Session, table: &str) -> Result<String> {
    session.line(&format!(
        "SELECT string_agg(a, ', ' ORDER BY a) FROM pg_publication_tables p, unnest(p.attnames) a
         WHERE p.pubname = 'bourse_feed' AND p.schemaname || '.' || p.tablename = '{table}'"
    ))
}

/// The rows of a table as the feed shows them, sorted as a whole: no few columns tell all rows apart.
fn rows(session: &mut Session, table: &str, columns: &str) -> Result<Vec<String>> {
    let mut rows = session.lines(&format!("SELECT {columns} FROM {table}"))?;
    rows.sort_unstable();
    Ok(rows)
}

/// A database with tables of the published columns, subscribed to the feed.
fn subscribe(source: &Database, root: &mut Session) -> Result<Session> {
    let subscriber = Database::empty(&source.server, "feed_subscriber")?;
    let mut session = subscriber.connect()?;
    session.run("CREATE SCHEMA exchange")?;
    for table in TABLES {
        let definition = root.line(&format!(
            "SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ')
             FROM pg_publication_tables p CROSS JOIN unnest(p.attnames) n JOIN pg_attribute a
                 ON a.attrelid = '{table}'::regclass AND a.attname = n
             WHERE p.pubname = 'bourse_feed' AND p.schemaname || '.' || p.tablename = '{table}'"
        ))?;
        let key = if table == "exchange.markets" { "symbol" } else { "id" };
        session.run(&format!("CREATE TABLE {table} ({definition}, PRIMARY KEY ({key}))"))?;
    }
    let host = source.server.host.display();
    // In one cluster a subscription cannot make its own slot: it would wait for itself.
    root.run("SELECT pg_create_logical_replication_slot('bourse_slot', 'pgoutput')")?;
    session.run(&format!(
        "CREATE SUBSCRIPTION feed CONNECTION 'host={host} port={PORT} user=postgres dbname={}' PUBLICATION bourse_feed
         WITH (create_slot = false, slot_name = 'bourse_slot')",
        source.name
    ))?;
    Ok(session)
}

/// Waits until the subscriber holds what the publisher does: at most a minute, for its workers start in their own time.
fn wait_until_equal(root: &mut Session, subscriber: &mut Session) -> Result<()> {
    let mut different = String::new();
    for _ in 0..1200 {
        different.clear();
        for table in TABLES {
            let columns = columns(root, table)?;
            let (expected, found) = (rows(root, table, &columns)?, rows(subscriber, table, &columns)?);
            if expected != found {
                different += &format!("\n{table}: {}", door::differing(&expected, &found).concat());
            }
        }
        if different.is_empty() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new(format!("the subscriber never caught up:{different}")))
}

#[test]
fn a_subscriber_holds_what_the_market_did_and_nothing_of_whom() -> Result<()> {
    let scratch = Scratch::furnished("feed", "")?;
    let source = Database::on(&scratch.server, "feed")?;
    let mut root = source.connect()?;
    if root.line("SELECT to_regprocedure('exchange.create_feed(text)') IS NULL")? == "t" {
        return Ok(());
    }
    root.run("SET synchronous_commit = off")?;
    // How long a subscription waits before it starts its next worker; by default 5 s.
    root.run("ALTER SYSTEM SET wal_retrieve_retry_interval = '100ms'")?;
    root.run("SELECT pg_reload_conf()")?;
    MARKETS.iter().try_for_each(|market| root.market(market))?;
    let users = (0..4).map(|n| {
        let user = root.user(&format!("trader {n}"))?;
        root.fund(user, &[("USD", "20000"), ("BTC", "100"), ("ETH", "100")])?;
        Ok(user)
    });
    let users = users.collect::<Result<Vec<i64>>>()?;
    let flow = Flow { markets: &MARKETS, users: &users, ..SMALL };
    let commands = flow.commands(&mut Random::new(51), 600, &[]);
    let (before, after) = commands.split_at(200);
    door::send(&mut root, Door::Function, before)?;
    assert_eq!(root.line("SELECT exchange.create_feed()")?, "bourse_feed");
    assert_eq!(root.refused("SELECT exchange.create_feed()")?, "42710");
    for table in TABLES {
        let columns = columns(&mut root, table)?;
        let private = ["user", "client", "commission", "rate", "reserved"].iter().any(|word| columns.contains(word));
        assert!(!private, "{table} publishes {columns}");
    }
    let mut subscriber = subscribe(&source, &mut root)?;
    wait_until_equal(&mut root, &mut subscriber)?;
    let (by_function, by_bulk) = after.split_at(200);
    door::send(&mut root, Door::Function, by_function)?;
    door::send(&mut root, Door::Bulk(50), by_bulk)?;
    wait_until_equal(&mut root, &mut subscriber)?;
    let trades = subscriber.number("SELECT count(*) FROM exchange.trades")?;
    assert!(trades > 100, "{trades} trades prove too little");
    root.verify_is_empty()?;
    subscriber.run("DROP SUBSCRIPTION feed")?;
    root.run("SELECT exchange.drop_feed()")?;
    assert_eq!(root.refused("SELECT exchange.drop_feed()")?, "42704");
    Ok(())
}
