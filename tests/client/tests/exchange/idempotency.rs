//! A retry has one effect, however often and however many at once. Those after a connection that broke: `reliability`.

use std::sync::Barrier;
use std::thread;

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
