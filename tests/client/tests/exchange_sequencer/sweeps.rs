//! `submit_cancel_all()`: piece by piece, and others are served in between.

use std::thread;

use client_tests::sequencer::{Venue, submission};
use client_tests::{Result, Session};

const ORDERS: i64 = 50_000;

/// A venue, and two users, the first of whom has that many orders in one market.
fn open(name: &str) -> Result<(Venue, Session, i64, i64)> {
    let (venue, mut session, users) = Venue::funded(name, "", 2)?;
    session.run(&format!(
        "INSERT INTO exchange.orders (user_id, symbol, side, price, amount)
         SELECT {}, 'BTC-USD', 'buy', 1 + n % 100, 1 FROM generate_series(1, {ORDERS}) n",
        users[0]
    ))?;
    Ok((venue, session, users[0], users[1]))
}

fn live(session: &mut Session, user: i64) -> Result<i64> {
    session.number(&format!("SELECT count(*) FROM exchange.orders WHERE user_id = {user} AND status = 'open'"))
}

/// Waits until some of the orders are cancelled.
fn wait_for_a_piece(session: &mut Session, user: i64) -> Result<()> {
    let begun = format!("SELECT count(*) < {ORDERS} FROM exchange.orders WHERE user_id = {user} AND status = 'open'");
    session.wait_for(&begun).map(drop)
}

fn sweep(user: i64) -> String {
    format!("SELECT exchange.submit_cancel_all({user})")
}

#[test]
fn others_are_answered_while_all_orders_of_a_user_are_cancelled() -> Result<()> {
    let (venue, mut session, user, other) = open("sequencer_sweep")?;
    let (cancelled, left) = thread::scope(|scope| {
        let sweeping = scope.spawn(|| venue.connect()?.number(&sweep(user)));
        wait_for_a_piece(&mut session, user)?;
        session.run(&submission(other, "ETH-USD", "buy", "1", "between"))?;
        let left = live(&mut session, user)?;
        session.run(&submission(user, "ETH-USD", "buy", "1", "later"))?;
        Ok::<_, client_tests::Failure>((sweeping.join().expect("no panic")?, left))
    })?;
    assert!(left > 0, "an order waited until all others were cancelled");
    assert_eq!(cancelled, ORDERS);
    assert_eq!(live(&mut session, user)?, 1, "an order that came later was cancelled");
    assert_eq!(session.number(&sweep(user))?, 1);
    assert_eq!(session.number(&sweep(user))?, 0);
    session.verify_is_empty()
}

#[test]
fn what_is_cancelled_before_an_interruption_stays_so_and_no_more() -> Result<()> {
    let (venue, mut session, user, _) = open("sequencer_sweep_interrupted")?;
    let said = thread::scope(|scope| {
        let sweeping = scope.spawn(|| venue.connect()?.refused(&sweep(user)));
        wait_for_a_piece(&mut session, user)?;
        session.run(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
             WHERE query LIKE 'SELECT exchange.submit_cancel_all%' AND state = 'active'",
        )?;
        sweeping.join().expect("no panic")
    })?;
    assert_eq!(said, "57014");
    session.run(&submission(user, "ETH-USD", "buy", "1", "behind the last piece"))?;
    let left = live(&mut session, user)? - 1;
    assert!(left > 0 && left < ORDERS, "{left} orders are left");
    assert_eq!(session.number(&sweep(user))?, left + 1);
    session.verify_is_empty()
}
