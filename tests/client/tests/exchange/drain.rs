//! Whoever carries out what others have queued cannot look and take it back.

use client_tests::{Database, Result, Session};

/// A market with an offer, the victim's order in the inbox, and a trader with a login.
fn open(name: &str) -> Result<(Database, Session, Session)> {
    let database = Database::fresh(name)?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    let (victim, maker) = (session.user("victim")?, session.user("maker")?);
    session.fund(victim, &[("USD", "100000")])?;
    session.fund(maker, &[("BTC", "100")])?;
    let login = format!("{name}_trader");
    database.login(&login, "bourse_trader")?;
    session.run(&format!(
        "SELECT exchange.place_order({maker}, 'BTC-USD', 'sell', 100, 10);
         INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
         VALUES ('new', {victim}, 'BTC-USD', 'buy', 110, 5), ('new', {victim}, 'BTC-USD', 'buy', 110, 1);
         INSERT INTO identity.users (name, db_role) VALUES ('trader', '{login}')"
    ))?;
    let trader = database.connect_as(&login)?;
    Ok((database, session, trader))
}

fn waiting(session: &mut Session) -> Result<i64> {
    session.number("SELECT count(*) FROM exchange.order_commands")
}

const TRADES: &str = "SELECT count(*) FROM exchange.trades";

#[test]
fn a_trader_cannot_drain_in_a_transaction_of_his_own() -> Result<()> {
    let (_database, mut session, mut trader) = open("drain_own")?;
    assert_eq!(trader.refused("SELECT exchange_private.match_batch(NULL, 100)")?, "42501");
    trader.run("BEGIN")?;
    let said = trader.refusal("CALL exchange.match_orders()")?;
    assert!(said.starts_with("2D000 ") && said.contains("HINT"), "{said}");
    trader.run("ROLLBACK")?;
    for block in [
        "DO $$ BEGIN CALL exchange.match_orders(); EXCEPTION WHEN division_by_zero THEN NULL; END $$",
        "CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE plpgsql AS 'BEGIN CALL exchange.match_orders(); END';
         SELECT pg_temp.f()",
        "CREATE PROCEDURE pg_temp.p() LANGUAGE plpgsql SET work_mem = '4MB' AS 'BEGIN CALL exchange.match_orders(); END';
         CALL pg_temp.p()",
        "BEGIN; SAVEPOINT peek; CALL exchange.match_orders()",
    ] {
        let refused = trader.refused(block)?;
        assert_eq!(refused, "2D000", "{block}");
        trader.run("ROLLBACK")?;
        assert_eq!(waiting(&mut session)?, 2, "{block}");
    }
    trader.run("CALL exchange.match_orders()")?;
    assert_eq!((waiting(&mut session)?, session.number(TRADES)?), (0, 2));
    session.verify_is_empty()
}

/// What is deferred to the end of the caller's transaction runs before anything is drained.
#[test]
fn a_deferred_trigger_sees_nothing_of_the_drain() -> Result<()> {
    let (_database, mut session, mut trader) = open("drain_deferred")?;
    trader.run(
        "CREATE TEMP TABLE bait (n int);
         CREATE FUNCTION pg_temp.look() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF EXISTS (SELECT FROM exchange.trade_tape('BTC-USD')) THEN RAISE EXCEPTION 'seen, and taken back'; END IF;
             RETURN NULL;
         END $$;
         CREATE CONSTRAINT TRIGGER look AFTER INSERT ON bait DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION pg_temp.look()",
    )?;
    trader.run("DO $$ BEGIN INSERT INTO bait VALUES (1); CALL exchange.match_orders(batch_size => 1); END $$")?;
    assert_eq!((waiting(&mut session)?, session.number(TRADES)?), (0, 2));
    session.verify_is_empty()
}

/// A procedure that looks afterwards and fails takes nothing back; nor does one that fails in the middle of a loop.
#[test]
fn what_has_been_drained_stands() -> Result<()> {
    let (_database, mut session, mut trader) = open("drain_stands")?;
    let look = "DO $$ BEGIN CALL exchange.match_orders(batch_size => 1);
        PERFORM 1 / (SELECT 0 * count(*) FROM exchange.trade_tape('BTC-USD')); END $$";
    assert_eq!(trader.refused(look)?, "22012");
    assert_eq!((waiting(&mut session)?, session.number(TRADES)?), (0, 2));
    let again = "DO $$ DECLARE r record; BEGIN FOR r IN SELECT generate_series(1, 3) LOOP
        CALL exchange.match_orders(); END LOOP; END $$";
    trader.run(again)?;
    session.verify_is_empty()
}
