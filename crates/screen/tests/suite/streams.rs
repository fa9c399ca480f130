//! Streams: nothing is missed, nothing is told twice.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Result};
use socket2::{Domain, Socket, Type};

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

/// Somebody who has opened a stream and reads it as he likes, into a window of a few kilobytes.
fn raw_stream(address: &str) -> Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Before it is connected: after, the window may only grow.
    socket.set_recv_buffer_size(4096)?;
    socket.connect(&address.parse::<SocketAddr>().expect("an address").into())?;
    let mut stream = TcpStream::from(socket);
    stream.write_all(format!("GET /api/markets/BTC-USD/stream HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes())?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

/// Reads what is there until the end; fails unless there is an end. The id of the last whole event.
fn read_to_the_end(stream: &mut TcpStream, mut read: Vec<u8>) -> i64 {
    match stream.read_to_end(&mut read) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("he was not cut off: {error}"),
    }
    let text = String::from_utf8_lossy(&read).into_owned();
    let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    whole.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).next_back().unwrap_or(0)
}

/// The longest queue of the kernel to a client of this port, in bytes.
fn longest_queue(port: &str) -> Result<u64> {
    let local = format!(":{:04X}", port.parse::<u16>().expect("a port"));
    let connections = std::fs::read_to_string("/proc/net/tcp")?;
    let queues = connections.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let here = fields.nth(1)?.ends_with(&local);
        let (sending, _) = fields.nth(2)?.split_once(':')?;
        here.then(|| u64::from_str_radix(sending, 16).ok()).flatten()
    });
    Ok(queues.max().unwrap_or(0))
}

/// What a process holds, in megabytes.
fn memory(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let held =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<u64>().ok());
    Ok(held.expect("Linux tells it") / 1024)
}

/// Trades until it has ended. Messages are long, so that the buffers on their way are full soon.
fn trade_much(database: &Database, ended: &AtomicBool) -> Result<()> {
    let mut session = database.connect()?;
    while !ended.load(Ordering::Relaxed) {
        session.run(
            "SELECT exchange.place_order(1, 'BTC-USD', 'sell', 100, 0.001) FROM generate_series(1, 100);
             SELECT exchange.place_order(2, 'BTC-USD', 'buy', 100, 0.1)",
        )?;
        thread::sleep(Duration::from_millis(60));
    }
    Ok(())
}

/// Reads five kilobytes a second of each, until it has ended; what was read.
fn trickle(streams: Vec<TcpStream>, ended: &AtomicBool) -> Vec<(TcpStream, Vec<u8>)> {
    let mut all: Vec<_> = streams.into_iter().map(|stream| (stream, Vec::new())).collect();
    while !ended.load(Ordering::Relaxed) {
        for (stream, read) in &mut all {
            let mut some = [0; 1024];
            let count = stream.read(&mut some).unwrap_or(0);
            read.extend_from_slice(&some[..count]);
        }
        thread::sleep(Duration::from_millis(200));
    }
    all
}

#[test]
fn a_slow_reader_is_cut_off_holds_nobody_back_and_misses_nothing() -> Result<()> {
    const READERS: usize = 40;
    const SPAN: Duration = Duration::from_secs(20);
    let (database, mut sql) = house("screen_slow", &["ann", "bob"])?;
    sql.run("SELECT exchange.deposit(1, 'BTC', 1000000), exchange.deposit(2, 'USD', 100000000)")?;
    let screen = Screen::start(&database, &[])?;
    let ended = AtomicBool::new(false);
    let viewer = screen.viewer();
    let port = screen.address.rsplit(':').next().unwrap_or_default();
    let slow = thread::scope(|scope| {
        let trader = scope.spawn(|| trade_much(&database, &ended));
        let mut other = viewer.stream("BTC-USD", None)?;
        assert!(other.next().is_some());
        let (before, start) = (memory(screen.server.id())?, Instant::now());
        // One half reads nothing any more, the other far less than comes.
        let stopped = (0..READERS / 2).map(|_| raw_stream(&screen.address)).collect::<Result<Vec<_>>>()?;
        let trickling = (0..READERS / 2).map(|_| raw_stream(&screen.address)).collect::<Result<Vec<_>>>()?;
        let reader = scope.spawn(|| trickle(trickling, &ended));
        let (mut last, mut longest, mut queue, mut grown) = (Instant::now(), Duration::ZERO, 0, 0);
        while start.elapsed() < SPAN {
            assert!(other.next().is_some(), "the stream of the other ends");
            longest = longest.max(last.elapsed());
            last = Instant::now();
            queue = queue.max(longest_queue(port)?);
            grown = grown.max(memory(screen.server.id())?.saturating_sub(before));
        }
        ended.store(true, Ordering::Relaxed);
        trader.join().expect("no panic")?;
        println!("the other waited {longest:?} at most; queue {queue} bytes, grown by {grown} MB");
        assert!(longest < Duration::from_secs(2), "the other waited {longest:?} for a message");
        assert!(queue < 128 * 1024, "{queue} bytes wait for one reader in the kernel");
        assert!(grown < 16, "the screen has grown by {grown} MB");
        let stopped = stopped.into_iter().map(|stream| (stream, Vec::new()));
        Ok::<_, Failure>(stopped.chain(reader.join().expect("no panic")).collect::<Vec<_>>())
    })?;
    let until = sql.number("SELECT max(sequence) FROM exchange.trades")?;
    assert!(until > 2000, "{until} trades are too few to be behind");
    for (at, (mut stream, read)) in slow.into_iter().enumerate() {
        let mut last = read_to_the_end(&mut stream, read);
        assert!(last < until, "reader {at} has read all");
        // Each of them would take a while.
        if at % 10 == 0 {
            for event in screen.viewer().stream("BTC-USD", Some(last))? {
                last = follow(last, &event);
                if last == until {
                    break;
                }
            }
            assert_eq!(last, until);
        }
    }
    Ok(())
}
