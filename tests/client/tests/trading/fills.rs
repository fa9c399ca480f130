//! Fills from many sessions, over a crash, and through a dump: each is booked once, and nothing is lost.

use std::thread;

use client_tests::{Database, Random, Result, Scratch, Server, Session};

const SESSIONS: usize = 16;
const BOTS: usize = 4;
const FILLS: usize = 60;

/// Bots that run, of both methods.
fn lived_in(database: &Database) -> Result<()> {
    let mut session = database.connect()?;
    session.run("INSERT INTO identity.users (id, name) VALUES (1, 'ann')")?;
    for bot in 0..BOTS {
        let method = if bot % 2 == 0 { "average" } else { "fifo" };
        session.run(&format!(
            "SELECT trading.start_bot(trading.create_bot(1, 'grid', '{{}}', method => '{method}',
                                                         starting_balance => 1000))"
        ))?;
    }
    Ok(())
}

/// One of the fills that everybody sends: by its number it is always the same.
fn fill(number: usize) -> String {
    let mut random = Random::new(number as u64 + 1);
    let side = if random.percent(50) { "buy" } else { "sell" };
    let (quantity, price) = (random.below(5) + 1, random.below(20) + 90);
    let (bot, symbol, fee) = (number % BOTS + 1, random.below(3), random.below(9));
    format!(
        "SELECT balance FROM trading.apply_fill({bot}, 'f{number}', 'S{symbol}', '{side}', {quantity}, {price}, 0.{fee})"
    )
}

fn verify_is_empty(session: &mut Session) -> Result<()> {
    assert_eq!(session.lines("SELECT * FROM trading.verify()")?, Vec::<String>::new());
    Ok(())
}

fn sums(session: &mut Session) -> Result<Vec<Vec<String>>> {
    session.rows(
        "SELECT b.id, b.current_balance, b.fill_count, b.trade_count, (
             SELECT string_agg(p.symbol || p.qty_open || p.cost || p.gain, ' ' ORDER BY p.id)
             FROM trading.positions p WHERE p.bot_id = b.id)
         FROM trading.bot_accounts b ORDER BY b.id",
    )
}

/// Sends every fourth of the fills, in an order of its own: three other sessions send the same.
fn send(database: &Database, session: usize) -> Result<()> {
    let (mut connection, mut random) = (database.connect()?, Random::new(session as u64 + 100));
    let mut mine: Vec<usize> = (0..FILLS * BOTS).filter(|number| number % 4 == session % 4).collect();
    while !mine.is_empty() {
        let number = mine.swap_remove(random.below(mine.len() as u64) as usize);
        connection.run(&fill(number))?;
    }
    Ok(())
}

#[test]
fn sixteen_sessions_send_the_same_fills_and_each_is_booked_once() -> Result<()> {
    let database = Database::fresh("trading_sixteen")?;
    lived_in(&database)?;
    let database = &database;
    thread::scope(|scope| {
        let all: Vec<_> = (0..SESSIONS).map(|session| scope.spawn(move || send(database, session))).collect();
        all.into_iter().try_for_each(|worker| worker.join().expect("no panic"))
    })?;
    let mut session = database.connect()?;
    assert_eq!(session.number("SELECT count(*) FROM trading.fills")?, (FILLS * BOTS) as i64);
    verify_is_empty(&mut session)
}

#[test]
fn fills_that_are_sent_again_after_a_crash_are_booked_once() -> Result<()> {
    let scratch = Scratch::furnished("trading_crash", "")?;
    let database = Database::on(&scratch.server, "trading_crash")?;
    lived_in(&database)?;
    let mut session = database.connect()?;
    for number in 0..FILLS {
        session.run(&fill(number))?;
    }
    let before = sums(&mut session)?;
    session.run("BEGIN")?;
    session.run(&fill(FILLS))?;
    scratch.kill()?;
    scratch.resume()?;
    let mut session = database.connect()?;
    assert_eq!(sums(&mut session)?, before, "what was answered is there, and nothing else");
    for number in 0..=FILLS {
        session.run(&fill(number))?;
    }
    assert_eq!(session.number("SELECT count(*) FROM trading.fills")?, FILLS as i64 + 1);
    verify_is_empty(&mut session)
}

#[test]
fn books_come_back_from_a_dump_and_go_on() -> Result<()> {
    let from = Database::fresh("trading_dump")?;
    lived_in(&from)?;
    let mut session = from.connect()?;
    session.run("SELECT bourse.maintain()")?;
    for number in 0..FILLS {
        session.run(&fill(number))?;
    }
    session.run("SELECT trading.bust_fill(1, 'f0', 'never was'), trading.apply_cash(1, 'c', 'deposit', 5)")?;
    let before = sums(&mut session)?;
    let dump = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("trading.sql");
    let dump = dump.to_str().expect("a path in UTF-8").to_owned();
    from.program("pg_dump", &["-f", &dump])?;
    let to = Database::empty(&Server::of_suite()?, "trading_dump_restored")?;
    to.program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &dump])?;
    std::fs::remove_file(&dump).expect("the dump is there");
    let mut session = to.connect()?;
    assert_eq!(sums(&mut session)?, before);
    for number in 0..2 * FILLS {
        session.run(&fill(number))?;
    }
    assert_eq!(session.number("SELECT count(*) FROM trading.fills")?, 2 * FILLS as i64);
    verify_is_empty(&mut session)
}
