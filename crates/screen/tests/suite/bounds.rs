//! What is too much.

use client_tests::Result;

use crate::client::{Screen, house, limit};

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
