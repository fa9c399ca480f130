//! A server that is killed while an order is under way.

use std::thread;
use std::time::Duration;

use client_tests::Result;

use crate::client::{Screen, house, limit};

#[test]
fn a_server_killed_in_mid_order_gives_one_order() -> Result<()> {
    const ROUNDS: u64 = 12;
    let (database, mut sql) = house("screen_killed", &["ann"])?;
    let mut unanswered = 0;
    for round in 0..ROUNDS {
        let order = limit("buy", "90", "0.5", &format!("round {round}"));
        let screen = Screen::start(&database, &[])?;
        let ann = screen.log_in("ann")?;
        let sending = thread::spawn({
            let (ann, order) = (ann.clone(), order.clone());
            move || ann.place(&order)
        });
        thread::sleep(Duration::from_micros(round * 700));
        screen.kill()?;
        let first = sending.join().expect("no panic").ok().filter(|answer| answer.status == 200);
        unanswered += usize::from(first.is_none());
        // The browser has lost the server, not the session.
        let screen = Screen::start(&database, &[])?;
        let again = screen.log_in("ann")?.place(&order)?;
        assert_eq!(again.status, 200, "{again:?}");
        assert!(first.is_none_or(|first| first.text("id") == again.text("id")));
    }
    assert!(unanswered > 0, "no order was under way: kill earlier");
    assert_eq!(sql.number("SELECT count(*) FROM exchange.orders")?, ROUNDS as i64);
    sql.verify_is_empty()
}
