//! Outages of the account in use, one after the other, each of its kind: another one stands in, and the main account is
//! used again when it is well.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, Random, Result, Session};

/// How the account in use fails.
const KINDS: [&str; 4] = ["heartbeat", "lost", "breaker", "silence"];
const PATIENCE: Duration = Duration::from_secs(20);

/// Three accounts of the leader are connected, the main one subscribed to two instruments, in a market that never
/// closes. Everything is quicker than it would be elsewhere.
pub fn connect(session: &mut Session) -> Result<()> {
    session.run(
        "SELECT calendar.load_calendar(b.definition) FROM calendar.builtin_calendars() b WHERE b.name = '24/7';
         UPDATE mirror.trading_accounts SET calendar = '24/7';
         SELECT mirror.set_failover_settings(
             a.id, heartbeat_interval => '1 s', heartbeat_timeout => '1 s', connect_timeout => '0.1 s',
             reconnect_delays => '{0.1s,0.1s}', open_for => '2 s', silent_after => '0.3 s', cooldown => '0.1 s',
             fail_back_after => '0.3 s')
         FROM mirror.trading_accounts a WHERE a.user_id = 1;
         SELECT mirror.connect(a.id, 'c' || a.id) FROM mirror.trading_accounts a;
         SELECT mirror.subscribe(1, 'NSE', 'INFY'), mirror.subscribe(1, 'NSE', 'TCS', 'depth')",
    )
}

fn in_use(session: &mut Session) -> Result<i64> {
    session.number("SELECT account_id FROM mirror.active_accounts WHERE user_id = 1")
}

/// Heartbeats of all accounts but for one that is down in this way; then two sweeps at once.
fn beat(session: &mut Session, other: &mut Session, down: Option<(i64, &str)>) -> Result<()> {
    let beats: Vec<String> = [1, 2, 3, 11, 12, 13]
        .iter()
        .filter(|account| down.is_none_or(|(gone, kind)| gone != **account || matches!(kind, "silence" | "breaker")))
        .map(|account| {
            let messages = u8::from(down != Some((*account, "silence")));
            format!("('c{account}', {messages})")
        })
        .collect();
    session.run(&format!(
        "SELECT mirror.heartbeats(array_agg(b.id), array_agg(b.messages::bigint), array_agg(10))
         FROM (VALUES {}) b (id, messages)",
        beats.join(", ")
    ))?;
    thread::scope(|scope| {
        let racing = scope.spawn(|| other.run("SELECT mirror.sweep(clock_timestamp())"));
        session.run("SELECT mirror.sweep(clock_timestamp())")?;
        racing.join().expect("no panic in a sweep")
    })?;
    thread::sleep(Duration::from_millis(50));
    Ok(())
}

/// Beats until another account is in use; that one.
fn until_another(sessions: &mut [Session; 2], was: i64, down: Option<(i64, &str)>) -> Result<i64> {
    let began = Instant::now();
    let [session, other] = sessions;
    loop {
        beat(session, other, down)?;
        let now = in_use(session)?;
        if now != was {
            return Ok(now);
        }
        if began.elapsed() > PATIENCE {
            let health = session.lines("SELECT * FROM mirror.account_health(1)")?;
            return Err(Failure::new(format!("account {was} is in use after {PATIENCE:?} of {down:?}: {health:?}")));
        }
    }
}

/// The main account goes down and comes back, again and again; how often it was planned.
pub fn play(database: &Database, lasting: Duration) -> Result<u64> {
    let (began, mut random, mut planned) = (Instant::now(), Random::new(7), 0);
    let mut sessions = [database.connect()?, database.connect()?];
    let mut told = Instant::now();
    while began.elapsed() < lasting {
        let kind = KINDS[(planned % KINDS.len() as u64) as usize];
        match kind {
            "lost" => sessions[0].run("SELECT mirror.disconnect('c1', 'the broker has gone')")?,
            "breaker" => {
                sessions[0].run("SELECT mirror.report_failure(1, 'no answer') FROM generate_series(1, 3)")?;
            }
            _ => (),
        }
        let stands_in = until_another(&mut sessions, 1, Some((1, kind)))?;
        planned += 1;
        let data = sessions[0].lines(&format!("SELECT * FROM mirror.subscriptions({stands_in})"))?;
        assert_eq!(data, ["NSE|INFY|quote", "NSE|TCS|depth"], "what the main account was subscribed to");
        assert_eq!(sessions[0].lines("SELECT * FROM mirror.subscriptions(1)")?, [""; 0]);
        if kind == "lost" {
            sessions[0].run("SELECT mirror.connect(1, 'c1')")?;
        }
        let back = until_another(&mut sessions, stands_in, None)?;
        assert_eq!(back, 1, "the main account is used again");
        let pause = Instant::now() + Duration::from_millis(100 + random.below(500));
        while Instant::now() < pause {
            let [session, other] = &mut sessions;
            beat(session, other, None)?;
        }
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            println!("{planned} outages after {:?}", began.elapsed());
        }
    }
    Ok(planned)
}

/// One event for each outage, of its kind, and one for each return; nothing else has failed.
pub fn check(session: &mut Session, planned: u64) -> Result<()> {
    let of_kind = |kind: usize| (planned + (KINDS.len() - 1 - kind) as u64) / KINDS.len() as u64;
    let told = KINDS.iter().enumerate().map(|(n, kind)| format!("{kind}|{}|t", of_kind(n)));
    let mut expected: Vec<String> = told.filter(|line| !line.contains("|0|")).collect();
    expected.push(format!("fail_back|{planned}|t"));
    expected.sort();
    let found = session.lines(
        "SELECT e.reason, count(*), e.success FROM mirror.failover_events e WHERE e.user_id = 1
         GROUP BY e.reason, e.success ORDER BY e.reason COLLATE \"C\"",
    )?;
    assert_eq!(found, expected, "events of {planned} outages");
    assert_eq!(session.lines("SELECT * FROM mirror_private.verify_connections()")?, [""; 0]);
    Ok(())
}
