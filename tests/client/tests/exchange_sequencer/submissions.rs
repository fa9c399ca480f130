//! `submit_order` and its kin: each session gets its own answer, whoever else is in the batch.

use std::collections::BTreeSet;

use client_tests::sequencer::{Venue, submission};
use client_tests::{Database, Failure, Random, Result, Session};

/// Orders that are refused, each otherwise: what stands for the arguments after the user.
const BAD: [&str; 12] = [
    "'XXX-USD', 'buy', 100, 1",
    "'BTC-USD', 'hold', 100, 1",
    "'BTC-USD', 'buy', 0, 1",
    "'BTC-USD', 'buy', 'NaN', 1",
    "'BTC-USD', 'buy', 100.005, 1",
    "'BTC-USD', 'buy', 100, 5000",
    "'BTC-USD', 'sell', 100, 0.0000015",
    "'BTC-USD', 'sell', 100, 1, time_in_force => 'fok'",
    "'BTC-USD', 'buy', 200, 1, post_only => true",
    "'BTC-USD', 'buy', 100, 1, client_order_id => 'used'",
    "'BTC-USD', 'buy', 900000000000, 900000000000",
    "'BTC-USD', 'buy', 100, 1, 'stop'",
];

const CALLS: [&str; 5] = [
    "exchange.submit_order(1, 'BTC-USD', 'buy', 100, 1)",
    "exchange.submit_cancel(1)",
    "exchange.submit_cancel(1, 'x')",
    "exchange.submit_amend(1, 99)",
    "exchange.submit_order(1, 'BTC-USD', 'buy', 100, 1, client_order_id => 'y')",
];

/// A market with one offer at 150, and so many users who have 10,000 USD and 100 BTC.
fn open(name: &str, users: usize) -> Result<(Venue, Session, Vec<i64>)> {
    let venue = Venue::open(name, "")?;
    let mut session = venue.connect()?;
    session.market("BTC-USD")?;
    let mut ids = Vec::new();
    for n in 0..users {
        let user = session.user(&format!("trader {n}"))?;
        session.fund(user, &[("USD", "10000"), ("BTC", "100")])?;
        ids.push(user);
    }
    session.run(&format!("SELECT exchange.place_order({}, 'BTC-USD', 'sell', 150, 1)", ids[0]))?;
    session.sequencer()?;
    Ok((venue, session, ids))
}

#[test]
fn without_the_preloaded_library_every_call_is_refused() -> Result<()> {
    let database = Database::fresh("sequencer_not_preloaded")?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "1000")])?;
    session.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 1, 1, client_order_id => 'x')"))?;
    for call in CALLS {
        let said = session.refusal(&format!("SELECT {call}"))?;
        assert!(said.starts_with("55000 ") && said.contains("HINT: Set shared_preload_libraries"), "{call}: {said}");
    }
    assert_eq!(session.sequencer_state()?, "not preloaded");
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE status = 'open'")?, 1);
    Ok(())
}

#[test]
fn every_refusal_of_a_batch_is_the_sessions_own() -> Result<()> {
    let (venue, mut session, users) = open("sequencer_refusals", 24)?;
    let used =
        |user: i64| format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 50, 1, client_order_id => 'used')");
    users.iter().try_for_each(|user| session.run(&used(*user)))?;
    // What place_order says to a user of the same means.
    let expected: Vec<String> = BAD
        .iter()
        .enumerate()
        .map(|(n, bad)| session.refusal(&format!("SELECT exchange.place_order({}, {bad})", users[2 * n])))
        .collect::<Result<_>>()?;
    let orders = session.number("SELECT count(*) FROM exchange.orders")?;
    let before = session.rows("SELECT batches, requests FROM exchange.sequencer_status()")?;
    session.run("BEGIN")?;
    session.run(&format!("SELECT exchange.place_order({}, 'BTC-USD', 'buy', 49, 1)", users[0]))?;
    // Every second client is sound; those whose order the session itself refuses never wait.
    let answers = std::thread::scope(|scope| {
        let clients = scope.spawn(|| venue.clients(24, |n| one_of_many(&venue, users[n], n)));
        session.wait_for("SELECT queued >= 16 FROM exchange.sequencer_status()")?;
        session.run("COMMIT")?;
        clients.join().expect("no panic")
    })?;
    for (n, answer) in answers.iter().enumerate() {
        if n % 2 == 0 {
            assert_eq!(answer, &expected[n / 2], "{}", BAD[n / 2]);
        } else {
            assert!(answer.parse::<i64>().is_ok(), "client {n}: {answer}");
        }
    }
    let ids: BTreeSet<&String> = answers.iter().skip(1).step_by(2).collect();
    assert_eq!(ids.len(), 12, "{answers:?}");
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, orders + 1 + 12);
    let after = session.rows("SELECT batches, requests, largest_batch FROM exchange.sequencer_status()")?;
    println!("batches and requests {before:?}, then {after:?}");
    assert!(after[0][2].parse::<i64>().is_ok_and(|largest| largest >= 2), "never two in a batch: {after:?}");
    session.verify_is_empty()
}

/// An odd client's order is sound: its id. An even one's is refused: how.
fn one_of_many(venue: &Venue, user: i64, n: usize) -> Result<String> {
    let mut session = venue.connect()?;
    if n.is_multiple_of(2) {
        session.refusal(&format!("SELECT exchange.submit_order({user}, {})", BAD[n / 2]))
    } else {
        session.line(&submission(user, "BTC-USD", "buy", "90", "sound"))
    }
}

#[test]
fn one_client_order_id_in_one_batch_is_one_order() -> Result<()> {
    let (venue, mut session, users) = open("sequencer_repeats", 1)?;
    session.run("BEGIN; SELECT exchange.set_market_status('BTC-USD', 'open')")?;
    let call = format!(
        "SELECT exchange.submit_order({}, 'BTC-USD', 'buy', 160, 3, client_order_id => 'one',
         self_trade_prevention => 'none')",
        users[0]
    );
    let answers = std::thread::scope(|scope| {
        let clients = scope.spawn(|| venue.clients(20, |_| venue.connect()?.line(&call)));
        session.wait_for_queue(20)?;
        session.run("COMMIT")?;
        clients.join().expect("no panic")
    })?;
    assert!(answers[0].contains(",open,1.00000000,2.00000000,150."), "{}", answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders WHERE client_order_id = 'one'")?, 1);
    // And with another body it is refused, as place_order refuses it.
    let other = |call: &str| {
        format!("SELECT exchange.{call}({}, 'BTC-USD', 'buy', 161, 3, client_order_id => 'one')", users[0])
    };
    assert_eq!(session.refusal(&other("submit_order"))?, session.refusal(&other("place_order"))?);
    session.verify_is_empty()
}

#[test]
fn an_order_sent_is_sent_whatever_becomes_of_the_transaction() -> Result<()> {
    let (venue, mut session, users) = open("sequencer_transactions", 2)?;
    let open_orders =
        |session: &mut Session| session.number("SELECT count(*) FROM exchange.orders WHERE status = 'open'");
    // After a write, and after a row lock.
    for write in ["INSERT INTO identity.users (name) VALUES ('carol')", "SELECT FROM identity.users FOR UPDATE"] {
        for call in CALLS {
            session.run(&format!("BEGIN; {write}"))?;
            let said = session.refusal(&format!("SELECT {call}"))?;
            // What does not exist is told first.
            assert!(said.starts_with("25001 ") || said.starts_with("42704 "), "{call} after {write}: {said}");
            session.run("ROLLBACK")?;
        }
    }
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        session.run(&format!("BEGIN ISOLATION LEVEL {level}"))?;
        assert_eq!(session.refused(&format!("SELECT {}", CALLS[0]))?, "25001", "{level}");
        session.run("ROLLBACK")?;
    }
    session.run("BEGIN READ ONLY")?;
    assert_eq!(session.refused(&format!("SELECT {}", CALLS[0]))?, "25006");
    session.run("ROLLBACK")?;
    assert_eq!(open_orders(&mut session)?, 1);
    session.run(&format!(
        "BEGIN; SELECT count(*) FROM exchange.orders; {}",
        submission(users[1], "BTC-USD", "buy", "90", "a")
    ))?;
    assert_eq!(open_orders(&mut venue.connect()?)?, 2, "another session does not see it at once");
    session.run("ROLLBACK")?;
    assert_eq!(open_orders(&mut session)?, 2);
    // A subtransaction that has failed leaves the session as usable as before.
    session.run(&format!(
        "DO $$ BEGIN
             FOR n IN 1 .. 50 LOOP
                 BEGIN
                     PERFORM exchange.submit_order({user}, 'BTC-USD', 'buy', 0.001, 1);
                 EXCEPTION WHEN invalid_parameter_value THEN NULL;
                 END;
                 PERFORM exchange.submit_order({user}, 'BTC-USD', 'buy', 80 + n * 0.01, 0.1);
             END LOOP;
         END $$",
        user = users[1]
    ))?;
    assert_eq!(open_orders(&mut session)?, 52);
    session.verify_is_empty()
}

#[test]
fn a_trader_submits_for_itself_only() -> Result<()> {
    let (venue, mut session, users) = open("sequencer_roles", 2)?;
    venue.database.login("seq_alice", "bourse_trader")?;
    venue.database.login("seq_viewer", "bourse_viewer")?;
    session.run(&format!("UPDATE identity.users SET db_role = 'seq_alice' WHERE id = {}", users[1]))?;
    let theirs = session.number("SELECT max(id) FROM exchange.orders")?;
    let mut alice = venue.database.connect_as("seq_alice")?;
    let own = alice.number(&submission(users[1], "BTC-USD", "buy", "90", "mine"))?;
    let submitted = alice.refusal(&submission(users[0], "BTC-USD", "buy", "90", "theirs"))?;
    let placed = alice.refusal(&submission(users[0], "BTC-USD", "buy", "90", "theirs").replace("submit_", "place_"))?;
    assert_eq!(submitted, placed);
    assert!(submitted.starts_with("42501 "), "{submitted}");
    for call in [format!("submit_cancel({theirs})"), format!("submit_amend({theirs}, 140)"), "submit_cancel(0)".into()]
    {
        assert_eq!(alice.refused(&format!("SELECT exchange.{call}"))?, "42704", "{call}");
    }
    assert_eq!(alice.refused(&format!("SELECT exchange.submit_cancel({}, 'x')", users[0]))?, "42501");
    assert_eq!(alice.line(&format!("SELECT status FROM exchange.submit_amend({own}, 91)"))?, "open");
    assert_eq!(alice.line(&format!("SELECT status FROM exchange.submit_cancel({own})"))?, "cancelled");
    let mut viewer = venue.database.connect_as("seq_viewer")?;
    for call in CALLS {
        assert_eq!(viewer.refused(&format!("SELECT {call}"))?, "42501", "{call}");
    }
    session.verify_is_empty()
}

/// Batches of random make-up: whoever is refused has changed nothing, whoever is not has an order.
#[test]
fn random_batches_of_good_and_bad_orders_are_told_apart() -> Result<()> {
    let (venue, mut session, users) = open("sequencer_mixture", 12)?;
    let placed = venue.clients(12, |n| {
        let (mut session, mut random, mut placed) = (venue.connect()?, Random::new(n as u64), 0);
        for round in 0..40 {
            if random.percent(40) {
                let bad = BAD[random.below(9) as usize];
                session.refusal(&format!("SELECT exchange.submit_order({}, {bad})", users[n]))?;
            } else {
                let id = session.number(&submission(users[n], "BTC-USD", "buy", "1", &format!("{n}-{round}")))?;
                placed += i64::from(id > 0);
            }
        }
        Ok::<i64, Failure>(placed)
    })?;
    let expected = placed.iter().sum::<i64>() + 1;
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, expected);
    session.verify_is_empty()
}
