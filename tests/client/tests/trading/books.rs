//! Books while others are at work: who empties the inbox waits for nobody without end, and who reads all of them can be
//! stopped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Result};

const FILLS: usize = 100_000;

#[test]
fn a_bot_that_is_held_for_a_moment_is_waited_for() -> Result<()> {
    let database = Database::fresh("trading_held")?;
    let mut session = database.connect()?;
    session.run(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann');
         SELECT trading.start_bot(trading.create_bot(1, 'grid', '{}'));
         INSERT INTO trading.fill_commands (bot_id, fill_id, symbol, side, quantity, price)
         SELECT 1, 'f' || n, 'S', CASE n % 2 WHEN 0 THEN 'sell' ELSE 'buy' END, 1, 100 FROM generate_series(1, 100) n",
    )?;
    let mut holder = database.connect()?;
    holder.run("BEGIN; SELECT trading.apply_cash(1, 'held', 'deposit', 1)")?;
    thread::scope(|scope| {
        let applies = scope.spawn(|| session.run("CALL trading.apply_pending(10)"));
        thread::sleep(Duration::from_millis(300));
        holder.run("COMMIT")?;
        applies.join().expect("no panic")
    })?;
    assert_eq!(session.number("SELECT count(*) FROM trading.fill_commands")?, 0);
    assert_eq!(session.number("SELECT count(*) FROM trading.fills")?, 100);
    assert_eq!(session.lines("SELECT * FROM trading.verify()")?, Vec::<String>::new());
    Ok(())
}

/// Whoever books fills waits for the partition, and has what it refers to locked meanwhile.
#[test]
fn a_month_gets_its_partition_while_fills_come_in() -> Result<()> {
    let database = Database::fresh("trading_partition")?;
    let mut session = database.connect()?;
    session.run(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann');
         SELECT trading.start_bot(trading.create_bot(1, 'grid', '{}')) FROM generate_series(1, 2)",
    )?;
    session.run(
        "SELECT trading.apply_fills((SELECT jsonb_agg(jsonb_build_object('bot_id', 1, 'fill_id', n, 'symbol', 'S',
             'side', CASE n % 2 WHEN 0 THEN 'sell' ELSE 'buy' END, 'quantity', 1, 'price', 100) ORDER BY n)
         FROM generate_series(1, 20000) n))",
    )?;
    let is_over = &AtomicBool::new(false);
    let moved = thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<()> {
            let mut writer = database.connect()?;
            for n in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let side = if n % 2 == 0 { "buy" } else { "sell" };
                writer.run(&format!("SELECT trading.apply_fill(2, '{n}', 'S', '{side}', 1, 100)"))?;
            }
            Ok(())
        });
        thread::sleep(Duration::from_millis(200));
        // No lock is waited for longer than a tenth of a second: on a busy machine a step is tried again.
        let moves = "SELECT rows >= 10000 FROM bourse.maintain() WHERE relation = 'trading.trades' AND rows > 0";
        let moved = (0..50).map(|_| session.lines(moves)).find(|moved| !matches!(moved, Ok(rows) if rows.is_empty()));
        is_over.store(true, Ordering::Relaxed);
        writer.join().expect("no panic")?;
        moved.expect("the rows of the month have moved")
    })?;
    assert_eq!(moved, ["t"]);
    assert_eq!(session.lines("SELECT * FROM trading.verify()")?, Vec::<String>::new());
    Ok(())
}

#[test]
fn verify_hears_a_cancel_among_the_fills_of_one_bot() -> Result<()> {
    let database = Database::fresh("trading_cancel")?;
    let mut session = database.connect()?;
    session.run(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann');
         SELECT trading.start_bot(trading.create_bot(1, 'grid', '{}'))",
    )?;
    session.run(&format!(
        "SELECT trading.apply_fills((SELECT jsonb_agg(jsonb_build_object('bot_id', 1, 'fill_id', n, 'symbol', 'S',
             'side', CASE n % 2 WHEN 0 THEN 'sell' ELSE 'buy' END, 'quantity', 1, 'price', 100 + n % 7) ORDER BY n)
         FROM generate_series(1, {FILLS}) n))"
    ))?;
    let begun = Instant::now();
    assert_eq!(session.number("SELECT count(*) FROM trading_private.folded() WHERE NOT is_trade")?, FILLS as i64 / 2);
    let whole = begun.elapsed();
    // Wherever it is at that moment: it ends soon after.
    for part in [8, 4, 2] {
        let allowed = whole / part;
        session.run(&format!("SET statement_timeout = {}", allowed.as_millis().max(1)))?;
        let mut late = whole;
        // Others are at work on the machine: the best of some attempts tells.
        for _ in 0..5 {
            let begun = Instant::now();
            let stopped = session.number("SELECT count(*) FROM trading_private.folded() WHERE NOT is_trade");
            assert!(stopped.is_err_and(|failure| failure.is("57014")), "stopped after {allowed:?} of {whole:?}");
            late = late.min(begun.elapsed().saturating_sub(allowed));
        }
        assert!(late < whole / 8 + Duration::from_millis(100), "{late:?} late, of {whole:?}");
    }
    Ok(())
}
