//! Where nothing may be written, everything can still be read.

use client_tests::sequencer::{PRELOAD, submission};
use client_tests::{Database, Failure, Result, Scratch, Session};

const READS: [&str; 5] = [
    "SELECT * FROM exchange.order_book('BTC-USD')",
    "SELECT * FROM exchange.best_bid_offer('BTC-USD')",
    "SELECT * FROM exchange.ledger_entries",
    "SELECT * FROM exchange.order_book_view",
    "SELECT * FROM bourse.status()",
];

fn open(database: &Database) -> Result<(Session, i64)> {
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "1000"), ("BTC", "10")])?;
    for (side, price) in [("buy", 100), ("sell", 101), ("sell", 100)] {
        session.run(&format!(
            "SELECT exchange.place_order({user}, 'BTC-USD', '{side}', {price}, 2, self_trade_prevention => 'none')"
        ))?;
    }
    session.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 99, 1, client_order_id => 'x')"))?;
    Ok((session, user))
}

fn reads_and_refuses(session: &mut Session, user: i64) -> Result<()> {
    for sql in READS {
        assert!(!session.lines(sql)?.is_empty(), "{sql} shows nothing");
    }
    session.verify_is_empty()?;
    for call in [
        format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 100, 1)"),
        // A retry is refused too: a standby may lag behind, it cannot know.
        format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 99, 1, client_order_id => 'x')"),
        format!("SELECT exchange.cancel_order({user}, 'x')"),
        "SELECT exchange.cancel_order(1)".into(),
        format!("SELECT exchange.cancel_all_orders({user})"),
        "SELECT exchange.amend_order(1, 1, 1)".into(),
        submission(user, "BTC-USD", "buy", "100", "standby"),
        format!("SELECT exchange.submit_cancel({user}, 'x')"),
        "SELECT exchange.submit_amend(1, 1, 1)".into(),
        "CALL exchange.match_orders()".into(),
        format!("SELECT exchange.deposit({user}, 'USD', 1)"),
        format!("SELECT exchange.withdraw({user}, 'USD', 1)"),
        "SELECT exchange.create_market('A-B', 'A', 'B')".into(),
        "SELECT exchange.set_market_status('BTC-USD', 'open')".into(),
        "SELECT bourse.install()".into(),
        format!(
            "INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES ({user}, 'BTC-USD', 'buy', 1, 1)"
        ),
    ] {
        assert_eq!(session.refused(&call)?, "25006", "{call}");
    }
    Ok(())
}

#[test]
fn a_read_only_session_reads_and_writes_nothing() -> Result<()> {
    let database = Database::fresh("standby_read_only")?;
    let (mut session, user) = open(&database)?;
    session.run("SET default_transaction_read_only = on")?;
    reads_and_refuses(&mut session, user)?;
    session.run("SET default_transaction_read_only = off")?;
    session.run(&format!("SELECT exchange.cancel_order({user}, 'x')"))?;
    session.verify_is_empty()
}

#[test]
fn a_standby_reads_and_writes_nothing_and_takes_over() -> Result<()> {
    let primary = Scratch::furnished("standby_primary", PRELOAD)?;
    let database = Database::on(&primary.server, "venue")?;
    let (mut session, user) = open(&database)?;
    let standby = Scratch::standby(&primary.server, "standby_standby", PRELOAD)?;
    session.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 98, 1)"))?;
    let last = session.line("SELECT pg_current_wal_lsn()")?;
    let mut copy = standby.server.connect("venue", "postgres")?;
    let caught_up = format!("SELECT pg_last_wal_replay_lsn() >= '{last}'");
    for n in 0.. {
        if copy.line(&caught_up)? == "t" {
            break;
        }
        if n > 1200 {
            return Err(Failure::new("the standby does not catch up"));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    reads_and_refuses(&mut copy, user)?;
    assert_eq!(client_tests::checksums(&mut copy)?, client_tests::checksums(&mut session)?);
    assert_ne!(copy.sequencer_state()?, "working");
    let workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_bourse%'";
    assert_eq!(copy.number(workers)?, 0, "workers of ours on a standby");
    primary.kill()?;
    copy.run("SELECT pg_promote()")?;
    copy.number(&submission(user, "BTC-USD", "buy", "96", "promoted"))?;
    copy.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 97, 1)"))?;
    copy.run(&format!("SELECT exchange.cancel_order({user}, 'x')"))?;
    copy.verify_is_empty()
}

#[test]
fn a_transaction_that_reads_one_snapshot_places_nothing() -> Result<()> {
    let database = Database::fresh("standby_isolation")?;
    let (mut session, user) = open(&database)?;
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        for call in [
            format!("exchange.place_order({user}, 'BTC-USD', 'buy', 100, 1)"),
            format!("exchange.cancel_order({user}, 'x')"),
            format!("exchange.cancel_all_orders({user})"),
            "exchange.amend_order(1, 1, 1)".into(),
        ] {
            session.run(&format!("BEGIN ISOLATION LEVEL {level}"))?;
            assert_eq!(session.refused(&format!("SELECT {call}"))?, "25001", "{call} under {level}");
            session.run("ROLLBACK")?;
        }
        session.run(&format!("BEGIN ISOLATION LEVEL {level}"))?;
        session.verify_is_empty()?;
        session.run("COMMIT")?;
    }
    Ok(())
}
