//! Rows that hold what cannot be, planted behind the back of every guard: each is named, none is taken for something
//! else, and none stops another market.

use client_tests::sequencer::{Venue, submission};
use client_tests::{Database, Failure, Result, Session};

/// A session in a database with two markets, and two users with money.
fn prepare(name: &str) -> Result<(Database, Session)> {
    Database::with_traders(name, &["BTC-USD", "ETH-USD"], &[("USD", "100000"), ("BTC", "1000"), ("ETH", "1000")])
}

/// Nothing guards the tables of the engine any more: not a CHECK, a NOT NULL or a trigger. For a transaction.
const UNGUARDED: &str = "
    SET LOCAL session_replication_role = replica;
    DO $$
    DECLARE
        command text;
    BEGIN
        FOR command IN
            SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
            WHERE contype = 'c' AND connamespace IN ('exchange'::regnamespace, 'identity'::regnamespace)
            UNION ALL
            SELECT format('ALTER TABLE %s ALTER %I DROP NOT NULL', a.attrelid::regclass, a.attname)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
            WHERE c.relnamespace IN ('exchange'::regnamespace, 'identity'::regnamespace)
              AND a.attnum > 0 AND a.attnotnull AND a.attgenerated = '' AND a.attidentity = ''
              AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
                                                     AND a.attnum = ANY (i.indkey))
        LOOP
            EXECUTE command;
        END LOOP;
    END $$;";

const BUY: &str = "SELECT exchange.place_order(1, 'BTC-USD', 'buy', 100, 1)";
const CANCEL: &str = "SELECT exchange.cancel_order(1)";
const AGAIN: &str = "SELECT exchange.place_order(1, 'BTC-USD', 'buy', 100, 1, client_order_id => 'again')";
const LEFT: &str = "SELECT exchange.place_order(1, 'BTC-USD', 'buy', 99, 1)";

/// Order 1 is an iceberg of bob's on offer at 100, order 2 his stop at 90, and ann has bought under a client_order_id.
fn trade(session: &mut Session) -> Result<()> {
    session.run(
        "SELECT exchange.place_order(2, 'BTC-USD', 'sell', 100, 10, display_amount => 2);
         SELECT exchange.place_order(2, 'BTC-USD', 'sell', NULL, 1, 'stop', stop_price => 90)",
    )?;
    session.run(AGAIN)
}

#[test]
fn a_row_that_cannot_be_is_named() -> Result<()> {
    let (_database, mut session) = prepare("corrupt_named")?;
    trade(&mut session)?;
    for (table, column, value, row, call) in [
        ("orders", "side", "'up'", "id 1", CANCEL),
        ("orders", "status", "'done'", "id 1", CANCEL),
        ("orders", "order_type", "'iceberg'", "id 1", BUY),
        ("orders", "order_type", "NULL", "id 1", BUY),
        ("orders", "time_in_force", "''", "id 1", BUY),
        ("orders", "self_trade_prevention", "'always'", "id 1", BUY),
        ("orders", "post_only", "NULL", "id 1", BUY),
        ("orders", "amount", "'NaN'", "id 1", BUY),
        ("orders", "amount", "NULL", "id 1", BUY),
        ("orders", "amount", "10.0000001", "id 1", BUY),
        ("orders", "price", "'NaN'", "id 1", CANCEL),
        ("orders", "price", "NULL", "id 1", CANCEL),
        ("orders", "price", "99.999", "id 1", BUY),
        ("orders", "price", "-1", "id 1", BUY),
        ("orders", "stop_price", "NULL", "id 2", "SELECT exchange.cancel_order(2)"),
        ("orders", "stop_price", "90.001", "id 2", "SELECT exchange.cancel_order(2)"),
        ("orders", "filled_amount", "-1", "id 1", BUY),
        ("orders", "filled_amount", "10", "id 1", BUY),
        ("orders", "visible_amount", "11", "id 1", BUY),
        ("orders", "display_amount", "'NaN'", "id 1", BUY),
        ("orders", "reserved", "'NaN'", "id 1", BUY),
        ("orders", "reserved", "-1", "id 1", BUY),
        ("orders", "maker_rate", "'NaN'", "id 1", BUY),
        ("orders", "taker_rate", "2", "id 1", BUY),
        ("orders", "user_id", "NULL", "id 1", BUY),
        ("orders", "accepted_status", "'new'", "id 3", AGAIN),
        ("orders", "accepted_sequence", "NULL", "id 3", AGAIN),
        ("trades", "price", "'NaN'", "id 1", AGAIN),
        ("trades", "buyer_commission", "NULL", "id 1", AGAIN),
        ("markets", "status", "'ajar'", "symbol BTC-USD", LEFT),
        ("markets", "status", "NULL", "symbol BTC-USD", LEFT),
        ("markets", "door", "'back'", "symbol BTC-USD", LEFT),
        ("markets", "band_action", "NULL", "symbol BTC-USD", LEFT),
        ("markets", "tick_size", "0", "symbol BTC-USD", LEFT),
        ("markets", "lot_size", "'NaN'", "symbol BTC-USD", LEFT),
        ("markets", "maker_rate", "'NaN'", "symbol BTC-USD", LEFT),
        ("markets", "price_band", "'NaN'", "symbol BTC-USD", LEFT),
        ("markets", "last_priority", "-7", "symbol BTC-USD", LEFT),
        ("markets", "last_sequence", "NULL", "symbol BTC-USD", LEFT),
        ("markets", "updated_at", "'infinity'", "symbol BTC-USD", LEFT),
        ("assets", "amount", "'NaN'", "id 1", LEFT),
        ("assets", "amount", "-1", "id 1", LEFT),
        ("assets", "locked_amount", "NULL", "id 1", LEFT),
    ] {
        let key = if table == "markets" { "symbol = 'BTC-USD'" } else { &row.replace("id ", "id = ") };
        session.run(&format!("BEGIN; {UNGUARDED} UPDATE exchange.{table} SET {column} = {value} WHERE {key}"))?;
        let said = session.run(call).err().map_or("no error".to_owned(), |failure| failure.to_string());
        session.run("ROLLBACK")?;
        let all = ["XX001", &format!("row of exchange.{table} with {row}"), &format!("{column} is ")];
        assert!(all.iter().all(|part| said.contains(part)), "{table}.{column} = {value}: {said}");
    }
    session.verify_is_empty()
}

#[test]
fn a_user_of_an_unknown_role_does_not_trade() -> Result<()> {
    let (_database, mut session) = prepare("corrupt_users")?;
    for change in ["role = 'boss'", "is_active = NULL"] {
        session.run(&format!("BEGIN; {UNGUARDED} UPDATE identity.users SET {change} WHERE id = 1"))?;
        let said = session.run(BUY).err().map_or("no error".to_owned(), |failure| failure.to_string());
        session.run("ROLLBACK")?;
        assert!(said.contains("XX001") && said.contains("row of identity.users with id 1"), "{change}: {said}");
    }
    Ok(())
}

/// What the engine has come to, and what would violate a CHECK, is not written.
#[test]
fn a_value_that_cannot_be_is_not_written() -> Result<()> {
    let (_database, mut session) = prepare("corrupt_written")?;
    trade(&mut session)?;
    // Less is locked than the order reserves: to cancel it would leave a balance below zero.
    session.run(&format!(
        "{UNGUARDED} UPDATE exchange.assets SET locked_amount = 1 WHERE user_id = 2 AND symbol = 'BTC'"
    ))?;
    let before = session.lines("SELECT user_id, symbol, amount, locked_amount FROM exchange.assets ORDER BY id")?;
    let failure = session.run(CANCEL).err().ok_or_else(|| Failure::new("the order was cancelled"))?.to_string();
    let all = ["XX001", "row of exchange.assets with id", "assets_locked_amount_check", "locked_amount -8"];
    assert!(all.iter().all(|part| failure.contains(part)), "{failure}");
    assert_eq!(session.line("SELECT status FROM exchange.orders WHERE id = 1")?, "open");
    assert_eq!(
        session.lines("SELECT user_id, symbol, amount, locked_amount FROM exchange.assets ORDER BY id")?,
        before
    );
    Ok(())
}

fn commands(session: &mut Session, ids: std::ops::Range<i64>) -> Result<()> {
    session.run(&format!(
        "INSERT INTO exchange.order_commands (id, action, user_id, symbol, client_order_id, side, price, amount)
         SELECT n, 'new', 1, CASE n % 3 WHEN 0 THEN 'BTC-USD' ELSE 'ETH-USD' END, 'c' || n, 'buy', 90, 1
         FROM generate_series({}, {}) n",
        ids.start,
        ids.end - 1
    ))
}

const BY_MARKET: &str = "SELECT symbol, count(*) FROM exchange.orders GROUP BY symbol ORDER BY symbol";

fn plant(session: &mut Session, status: &str) -> Result<()> {
    session.run(&format!(
        "BEGIN; ALTER TABLE exchange.markets DROP CONSTRAINT IF EXISTS markets_status_check;
         SET LOCAL session_replication_role = replica;
         UPDATE exchange.markets SET status = '{status}' WHERE symbol = 'BTC-USD'; COMMIT"
    ))
}

#[test]
fn match_orders_stops_the_market_of_a_corrupt_row_only() -> Result<()> {
    let (_database, mut session) = prepare("corrupt_inbox")?;
    commands(&mut session, 1..301)?;
    plant(&mut session, "ajar")?;
    for batch in [1000, 7] {
        let call = format!("CALL exchange.match_orders(batch_size => {batch})");
        assert_eq!(session.refused(&call)?, "XX001");
        assert_eq!(session.lines(BY_MARKET)?, ["ETH-USD|200"]);
    }
    let waits = "SELECT count(*), count(set_aside_at), min(symbol) FROM exchange.order_commands";
    assert_eq!(session.line(waits)?, "100|0|BTC-USD");
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections")?, 0);
    plant(&mut session, "open")?;
    session.run("CALL exchange.match_orders()")?;
    assert_eq!(session.lines(BY_MARKET)?, ["BTC-USD|100", "ETH-USD|200"]);
    session.verify_is_empty()
}

#[test]
fn the_sequencer_goes_on_with_the_other_markets() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("sequencer_corrupt", "", 1)?;
    plant(&mut session, "ajar")?;
    let inbox = |session: &mut Session, name: &str| {
        session.run(&format!(
            "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
             SELECT 'new', {}, s, '{name} ' || s, 'buy', 90, 1 FROM unnest('{{BTC-USD,ETH-USD}}'::text[]) s",
            users[0]
        ))
    };
    let carried =
        |name: &str| format!("SELECT count(*) = 1 FROM exchange.orders WHERE client_order_id = '{name} ETH-USD'");
    inbox(&mut session, "first")?;
    session.wait_for(&carried("first"))?;
    let submitted = venue.clients(8, |n| {
        let mut session = venue.connect()?;
        let symbol = if n % 2 == 0 { "BTC-USD" } else { "ETH-USD" };
        Ok(session.run(&submission(users[0], symbol, "buy", "91", &format!("s{n}"))).err())
    })?;
    for (n, failure) in submitted.iter().enumerate() {
        assert_eq!(failure.as_ref().is_some_and(|failure| failure.is("XX001")), n % 2 == 0, "{n}: {failure:?}");
    }
    // Also one that starts while commands of the stopped market wait.
    let pid = session.sequencer()?;
    session.run(&format!("SELECT pg_terminate_backend({pid})"))?;
    session.wait_for(&format!("SELECT state = 'working' AND pid <> {pid} FROM exchange.sequencer_status()"))?;
    inbox(&mut session, "second")?;
    session.wait_for(&carried("second"))?;
    inbox(&mut session, "third")?;
    session.wait_for(&carried("third"))?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.order_commands")?, 3);
    plant(&mut session, "open")?;
    session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
    let order =
        "SELECT string_agg(client_order_id, ', ' ORDER BY priority) FROM exchange.orders WHERE symbol = 'BTC-USD'";
    assert_eq!(session.line(order)?, "first BTC-USD, second BTC-USD, third BTC-USD");
    session.verify_is_empty()
}
