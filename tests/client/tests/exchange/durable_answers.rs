//! Who repeats a call, or asks what another venue has sent, acts on the answer: it comes once it is as safe as an answer
//! to a first call is, though what it tells may have been committed without waiting.

use std::thread;

use client_tests::{Database, Result, Scratch};

const LEG: &str = "'00000000-0000-4000-8000-00000000000";

#[test]
fn an_answer_that_is_relied_on_waits_for_the_standby() -> Result<()> {
    let scratch = Scratch::furnished("durable_answers", "")?;
    let database = Database::on(&scratch.server, "durable_answers")?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "1000")])?;
    session.run("SELECT exchange.register_venue(v) FROM unnest('{west,east}'::text[]) v")?;
    // The balance of the other is locked by whoever waits.
    let receiver = session.user("bob")?;
    // Its login is made while nothing waits yet.
    database.connect_admin()?;
    // A standby that does not come, and somebody who does not wait for it.
    session.run("SET synchronous_commit = local")?;
    session.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")?;
    session.run("SELECT pg_reload_conf()")?;
    session.wait_for("SELECT current_setting('synchronous_standby_names') = 'nobody'")?;
    let deposit = format!("SELECT exchange.deposit({user}, 'USD', 5, 'wire-1')");
    let order = format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', 99, 1, client_order_id => 'x')");
    for call in [&deposit, &order, &format!("SELECT exchange.send_to_venue({LEG}1', {user}, 'west', 'USD', 40)")] {
        session.run(call)?;
    }
    // Who repeats a call waits as his session does, a carrier always.
    let asked: Vec<_> = [
        ("on", deposit),
        ("on", order),
        ("local", "SELECT exchange.unsettled_venue_transfers()".to_owned()),
        (
            "local",
            "BEGIN; SELECT exchange.unsettled_venue_transfers(); SET LOCAL synchronous_commit = off; COMMIT".to_owned(),
        ),
        ("local", format!("SELECT exchange.receive_from_venue({LEG}2', {receiver}, 'east', 'USD', 40)")),
        ("local", format!("SELECT exchange.refuse_from_venue({LEG}3', {user}, 'east', 'USD', 40)")),
    ]
    .into_iter()
    .map(|(commits, call)| {
        let mut asking = database.connect_admin()?;
        asking.run(&format!("SET synchronous_commit = {commits}"))?;
        let pid = asking.number("SELECT pg_backend_pid()")?;
        Ok((pid, thread::spawn(move || asking.lines(&call))))
    })
    .collect::<Result<_>>()?;
    for (pid, _) in &asked {
        session.wait_for(&format!("SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = {pid}"))?;
    }
    session.run("ALTER SYSTEM RESET synchronous_standby_names")?;
    session.run("SELECT pg_reload_conf()")?;
    for (_, answer) in asked {
        assert_eq!(answer.join().expect("no panic")?.len(), 1);
    }
    session.verify_is_empty()
}
