//! Where our own code takes the owner's rights for a statement, the caller's names stay outside: a trader who books
//! fills, and workers who give up a run or a message, with types, functions and operators of theirs in front.

use client_tests::{Result, Session};

use client_tests::house::House;

/// Functions and operators of the names that our statements use.
const IN_FRONT: &str = r#"
    CREATE SCHEMA front;
    GRANT USAGE ON SCHEMA front TO PUBLIC;
    CREATE FUNCTION front.sprung(what text) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'sprung by % as %', what, current_user; END $$;
    CREATE FUNCTION front.jsonb_build_object(text, text) RETURNS jsonb LANGUAGE sql AS
        $$ SELECT NULL::jsonb WHERE front.sprung('jsonb_build_object') $$;
    CREATE FUNCTION front.times(numeric, numeric) RETURNS numeric LANGUAGE sql AS
        $$ SELECT NULL::numeric WHERE front.sprung('*') $$;
    CREATE OPERATOR front.* (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = front.times)"#;

/// A type of every name that our statements cast to, which takes every value and runs code of its maker: whoever may
/// connect can make it, and it comes first.
const TYPES: &str = r#"
    DO $$
    DECLARE
        name pg_catalog.text;
    BEGIN
        FOREACH name IN ARRAY '{text,oid,timestamptz,jsonb,uuid,regclass,name,int8,int4,bool,numeric,interval,date,bytea}'::pg_catalog.text[] LOOP
            EXECUTE format('CREATE DOMAIN pg_temp.%I AS pg_catalog.%1$I CHECK (front.sprung(%1$L))', name);
        END LOOP;
    END
    $$;
    SET search_path = front, pg_catalog"#;

fn trapped(house: &House, login: &str) -> Result<Session> {
    let mut session = house.database.connect_as(login)?;
    session.run(TYPES)?;
    for careless in ["SELECT 'x'::\"text\"", "SELECT 2.0 * 2.0"] {
        let sprung = session.run(careless);
        assert!(sprung.is_err_and(|failure| failure.to_string().contains("sprung by")), "{careless}");
    }
    Ok(session)
}

#[test]
fn no_name_of_the_caller_is_run_with_the_owners_rights() -> Result<()> {
    let mut house = House::open("attack_borrowed")?;
    house.root.run(IN_FRONT)?;
    let user = house.attacker;
    let bot =
        house.root.number(&format!("SELECT trading.create_bot({user}, 'grid', '{{\"symbol\": \"BTC-USD\"}}')"))?;
    house.root.run(&format!("SELECT trading.start_bot({bot}), trading.heartbeat({bot})"))?;
    let mut trader = trapped(&house, "attack_trader")?;
    for (fill, side) in [("in", "buy"), ("out", "sell")] {
        trader.run(&format!("SELECT trading.apply_fill({bot}, '{fill}', 'BTC-USD', '{side}', 1, 100)"))?;
    }
    trader.run(&format!("SELECT trading.correct_fill({bot}, 'out', 1, 101, 0, 'late')"))?;
    trader.run(&format!("SELECT trading.place_order({bot}, 'BTC-USD', 'buy', 1, 1), trading.sync_fills({bot})"))?;

    house.database.login("attack_runner", "bourse_runner")?;
    house.root.run("SELECT count(*) FROM (SELECT jobs.enqueue('report', 'x') FROM generate_series(1, 2)) AS runs")?;
    let mut runner = trapped(&house, "attack_runner")?;
    for retry in ["NULL", "'1 s'"] {
        let held = runner.line("SELECT lease || ',' || run_id FROM jobs.claim('w', '{report}')")?;
        let (lease, run) = held.split_once(',').expect("a lease and a run");
        runner.run(&format!("SELECT jobs.fail('{lease}', {run}, 'out of paper', {retry})"))?;
    }

    house.database.login("attack_sender", "bourse_sender")?;
    house.root.run(&format!(
        "SELECT messaging.set_preferences({user}, 'digested', digest => '1 minute');
         SELECT messaging.enqueue_message('note', '{{digested}}', '{{}}', '{user}', digest_key => 'd');
         SELECT messaging.enqueue_message('note', '{{single}}', '{{}}', '{user}');
         UPDATE messaging.deliveries SET claimable_at = now() - interval '1 s' WHERE digest_key = 'd'"
    ))?;
    let mut sender = trapped(&house, "attack_sender")?;
    for channel in ["digested", "single"] {
        let held = sender.line(&format!("SELECT lease || ',' || message_id FROM messaging.claim('w', '{channel}')"))?;
        let (lease, message) = held.split_once(',').expect("a lease and a message");
        sender.run(&format!("SELECT messaging.fail('{lease}', {message}, 'no such address')"))?;
    }
    Ok(())
}
