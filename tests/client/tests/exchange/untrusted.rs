//! Logins that nobody vouches for: they trade through the sequencer only where the operator says so, nobody holds a
//! market by PREPARE TRANSACTION, and no code of theirs runs with anybody else's rights.

use std::thread;
use std::time::Duration;

use client_tests::sequencer::Venue;
use client_tests::{Result, Session};

const SETTINGS: &str = "max_prepared_transactions = 10\nautovacuum_naptime = 1\nbourse.sequencer_only = on";

struct House {
    venue: Venue,
    root: Session,
    /// The user of `untrusted_trader`, and another.
    ann: i64,
    bob: i64,
}

fn open(name: &str) -> Result<House> {
    let venue = Venue::open(name, SETTINGS)?;
    let mut root = venue.connect()?;
    root.market("BTC-USD")?;
    let (ann, bob) = (root.user("ann")?, root.user("bob")?);
    for (login, group) in [
        ("untrusted_trader", "bourse_trader"),
        ("trusted_gateway", "bourse_gateway"),
        ("trusted_worker", "bourse_worker"),
        ("trusted_admin", "bourse_admin"),
    ] {
        venue.database.login(login, group)?;
    }
    root.run(&format!("UPDATE identity.users SET db_role = 'untrusted_trader' WHERE id = {ann}"))?;
    for user in [ann, bob] {
        root.fund(user, &[("USD", "1000"), ("BTC", "10")])?;
    }
    root.sequencer()?;
    Ok(House { venue, root, ann, bob })
}

/// What works in the caller's own transaction, and what the hint names instead.
fn own_doors(ann: i64, bob: i64) -> Vec<(String, &'static str)> {
    vec![
        (format!("SELECT exchange.place_order({ann}, 'BTC-USD', 'buy', 1, 1)"), "submit_order()"),
        (format!("SELECT exchange.cancel_order({ann}, 'resting')"), "submit_cancel()"),
        ("SELECT exchange.amend_order(1, 2)".into(), "submit_amend()"),
        (format!("SELECT exchange.cancel_all_orders({ann})"), "submit_cancel_all()"),
        (
            format!(
                "INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES ({ann}, 'BTC-USD', 'buy', 1, 1)"
            ),
            "order_commands",
        ),
        (format!("SELECT exchange.transfer({ann}, {bob}, 'USD', 0.00000001)"), "submit_transfer()"),
        ("CALL exchange.match_orders()".into(), "sequencer"),
    ]
}

#[test]
fn where_the_server_says_so_strangers_trade_through_the_sequencer_only() -> Result<()> {
    let House { venue, mut root, ann, bob } = open("untrusted_server")?;
    let mut trader = venue.database.connect_as("untrusted_trader")?;
    let order =
        format!("SELECT (exchange.submit_order({ann}, 'BTC-USD', 'buy', 1, 1, client_order_id => 'resting')).id");
    assert_eq!(trader.number(&order)?, 1);
    for (sql, instead) in own_doors(ann, bob) {
        let said = trader.refusal(&sql)?;
        assert!(
            said.starts_with("42501 ") && said.contains("sequencer_only") && said.contains(instead),
            "{sql}: {said}"
        );
        trader.run("BEGIN")?;
        assert_eq!(trader.refused(&sql)?, "42501", "{sql}");
        trader.run("ROLLBACK")?;
    }
    // Nobody waits for what he has tried.
    assert_eq!(root.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 176")?, 0);
    // He cannot say that he is trusted, or that the rule does not hold.
    for sql in ["SET bourse.sequencer_only = off", "SET ROLE bourse_admin"] {
        trader.refused(sql)?;
    }
    assert_eq!(trader.refused(&own_doors(ann, bob)[0].0)?, "42501");
    // The sequencer's doors and the inbox are his.
    assert_eq!(trader.line("SELECT (exchange.submit_amend(1, 2)).status")?, "open");
    assert_eq!(trader.line(&format!("SELECT (exchange.submit_cancel({ann}, 'resting')).status"))?, "cancelled");
    trader.run(&format!(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         VALUES ('new', {ann}, 'BTC-USD', 'by inbox', 'buy', 1, 1)"
    ))?;
    root.wait_for(
        "SELECT EXISTS (SELECT FROM exchange.orders WHERE client_order_id = 'by inbox' AND status = 'open')",
    )?;
    assert_eq!(trader.number(&format!("SELECT exchange.submit_cancel_all({ann})"))?, 1);
    assert_eq!(trader.number(&format!("SELECT exchange.submit_cancel_all({ann}, 'BTC-USD')"))?, 0);
    // Trusted logins come through every door.
    let mut gateway = venue.database.connect_as("trusted_gateway")?.acting_as(bob)?;
    gateway.run(&own_doors(bob, ann)[0].0)?;
    gateway.run(&own_doors(bob, ann)[5].0)?;
    for login in ["trusted_worker", "trusted_admin"] {
        let mut session = venue.database.connect_as(login)?;
        session.run(&own_doors(bob, ann)[0].0)?;
        session.run("CALL exchange.match_orders()")?;
    }
    // Without the rule everything is as before.
    root.run("ALTER SYSTEM SET bourse.sequencer_only = off")?;
    root.run("SELECT pg_reload_conf()")?;
    root.wait_for("SELECT NOT current_setting('bourse.sequencer_only')::boolean")?;
    let mut trader = venue.database.connect_as("untrusted_trader")?;
    trader.run(&own_doors(ann, bob)[0].0)?;
    trader.run(&own_doors(ann, bob)[5].0)?;
    root.verify_is_empty()
}

#[test]
fn a_submitted_transfer_is_a_transfer() -> Result<()> {
    let House { venue, mut root, ann, bob } = open("untrusted_transfers")?;
    root.run("SELECT audit.enable('exchange.transfers')")?;
    let mut trader = venue.database.connect_as("untrusted_trader")?;
    let submit = |arguments: &str| format!("SELECT exchange.submit_transfer({arguments})");
    let first = trader.number(&submit(&format!("{ann}, {bob}, 'USD', 10.5, 'rent'")))?;
    // The same reference moves it once, for ever; with another body it is refused.
    assert_eq!(trader.number(&submit(&format!("{ann}, {bob}, 'USD', 10.5, 'rent'")))?, first);
    assert_eq!(trader.refused(&submit(&format!("{ann}, {bob}, 'USD', 11, 'rent'")))?, "23505");
    let balances = format!(
        "SELECT string_agg(trim_scale(amount)::text, ' ' ORDER BY user_id) FROM exchange.assets WHERE symbol = 'USD' AND user_id IN ({ann}, {bob})"
    );
    assert_eq!(root.line(&balances)?, "989.5 1010.5");
    // Who has asked for it stands in the journal and in the trail, though another process has written them.
    let journal = "SELECT string_agg(DISTINCT created_by, ',') FROM exchange.transfers WHERE kind = 'transfer'";
    assert_eq!(root.line(journal)?, "untrusted_trader");
    let trail = "SELECT DISTINCT user_id, login_role FROM audit.audit_logs WHERE table_name = 'exchange.transfers' AND action = 'INSERT'";
    assert_eq!(root.line(trail)?, format!("{ann}|untrusted_trader"));
    // What transfer() says to a trusted login, submit_transfer() says as well.
    let mut worker = venue.database.connect_as("trusted_worker")?;
    for arguments in [
        format!("{ann}, {bob}, 'USD', 100000"),
        format!("{ann}, {ann}, 'USD', 1"),
        format!("{ann}, 4711, 'USD', 1"),
        format!("4711, {bob}, 'USD', 1"),
        format!("{ann}, {bob}, 'usd', 1"),
        format!("{ann}, {bob}, 'USD', -1"),
        format!("{ann}, {bob}, 'USD', 'NaN'"),
        format!("{ann}, {bob}, 'USD', 0.000000001"),
        format!("{ann}, {bob}, 'USD', 1, ''"),
        format!("{ann}, {bob}, 'USD', NULL"),
        format!("{ann}, {bob}, NULL, 1"),
    ] {
        let head = |said: String| said.split("\n  CONTEXT").next().unwrap_or_default().to_owned();
        let own = head(worker.refusal(&format!("SELECT exchange.transfer({arguments})"))?);
        let submitted = head(worker.refusal(&submit(&arguments))?);
        assert_eq!(submitted, own.replace("\n  DETAIL", ""), "{arguments}");
    }
    let long = "ü".repeat(128);
    let sent = trader.number(&submit(&format!("{ann}, {bob}, 'USD', 1, '{long}'")))?;
    assert_eq!(root.line(&format!("SELECT reference = '{long}' FROM exchange.transfers WHERE id = {sent}"))?, "t");
    assert_eq!(trader.refused(&submit(&format!("{bob}, {ann}, 'USD', 1")))?, "42501");
    // A balance that somebody holds delays its transfers, not the market.
    root.run(&format!("BEGIN; SELECT FROM exchange.assets WHERE user_id = {bob} FOR UPDATE"))?;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut trader = venue.database.connect_as("untrusted_trader")?;
            trader.number(&submit(&format!("{ann}, {bob}, 'USD', 1, 'held'")))
        });
        let mut other = venue.database.connect_as("untrusted_trader")?;
        other.run(&format!("SELECT exchange.submit_order({ann}, 'BTC-USD', 'buy', 1, 1)"))?;
        thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished(), "the transfer did not wait for the balance");
        root.run("COMMIT")?;
        waiting.join().expect("no panic")?;
        root.verify_is_empty()
    })
}

#[test]
fn nothing_that_others_wait_for_can_be_prepared() -> Result<()> {
    let House { venue, mut root, ann, bob } = open("untrusted_prepared")?;
    let mut admin = venue.database.connect_as("trusted_admin")?;
    let bot = root.number(&format!("SELECT trading.create_bot({ann}, 'grid', '{{}}')"))?;
    for sql in [
        own_doors(ann, bob)[0].0.clone(),
        own_doors(ann, bob)[5].0.clone(),
        format!("SELECT trading.apply_cash({bot}, 'held', 'deposit', 1)"),
        format!("SELECT trading.heartbeat({bot})"),
        format!("SELECT exchange.deposit({ann}, 'USD', 1)"),
        "UPDATE exchange.markets SET price_band = 0.5".into(),
        "SELECT identity.register('carol')".into(),
        format!("SELECT audit.log_activity({ann}, 'login')"),
        format!("INSERT INTO exchange.order_commands (action, user_id) VALUES ('new', {ann})"),
    ] {
        admin.run(&format!("BEGIN; {sql}"))?;
        let said = admin.refusal("PREPARE TRANSACTION 'held'")?;
        assert!(said.starts_with("0A000 ") && said.contains("HINT"), "{sql}: {said}");
        assert_eq!(root.number("SELECT count(*) FROM pg_prepared_xacts")?, 0, "{sql}");
    }
    // A superuser by hand, in a session that has called nothing of ours before the last of these.
    let mut by_hand = venue.connect()?;
    for sql in [
        format!("UPDATE exchange.assets SET amount = amount WHERE user_id = {ann}"),
        format!("SELECT FROM exchange.assets WHERE user_id = {ann} FOR UPDATE"),
        "SELECT FROM exchange.markets FOR UPDATE".into(),
        "LOCK TABLE exchange.assets IN SHARE MODE".into(),
        "SELECT exchange_private.match_batch(NULL, 1)".into(),
    ] {
        by_hand.run(&format!("BEGIN; {sql}"))?;
        assert_eq!(by_hand.refused("PREPARE TRANSACTION 'held'")?, "0A000", "{sql}");
    }
    // What is the application's own can be prepared, reads of ours included.
    root.run("CREATE TABLE public.notes (n int)")?;
    root.run("BEGIN; INSERT INTO public.notes SELECT count(*) FROM exchange.orders; PREPARE TRANSACTION 'notes'")?;
    root.run("COMMIT PREPARED 'notes'")?;
    root.verify_is_empty()
}

/// An index expression of a trader's table, which autovacuum evaluates as a superuser's session.
#[test]
fn autovacuum_acts_for_nobody() -> Result<()> {
    let House { venue, mut root, ann, bob } = open("untrusted_vacuum")?;
    root.run("CREATE SCHEMA mine AUTHORIZATION untrusted_trader")?;
    let mut trader = venue.database.connect_as("untrusted_trader")?;
    trader.run(&format!(
        "CREATE TABLE mine.seen (login name, everybody boolean, victim boolean, refused text);
         CREATE FUNCTION mine.steal() RETURNS text LANGUAGE plpgsql AS $$
         BEGIN
             PERFORM exchange.transfer({bob}, {ann}, 'USD', 100, 'once');
             RETURN 'moved';
         EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
         END $$;
         CREATE FUNCTION mine.look(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
         BEGIN
             IF session_user <> 'untrusted_trader' AND x = 1 THEN
                 PERFORM mine.note();
             END IF;
             RETURN x;
         END $$;
         CREATE FUNCTION mine.note() RETURNS void LANGUAGE sql AS $$
             INSERT INTO mine.seen VALUES (session_user, identity.acts_for_all(), identity.acts_for({bob}), mine.steal())
         $$;
         CREATE TABLE mine.bait (x int) WITH (autovacuum_analyze_threshold = 1, autovacuum_analyze_scale_factor = 0);
         CREATE INDEX ON mine.bait (mine.look(x));
         INSERT INTO mine.bait SELECT generate_series(1, 100)"
    ))?;
    root.wait_for("SELECT EXISTS (SELECT FROM mine.seen)")?;
    assert_eq!(root.lines("SELECT DISTINCT login, everybody, victim, refused FROM mine.seen")?, ["postgres|f|f|42501"]);
    root.verify_is_empty()
}
