//! Who is who, and sees what.

use std::thread;

use client_tests::Result;
use client_tests::pooler::Pooler;
use serde_json::{Value, json};

use crate::client::{Browser, PASSWORD, Screen, house, limit};

#[test]
fn two_users_never_see_each_other() -> Result<()> {
    let (database, _) = house("screen_privacy", &["ann", "bob"])?;
    let screen = Screen::start(&database, &["--connections", "1"])?;
    let (ann, bob) = (screen.log_in("ann")?, screen.log_in("bob")?);
    let id = ann.place(&limit("buy", "90", "1", "same"))?.text("id");
    assert_ne!(bob.place(&limit("buy", "80", "2", "same"))?.text("id"), id);
    let path = format!("/api/orders/{id}");
    assert_eq!(bob.send("DELETE", &path, None)?.refusal(), (404, "42704".to_owned()));
    assert_eq!(bob.send("PATCH", &path, Some(&json!({ "amount": "2" })))?.refusal(), (404, "42704".to_owned()));
    for (browser, price) in [(&ann, "90.00000000"), (&bob, "80.00000000")] {
        for path in ["/api/orders", "/api/markets/BTC-USD/ladder"] {
            let rows = browser.get(path)?.body;
            assert_eq!((rows.as_array().map(Vec::len), &rows[0]["price"]), (Some(1), &json!(price)), "{path}");
        }
        let balances = browser.get("/api/balances")?.body;
        assert_eq!(balances.as_array().map(Vec::len), Some(2));
    }
    // One connection for all of them: what is left over of one user is nobody's.
    for path in ["/api/orders", "/api/balances", "/api/trades", "/api/bots", "/api/accounts", "/api/admin"] {
        assert_eq!(screen.viewer().get(path)?.refusal(), (401, "28000".to_owned()), "{path}");
    }
    Ok(())
}

#[test]
fn nobody_is_a_viewer() -> Result<()> {
    let (database, _) = house("screen_viewer", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    screen.log_in("ann")?.place(&limit("buy", "90", "1", "a"))?;
    let viewer = screen.viewer();
    assert_eq!(viewer.get("/api/session")?.body, json!({ "user": null, "csrf": null }));
    assert_eq!(viewer.get("/api/markets")?.body[0]["ticker"]["bid"], "90.00000000");
    assert_eq!(viewer.get("/api/markets/BTC-USD/depth")?.body[0]["amount"], "1.00000000");
    assert_eq!(viewer.get("/api/markets/BTC-USD/trades")?.body, json!([]));
    let candles = viewer.get("/api/markets/BTC-USD/candles?width=1%20minute&from=2026-01-01")?;
    assert_eq!((candles.status, candles.body), (200, json!([])));
    let wrong = viewer.get("/api/markets/BTC-USD/candles?width=1%20month&from=2026-01-01")?;
    assert_eq!(wrong.refusal(), (400, "22023".to_owned()));
    assert_eq!(viewer.get("/api/markets/NO/depth")?.refusal(), (404, "42704".to_owned()));
    assert_eq!(viewer.get("/nothing")?.status, 404);
    Ok(())
}

#[test]
fn what_another_site_sends_is_refused() -> Result<()> {
    let (database, mut sql) = house("screen_csrf", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    let order = limit("buy", "90", "1", "a");
    let refused = |answer: crate::client::Answer| answer.refusal() == (403, "42501".to_owned());
    assert!(refused(ann.without("x-csrf-token").place(&order)?), "without the token");
    assert!(refused(ann.without("x-csrf-token").with("x-csrf-token", "0").place(&order)?), "with another token");
    assert!(refused(ann.with("origin", "http://evil.example").place(&order)?), "from another site");
    assert!(refused(screen.viewer().with("origin", "null").send("POST", "/api/session", Some(&Value::Null))?));
    assert_eq!(ann.without("cookie").place(&order)?.refusal(), (401, "28000".to_owned()));
    assert_eq!(sql.number("SELECT count(*) FROM exchange.orders")?, 0);
    assert_eq!(ann.with("origin", &format!("http://{}", screen.address)).place(&order)?.status, 200);
    Ok(())
}

#[test]
fn the_cookie_is_for_the_server_alone_and_ends_with_the_session() -> Result<()> {
    let (database, mut sql) = house("screen_cookie", &["ann"])?;
    let screen = Screen::start(&database, &["--https", "yes"])?;
    let wrong = json!({ "login": "ann", "password": "a guess" });
    let answer = screen.viewer().send("POST", "/api/session", Some(&wrong))?;
    assert_eq!((answer.refusal(), answer.header("set-cookie")), ((401, "28P01".to_owned()), ""));
    let right = json!({ "login": "ann", "password": PASSWORD });
    let answer = screen.viewer().send("POST", "/api/session", Some(&right))?;
    for word in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(answer.header("set-cookie").contains(word), "{answer:?}");
    }
    let page = screen.viewer().get("/")?;
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let ann = screen.log_in("ann")?;
    assert_eq!(ann.get("/api/session")?.body["user"]["name"], "ann");
    assert_eq!(ann.send("DELETE", "/api/session", None)?.status, 204);
    assert_eq!(
        ann.get("/api/balances")?.refusal(),
        (401, "28000".to_owned()),
        "the key is revoked, not only forgotten"
    );
    assert_eq!(ann.get("/api/session")?.body["user"], Value::Null);
    let live = "SELECT count(*) FROM identity.api_keys WHERE revoked_at IS NULL";
    assert_eq!(sql.number(live)?, 1, "the session of the first login");
    Ok(())
}

#[test]
fn an_api_key_logs_in_and_outlives_the_session() -> Result<()> {
    let (database, mut sql) = house("screen_keys", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    let key = sql.line("SELECT api_key FROM identity.issue_api_key(1, 'my program')")?;
    let login = json!({ "api_key": key });
    let ann = screen.viewer().with_login(&login)?;
    assert_eq!(ann.get("/api/balances")?.status, 200);
    assert_eq!(ann.send("DELETE", "/api/session", None)?.status, 204);
    assert_eq!(screen.viewer().with_login(&login)?.get("/api/balances")?.status, 200);
    let bad = screen.viewer().send("POST", "/api/session", Some(&json!({ "api_key": "brs_x; Path=/" })))?;
    assert_eq!((bad.refusal(), bad.header("set-cookie")), ((401, "28P01".to_owned()), ""));
    Ok(())
}

#[test]
fn whoever_forgets_his_sessions_is_not_locked_out() -> Result<()> {
    let (database, mut sql) = house("screen_forgotten", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    sql.run("SELECT identity.issue_api_key(1, 'my program')")?;
    sql.run(
        "SELECT identity.issue_api_key(1, 'screen session', now() + interval '1 hour') FROM generate_series(1, 99)",
    )?;
    let ann = screen.log_in("ann")?;
    assert_eq!(ann.get("/api/balances")?.status, 200);
    let live = "SELECT count(*) FROM identity.api_keys WHERE revoked_at IS NULL AND name = ";
    assert_eq!(sql.number(&format!("{live}'screen session'"))?, 20, "the oldest have ended");
    assert_eq!(sql.number(&format!("{live}'my program'"))?, 1, "a key of the user's own is no session");
    Ok(())
}

/// PgBouncer of Debian knows no prepared statements: one that a screen leaves on a connection is met by others.
#[test]
fn two_screens_behind_a_pooler_answer_each_user_his_own() -> Result<()> {
    let (database, _) = house("screen_pooler", &["ann", "bob"])?;
    // The login is made by the first of them.
    drop(Screen::start(&database, &[])?);
    let pooler = Pooler::start(&database.server, "screen_gateway", 2)?;
    let behind = format!("host={} port=5432 dbname=screen_pooler user=screen_gateway", pooler.server.host.display());
    let screens =
        [Screen::start(&database, &["--database", &behind])?, Screen::start(&database, &["--database", &behind])?];
    thread::scope(|scope| {
        let mut people = Vec::new();
        for (screen, name) in screens.iter().flat_map(|screen| [(screen, "ann"), (screen, "bob")]) {
            let price = if name == "ann" { "90" } else { "80" };
            let browser = screen.log_in(name)?;
            assert_eq!(browser.place(&limit("buy", price, "1", "same"))?.status, 200);
            people.push(scope.spawn(move || (0..50).try_for_each(|_| sees_his_own(&browser, name, price))));
        }
        people.into_iter().try_for_each(|person| person.join().expect("no panic"))
    })
}

fn sees_his_own(browser: &Browser, name: &str, price: &str) -> Result<()> {
    assert_eq!(browser.get("/api/session")?.body["user"]["name"], name);
    let orders = browser.get("/api/orders")?;
    assert_eq!((orders.status, &orders.body[0]["price"]), (200, &json!(format!("{price}.00000000"))), "{orders:?}");
    let tape = browser.get("/api/markets/BTC-USD/trades")?;
    assert_eq!((tape.status, tape.body), (200, json!([])));
    Ok(())
}
