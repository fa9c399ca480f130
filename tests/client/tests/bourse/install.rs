//! Installing: once, whoever calls and however many at once; nothing by halves; nothing is lost by a DROP.

use std::sync::Barrier;
use std::thread;

use client_tests::{Database, Failure, Result, Scratch, Server, Session};

const TABLES: &str = "
    SELECT count(*) FROM pg_class
    WHERE relkind IN ('r', 'v', 'S') AND relnamespace::regnamespace::text IN ('bourse', 'identity', 'audit', 'exchange')";

fn extension(name: &str) -> Result<Database> {
    Database::with_extension(&Server::of_suite()?, name)
}

/// Runs a statement in one session for each database, all at once.
fn all_at_once(databases: &[Database], sql: &str) -> Result<Vec<String>> {
    let barrier = Barrier::new(databases.len());
    let answers: Vec<Result<String>> = thread::scope(|scope| {
        let sessions: Vec<_> = databases
            .iter()
            .map(|database| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let session = database.connect();
                    barrier.wait();
                    Ok(session?.lines(sql)?.concat())
                })
            })
            .collect();
        sessions.into_iter().map(|session| session.join().expect("no panic in a session")).collect()
    });
    answers.into_iter().collect()
}

#[test]
fn eight_sessions_install_once() -> Result<()> {
    let database = extension("install_at_once")?;
    let answers = all_at_once(&vec![database.clone(); 8], "SELECT bourse.install()")?;
    let made = answers.iter().filter(|answer| answer.as_str() == "installed").count();
    let idle = answers.iter().filter(|answer| answer.as_str() == "nothing to do").count();
    assert_eq!((made, idle), (1, 7), "{answers:?}");
    let mut session = database.connect()?;
    let applied = "SELECT count(*) = (SELECT count(*) FROM bourse.migrations()) FROM bourse.schema_migrations";
    assert_eq!(session.line(applied)?, "t");
    session.verify_is_empty()
}

#[test]
fn installing_and_migrating_again_changes_nothing() -> Result<()> {
    let mut session = Database::fresh("install_again")?.connect()?;
    session.market("BTC-USD")?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "10")])?;
    let before = client_tests::checksums(&mut session)?;
    for call in ["bourse.migrate()", "bourse.install()"] {
        let answer = session.line(&format!("SELECT {call}"))?;
        assert_eq!(answer, "nothing to do", "{call}");
    }
    assert_eq!(client_tests::checksums(&mut session)?, before);
    assert_eq!(session.lines("SELECT value FROM bourse.status() WHERE item = 'pending_migrations'")?, ["0"]);
    Ok(())
}

#[test]
fn before_install_every_call_says_what_to_do() -> Result<()> {
    let mut session = extension("install_before")?.connect()?;
    for call in [
        "exchange.place_order(1, 'BTC-USD', 'buy', 1, 1)",
        "exchange.cancel_order(1)",
        "exchange.cancel_order(1, 'a')",
        "exchange.cancel_all_orders(1)",
        "exchange.amend_order(1, 1, 1)",
        "exchange_private.match_batch(NULL, 1)",
        "exchange.deposit(1, 'USD', 1)",
        "exchange.withdraw(1, 'USD', 1)",
        "exchange.update_user_balance(1, 1)",
        "exchange.update_asset_balance(1, 'USD', 1)",
        "exchange.create_market('BTC-USD', 'BTC', 'USD')",
        "exchange.set_market_status('BTC-USD', 'open')",
        "exchange.order_book('BTC-USD')",
        "exchange.best_bid_offer('BTC-USD')",
        "exchange.verify()",
        "identity.current_user_id()",
        "bourse.migrate()",
    ] {
        let sql = format!("SELECT {call}");
        let failure = session.run(&sql).err().ok_or_else(|| Failure::new(format!("{call} worked")))?;
        assert!(failure.is("55000") && failure.to_string().contains("bourse.install()"), "{failure}");
    }
    assert_eq!(session.refused("CALL exchange.match_orders()")?, "55000");
    assert_eq!(session.lines("SELECT value FROM bourse.status() WHERE item = 'installed'")?, ["false"]);
    Ok(())
}

#[test]
fn an_install_that_is_rolled_back_leaves_nothing() -> Result<()> {
    let mut session = extension("install_rollback")?.connect()?;
    session.run("BEGIN; SELECT bourse.install(); SELECT exchange.create_market('A-B', 'A', 'B'); ROLLBACK")?;
    assert_eq!(session.number(TABLES)?, 0);
    assert_eq!(session.refused("SELECT exchange.verify()")?, "55000");
    session.run("SELECT bourse.install()")?;
    session.market("A-B")?;
    session.verify_is_empty()
}

#[test]
fn the_tables_belong_to_the_user_and_hold_the_extension() -> Result<()> {
    let mut session = Database::fresh("install_drop")?.connect()?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "10")])?;
    let members = "SELECT count(*) FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
                   WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'
                     AND c.relnamespace::regnamespace::text IN ('bourse', 'identity', 'audit', 'exchange')
                     AND c.relkind <> 'c'";
    assert_eq!(session.number(members)?, 0);
    // PostgreSQL's own HINT says CASCADE.
    let drops = ["pg_bourse", "pg_bourse CASCADE", "IF EXISTS nothing, pg_bourse CASCADE", "plpgsql CASCADE"];
    for drop in drops {
        let failure = session.run(&format!("DROP EXTENSION {drop}")).err();
        let failure = failure.ok_or_else(|| Failure::new(format!("{drop} is gone")))?;
        assert!(failure.is("2BP01"), "{failure}");
        assert_eq!(drop.ends_with("CASCADE"), failure.to_string().contains("bourse.drop_tables"), "{failure}");
    }
    assert_eq!(session.line("SELECT amount FROM exchange.assets")?, "10.00000000");
    session.verify_is_empty()?;
    // Another extension goes as ever, and a database without tables has nothing to lose.
    if session.has_extension("citext")? {
        session.run("CREATE EXTENSION citext; DROP EXTENSION citext CASCADE")?;
    }
    session.run("SET bourse.drop_tables = on; DROP EXTENSION pg_bourse CASCADE")?;
    assert_eq!(session.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'exchange'")?, 0);
    session.run("CREATE EXTENSION pg_bourse; SET bourse.drop_tables = off; DROP EXTENSION pg_bourse CASCADE")
}

#[test]
fn an_extension_without_tables_can_be_dropped_and_made_again() -> Result<()> {
    let mut session = extension("install_drop_empty")?.connect()?;
    session.run("DROP EXTENSION pg_bourse; CREATE EXTENSION pg_bourse; SELECT bourse.install()")?;
    session.verify_is_empty()
}

#[test]
fn two_databases_of_a_cluster_do_not_touch_one_another() -> Result<()> {
    let open = |name| -> Result<(Session, i64)> {
        let mut session = Database::fresh(name)?.connect()?;
        session.market("BTC-USD")?;
        let user = session.user("alice")?;
        session.fund(user, &[("USD", "1000")])?;
        Ok((session, user))
    };
    let (mut one, user_one) = open("install_one")?;
    let (mut other, user_other) = open("install_other")?;
    // The market of the one is held; the market of the same name in the other is free.
    one.run(&format!("BEGIN; SELECT exchange.place_order({user_one}, 'BTC-USD', 'buy', 1, 1)"))?;
    other.run("SET lock_timeout = '2s'")?;
    other.run(&format!("SELECT exchange.place_order({user_other}, 'BTC-USD', 'buy', 2, 1)"))?;
    one.run("COMMIT")?;
    assert_eq!(one.line("SELECT count(*), max(price) FROM exchange.orders")?, "1|1.00000000");
    assert_eq!(other.line("SELECT count(*), max(price) FROM exchange.orders")?, "1|2.00000000");
    other.verify_is_empty()?;
    one.verify_is_empty()
}

#[test]
fn eight_databases_of_a_new_cluster_create_the_extension_at_once() -> Result<()> {
    let scratch = Scratch::start("install_cluster")?;
    let databases = (0..8).map(|n| Database::empty(&scratch.server, &format!("db{n}"))).collect::<Result<Vec<_>>>()?;
    all_at_once(&databases, "CREATE EXTENSION pg_bourse")?;
    all_at_once(&databases, "SELECT bourse.install()")?;
    databases.iter().try_for_each(|database| database.connect()?.verify_is_empty())
}
