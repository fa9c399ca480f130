//! Orders that are archived while they are reported: each stands in one place at every moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use client_tests::{Database, Random, Result};

const ACCOUNTS: u64 = 4;
const ORDERS: u64 = 200;

/// A book of orders of which half have ended, long ago.
fn book(seed: u64) -> String {
    format!(
        "(SELECT jsonb_agg(jsonb_build_object('orderid', n, 'symbol', 'S', 'exchange', 'NSE', 'action', 'BUY',
             'quantity', 10, 'pricetype', 'MARKET', 'timestamp', '02-Jan-2025 09:15:00', 'order_status',
             CASE WHEN n % 2 = 0 THEN 'complete' WHEN {seed} % 3 = 0 THEN 'open' ELSE 'pending' END))
          FROM generate_series(1, {ORDERS}) n)"
    )
}

fn report(database: &Database, session: u64, over: &AtomicBool) -> Result<()> {
    let (mut connection, mut random) = (database.connect()?, Random::new(session + 1));
    while !over.load(Ordering::Relaxed) {
        let (account, seed) = (random.below(ACCOUNTS) + 1, random.below(9));
        connection.run(&format!("SELECT * FROM mirror.sync_orders({account}, {}, clock_timestamp())", book(seed)))?;
    }
    Ok(())
}

fn archive(database: &Database, session: u64) -> Result<i64> {
    let (mut connection, mut random) = (database.connect()?, Random::new(session + 50));
    let mut moved = 0;
    for _ in 0..40 {
        connection.run("BEGIN")?;
        let batch = connection.number(&format!("SELECT mirror.archive_orders('1 day', {})", random.below(9) + 1))?;
        let is_kept = random.percent(70);
        connection.run(if is_kept { "COMMIT" } else { "ROLLBACK" })?;
        moved += if is_kept { batch } else { 0 };
    }
    Ok(moved)
}

#[test]
fn orders_are_in_one_place_while_they_are_archived_and_reported() -> Result<()> {
    let database = Database::fresh("mirror_archive")?;
    let mut root = database.connect()?;
    root.run(&format!(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, {ACCOUNTS}) n;
         SELECT mirror.create_account(n, 'account', 'Zerodha') FROM generate_series(1, {ACCOUNTS}) n;
         SELECT s.* FROM generate_series(1, {ACCOUNTS}) n
         CROSS JOIN LATERAL mirror.sync_orders(n, {}, clock_timestamp()) s",
        book(0)
    ))?;
    let (shared, over) = (&database, &AtomicBool::new(false));
    let moved = thread::scope(|scope| {
        let reports: Vec<_> = (0..3).map(|session| scope.spawn(move || report(shared, session, over))).collect();
        let archives: Vec<_> = (0..2).map(|session| scope.spawn(move || archive(shared, session))).collect();
        let watched: Result<()> = (0..60).try_for_each(|_| {
            let all = root.rows("SELECT count(*), count(DISTINCT (account_id, order_id)) FROM mirror.all_orders")?;
            assert_eq!(all, [[(ACCOUNTS * ORDERS).to_string(), (ACCOUNTS * ORDERS).to_string()]]);
            Ok(())
        });
        let moved: Result<i64> = archives.into_iter().map(|archive| archive.join().expect("no panic")).sum();
        over.store(true, Ordering::Relaxed);
        reports.into_iter().try_for_each(|report| report.join().expect("no panic in a reporter"))?;
        watched.and(moved)
    })?;
    let mut root = database.connect()?;
    assert_eq!(root.number("SELECT count(*) FROM mirror.orders_archive")?, moved);
    assert!(moved > 0, "nothing was archived");
    while root.number("SELECT mirror.archive_orders('1 day', 100)")? > 0 {}
    assert_eq!(root.number("SELECT count(*) FROM mirror.orders_archive")?.unsigned_abs(), ACCOUNTS * ORDERS / 2);
    assert_eq!(root.lines("SELECT * FROM mirror_private.verify_books()")?, Vec::<String>::new());
    Ok(())
}

#[test]
fn who_is_erased_leaves_nothing_behind_while_orders_are_archived() -> Result<()> {
    let database = Database::fresh("mirror_archive_erased")?;
    let mut root = database.connect()?;
    root.run(&format!(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, {ACCOUNTS}) n;
         SELECT mirror.create_account(n, 'account', 'Zerodha') FROM generate_series(1, {ACCOUNTS}) n;
         SELECT s.* FROM generate_series(1, {ACCOUNTS}) n
         CROSS JOIN LATERAL mirror.sync_orders(n, {}, clock_timestamp()) s;
         SELECT mirror.record_execution(1, '2', 'e', 10, 5, now())",
        book(0)
    ))?;
    let mut other = database.connect()?;
    root.run("BEGIN; SELECT identity.erase_user(1, 'asked for it')")?;
    // Those of others are archived meanwhile; nobody waits.
    other.run("SET lock_timeout = '5s'")?;
    let others = (ACCOUNTS - 1) * ORDERS / 2;
    assert_eq!(other.number("SELECT mirror.archive_orders('1 day')")?.unsigned_abs(), others);
    root.run("COMMIT")?;
    let left = "SELECT (SELECT count(*) FROM mirror.all_orders WHERE user_id = 1)
                     + (SELECT count(*) FROM mirror.executions WHERE user_id = 1)
                     + (SELECT count(*) FROM mirror.documents WHERE user_id = 1)";
    assert_eq!(other.number(left)?, 0);
    assert_eq!(other.number("SELECT mirror.archive_orders('1 day')")?, 0);
    Ok(())
}
