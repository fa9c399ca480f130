//! Sixteen sessions start, pause, stop, fail and sweep the same bots, send heartbeats and place orders, in every order:
//! nobody waits for ever, every step is one that there is, and what the platform keeps of them agrees.

use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Random, Result, Session};

const SESSIONS: u64 = 16;
const BOTS: u64 = 4;
const LASTING: Duration = Duration::from_secs(4);

/// What somebody does next.
fn call(random: &mut Random) -> String {
    let bot = 1 + random.below(BOTS);
    let price = 90 + random.below(20);
    match random.below(12) {
        0 | 1 => format!("SELECT trading.start_bot({bot}, {})", random.below(2) == 0),
        2 => format!("SELECT trading.pause_bot({bot})"),
        3 => format!("SELECT trading.resume_bot({bot})"),
        4 => format!("SELECT trading.stop_bot({bot}, {})", random.below(2) == 0),
        5 => format!("SELECT trading.fail_bot({bot}, 'planned')"),
        6 => "SELECT count(*) FROM trading.sweep_bots('1 s')".into(),
        7 | 8 => "SELECT trading.heartbeats(ARRAY[4, 3, 2, 1])".into(),
        9 => format!("SELECT trading.place_order({bot}, 'BTC-USD', 'sell', {price}, 1)"),
        10 => "SELECT trading.sync_fills()".into(),
        _ => format!("SELECT trading.place_order({bot}, 'BTC-USD', 'buy', {price}, 1)"),
    }
}

fn work(session: &mut Session, random: &mut Random, began: Instant) -> Result<u64> {
    let mut done = 0;
    while began.elapsed() < LASTING {
        match session.run(&call(random)) {
            Ok(()) => done += 1,
            // Not in its status, or not in a state of the market or the funds in which it could.
            Err(failure) if failure.is("55000") || failure.is("23514") => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(done)
}

#[test]
fn sixteen_sessions_live_with_the_same_bots() -> Result<()> {
    let database = Database::fresh("trading_life")?;
    let mut root = database.connect()?;
    root.run(&format!(
        "INSERT INTO identity.users (name) SELECT 'user ' || n FROM generate_series(1, {BOTS}) n;
         SELECT exchange.create_market('BTC-USD', 'BTC', 'USD');
         SELECT count(exchange.deposit(u.id, a, 100000)) FROM identity.users u, unnest('{{USD,BTC}}'::text[]) a;
         SELECT count(trading.create_bot(u.id, 'grid', '{{}}')) FROM identity.users u"
    ))?;
    let began = Instant::now();
    let done: u64 = thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS)
            .map(|seed| {
                let database = &database;
                scope.spawn(move || work(&mut database.connect()?, &mut Random::new(seed + 1), began))
            })
            .collect();
        sessions.into_iter().map(|session| session.join().expect("no panic in a session")).sum::<Result<u64>>()
    })?;
    assert!(done > 100, "{done} calls");
    assert!(root.number("SELECT count(DISTINCT event) FROM trading.bot_events")? >= 7, "every step has been taken");
    // Each event goes on where the one before it has ended, by a step that there is.
    let broken = root.lines(
        "SELECT e.* FROM (SELECT e.*, lag(e.new_status) OVER (PARTITION BY e.bot_id ORDER BY e.id) AS before
                          FROM trading.bot_events e) e
         LEFT JOIN trading.bot_transitions() t
             ON t.old_status = e.old_status AND t.step = e.event AND t.new_status = e.new_status
         WHERE e.old_status IS DISTINCT FROM e.before OR e.event <> 'created' AND t.step IS NULL",
    )?;
    assert!(broken.is_empty(), "{broken:?}");
    let lost = root.lines(
        "SELECT b.id FROM trading.bot_accounts b
         WHERE b.status <> (SELECT e.new_status FROM trading.bot_events e WHERE e.bot_id = b.id ORDER BY e.id DESC LIMIT 1)",
    )?;
    assert!(lost.is_empty(), "{lost:?}");
    // Whatever a bot has left, it has no entry in the book that it might not place now.
    root.run("SELECT trading.sync_fills()")?;
    let resting = root.lines(
        "SELECT b.status, o.order_id FROM trading.bot_orders o JOIN trading.bot_accounts b ON b.id = o.bot_id
         JOIN exchange.orders x ON x.id = o.order_id AND x.status IN ('open', 'pending')
         WHERE NOT o.is_exit AND b.status NOT IN ('running') OR b.status IN ('stopped', 'disabled')",
    )?;
    assert!(resting.is_empty(), "{resting:?}");
    // Every trade of theirs is booked, once.
    let unbooked = root.lines(
        "SELECT 'exchange:' || t.id || ':' || o.order_id FROM trading.bot_orders o
         JOIN exchange.trades t ON o.order_id IN (t.buy_order_id, t.sell_order_id)
         EXCEPT SELECT f.fill_id FROM trading.fills f",
    )?;
    assert!(unbooked.is_empty(), "{unbooked:?}");
    assert_eq!(root.lines("SELECT v::text FROM bourse.verify() v")?, Vec::<String>::new());
    assert_eq!(root.lines("SELECT issue FROM bourse.integrity() WHERE module = 'trading' AND count > 0")?, [""; 0]);
    Ok(())
}
