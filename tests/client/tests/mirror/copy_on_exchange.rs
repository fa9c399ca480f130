//! Two groups that cross in one market, from many sessions: nobody waits in a circle, and all money is there.

use std::thread;

use client_tests::{Database, Random, Result};

const FOLLOWERS: u64 = 40;
const SESSIONS: u64 = 6;

/// Users 1 and 2 lead; each of the others follows both. The leaders have so few coins that a sale is a large part of them.
fn with_groups(database: &Database) -> Result<()> {
    database.connect()?.run(&format!(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, {FOLLOWERS} + 2) n;
         INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
         SELECT u.id, u.id, 'account', 'Zerodha' FROM identity.users u ORDER BY u.id;
         SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', 1, 0.01);
         SELECT exchange.deposit(u.id, 'USD', 100000),
                exchange.deposit(u.id, 'BTC', CASE WHEN u.id <= 2 THEN 5 ELSE 100 END) FROM identity.users u;
         SELECT mirror.create_group(g, 'group', g) FROM generate_series(1, 2) g;
         SELECT mirror.share_group(g, n), mirror.follow_on_exchange(mirror.add_follower(g, n, 'multiplier', 0.5), true)
         FROM generate_series(1, 2) g, generate_series(3, {FOLLOWERS} + 2) n"
    ))
}

fn trade(database: &Database, number: u64) -> Result<()> {
    let (mut session, mut random) = (database.connect()?, Random::new(number + 1));
    for _ in 0..25 {
        let side = if random.percent(50) { "buy" } else { "sell" };
        let copied = session.run(&format!(
            "SELECT count(*) FROM mirror.copy_on_exchange({}, 'BTC-USD', '{side}', {}, {})",
            number % 2 + 1,
            95 + random.below(10),
            1 + random.below(3)
        ));
        match copied {
            Err(failure) if !NOT_NOW.iter().any(|sqlstate| failure.is(sqlstate)) => return Err(failure),
            _ => {}
        }
    }
    Ok(())
}

/// What the leader may hear: he has not got so many coins.
const NOT_NOW: [&str; 1] = ["23514"];

/// Followers who have on offer, or sold, more than they had bought by copies.
const SHORT: &str = "
    SELECT c.follower_id, sum(b.amount)
    FROM mirror.exchange_copies c JOIN exchange.orders o ON o.id = c.order_id
    CROSS JOIN LATERAL (SELECT CASE WHEN c.side = 'buy' THEN o.filled_amount WHEN o.status = 'open' THEN -o.amount
                                    ELSE -o.filled_amount END AS amount) b
    WHERE c.follower_id IS NOT NULL GROUP BY c.follower_id HAVING sum(b.amount) < 0";

/// Followers whose holdings are not what their copies that fill no more have bought and sold.
const MISCOUNTED: &str = "
    SELECT follower_id, h.amount, t.amount
    FROM mirror.exchange_holdings h
    FULL JOIN (SELECT c.follower_id, sum(CASE c.side WHEN 'buy' THEN o.filled_amount ELSE -o.filled_amount END) AS amount
               FROM mirror.exchange_copies c JOIN exchange.orders o ON o.id = c.order_id
               WHERE c.follower_id IS NOT NULL AND c.is_settled GROUP BY c.follower_id) t USING (follower_id)
    WHERE coalesce(h.amount, 0) <> coalesce(t.amount, 0)";

#[test]
fn groups_that_cross_do_not_wait_in_a_circle() -> Result<()> {
    let database = Database::fresh("mirror_crossing")?;
    with_groups(&database)?;
    let shared = &database;
    thread::scope(|scope| {
        let all: Vec<_> = (0..SESSIONS).map(|number| scope.spawn(move || trade(shared, number))).collect();
        all.into_iter().try_for_each(|trader| trader.join().expect("no panic in a trader"))
    })?;
    let mut session = database.connect()?;
    session.verify_is_empty()?;
    let deadlocks = session.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")?;
    assert_eq!(deadlocks, 0);
    assert!(session.number("SELECT count(*) FROM exchange.trades")? > 0, "the groups have traded");
    assert_eq!(session.lines(SHORT)?, Vec::<String>::new(), "more was sold than had been bought");
    assert_eq!(session.lines(MISCOUNTED)?, Vec::<String>::new(), "holdings are not what was bought less what was sold");
    let sold = "SELECT count(*) FROM mirror.exchange_copies c JOIN exchange.orders o ON o.id = c.order_id
                WHERE c.side = 'sell' AND c.follower_id IS NOT NULL AND o.filled_amount > 0";
    assert!(session.number(sold)? > 0, "followers have sold");
    Ok(())
}
