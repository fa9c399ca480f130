//! What is too much.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use client_tests::Result;
use serde_json::json;

use crate::client::{PASSWORD, Screen, house, limit};

#[test]
fn what_is_too_much_is_refused() -> Result<()> {
    let (database, _) = house("screen_bounds", &["ann"])?;
    let screen = Screen::start(&database, &["--streams", "1"])?;
    let ann = screen.log_in("ann")?;
    let mut long = limit("buy", "90", "1", "a");
    long["price"] = "9".repeat(100_000).into();
    assert_eq!(ann.place(&long)?.status, 413);
    let mut first = screen.viewer().stream("BTC-USD", None)?;
    assert!(first.next().is_some());
    assert_eq!(screen.viewer().get("/api/markets/BTC-USD/stream")?.refusal(), (503, "53300".to_owned()));
    drop(first);
    Ok(())
}

#[test]
fn a_database_that_is_gone_is_told_as_such() -> Result<()> {
    let (database, mut sql) = house("screen_gone", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    sql.run("ALTER DATABASE screen_gone CONNECTION LIMIT 0")?;
    sql.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = 'screen_gone' AND usename = 'screen_gateway'",
    )?;
    // The first may meet a connection that it has not heard the end of.
    let answers = [ann.get("/api/balances")?, ann.get("/api/balances")?];
    assert!(answers.iter().all(|answer| answer.status == 503), "{answers:?}");
    sql.run("ALTER DATABASE screen_gone CONNECTION LIMIT -1")?;
    assert_eq!(ann.get("/api/balances")?.status, 200);
    Ok(())
}

#[test]
fn a_guesser_waits_and_keeps_nobody_else_out() -> Result<()> {
    let (database, mut sql) = house("screen_guesses", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let log_in = |login: &str, password: &str| {
        screen.viewer().send("POST", "/api/session", Some(&json!({ "login": login, "password": password })))
    };
    for guess in 0..10 {
        assert_eq!(log_in("ann", &format!("guess {guess}"))?.refusal(), (401, "28P01".to_owned()));
    }
    assert_eq!(log_in("Ann", PASSWORD)?.refusal(), (429, "54000".to_owned()));
    assert_eq!(log_in("bob", PASSWORD)?.status, 200);
    let key = sql.line("SELECT api_key FROM identity.issue_api_key(1, 'my program')")?;
    screen.viewer().with_login(&json!({ "api_key": key }))?;
    Ok(())
}

#[test]
fn who_sends_no_request_is_not_waited_for() -> Result<()> {
    let (database, _) = house("screen_silence", &[])?;
    let screen = Screen::start(&database, &[])?;
    let request = "GET /api/session HTTP/1.1\r\nHost: here\r\n";
    let mut open = Vec::new();
    for said in [String::new(), request.to_owned(), format!("{request}\r\n")] {
        let mut connection = TcpStream::connect(&screen.address)?;
        connection.set_read_timeout(Some(Duration::from_secs(60)))?;
        connection.write_all(said.as_bytes())?;
        open.push((said, connection));
    }
    for (said, mut connection) in open {
        let end = connection.read_to_end(&mut Vec::new());
        assert!(end.is_ok(), "still open after {said:?}: {end:?}");
    }
    Ok(())
}

#[test]
fn what_the_database_refuses_the_screen_is_no_refusal_of_the_user() -> Result<()> {
    let (database, mut sql) = house("screen_refused", &["ann"])?;
    let screen = Screen::start(&database, &["--connections", "1"])?;
    let ann = screen.log_in("ann")?;
    let mut anew = |change: &str| {
        sql.run(change)?;
        sql.run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE datname = 'screen_refused' AND usename = 'screen_gateway'",
        )?;
        // One that meets the connection that is gone.
        ann.get("/api/balances").map(drop)
    };
    anew("ALTER DATABASE screen_refused SET default_transaction_read_only = on")?;
    assert_eq!(ann.get("/api/balances")?.status, 200);
    assert_eq!(ann.place(&limit("buy", "90", "1", "a"))?.refusal(), (503, "25006".to_owned()));
    anew("ALTER DATABASE screen_refused RESET default_transaction_read_only")?;
    assert_eq!(ann.place(&limit("buy", "90", "1", "a"))?.status, 200);
    anew("REVOKE USAGE ON SCHEMA identity FROM bourse_viewer")?;
    assert_eq!(ann.get("/api/balances")?.refusal(), (500, "42501".to_owned()));
    anew("GRANT USAGE ON SCHEMA identity TO bourse_viewer")?;
    anew("REVOKE CONNECT ON DATABASE screen_refused FROM PUBLIC")?;
    let session = ann.get("/api/session")?;
    assert_eq!((session.refusal(), session.text("hint").is_empty()), ((503, "08006".to_owned()), false));
    Ok(())
}

#[test]
fn an_order_that_waits_too_long_for_its_market_may_be_sent_again() -> Result<()> {
    let (database, mut sql) = house("screen_held", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    sql.run("BEGIN; SELECT exchange.place_order(1, 'BTC-USD', 'buy', 50, 1)")?;
    assert_eq!(ann.place(&limit("buy", "90", "1", "a"))?.refusal(), (503, "55P03".to_owned()));
    sql.run("ROLLBACK")?;
    assert_eq!(ann.place(&limit("buy", "90", "1", "a"))?.status, 200);
    Ok(())
}

/// A screen without a database, where `ulimit` has said so.
fn limited(ulimit: &str) -> Result<Child> {
    let limited = format!("ulimit {ulimit} && exec \"$0\" --listen 127.0.0.1:0 --database host=/nowhere");
    let screen = ["-c", &limited, env!("CARGO_BIN_EXE_screen")];
    Ok(Command::new("sh").args(screen).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
}

#[test]
fn every_stream_has_a_file_or_the_screen_does_not_begin() -> Result<()> {
    let mut screen = limited("-Sn 300")?;
    BufReader::new(screen.stdout.take().expect("piped")).read_line(&mut String::new())?;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", screen.id()))?;
    screen.kill()?;
    screen.wait()?;
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a limit");
    assert_eq!(files.split_whitespace().nth(3), Some("2256"), "soft");
    let refused = limited("-n 300")?.wait_with_output()?;
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("take 2256 open files, and 300 are allowed"), "{said}");
    Ok(())
}
