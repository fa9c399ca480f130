//! Streams: nothing is missed, nothing is told twice.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Result};

use crate::client::{Event, Screen, house};

/// Trades one at a time for as long as asked, or so many; how many.
fn trade(database: &Database, trades: i64) -> Result<()> {
    let mut session = database.connect()?;
    for number in 0..trades {
        session.run("SELECT exchange.place_order(1, 'BTC-USD', 'sell', 100, 0.001)")?;
        session.run("SELECT exchange.place_order(2, 'BTC-USD', 'buy', 100, 0.001)")?;
        if number % 10 == 0 {
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// Fails unless each sequence follows the one before; returns the last.
fn follow(last: i64, event: &Event) -> i64 {
    let mut last = last;
    for sequence in event.sequences() {
        assert_eq!(sequence, last + 1, "{event:?}");
        last = sequence;
    }
    assert_eq!(event.id, last, "the id is the last trade");
    last
}

#[test]
fn a_stream_that_reconnects_misses_no_sequence() -> Result<()> {
    const TRADES: i64 = 400;
    let (database, _) = house("screen_stream", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let trader = thread::spawn({
        let database = database.clone();
        move || trade(&database, TRADES)
    });
    let (mut last, mut connections) = (0, 0);
    while last < TRADES {
        connections += 1;
        for event in screen.viewer().stream("BTC-USD", Some(last))?.take(3) {
            last = follow(last, &event);
            // Nothing comes after it.
            if last == TRADES {
                break;
            }
        }
    }
    trader.join().expect("no panic")?;
    assert!(connections > 3, "{connections}");
    Ok(())
}

#[test]
fn a_stream_goes_on_over_another_server() -> Result<()> {
    let (database, _) = house("screen_restart", &["ann", "bob"])?;
    let mut last = 0;
    for _ in 0..3 {
        let screen = Screen::start(&database, &[])?;
        trade(&database, 30)?;
        let until = last + 30;
        for event in screen.viewer().stream("BTC-USD", Some(last))? {
            last = follow(last, &event);
            if last == until {
                break;
            }
        }
        screen.kill()?;
    }
    assert_eq!(last, 90);
    Ok(())
}

#[test]
fn messages_come_at_most_every_tenth_of_a_second_with_the_book_as_it_is() -> Result<()> {
    let (database, mut sql) = house("screen_pace", &["ann", "bob"])?;
    sql.run("ALTER DATABASE screen_pace SET bourse.notify = on")?;
    let screen = Screen::start(&database, &[])?;
    let trader = thread::spawn({
        let database = database.clone();
        move || trade(&database, 300)
    });
    let start = Instant::now();
    let (mut last, mut messages) = (0, 0_u32);
    for event in screen.viewer().stream("BTC-USD", Some(0))? {
        last = follow(last, &event);
        messages += 1;
        if last == 300 {
            break;
        }
    }
    let elapsed = start.elapsed();
    trader.join().expect("no panic")?;
    // Two come at once in the beginning: what was missed, and the state.
    let most = elapsed.as_millis() / 100 + 3;
    assert!(u128::from(messages) <= most, "{messages} in {elapsed:?}");
    sql.run("SELECT exchange.place_order(1, 'BTC-USD', 'sell', 123.45, 0.5)")?;
    let told = screen.viewer().stream("BTC-USD", Some(300))?.find(|event| event.data["book"][0][1] == "123.45000000");
    assert_eq!(
        told.map(|event| event.data["book"].to_string()),
        Some("[[\"s\",\"123.45000000\",\"0.50000000\",1]]".into())
    );
    Ok(())
}
