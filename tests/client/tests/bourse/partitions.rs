//! maintain() beside others who write and read: a default partition with more rows of a month than a call moves, and who
//! waits for a table of which a partition has just been made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use client_tests::{Database, Result};

const ROWS: i64 = 300_000;

fn table() -> String {
    format!(
        "CREATE TABLE exchange.ticks (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, note text,
                                      PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
         CREATE TABLE exchange.ticks_default PARTITION OF exchange.ticks DEFAULT;
         CREATE INDEX ON exchange.ticks (at);
         ALTER TABLE exchange.ticks OWNER TO bourse_owner;
         ALTER TABLE exchange.ticks_default OWNER TO bourse_owner;
         INSERT INTO bourse.policies (schema_name, table_name, time_column, partition_by, ahead)
         VALUES ('exchange', 'ticks', 'at', 'month', 1);
         INSERT INTO exchange.ticks (at, note) SELECT now(), 'first' FROM generate_series(1, {ROWS});
         INSERT INTO exchange.ticks (at, note) VALUES (now() + interval '40 years', 'later')"
    )
}

/// Writes until all is over, and returns how many rows.
fn write(database: &Database, is_over: &AtomicBool) -> Result<i64> {
    let mut session = database.connect()?;
    let mut written = 0;
    while !is_over.load(Ordering::Relaxed) {
        session.run("INSERT INTO exchange.ticks (at, note) VALUES (clock_timestamp(), 'written')")?;
        written += 1;
    }
    Ok(written)
}

/// Whoever reads meanwhile misses no row.
fn read(database: &Database, is_over: &AtomicBool) -> Result<()> {
    let mut session = database.connect()?;
    while !is_over.load(Ordering::Relaxed) {
        assert_eq!(session.number("SELECT count(*) FROM exchange.ticks WHERE note = 'first'")?, ROWS);
    }
    Ok(())
}

#[test]
fn a_full_default_partition_becomes_the_month_and_no_row_is_lost() -> Result<()> {
    let database = Database::fresh("bourse_partitions")?;
    let mut session = database.connect()?;
    session.run(&table())?;
    let is_over = &AtomicBool::new(false);
    let (turned, written) = thread::scope(|scope| {
        let writers: Vec<_> = (0..2).map(|_| scope.spawn(|| write(&database, is_over))).collect();
        let reader = scope.spawn(|| read(&database, is_over));
        // No lock is waited for longer than a tenth of a second: on a busy machine a step is tried again.
        let turns = "SELECT rows FROM bourse.maintain()
            WHERE relation = 'exchange.ticks' AND step = 'turn default partition' AND problem IS NULL";
        let turned = (0..500).map(|_| session.lines(turns)).find(|rows| !matches!(rows, Ok(rows) if rows.is_empty()));
        let written = session.number("SELECT count(*) FROM exchange.ticks WHERE note = 'written'");
        is_over.store(true, Ordering::Relaxed);
        let sums: Result<i64> = writers.into_iter().map(|writer| writer.join().expect("no panic")).sum();
        reader.join().expect("no panic")?;
        assert!(sums.as_ref().is_ok_and(|sum| written.is_ok_and(|written| *sum >= written)));
        turned.expect("the default partition has turned").and_then(|rows| Ok((rows, sums?)))
    })?;
    assert!(turned[0].parse::<i64>().is_ok_and(|rows| rows >= ROWS));
    assert_eq!(session.number("SELECT count(*) FROM exchange.ticks")?, ROWS + 1 + written);
    assert_eq!(session.number("SELECT count(DISTINCT id) FROM exchange.ticks")?, ROWS + 1 + written);
    assert_eq!(session.lines("SELECT note FROM exchange.ticks_default")?, ["later"]);
    assert_eq!(session.lines("SELECT * FROM bourse.maintain()")?, Vec::<String>::new());
    Ok(())
}

/// Who has written one table and then waits for another, of which maintain() has made a partition, loses his transaction
/// if maintain() waits for him meanwhile.
#[test]
fn maintain_waits_for_nobody_while_it_keeps_others_out() -> Result<()> {
    let database = Database::fresh("bourse_partitions_waits")?;
    let (mut customer, mut watcher) = (database.connect()?, database.connect()?);
    customer.run("SET deadlock_timeout = '1ms'; BEGIN; LOCK TABLE identity.users IN ROW EXCLUSIVE MODE")?;
    let maintain = "SELECT count(*) - count(problem), count(problem) FROM bourse.maintain()
                    WHERE relation IN ('audit.audit_logs', 'audit.activity_logs') GROUP BY relation ORDER BY relation";
    let made = thread::scope(|scope| {
        let maintainer = scope.spawn(|| database.connect()?.lines(maintain));
        let is_waiting = "SELECT EXISTS (SELECT FROM pg_locks w JOIN pg_locks k ON k.pid = w.pid AND k.granted
                              WHERE w.relation = 'identity.users'::regclass AND NOT w.granted
                                AND k.relation = 'audit.audit_logs_default'::regclass
                                AND k.mode = 'AccessExclusiveLock')";
        while !maintainer.is_finished() && watcher.lines(is_waiting)? != ["t"] {}
        customer.number("SELECT count(*) FROM audit.audit_logs")?;
        maintainer.join().expect("no panic")
    })?;
    assert_eq!(made, ["0|4", "4|0"], "what needs the customer's table, and what does not");
    customer.run("COMMIT")?;
    assert_eq!(watcher.lines(maintain)?, ["4|0"]);
    Ok(())
}
