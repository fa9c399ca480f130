//! A retry has one effect, however often, however many at once, and wherever the connection broke.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use client_tests::flow::{Command, Flow, Order, SMALL};
use client_tests::{Database, Failure, Random, Result, Session};

const CLIENTS: usize = 8;

fn open(name: &str) -> Result<(Database, Session, i64)> {
    let database = Database::fresh(name)?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "100000"), ("BTC", "100")])?;
    Ok((database, session, user))
}

/// Runs the same statement from many sessions at once; the answers.
fn all_at_once(database: &Database, sql: &str) -> Result<Vec<String>> {
    let barrier = Barrier::new(CLIENTS);
    let answers: Vec<Result<String>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let session = database.connect();
                    barrier.wait();
                    session?.line(sql)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("no panic in a client")).collect()
    });
    answers.into_iter().collect()
}

#[test]
fn eight_clients_with_one_client_order_id_place_one_order() -> Result<()> {
    let (database, mut session, user) = open("idempotency_orders")?;
    for n in 0..10 {
        let call = format!(
            "SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 100, 2, client_order_id => 'retry {n}',
                                         self_trade_prevention => 'none')"
        );
        let answers = all_at_once(&database, &call)?;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 10);
    assert_eq!(session.line("SELECT locked_amount FROM exchange.assets WHERE symbol = 'USD'")?, "2030.00000000");
    session.verify_is_empty()
}

#[test]
fn a_repeated_order_keeps_its_first_answer_for_ever() -> Result<()> {
    let (_, mut session, user) = open("idempotency_answers")?;
    session.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'sell', 100, 1)"))?;
    let bob = session.user("bob")?;
    session.fund(bob, &[("USD", "1000")])?;
    let call = format!("SELECT * FROM exchange.place_order({bob}, 'BTC-USD', 'buy', 101, 3, client_order_id => 'x')");
    let first = session.line(&call)?;
    assert!(first.ends_with("|open|1.00000000|2.00000000|100.00000000|1.50000000|NULL"), "{first}");
    let again = |session: &mut Session, when: &str| -> Result<()> {
        assert_eq!(session.line(&call)?, first, "{when}");
        Ok(())
    };
    again(&mut session, "at once")?;
    session.run("SELECT exchange.amend_order(id, 100.5, 2.5) FROM exchange.orders WHERE client_order_id = 'x'")?;
    again(&mut session, "after an amendment")?;
    session.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'sell', 100, 0.5)"))?;
    again(&mut session, "after a fill")?;
    session.run(&format!("SELECT exchange.cancel_order({bob}, 'x')"))?;
    again(&mut session, "after its end")?;
    let other = call.replace("101, 3", "101, 4");
    assert_eq!(session.refused(&other)?, "23505");
    // Another user's ids are another's.
    let other = call.replace(&format!("({bob},"), &format!("({user},"));
    assert_ne!(session.line(&other)?, first);
    session.verify_is_empty()
}

/// What place_order answers, or its SQLSTATE.
fn answer(session: &mut Session, order: &Order) -> Result<String> {
    match session.line(&format!("SELECT * FROM {}", order.call())) {
        Err(Failure { sqlstate: Some(sqlstate), .. }) if !sqlstate.starts_with("XX") => Ok(sqlstate),
        other => other,
    }
}

/// The places where two answers differ.
fn changed(session: &mut Session, answered: &[(Order, String)]) -> Result<String> {
    let mut changed = Vec::new();
    for (order, first) in answered {
        let again = answer(session, order)?;
        if again != *first {
            changed.push(format!("\n{first} was answered first, {again} again: {}", order.call()));
        }
    }
    Ok(changed.concat())
}

#[test]
fn repeated_orders_of_every_type_keep_their_first_answers() -> Result<()> {
    let (_, mut session, alice) = open("idempotency_types")?;
    let bob = session.user("bob")?;
    session.fund(bob, &[("USD", "100000"), ("BTC", "100")])?;
    session.run("SET synchronous_commit = off")?;
    let flow = Flow { users: &[alice, bob], house: false, ..SMALL };
    let mut answered = Vec::new();
    for command in flow.commands(&mut Random::new(41), 600, &[]) {
        match command {
            Command::New(order) => {
                let first = answer(&mut session, &order)?;
                // What was refused is no order yet and may be placed later.
                if first.contains('|') {
                    answered.push((order, first));
                }
            }
            Command::Cancel(user, id) => {
                // Refused when it has ended.
                let _ = session.run(&format!("SELECT exchange.cancel_order({user}, '{id}')"));
            }
            Command::Amend(user, id, price, amount) => {
                let literal = |number: Option<String>| number.unwrap_or_else(|| "NULL".into());
                let _ = session.run(&format!(
                    "SELECT exchange.amend_order(id, {}, {}) FROM exchange.orders
                     WHERE user_id = {user} AND client_order_id = '{id}'",
                    literal(price),
                    literal(amount)
                ));
            }
            Command::House(_) => {}
        }
    }
    assert!(answered.len() > 300, "{} answers prove too little", answered.len());
    assert_eq!(changed(&mut session, &answered)?, "");
    session.verify_is_empty()
}

#[test]
fn an_order_that_a_stop_meets_at_once_answers_with_all_of_its_fills() -> Result<()> {
    let (_, mut session, alice) = open("idempotency_cascade")?;
    let bob = session.user("bob")?;
    session.fund(bob, &[("USD", "1000"), ("BTC", "10")])?;
    let sell = |id: &str, amount: &str| Order::limit(alice, id, "BTC-USD", "sell", "100", amount);
    let stop = sell("stop", "1").without("price").with("order_type", "stop").with("stop_price", 100);
    for order in [sell("ask", "1"), stop] {
        session.run(&format!("SELECT {}", order.call()))?;
    }
    // Buys 1 as taker; its rest is hit by the stop that this triggers.
    let order = Order::limit(bob, "buy", "BTC-USD", "buy", "110", "3");
    let answered = [(order.clone(), answer(&mut session, &order)?)];
    let (id, expected) = (session.number("SELECT max(id) FROM exchange.orders")?, "open|2.00000000|1.00000000");
    // 1 at 100 as taker, 1 at 110 as maker, 1.5 % of both.
    assert_eq!(answered[0].1, format!("{id}|{expected}|105.00000000|3.15000000|NULL"));
    assert_eq!(changed(&mut session, &answered)?, "");
    session.verify_is_empty()
}

#[test]
fn the_function_and_the_bulk_door_know_one_another() -> Result<()> {
    let (database, mut session, user) = open("idempotency_doors")?;
    session.run(&format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount, client_order_id)
         SELECT 'new', {user}, 'BTC-USD', 'buy', 100, 1, 'id ' || n % 20 FROM generate_series(1, 200) n"
    ))?;
    thread::scope(|scope| {
        let drain = scope.spawn(|| database.connect()?.run("CALL exchange.match_orders(NULL, 3)"));
        for n in (0..20).rev() {
            session.run(&format!(
                "SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 100, 1, client_order_id => 'id {n}')"
            ))?;
        }
        drain.join().expect("no panic while draining")
    })?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 20);
    assert_eq!(session.number("SELECT count(*) FROM exchange.command_rejections")?, 0);
    session.verify_is_empty()
}

#[test]
fn eight_clients_with_one_reference_move_money_once() -> Result<()> {
    let (database, mut session, user) = open("idempotency_transfers")?;
    for n in 0..10 {
        let call = format!("SELECT exchange.deposit({user}, 'EUR', 5, 'wire {n}')");
        let answers = all_at_once(&database, &call)?;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(session.refused(&call.replace("5,", "6,"))?, "23505");
    }
    assert_eq!(session.line("SELECT amount FROM exchange.assets WHERE symbol = 'EUR'")?, "50.00000000");
    session.verify_is_empty()
}

/// Tries until an answer comes; how often the connection broke. `tries` tells meanwhile.
fn insist(database: &Database, session: &mut Session, sql: &str, tries: &AtomicU32) -> Result<u32> {
    let mut broken = 0;
    loop {
        tries.store(broken, Ordering::Relaxed);
        match session.run(sql) {
            Ok(()) => return Ok(broken),
            // 57P01: terminated by an administrator; no SQLSTATE: the connection was gone.
            Err(failure) if failure.is("57P01") || failure.sqlstate.is_none() => {
                broken += 1;
                *session = database.connect()?;
            }
            Err(failure) => return Err(failure),
        }
    }
}

#[test]
fn a_connection_killed_around_its_commit_and_a_retry_have_one_effect() -> Result<()> {
    const ROUNDS: u32 = 150;
    const ENOUGH: u32 = 10;
    let (database, mut watcher, user) = open("idempotency_killed")?;
    let (over, tries) = (AtomicBool::new(false), AtomicU32::new(0));
    let (broken, rounds) = thread::scope(|scope| {
        let killer = scope.spawn(|| -> Result<()> {
            let (mut session, mut random) = (database.connect()?, Random::new(7));
            while !over.load(Ordering::Relaxed) {
                // Who has been hit gets more time: on a slow machine it would never reach its commit.
                let longest = 20_000 << tries.load(Ordering::Relaxed).min(8);
                thread::sleep(Duration::from_micros(random.below(longest)));
                session.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE application_name = 'victim' AND datname = current_database()",
                )?;
            }
            Ok(())
        });
        let work = || -> Result<(u32, u32)> {
            let mut session = database.connect()?;
            let (mut broken, mut n) = (0, 0);
            // On a fast machine it takes more of them; every buyer finds a seller.
            while n < ROUNDS || n < 40 * ROUNDS && (broken < ENOUGH || n % 2 == 1) {
                let side = if n % 2 == 0 { "buy" } else { "sell" };
                // In one transaction with the name by which the killer finds it: the commit comes last.
                broken += insist(
                    &database,
                    &mut session,
                    &format!(
                        "SET application_name = 'victim';
                         BEGIN;
                         SELECT exchange.place_order({user}, 'BTC-USD', '{side}', 100, 1, client_order_id => 'o{n}',
                                                     self_trade_prevention => 'none');
                         SELECT exchange.deposit({user}, 'EUR', 1, 'd{n}');
                         COMMIT;
                         SET application_name = 'spared'"
                    ),
                    &tries,
                )?;
                n += 1;
            }
            Ok((broken, n))
        };
        let worked = work();
        over.store(true, Ordering::Relaxed);
        killer.join().expect("no panic in the killer")?;
        worked
    })?;
    if broken < ENOUGH {
        return Err(Failure::new(format!("only {broken} connections were broken: nothing is proved")));
    }
    println!("{broken} connections broken in {rounds} rounds");
    let filled = "SELECT count(*), count(DISTINCT client_order_id), count(*) FILTER (WHERE status = 'filled')
                  FROM exchange.orders";
    assert_eq!(watcher.line(filled)?, format!("{rounds}|{rounds}|{rounds}"));
    assert_eq!(watcher.number("SELECT count(*) FROM exchange.trades")?, i64::from(rounds) / 2);
    let deposited = "SELECT amount FROM exchange.assets WHERE symbol = 'EUR'";
    assert_eq!(watcher.line(deposited)?, format!("{rounds}.00000000"));
    watcher.verify_is_empty()
}
