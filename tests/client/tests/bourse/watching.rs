//! What a monitor is told that takes a preloaded library, or more than one session.

use std::thread;

use client_tests::sequencer::Venue;
use client_tests::{Database, Result, Scratch, Server, Session};

/// The figure of this name; 0: there is none.
fn figure(session: &mut Session, name: &str) -> Result<i64> {
    session.number(&format!("SELECT coalesce(sum(value), 0)::bigint FROM bourse.metrics() WHERE name = '{name}'"))
}

/// From where on an alert is told.
fn threshold(session: &mut Session, alert: &str, value: i64) -> Result<()> {
    session.run(&format!("UPDATE bourse.thresholds SET value = {value} WHERE alert = '{alert}'"))
}

/// Whether an alert is told.
fn is_told(alert: &str) -> String {
    format!("SELECT count(*) > 0 FROM bourse.alerts() WHERE alert = '{alert}'")
}

#[test]
fn what_is_refused_and_cancelled_is_counted() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("watching_counts", "track_functions = all", 1)?;
    let user = users[0];
    let refused = [
        format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 2, 999999999)"),
        format!("SELECT exchange.submit_order({user}, 'BTC-USD', 'buy', 2, 999999999)"),
        format!("SELECT exchange.withdraw({user}, 'USD', 2000000000)"),
    ];
    for statement in &refused {
        assert_eq!(session.refused(statement)?, "23514", "{statement}");
    }
    assert_eq!(session.line(&format!("SELECT exchange.update_user_balance({user}, -2000000000)"))?, "f");
    assert_eq!(session.line(&format!("SELECT exchange.update_asset_balance({user}, 'BTC', 0, -1)"))?, "f");
    assert_eq!(figure(&mut session, "exchange_refused_funds_total")?, 5);
    // What is answered with false is refused inside; one of the two is not.
    let of_funds = "SELECT value FROM bourse.metrics()
        WHERE name = 'bourse_refusals_total' AND labels ->> 'sqlstate' = '23514'";
    assert_eq!(session.number(of_funds)?, 4);
    // What its user cancels is counted, what ends by itself is not.
    let order = format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 1, 1");
    session.run(&format!("{order}); {order}, time_in_force => 'ioc')"))?;
    session.run(&format!("SELECT exchange.cancel_all_orders({user})"))?;
    assert_eq!(figure(&mut session, "exchange_cancels_total")?, 1);
    // The time of calls that have come to their end.
    session.wait_for(
        "SELECT count(*) = 1 FROM bourse.metrics() WHERE name = 'exchange_calls_total'
        AND labels ->> 'call' = 'place_order' AND value = 2",
    )?;
    assert_eq!(session.line(&is_told("balance_changes_fail"))?, "f");
    threshold(&mut session, "balance_changes_fail", 4)?;
    assert_eq!(session.line(&is_told("balance_changes_fail"))?, "t");
    // Nothing of it is another database's.
    let mut elsewhere = venue.scratch.server.connect("postgres", "postgres")?;
    elsewhere.run("CREATE EXTENSION pg_bourse; SELECT bourse.install()")?;
    assert_eq!(figure(&mut elsewhere, "exchange_refused_funds_total")?, 0);
    Ok(())
}

#[test]
fn who_holds_a_lock_and_who_waits_for_it_is_told() -> Result<()> {
    const ALERTS: [&str; 3] = ["transaction_is_long", "sessions_wait", "sequencer_is_stalled"];
    let (venue, mut session, users) = Venue::funded("watching_waits", "", 1)?;
    let user = users[0];
    venue.database.login("watcher", "bourse_monitor")?;
    let mut watcher = venue.database.connect_as("watcher")?;
    for alert in ALERTS {
        threshold(&mut session, alert, 1)?;
        assert_eq!(watcher.line(&is_told(alert))?, "f", "{alert}");
    }
    let mut holder = venue.connect()?;
    holder.run("BEGIN; SELECT FROM exchange.markets WHERE symbol = 'BTC-USD' FOR UPDATE")?;
    let held = holder.number("SELECT pg_backend_pid()")?;
    let order = format!("SELECT exchange.submit_order({user}, 'BTC-USD', 'buy', 1, 1)");
    thread::scope(|scope| {
        let waits =
            scope.spawn(|| venue.connect()?.run("SELECT FROM exchange.markets WHERE symbol = 'BTC-USD' FOR UPDATE"));
        let submits = scope.spawn(|| venue.connect()?.run(&order));
        let seen = ALERTS.iter().try_for_each(|alert| watcher.wait_for(&is_told(alert)).map(drop));
        let subject = watcher.lines("SELECT subject FROM bourse.alerts() WHERE alert = 'transaction_is_long'");
        holder.run("COMMIT")?;
        let waited = [waits.join().expect("no panic"), submits.join().expect("no panic")];
        // An alert that never came is why they waited for too long.
        seen?;
        waited.into_iter().collect::<Result<()>>()?;
        assert!(subject?.contains(&held.to_string()));
        for alert in ALERTS {
            assert_eq!(watcher.line(&is_told(alert))?, "f", "{alert}");
        }
        Ok(())
    })
}

#[test]
fn connections_that_run_out_are_told() -> Result<()> {
    let venue = Venue::open("watching_connections", "max_connections = 20")?;
    let mut session = venue.connect()?;
    assert_eq!(session.line(&is_told("connections_run_out"))?, "f");
    assert_eq!(figure(&mut session, "bourse_connections_max")?, 17);
    let crowd = (0..14).map(|_| venue.connect()).collect::<Result<Vec<Session>>>()?;
    assert_eq!(session.line(&is_told("connections_run_out"))?, "t");
    assert!(figure(&mut session, "bourse_connections")? >= 15);
    drop(crowd);
    session.wait_for(&is_told("connections_run_out").replace("> 0", "= 0")).map(drop)
}

#[test]
fn slow_statements_are_told_without_what_they_hold() -> Result<()> {
    const STATEMENTS: &str = "pg_stat_statements";
    if !Server::of_suite()?.connect("postgres", "postgres")?.has_extension(STATEMENTS)? {
        return Ok(());
    }
    let settings = format!("shared_preload_libraries = 'pg_bourse, {STATEMENTS}'");
    let scratch = Scratch::furnished("watching_statements", &settings)?;
    let database = Database::on(&scratch.server, "venue")?;
    database.login("watcher", "bourse_monitor")?;
    let (mut session, mut watcher) = (database.connect()?, database.connect_as("watcher")?);
    session.run("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()")?;
    session.run("CREATE ROLE watched PASSWORD 'a secret'")?;
    session.run("SELECT pg_sleep(1.5), 'a value' AS slow")?;
    scratch.server.connect("postgres", "postgres")?.run("SELECT pg_sleep(2) AS elsewhere")?;
    let slowest = "SELECT query, calls, rows, mean_ms BETWEEN 1500 AND max_ms, total_ms >= max_ms, query_id IS NOT NULL
                   FROM bourse.slow_queries(1)";
    assert_eq!(watcher.lines(slowest)?, ["SELECT pg_sleep($1), $2 AS slow|1|1|t|t|t"]);
    let told = watcher.lines("SELECT query FROM bourse.slow_queries(1000)")?;
    assert!(told.iter().any(|query| query == "CREATE …"), "{told:?}");
    for kept in ["a secret", "a value", "elsewhere"] {
        assert!(!told.iter().any(|query| query.contains(kept)), "{kept} in {told:?}");
    }
    assert!(figure(&mut watcher, "bourse_statements_total")? >= 3);
    assert!(figure(&mut watcher, "bourse_statement_seconds_total")? >= 1);
    Ok(())
}
