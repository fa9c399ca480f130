//! Orders of a leader copied and sent by many sessions at once: each once, and in no follower's account more is closed
//! than it holds.

use std::thread;

use client_tests::{Database, Random, Result, Session};

const FOLLOWERS: u64 = 5;
const ORDERS: u64 = 12;
const SESSIONS: u64 = 6;
const ROUNDS: u64 = 5;

/// Account 1 leads, the others follow with as many times its quantity as their number.
fn with_group(session: &mut Session) -> Result<()> {
    session.run(&format!(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, {FOLLOWERS} + 1) n;
         INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
         SELECT u.id, u.id, 'account', 'Zerodha' FROM identity.users u ORDER BY u.id;
         SELECT mirror.create_group(1, 'group', 1);
         SELECT mirror.share_group(1, n), mirror.add_follower(1, n, 'multiplier', n)
         FROM generate_series(2, {FOLLOWERS} + 1) n"
    ))
}

/// Of the leader's orders every third sells half of what it has bought with the two before.
fn with_orders(session: &mut Session) -> Result<()> {
    session.run(&format!(
        "INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                    product, status, filled_quantity, placed_at)
         SELECT 1, 1, 'L' || n, 'NSE', 'TCS', CASE n % 3 WHEN 0 THEN 'SELL' ELSE 'BUY' END, 10, 'MARKET', 'MIS',
                'EXECUTED', 10, clock_timestamp() + n * interval '1 ms'
         FROM generate_series(1, {ORDERS}) n"
    ))
}

/// A sender whose broker fills at once. Who is told that a lease has ended has sent nothing twice.
fn send(session: &mut Session) -> Result<()> {
    for claimed in session.lines("SELECT order_id, lease FROM mirror.claim_orders('sender', 3)")? {
        let (order, lease) = claimed.split_once('|').expect("two columns");
        session.run(&format!("SELECT mirror.ack_order('{lease}', {order}, 'B{order}')"))?;
        session.run(&format!(
            "UPDATE mirror.orders SET status = 'EXECUTED', filled_quantity = quantity
             WHERE account_id > 1 AND order_id = 'B{order}'"
        ))?;
    }
    Ok(())
}

fn work(database: &Database, number: u64) -> Result<()> {
    let (mut session, mut random) = (database.connect()?, Random::new(number + 1));
    for _ in 0..40 {
        match random.below(3) {
            0 => session.run(&format!("SELECT mirror.copy_order({})", random.below(ORDERS) + 1))?,
            1 => session.run("SELECT mirror.settle_copies()")?,
            _ => send(&mut session)?,
        }
    }
    Ok(())
}

#[test]
fn what_many_sessions_copy_and_send_is_there_once() -> Result<()> {
    let database = Database::fresh("mirror_copies")?;
    let mut session = database.connect()?;
    with_group(&mut session)?;
    with_orders(&mut session)?;
    let shared = &database;
    thread::scope(|scope| {
        let all: Vec<_> = (0..SESSIONS).map(|number| scope.spawn(move || work(shared, number))).collect();
        all.into_iter().try_for_each(|worker| worker.join().expect("no panic in a worker"))
    })?;
    for _ in 0..5 {
        session.run(&format!("SELECT mirror.copy_order({ORDERS}), mirror.settle_copies()"))?;
        for _ in 0..FOLLOWERS * ORDERS {
            send(&mut session)?;
        }
    }
    session.run("SELECT mirror.settle_copies()")?;
    // The leader has bought 80 and sold 40.
    let held = session.lines("SELECT follower_id, trim_scale(held) FROM mirror.follower_positions ORDER BY 1")?;
    let expected: Vec<String> = (1..=FOLLOWERS).map(|follower| format!("{follower}|{}", 40 * (follower + 1))).collect();
    assert_eq!(held, expected);
    let short = "SELECT account_id FROM mirror.orders WHERE account_id > 1 GROUP BY account_id
                 HAVING sum(CASE action WHEN 'BUY' THEN filled_quantity ELSE -filled_quantity END) < 0";
    assert_eq!(session.lines(short)?, Vec::<String>::new());
    assert_eq!(session.lines("SELECT * FROM mirror_private.verify_copies()")?, Vec::<String>::new());
    Ok(())
}

/// An order of the leader, filled; returns its id.
fn lead(session: &mut Session, symbol: u64, action: &str, quantity: u64) -> Result<i64> {
    session.number(&format!(
        "INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, product,
                                    status, filled_quantity, placed_at)
         SELECT 1, 1, 'L' || count(*), 'NSE', 'S{symbol}', '{action}', {quantity}, 'MARKET', 'MIS', 'EXECUTED', {quantity},
                clock_timestamp()
         FROM mirror.orders RETURNING id"
    ))
}

/// Brokers that fill of each order this part, in percent, and cancel the rest.
fn fill(session: &mut Session, percent: u64) -> Result<()> {
    let orders = "SELECT order_id, lease FROM mirror.claim_orders('sender', 1000)";
    for claimed in session.lines(orders)? {
        let (order, lease) = claimed.split_once('|').expect("two columns");
        session.run(&format!("SELECT mirror.ack_order('{lease}', {order}, 'B{order}')"))?;
    }
    session.run(&format!(
        "UPDATE mirror.orders
         SET filled_quantity = quantity * {percent} / 100, status = CASE {percent} WHEN 100 THEN 'EXECUTED' ELSE 'CANCELLED' END
         WHERE account_id > 1 AND status IN ('PENDING', 'OPEN')"
    ))
}

#[test]
fn an_exit_and_one_that_has_waited_close_no_more_than_has_filled() -> Result<()> {
    let database = Database::fresh("mirror_exits")?;
    let (mut session, mut first, mut second) = (database.connect()?, database.connect()?, database.connect()?);
    with_group(&mut session)?;
    for symbol in 1..=ROUNDS {
        let (bought, sold) = (lead(&mut session, symbol, "BUY", 10)?, lead(&mut session, symbol, "SELL", 5)?);
        // There is nothing to sell yet: the exit waits.
        session.run(&format!("SELECT mirror.copy_order({bought}), mirror.copy_order({sold})"))?;
        // Of what was copied half is there.
        fill(&mut session, 50)?;
        let sold = lead(&mut session, symbol, "SELL", 5)?;
        first.run("BEGIN; SELECT mirror.settle_copies()")?;
        thread::scope(|scope| -> Result<()> {
            let copying = scope.spawn(|| second.run(&format!("SELECT mirror.copy_order({sold})")));
            while !copying.is_finished() && session.waiters()? == 0 {}
            first.run("COMMIT")?;
            copying.join().expect("no panic in who copies")
        })?;
        let leaving = format!(
            "SELECT follower_id, trim_scale(sum(quantity)) FROM mirror.copied_orders
             WHERE symbol = 'S{symbol}' AND action = 'SELL' AND status = 'queued' GROUP BY 1 ORDER BY 1"
        );
        let held: Vec<String> = (1..=FOLLOWERS).map(|follower| format!("{follower}|{}", 5 * (follower + 1))).collect();
        assert_eq!(session.lines(&leaving)?, held, "round {symbol}");
        fill(&mut session, 100)?;
        session.run("SELECT mirror.settle_copies()")?;
    }
    assert_eq!(session.lines("SELECT * FROM mirror.follower_positions WHERE held <> 0")?, Vec::<String>::new());
    assert_eq!(session.lines("SELECT * FROM mirror_private.verify_copies()")?, Vec::<String>::new());
    Ok(())
}
