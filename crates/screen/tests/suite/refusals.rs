//! Whatever is refused is refused as JSON, with SQLSTATE, message and HINT: `Browser::send` takes no other refusal.

use client_tests::Result;

use crate::client::{Screen, house, limit};

#[test]
fn what_the_server_itself_refuses_is_json_too() -> Result<()> {
    let (database, mut sql) = house("screen_problems", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    let mut long = limit("buy", "90", "1", "a");
    long["price"] = "9".repeat(100_000).into();
    for (method, path, body, status, sqlstate) in [
        ("POST", "/api/orders", Some("{"), 400, "22023"),
        ("POST", "/api/orders", Some("[]"), 400, "22023"),
        ("POST", "/api/orders", Some("\"\\ud800\""), 400, "22023"),
        ("POST", "/api/orders", Some(""), 400, "22023"),
        ("POST", "/api/orders", None, 415, "22023"),
        ("POST", "/api/orders", Some(long.to_string().as_str()), 413, "54000"),
        ("POST", "/api/session", Some("{\"login\": \"ann\"}"), 400, "22023"),
        ("PATCH", "/api/orders/one", Some("{\"price\": \"90\"}"), 400, "22023"),
        ("PATCH", "/api/orders/99999999999999999999", Some("{\"price\": \"90\"}"), 400, "22023"),
        ("PATCH", "/api/orders/99", Some("{\"price\": \"90\"}"), 404, "42704"),
        ("DELETE", "/api/orders/%FF", None, 400, "22023"),
        ("DELETE", "/api/orders?symbol=NO-USD", None, 404, "42704"),
        ("DELETE", "/api/orders?simbol=BTC-USD", None, 400, "22023"),
        ("PUT", "/api/orders", None, 405, "0A000"),
        ("POST", "/api/markets", None, 405, "0A000"),
        ("DELETE", "/", None, 405, "0A000"),
        ("OPTIONS", "/api/markets", None, 405, "0A000"),
        ("GET", "/nothing", None, 404, "42704"),
        ("GET", "/api", None, 404, "42704"),
        ("GET", "/api/markets/", None, 404, "42704"),
        ("GET", "/api/markets/NO-USD/trades", None, 404, "42704"),
        ("GET", "/api/markets/NO-USD/stream", None, 404, "42704"),
        ("GET", "/api/markets/%FF/trades", None, 400, "22023"),
        ("GET", "/api/markets/%FF/stream", None, 400, "22023"),
        ("GET", "/api/markets/B%00C/trades", None, 400, "22021"),
        ("GET", "/api/markets/BTC-USD/trades?limit=many", None, 400, "22023"),
        ("GET", "/api/markets/BTC-USD/trades?limit=0", None, 400, "22023"),
        ("GET", "/api/markets/BTC-USD/trades?limit=99999999999", None, 400, "22023"),
        ("GET", "/api/markets/BTC-USD/trades?limit=1&limit=2", None, 400, "22023"),
        ("GET", "/api/markets/BTC-USD/depth?levels=-1", None, 400, "22023"),
        ("GET", "/api/markets/BTC-USD/stream?after=x", None, 400, "22023"),
        ("GET", "/api/markets/BTC-USD/candles", None, 400, "22023"),
        ("GET", "/api/markets/BTC-USD/candles?width=long&from=2026-01-01", None, 400, "22007"),
        ("GET", "/api/markets/BTC-USD/candles?width=1%20minute&from=then", None, 400, "22007"),
        ("GET", "/api/orders/closed?limit=-1", None, 400, "2201W"),
        ("GET", "/api/orders/closed?before=x", None, 400, "22023"),
        ("GET", "/api/trades?before=99", None, 404, "42704"),
        ("GET", "/api/bots/x/equity", None, 400, "22023"),
    ] {
        let answer = ann.send_text(method, path, body.map(str::to_owned))?;
        assert_eq!(answer.refusal(), (status, sqlstate.to_owned()), "{method} {path} {body:?}: {answer:?}");
    }
    assert_eq!(sql.number("SELECT count(*) FROM exchange.orders")?, 0);
    Ok(())
}
