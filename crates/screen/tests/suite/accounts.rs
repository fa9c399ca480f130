//! Bots, accounts at brokers, and what admins see.

use client_tests::Result;
use serde_json::json;

use crate::client::{Screen, house};

#[test]
fn a_bot_shows_its_equity_and_metrics() -> Result<()> {
    let (database, mut sql) = house("screen_bots", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let bot = sql.number("SELECT trading.create_bot(1, 'market maker', '{}', starting_balance => 1000)")?;
    sql.run(&format!("SELECT trading.start_bot({bot})"))?;
    sql.run(&format!("SELECT trading.record_equity({bot})"))?;
    let (ann, bob) = (screen.log_in("ann")?, screen.log_in("bob")?);
    let bots = ann.get("/api/bots")?.body;
    assert_eq!((&bots[0]["id"], &bots[0]["starting_balance"]), (&json!(bot.to_string()), &json!("1000.00000000")));
    let equity = ann.get(&format!("/api/bots/{bot}/equity"))?.body;
    assert_eq!(equity[0]["equity"], "1000.00000000");
    let metrics = ann.get(&format!("/api/bots/{bot}/metrics"))?;
    assert_eq!((metrics.status, metrics.text("trades")), (200, "0".to_owned()));
    assert_eq!(bob.get("/api/bots")?.body, json!([]));
    for figures in ["equity", "metrics"] {
        assert_eq!(bob.get(&format!("/api/bots/{bot}/{figures}"))?.refusal(), (404, "42704".to_owned()), "{figures}");
    }
    sql.run("SELECT trading.create_bot(1, 'market maker', '{}', starting_balance => 1) FROM generate_series(1, 10)")?;
    let listed = ann.get("/api/bots")?.body;
    let ids: Vec<&str> = listed.as_array().expect("a list").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids.join("|"), sql.lines("SELECT id FROM trading.bots ORDER BY id")?.join("|"), "as numbers");
    Ok(())
}

#[test]
fn a_mirrored_account_shows_how_it_is() -> Result<()> {
    let (database, mut sql) = house("screen_mirror", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let broker = sql.line("SELECT min(name) FROM mirror.brokers")?;
    sql.run(&format!("SELECT mirror.create_account(1, 'main account', '{broker}')"))?;
    let accounts = screen.log_in("ann")?.get("/api/accounts")?.body;
    assert_eq!((&accounts[0]["account_name"], &accounts[0]["positions"]), (&json!("main account"), &json!("0")));
    assert_eq!(screen.log_in("bob")?.get("/api/accounts")?.body, json!([]));
    Ok(())
}

#[test]
fn only_admins_see_the_platform() -> Result<()> {
    let (database, mut sql) = house("screen_admin", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    sql.run("UPDATE identity.users SET role = 'admin' WHERE id = 1")?;
    let seen = screen.log_in("ann")?.get("/api/admin")?;
    assert_eq!(seen.status, 200, "{seen:?}");
    for part in ["health", "alerts", "jobs", "messages"] {
        assert!(seen.body[part].is_array(), "{part}");
    }
    assert!(seen.body["health"].as_array().is_some_and(|rows| rows.len() > 5));
    assert_eq!(screen.log_in("bob")?.get("/api/admin")?.refusal(), (403, "42501".to_owned()));
    Ok(())
}
