//! What is placed over HTTP stands in SQL, to the last digit.

use client_tests::sequencer::Venue;
use client_tests::{Database, Result, Session};
use serde_json::json;

use crate::client::{Screen, house, limit, people};

#[test]
fn an_order_over_http_is_the_order_in_sql() -> Result<()> {
    let (database, mut sql) = house("screen_orders", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let (ann, bob) = (screen.log_in("ann")?, screen.log_in("bob@example.org")?);
    let placed = bob.place(&limit("sell", "100.01", "0.123457", "b-1"))?;
    assert_eq!(placed.status, 200, "{placed:?}");
    let order = limit("buy", "100.02", "0.200001", "a-1");
    let preview = ann.send("POST", "/api/orders/preview", Some(&order))?;
    assert_eq!(sql.number("SELECT count(*) FROM exchange.orders")?, 1, "a preview leaves nothing");
    let taken = ann.place(&order)?;
    for name in ["filled_amount", "remaining_amount", "average_price", "commission"] {
        assert_eq!(preview.text(name), taken.text(name), "{name}");
        assert!(!taken.text(name).is_empty());
    }
    let id = taken.text("id");
    assert_eq!(
        sql.line(&format!("SELECT reserved FROM exchange.orders WHERE id = {id}"))?,
        preview.text("reserved"),
        "what a preview says is locked"
    );
    let again = ann.place(&order)?;
    assert_eq!(again.body, taken.body, "the same order again has the same answer");
    let stands = sql.line(&format!(
        "SELECT price, amount, filled_amount, status, client_order_id FROM exchange.orders WHERE id = {id}"
    ))?;
    assert_eq!(stands, "100.02000000|0.20000100|0.12345700|open|a-1");
    let trades = ann.get("/api/trades")?;
    let said = &trades.body[0];
    let columns = ["price", "amount", "commission"].map(|name| said[name].as_str().unwrap_or_default().to_owned());
    assert_eq!(columns.join("|"), sql.line("SELECT price, amount, buyer_commission FROM exchange.trades")?);
    let balances = ann.get("/api/balances")?;
    let told: Vec<String> = balances
        .body
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            ["asset", "available", "locked"].map(|name| row[name].as_str().unwrap_or_default().to_owned()).join("|")
        })
        .collect();
    let stand = sql.lines("SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = 1 ORDER BY 1")?;
    assert_eq!(told, stand);
    let own = ann.get("/api/markets/BTC-USD/ladder")?;
    assert_eq!(own.body[0]["amount"], "0.07654400");
    Ok(())
}

#[test]
fn an_order_is_amended_and_cancelled() -> Result<()> {
    let (database, mut sql) = house("screen_amends", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    let id = ann.place(&limit("buy", "90", "1", "a-1"))?.text("id");
    let path = format!("/api/orders/{id}");
    let amended = ann.send("PATCH", &path, Some(&json!({ "price": "91.5" })))?;
    assert_eq!((amended.status, amended.text("remaining_amount")), (200, "1.00000000".to_owned()));
    let listed = ann.get("/api/orders")?;
    assert_eq!(listed.body[0]["price"], "91.50000000");
    let cancelled = ann.send("DELETE", &path, None)?;
    assert_eq!((cancelled.text("status"), cancelled.text("cancel_reason")), ("cancelled".into(), "user".into()));
    assert_eq!(sql.line("SELECT locked_amount FROM exchange.assets WHERE symbol = 'USD'")?, "0.00000000");
    assert_eq!(ann.send("DELETE", &path, None)?.refusal(), (409, "55000".to_owned()));
    sql.verify_is_empty()
}

#[test]
fn a_refusal_has_its_sqlstate_and_hint() -> Result<()> {
    let (database, mut sql) = house("screen_refusals", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    let mut number = limit("buy", "100", "1", "n");
    number["amount"] = json!(0.1);
    let mut elsewhere = limit("buy", "100", "1", "e");
    elsewhere["symbol"] = json!("NO-USD");
    let mut nameless = limit("buy", "100", "1", "x");
    nameless["client_order_id"] = json!(null);
    let mut strange = limit("buy", "100", "1", "s");
    strange["colour"] = json!("red");
    for (order, status, sqlstate) in [
        (limit("buy", "100.005", "1", "a"), 400, "22023"),
        (limit("buy", "100", "1e", "b"), 400, "22P02"),
        (limit("buy", "100", "NaN", "c"), 400, "22023"),
        (limit("buy", "1000", "1000", "d"), 422, "23514"),
        (elsewhere, 404, "42704"),
        (number, 400, "22023"),
        (nameless, 400, "22004"),
        (strange, 400, "22023"),
    ] {
        let answer = ann.place(&order)?;
        assert_eq!(answer.refusal(), (status, sqlstate.to_owned()), "{order}");
        assert!(!answer.text("message").is_empty(), "{answer:?}");
    }
    let off_tick = ann.place(&limit("buy", "100.005", "1", "f"))?;
    assert_eq!(off_tick.text("hint"), "Round the price to a multiple of 0.01 USD.");
    assert_eq!(ann.send_text("POST", "/api/orders", Some("{".to_owned()))?.refusal(), (400, "22023".to_owned()));
    assert_eq!(sql.number("SELECT count(*) FROM exchange.orders")?, 0);
    Ok(())
}

#[test]
fn a_preview_tells_what_the_book_shows_and_no_more() -> Result<()> {
    let (database, mut sql) = house("screen_preview", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let (ann, bob) = (screen.log_in("ann")?, screen.log_in("bob@example.org")?);
    let mut iceberg = limit("sell", "101", "2", "b-1");
    iceberg["display_amount"] = json!("0.1");
    assert_eq!(bob.place(&iceberg)?.status, 200);
    let hidden = ann.send("POST", "/api/orders/preview", Some(&limit("buy", "101", "1", "a-1")))?;
    assert_eq!(hidden.text("filled_amount"), "0.10000000");
    assert_eq!(sql.number("SELECT count(*) FROM exchange.orders")?, 1, "a preview leaves nothing");
    // What is spent is rounded down to whole lots, as the exchange does.
    assert_eq!(bob.place(&limit("sell", "100", "3", "b-2"))?.status, 200);
    let market = json!({ "symbol": "BTC-USD", "side": "buy", "order_type": "market", "quote_amount": "100",
                         "client_order_id": "a-2" });
    let preview = ann.send("POST", "/api/orders/preview", Some(&market))?;
    let taken = ann.place(&market)?;
    for name in ["filled_amount", "average_price", "commission"] {
        assert_eq!(preview.text(name), taken.text(name), "{name}");
    }
    let unknown = ann.send("POST", "/api/orders/preview", Some(&json!({ "symbol": "NO-WAY", "side": "buy" })))?;
    assert_eq!((unknown.status, unknown.text("sqlstate")), (404, "42704".to_owned()));
    Ok(())
}

/// The ids of a list.
fn ids(rows: &serde_json::Value) -> Vec<String> {
    let rows = rows.as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| row["id"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_has_ended_is_read_page_by_page() -> Result<()> {
    let (database, mut sql) = house("screen_history", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let (ann, bob) = (screen.log_in("ann")?, screen.log_in("bob@example.org")?);
    sql.run(
        "SELECT exchange.place_order(2, 'BTC-USD', 'sell', 100, 1);
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', 96, 1);
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', 100, 0.25);
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', 99, 1, time_in_force => 'ioc') FROM generate_series(1, 9);
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', 98, 1, time_in_force => 'gtd',
                                     expires_at => now() + interval '0.2 seconds');
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', 97, 1);
         INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         SELECT 'new', 1, 'BTC-USD', 'r-' || n, 'buy', 100.005, n FROM generate_series(1, 11) n",
    )?;
    sql.run("CALL exchange.match_orders()")?;
    sql.run("SELECT pg_sleep(0.3)")?;
    sql.run("SELECT exchange.expire_orders('BTC-USD')")?;
    for (path, stands) in [
        (
            "closed",
            "SELECT id, status, coalesce(cancel_reason, '') FROM exchange.orders
             WHERE user_id = 1 AND status NOT IN ('open', 'pending') ORDER BY id DESC",
        ),
        (
            "refused",
            "SELECT command_id, sqlstate, hint FROM exchange.command_rejections WHERE user_id = 1 ORDER BY 1 DESC",
        ),
    ] {
        let fields = if path == "closed" { ["id", "status", "cancel_reason"] } else { ["id", "sqlstate", "hint"] };
        let (mut told, mut before, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = ann.get(&format!("/api/orders/{path}?limit=2{before}"))?.body;
            let Some(last) = ids(&page).pop() else { break };
            before = format!("&before={last}");
            pages += 1;
            told.extend(
                page.as_array()
                    .expect("a list")
                    .iter()
                    .map(|row| fields.map(|name| row[name].as_str().unwrap_or_default().to_owned()).join("|")),
            );
        }
        assert_eq!(told, sql.lines(stands)?, "{path}");
        assert_eq!(pages, 6, "{path}");
        assert_eq!(bob.get(&format!("/api/orders/{path}"))?.body, json!([]), "{path}");
    }
    assert_eq!(ids(&ann.get("/api/orders")?.body), ["14", "2"], "the latest first, as numbers");
    Ok(())
}

#[test]
fn all_orders_of_a_market_or_of_all_are_cancelled_at_once() -> Result<()> {
    let venue = Venue::open("screen_sequencer", "")?;
    let mut sql = people(&venue.database, &["ann", "bob"])?;
    sql.sequencer()?;
    all_are_cancelled(&venue.database, sql, "submit")?;
    let (database, sql) = house("screen_cancels", &["ann", "bob"])?;
    all_are_cancelled(&database, sql, "place")
}

fn all_are_cancelled(database: &Database, mut sql: Session, door: &str) -> Result<()> {
    sql.market("ETH-USD")?;
    let screen = Screen::start(database, &["--door", door])?;
    let (ann, bob) = (screen.log_in("ann")?, screen.log_in("bob@example.org")?);
    bob.place(&limit("buy", "80", "1", "b"))?;
    for (symbol, id) in [("BTC-USD", "1"), ("BTC-USD", "2"), ("ETH-USD", "3"), ("ETH-USD", "4"), ("BTC-USD", "5")] {
        let mut order = limit("buy", "90", "1", id);
        order["symbol"] = json!(symbol);
        assert_eq!(ann.place(&order)?.status, 200);
    }
    let cancel = |path: &str| ann.send("DELETE", path, None);
    let live = "SELECT symbol, count(*) FROM exchange.orders WHERE status = 'open' AND user_id = 1 GROUP BY 1";
    assert_eq!(cancel("/api/orders?symbol=BTC-USD")?.body, json!({ "cancelled": "3" }), "{door}");
    assert_eq!(sql.lines(live)?, ["ETH-USD|2"], "{door}");
    assert_eq!(cancel("/api/orders?symbol=NO-USD")?.refusal(), (404, "42704".to_owned()));
    assert_eq!(cancel("/api/orders")?.body, json!({ "cancelled": "2" }), "{door}");
    assert_eq!(cancel("/api/orders")?.body, json!({ "cancelled": "0" }), "{door}");
    assert_eq!(sql.number("SELECT count(*) FROM exchange.orders WHERE status = 'open' AND user_id = 2")?, 1);
    sql.verify_is_empty()
}
