//! What is reported of systems, by many at once, and by a platform that watches itself.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::sequencer::Venue;
use client_tests::{Database, Failure, Result, Session};

const REPORTERS: usize = 16;
const REPORTS: usize = 50;

/// How long a test waits for the ticker, which looks every 15 seconds: a busy machine may take its time.
const PATIENCE: Duration = Duration::from_secs(80);

#[test]
fn every_report_of_sixteen_sessions_counts_once() -> Result<()> {
    let database = Database::fresh("messaging_reports")?;
    let mut sessions = (0..REPORTERS).map(|_| database.connect()).collect::<Result<Vec<Session>>>()?;
    // All of them find that there is no row yet.
    let report = "SELECT messaging.report_health('api_service', NULL, false, 250)";
    thread::scope(|scope| {
        let reporting: Vec<_> = sessions
            .iter_mut()
            .map(|session| scope.spawn(move || (0..REPORTS).try_for_each(|_| session.run(report))))
            .collect();
        reporting.into_iter().try_for_each(|session| session.join().expect("no panic"))
    })?;
    let counted =
        "SELECT count(*), min(failure_count), min(status), min(response_time_ewma) FROM messaging.system_health";
    assert_eq!(sessions[0].line(counted)?, format!("1|{}|DOWN|250.000", REPORTERS * REPORTS));
    Ok(())
}

/// Waits until a query, a line, says so.
fn becomes(session: &mut Session, query: &str, wanted: &str) -> Result<()> {
    let (began, mut said) = (Instant::now(), String::new());
    while began.elapsed() < PATIENCE {
        said = session.lines(query)?.join("\n");
        if said == wanted {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(Failure::new(format!("after {PATIENCE:?} {query}\nsays {said}\nand not {wanted}")))
}

#[test]
fn the_ticker_reports_on_the_platform_and_has_stale_reports_unknown() -> Result<()> {
    let venue = Venue::open("messaging_health", "bourse.ticker = on\nbourse.ticker_interval = '100ms'")?;
    let mut session = venue.connect()?;
    let health = "SELECT system, component, status FROM messaging.system_health WHERE system IN ('worker', 'database')
                      AND component IN ('bourse', 'exchange', 'sequencer', 'ticker') ORDER BY system, component";
    becomes(
        &mut session,
        health,
        "database|bourse|HEALTHY\ndatabase|exchange|HEALTHY\nworker|sequencer|HEALTHY\nworker|ticker|HEALTHY",
    )?;
    // Nobody reports on it any more.
    session.run(
        "SELECT messaging.set_health_thresholds('web_ui', NULL, stale_after => '1 s'),
                messaging.report_health('web_ui', NULL, true)",
    )?;
    becomes(&mut session, "SELECT status FROM messaging.system_health WHERE system = 'web_ui'", "UNKNOWN")?;
    // What keeps the sequencer from its work is told of it.
    session.run("SELECT bourse.pause()")?;
    becomes(&mut session, "SELECT status FROM messaging.check_health() WHERE component = 'exchange'", "DEGRADED")?;
    let told = "SELECT error_message FROM messaging.system_health WHERE component = 'exchange'";
    assert!(session.line(told)?.contains("pause"), "{}", session.line(told)?);
    session.run("SELECT bourse.resume()")?;
    becomes(&mut session, "SELECT status FROM messaging.system_health WHERE component = 'exchange'", "HEALTHY")
}
