//! The page in a headless Chromium: `web/tests/screen.mjs` does what a person would, this looks into the tables after.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use client_tests::{Database, Failure, Result};

use crate::client::{PASSWORD, Screen, house};

/// So long a market has traded before a picture is made for the manual.
const PICTURED: Duration = Duration::from_secs(150);

/// A book around 100, a bot with an equity, an account at a broker, a history of orders and trades, long balances.
fn furnish(database: &Database) -> Result<()> {
    let mut sql = database.connect()?;
    sql.run(
        "SELECT exchange.create_market('ETH-USD', 'ETH', 'USD'), exchange.create_market('SOL-USD', 'SOL', 'USD');
         UPDATE exchange.markets SET maker_rate = 0.001, taker_rate = 0.002;
         SELECT exchange.deposit(2, 'USD', 100000000), exchange.deposit(2, 'BTC', 1000000),
                exchange.deposit(2, 'SOL', 1000000);
         SELECT exchange.place_order(2, 'SOL-USD', 'sell', 50 + n * 0.01, 123456.789) FROM generate_series(1, 3) n;
         SELECT exchange.place_order(2, 'BTC-USD', 'sell', 100 + n * 0.01, 0.1 + n % 7 * 0.3)
         FROM generate_series(1, 60) n;
         SELECT exchange.place_order(2, 'BTC-USD', 'buy', 100 - n * 0.01, 0.1 + n % 5 * 0.4)
         FROM generate_series(1, 60) n",
    )?;
    sql.run(
        "SELECT exchange.deposit(1, 'USD', 995782.19612233), exchange.deposit(1, 'BTC', 123456.20000123);
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', NULL, 0.001, 'market') FROM generate_series(1, 120);
         SELECT exchange.place_order(1, 'ETH-USD', 'buy', 90.01, 1234.567891),
                exchange.place_order(1, 'ETH-USD', 'buy', 91, 1);
         INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         VALUES ('new', 1, 'BTC-USD', 'refused', 'buy', 100.005, 1)",
    )?;
    sql.run("CALL exchange.match_orders()")?;
    let bot = sql.number("SELECT trading.create_bot(1, 'market maker', '{}', starting_balance => 10000)")?;
    sql.run(&format!(
        "SELECT trading.start_bot({bot});
         SELECT trading.record_equity({bot}, now() - (100 - n) * interval '1 hour') FROM generate_series(1, 90) n"
    ))?;
    let broker = sql.line("SELECT min(name) FROM mirror.brokers")?;
    sql.run(&format!("SELECT mirror.create_account(1, 'main account', '{broker}')"))?;
    Ok(())
}

/// Trades up and down for as long as the page is looked at: one takes what is there, two others bid and offer.
fn trade(database: &Database, ended: &AtomicBool) -> Result<()> {
    let mut sql = database.connect()?;
    sql.run("SELECT setseed(0.5)")?;
    while !ended.load(Ordering::Relaxed) {
        sql.run(
            "SELECT exchange.place_order(2, 'BTC-USD', side, NULL, round((0.05 + random() * 0.6)::numeric, 3), 'market',
                 self_trade_prevention => 'none')
             FROM (SELECT CASE WHEN random() < 0.5 THEN 'buy' ELSE 'sell' END AS side) s;
             SELECT exchange.place_order(2, 'BTC-USD', side,
                 (CASE side WHEN 'buy' THEN coalesce(ask_price, 100.05) - 0.01 * (1 + floor(random() * 25))::numeric
                     ELSE coalesce(bid_price, 99.95) + 0.01 * (1 + floor(random() * 25))::numeric END),
                 round((0.1 + random())::numeric, 3), self_trade_prevention => 'none')
             FROM exchange.best_bid_offer('BTC-USD'), (VALUES ('buy'), ('sell')) s(side)",
        )?;
        thread::sleep(Duration::from_millis(60));
    }
    Ok(())
}

#[test]
fn a_person_trades_in_the_page() -> Result<()> {
    let (database, mut sql) = house("screen_browser", &["ann", "bob"])?;
    furnish(&database)?;
    let screen = Screen::start(&database, &[])?;
    sql.run("UPDATE identity.users SET role = 'admin' WHERE id = 1")?;
    let ended = AtomicBool::new(false);
    let output = thread::scope(|scope| {
        let trader = scope.spawn(|| trade(&database, &ended));
        if std::env::var_os("BOURSE_PICTURE").is_some() {
            thread::sleep(PICTURED);
        }
        let output = look(&screen.address);
        ended.store(true, Ordering::Relaxed);
        trader.join().expect("no panic")?;
        output
    })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let id = said.lines().find_map(|line| line.strip_prefix("order ")).expect("the page tells its order");
    assert_eq!(
        sql.line(&format!(
            "SELECT user_id, symbol, side, price, amount, order_type, left(client_order_id, 4) FROM exchange.orders
             WHERE id = {id}"
        ))?,
        "1|BTC-USD|buy|95.12000000|0.12345600|limit|web-"
    );
    assert_eq!(
        sql.lines(
            "SELECT symbol, cancel_reason, count(*) FROM exchange.orders WHERE user_id = 1 AND symbol = 'ETH-USD'
                   GROUP BY 1, 2"
        )?,
        ["ETH-USD|user|2"]
    );
    let live = "SELECT count(*) FROM exchange.orders WHERE user_id = 1 AND status IN ('open', 'pending')";
    assert_eq!(sql.number(live)?, 0, "the page has cancelled all");
    sql.verify_is_empty()
}

/// Runs the script, in whose folder npm's packages are.
fn look(address: &str) -> Result<Output> {
    let told = |name| std::env::var(name).map_err(|_| Failure::new(format!("{name}: run `cargo check-all screen`")));
    let script = Command::new("node")
        .args(["tests/screen.mjs", &format!("http://{address}/"), PASSWORD, &told("BOURSE_SCREEN_PICTURES")?])
        .current_dir(told("BOURSE_SCREEN_NODE")?)
        .output();
    Ok(script?)
}
