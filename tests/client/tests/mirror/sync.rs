//! Reports of accounts from many sessions, in whatever order they come.

use std::thread;

use client_tests::{Database, Random, Result, Session};

const SESSIONS: u64 = 8;
const ACCOUNTS: u64 = 3;
const MOMENTS: u64 = 30;
const ORDERS: u64 = 12;
const SYMBOLS: u64 = 20;

/// Accounts of three users.
fn with_accounts(name: &str) -> Result<Database> {
    let database = Database::fresh(name)?;
    database.connect()?.run(&format!(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, {ACCOUNTS}) n;
         SELECT mirror.create_account(n, 'account', 'Zerodha') FROM generate_series(1, {ACCOUNTS}) n"
    ))?;
    Ok(database)
}

fn as_of(moment: u64) -> String {
    format!("'2026-01-02 10:00:00Z'::timestamptz + interval '{moment} s'")
}

/// What an order is at a moment: it comes, fills by one a moment, and is filled in the end, or cancelled halfway.
fn order(number: u64, moment: u64) -> Option<String> {
    let (begins, quantity) = (number % 5, 8 + number % 4);
    let age = moment.checked_sub(begins)?;
    let is_cancelled = number.is_multiple_of(3) && age >= 5;
    let filled = if is_cancelled { 4 } else { age.min(quantity) };
    let status = if is_cancelled {
        "cancelled"
    } else if filled == quantity {
        "complete"
    } else {
        "open"
    };
    Some(format!(
        r#"{{"orderid": "o{number}", "symbol": "S{number}", "exchange": "NSE", "action": "BUY",
            "quantity": "{quantity}", "pricetype": "LIMIT", "price": "10{number}", "product": "MIS",
            "order_status": "{status}", "filled_quantity": {filled}, "timestamp": "02-Jan-2026 15:30:00"}}"#
    ))
}

fn orders(moment: u64) -> String {
    let all: Vec<String> = (0..ORDERS).filter_map(|number| order(number, moment)).collect();
    format!("'[{}]', {}", all.join(","), as_of(moment))
}

/// What is held at a moment: some of it comes and goes.
fn positions(moment: u64) -> String {
    let all: Vec<String> = (0..SYMBOLS)
        .filter(|symbol| !(symbol + moment).is_multiple_of(4))
        .map(|symbol| {
            format!(
                r#"{{"symbol": "S{symbol}", "exchange": "NSE", "product": "MIS", "quantity": "{}",
                    "average_price": "{}"}}"#,
                (moment * 7 + symbol) % 9 + 1,
                100 + symbol
            )
        })
        .collect();
    format!("'[{}]', {}", all.join(","), as_of(moment))
}

/// Reports of any moment, prices and executions, by a session of its own; a quarter of it is rolled back.
fn report(database: &Database, session: u64) -> Result<()> {
    let (mut connection, mut random) = (database.connect()?, Random::new(session + 1));
    for _ in 0..40 {
        let (account, moment) = (random.below(ACCOUNTS) + 1, random.below(MOMENTS));
        let call = match random.below(5) {
            0 => format!("SELECT * FROM mirror.sync_orders({account}, {})", orders(moment)),
            1 => format!("SELECT * FROM mirror.sync_positions({account}, {})", positions(moment)),
            2 => format!("SELECT * FROM mirror.sync_holdings({account}, {})", positions(moment)),
            3 => format!(
                "SELECT mirror.set_instrument('NSE', 'S{}', 1, 0.05, multiplier => {})",
                random.below(SYMBOLS),
                random.below(9) + 1
            ),
            _ => format!(
                "SELECT mirror.update_prices((SELECT jsonb_agg(jsonb_build_object('exchange', 'NSE', 'symbol', 'S' || n,
                     'ltp', {} + n)) FROM generate_series(0, {SYMBOLS}) n))",
                random.below(50) + 1
            ),
        };
        connection.run("BEGIN")?;
        connection.run(&call)?;
        connection.run(if random.percent(25) { "ROLLBACK" } else { "COMMIT" })?;
    }
    Ok(())
}

/// What the last reports come to, whatever came before them.
fn books(session: &mut Session) -> Result<Vec<String>> {
    session.lines(
        "SELECT concat_ws(' ', o.account_id, o.order_id, o.status, trim_scale(o.filled_quantity)) FROM mirror.orders o
         UNION ALL
         SELECT concat_ws(' ', p.account_id, p.symbol, trim_scale(p.quantity)) FROM mirror.positions p
         WHERE p.quantity <> 0
         UNION ALL
         SELECT concat_ws(' ', h.account_id, h.symbol, trim_scale(h.quantity), 'owned') FROM mirror.holdings h
         WHERE h.quantity <> 0 ORDER BY 1",
    )
}

fn last_reports(session: &mut Session) -> Result<()> {
    for account in 1..=ACCOUNTS {
        session.run(&format!("SELECT * FROM mirror.sync_orders({account}, {})", orders(MOMENTS)))?;
        session.run(&format!("SELECT * FROM mirror.sync_positions({account}, {})", positions(MOMENTS)))?;
        session.run(&format!("SELECT * FROM mirror.sync_holdings({account}, {})", positions(MOMENTS)))?;
    }
    Ok(())
}

#[test]
fn the_newest_report_counts_in_whatever_order_eight_sessions_bring_them() -> Result<()> {
    let database = with_accounts("mirror_sync")?;
    let shared = &database;
    thread::scope(|scope| {
        let all: Vec<_> = (0..SESSIONS).map(|session| scope.spawn(move || report(shared, session))).collect();
        all.into_iter().try_for_each(|reporter| reporter.join().expect("no panic in a reporter"))
    })?;
    let mut session = database.connect()?;
    last_reports(&mut session)?;
    let of_many = books(&mut session)?;
    // What was late says nothing any more.
    for moment in 0..MOMENTS {
        session.run(&format!("SELECT * FROM mirror.sync_orders(1, {})", orders(moment)))?;
        session.run(&format!("SELECT * FROM mirror.sync_positions(1, {})", positions(moment)))?;
    }
    assert_eq!(books(&mut session)?, of_many);
    assert_eq!(session.lines("SELECT * FROM mirror_private.verify_books()")?, Vec::<String>::new());
    let alone = with_accounts("mirror_sync_alone")?;
    let mut session = alone.connect()?;
    last_reports(&mut session)?;
    assert_eq!(books(&mut session)?, of_many);
    Ok(())
}

#[test]
fn ten_thousand_rows_that_are_sent_again_write_none() -> Result<()> {
    let database = with_accounts("mirror_sync_again")?;
    let mut session = database.connect()?;
    let book = "(SELECT jsonb_agg(jsonb_build_object('orderid', n, 'symbol', 'S' || n, 'exchange', 'NSE',
                    'action', 'BUY', 'quantity', n, 'pricetype', 'LIMIT', 'price', n, 'product', 'MIS',
                    'order_status', 'open', 'average_price', n, 'ltp', n)) FROM generate_series(1, 10000) n)";
    for books in ["orders", "positions", "holdings"] {
        let sync =
            |at| format!("FROM mirror.sync_{books}(1, {book}, '2026-01-02 10:00Z'::timestamptz + interval '{at} s')");
        let versions = format!(
            "SELECT count(*), count(DISTINCT xmin::text), md5(string_agg(ctid::text, ' ' ORDER BY id))
                                FROM mirror.{books}"
        );
        let answers =
            |session: &mut Session, at| session.rows(&format!("SELECT action, count(*) {} GROUP BY 1", sync(at)));
        assert_eq!(answers(&mut session, 0)?, [["inserted", "10000"]]);
        let before = session.rows(&versions)?;
        let documents = session.number("SELECT count(*) FROM mirror.documents")?;
        assert_eq!(answers(&mut session, 1)?, [["unchanged", "10000"]]);
        assert_eq!(session.rows(&versions)?, before);
        assert_eq!(session.number("SELECT count(*) FROM mirror.documents")?, documents);
        session.run("SELECT pg_stat_force_next_flush()")?;
        let written = session.rows(&format!(
            "SELECT n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables WHERE relid = 'mirror.{books}'::regclass"
        ))?;
        assert_eq!(written, [["10000", "0", "0"]]);
    }
    Ok(())
}

#[test]
fn an_account_that_is_deleted_meanwhile_is_gone_for_its_reports() -> Result<()> {
    let database = with_accounts("mirror_sync_deleted")?;
    let (mut deleting, mut reporting) = (database.connect()?, database.connect()?);
    deleting.run("BEGIN; SELECT mirror.delete_account(1)")?;
    let waits = thread::scope(|scope| {
        let reports =
            scope.spawn(move || reporting.refused(&format!("SELECT * FROM mirror.sync_orders(1, {})", orders(3))));
        thread::sleep(std::time::Duration::from_millis(300));
        deleting.run("COMMIT")?;
        reports.join().expect("no panic in a reporter")
    })?;
    assert_eq!(waits, "42704");
    assert_eq!(database.connect()?.number("SELECT count(*) FROM mirror.orders")?, 0);
    Ok(())
}

#[test]
fn books_come_back_from_a_dump_and_go_on() -> Result<()> {
    let from = with_accounts("mirror_dump")?;
    let mut session = from.connect()?;
    session.run(&format!("SELECT * FROM mirror.sync_orders(1, {})", orders(MOMENTS - 1)))?;
    session.run(&format!("SELECT * FROM mirror.sync_positions(1, {})", positions(3)))?;
    session.run("SELECT mirror.update_prices('[{\"exchange\": \"NSE\", \"symbol\": \"S1\", \"ltp\": 7}]')")?;
    session.run("SELECT mirror.record_execution(1, 'o1', 'e1', 1, 101, '2026-01-02 10:00Z')")?;
    session.run("SELECT mirror.archive_orders('0 s', 3)")?;
    let (before, sums) = (books(&mut session)?, "SELECT sum(pnl), sum(day_change), count(*) FROM mirror.positions");
    let pnl = session.rows(sums)?;
    let dump = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mirror_books.sql");
    let dump = dump.to_str().expect("a path in UTF-8").to_owned();
    from.program("pg_dump", &["-f", &dump])?;
    let to = Database::empty(&client_tests::Server::of_suite()?, "mirror_books_restored")?;
    to.program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &dump])?;
    std::fs::remove_file(&dump).expect("the dump is there");
    let mut session = to.connect()?;
    assert_eq!(books(&mut session)?, before);
    assert_eq!(session.rows(sums)?, pnl);
    assert_eq!(session.lines("SELECT mirror.record_execution(1, 'o1', 'e1', 1, 101, '2026-01-02 10:00Z')")?, ["f"]);
    session.run(&format!("SELECT * FROM mirror.sync_orders(1, {})", orders(MOMENTS)))?;
    assert_eq!(session.number("SELECT count(*) FROM mirror.all_orders")?, ORDERS as i64);
    assert_eq!(session.lines("SELECT * FROM mirror_private.verify_books()")?, Vec::<String>::new());
    Ok(())
}
