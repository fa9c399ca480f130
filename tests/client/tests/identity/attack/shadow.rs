//! Attacks through the session: other roles, objects in the way of every name that our functions look up.

use client_tests::{Failure, Result, Session};

use super::calls::{own, routines, told};
use client_tests::house::{House, MARK};

/// What no login of a trader, viewer or gateway may turn into or switch off.
const ESCAPES: [&str; 26] = [
    "SET ROLE bourse_owner",
    "SET ROLE bourse_admin",
    "SET ROLE bourse_worker",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "SET SESSION AUTHORIZATION bourse_owner",
    "SET LOCAL SESSION AUTHORIZATION attack_other",
    "GRANT bourse_admin TO attack_trader",
    "GRANT bourse_owner TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "CREATE ROLE attack_more IN ROLE bourse_admin",
    "CREATE SCHEMA attack_schema",
    "CREATE TABLE identity.attack ()",
    "CREATE FUNCTION identity.attack() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE identity.users DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE exchange.orders DISABLE TRIGGER ALL",
    "CREATE POLICY attack ON identity.users USING (true)",
    "CREATE TRIGGER attack AFTER INSERT ON exchange.orders FOR EACH ROW EXECUTE FUNCTION audit_private.record_change()",
    "CREATE RULE attack AS ON SELECT TO exchange.orders DO INSTEAD NOTHING",
    "CREATE INDEX attack ON identity.users (name)",
    "ALTER FUNCTION identity.acts_for_all() OWNER TO CURRENT_USER",
    "SET session_replication_role = replica",
    "COPY identity.users TO PROGRAM 'cat'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')",
    "SET row_security = off; SELECT count(*) FROM exchange.orders",
];

#[test]
fn no_login_turns_into_another_or_switches_anything_off() -> Result<()> {
    let mut house = House::open("attack_roles")?;
    house.database.login("attack_other", "bourse_trader")?;
    house.root.run("ANALYZE")?;
    let before = house.digest()?;
    for (actor, mut session) in house.actors()? {
        let mut accepted = Vec::new();
        for sql in ESCAPES {
            match session.run(&format!("BEGIN; {sql}")) {
                Err(failure) if failure.is("42501") => {}
                other => accepted.push(format!("{sql}: {other:?}")),
            }
            session.run("ROLLBACK")?;
        }
        assert!(accepted.is_empty(), "{actor}: {accepted:#?}");
        // The planner's statistics hold values of the tables.
        let known = session.lines("SELECT schemaname, tablename, s::text FROM pg_stats s")?.join("\n");
        assert!(!known.contains(MARK), "{actor} reads in pg_stats:\n{known}");
        for role in ["bourse_viewer", "bourse_trader"] {
            // A role that he may take changes nothing of whom he acts for.
            let user = session.line("SELECT identity.current_user_id()")?;
            if session.run(&format!("SET ROLE {role}")).is_ok() {
                assert_eq!(session.line("SELECT identity.current_user_id()")?, user, "{actor} as {role}");
                assert_eq!(session.line("SELECT identity.acts_for_all()")?, "f", "{actor} as {role}");
            }
            session.run("RESET ROLE")?;
        }
    }
    assert!(house.root.lines("SELECT s::text FROM pg_stats s")?.join("\n").contains(MARK), "statistics hold no values");
    assert_eq!(house.digest()?, before);
    Ok(())
}

/// Functions and operators named as those of PostgreSQL that our functions use, for the same types; each only raises.
const TRAPS: &str = "
    CREATE SCHEMA evil;
    DO $$
    DECLARE
        f record;
        body text := 'BEGIN RAISE EXCEPTION ''trapped''; END';
    BEGIN
        FOR f IN
            SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, p.prorettype::regtype AS result
            FROM pg_proc p
            WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset AND p.provariadic = 0
              AND NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[] || p.prorettype) t JOIN pg_type y ON y.oid = t WHERE y.typtype = 'p')
              AND p.proname::text IN (
                  SELECT regexp_split_to_table(lower(o.prosrc), '\\W+') FROM pg_proc o
                  WHERE split_part(o.pronamespace::regnamespace::text, '_', 1) IN ('bourse', 'identity', 'audit', 'calendar', 'messaging', 'jobs', 'exchange', 'trading', 'marketplace', 'mirror', 'webui'))
        LOOP
            EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', f.proname, f.arguments, f.result, body);
        END LOOP;
        FOR f IN
            SELECT o.oid, o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, o.oprresult::regtype AS result
            FROM pg_operator o
            WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
              AND NOT EXISTS (SELECT FROM pg_type y WHERE y.oid IN (o.oprleft, o.oprright, o.oprresult) AND y.typtype = 'p')
              AND o.oprleft IN (SELECT unnest('{int2,int4,int8,numeric,text,name,bool,timestamptz,interval,jsonb,bytea,uuid,oid,regclass,inet}'::regtype[]))
        LOOP
            EXECUTE format('CREATE FUNCTION evil.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', f.oid, f.l, f.r, f.result, body);
            EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.operator_%s)', f.oprname, f.l, f.r, f.oid);
        END LOOP;
    END
    $$;
    GRANT USAGE ON SCHEMA evil TO PUBLIC";

/// A table in pg_temp for every name that stands in our schemas, and a type for those that our functions cast to.
fn temporaries(house: &mut House, session: &mut Session) -> Result<()> {
    let names = house.root.lines(
        "SELECT DISTINCT quote_ident(c.relname) FROM pg_class c
         WHERE c.relkind IN ('r', 'p', 'v', 'S')
           AND c.relnamespace::regnamespace::text IN ('bourse', 'identity', 'audit', 'calendar', 'messaging', 'jobs', 'exchange', 'trading', 'marketplace', 'mirror', 'webui')
         UNION SELECT unnest(ARRAY['pg_class', 'pg_proc', 'pg_trigger', 'pg_attribute', 'pg_roles', 'pg_constraint'])",
    )?;
    for name in &names {
        session.run(&format!("CREATE TEMP TABLE {name} (trapped integer)"))?;
    }
    for name in ["text", "int8", "numeric", "jsonb", "regclass", "oid", "uuid", "interval", "name"] {
        session.run(&format!("CREATE TYPE pg_temp.\"{name}\" AS (trapped pg_catalog.int4)"))?;
    }
    Ok(())
}

#[test]
fn no_function_looks_a_name_up_where_its_caller_can_put_things() -> Result<()> {
    let mut house = House::open("attack_path")?;
    // Without the event trigger that looks at all our tables for each of them.
    house.root.run(&format!("SET session_replication_role = replica; {TRAPS}; RESET session_replication_role"))?;
    let traps = house.root.number("SELECT count(*) FROM pg_proc WHERE pronamespace = 'evil'::regnamespace")?;
    assert!(traps > 300, "only {traps} traps");
    let routines = routines(&mut house.root)?;
    // What a trader does himself moves the counters of a market.
    let digest = |house: &mut House| -> Result<Vec<String>> {
        Ok(house.digest()?.into_iter().filter(|line| !line.starts_with("exchange.markets|")).collect())
    };
    let before = digest(&mut house)?;
    let mut session = house.database.connect_as("attack_trader")?;
    let world = own(house.attacker, "mallory");
    let mut plain = Vec::new();
    for routine in &routines {
        session.run("BEGIN")?;
        plain.push(told(&mut session, &world.statement(routine)));
        session.run("ROLLBACK")?;
    }
    let mut trapped = house.database.connect_as("attack_trader")?;
    temporaries(&mut house, &mut trapped)?;
    // Our own operators win over PostgreSQL's for this session: it has to get along without them.
    for path in ["evil, pg_catalog, pg_temp", "pg_catalog, evil, pg_temp"] {
        trapped.run(&format!("SET search_path = {path}"))?;
        for (routine, (ok, said)) in routines.iter().zip(&plain) {
            trapped.run("BEGIN")?;
            let (still, answer) = told(&mut trapped, &world.statement(routine));
            trapped.run("ROLLBACK")?;
            if still != *ok || answer.contains("trapped") {
                return Err(Failure::new(format!("{} under {path}: {said}\nbecame {answer}", routine.signature)));
            }
        }
        for sql in [
            format!(
                "INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES ({}, 'BTC-USD', 'buy', 1, 1)",
                house.attacker
            ),
            format!(
                "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id) VALUES ('cancel', {}, 'BTC-USD', 'none')",
                house.attacker
            ),
            "CALL exchange.match_orders()".to_owned(),
            "UPDATE identity.exchange_credentials SET is_active = false".to_owned(),
            "SELECT * FROM identity.users".replace('*', "id, name"),
            "SELECT * FROM exchange.ledger_entries".to_owned(),
        ] {
            trapped.run(&sql)?;
        }
    }
    // The traps do work where a name is looked up carelessly.
    let careless = trapped.run("SET search_path = evil, pg_catalog; SELECT 1 + 1");
    assert!(careless.is_err_and(|failure| failure.to_string().contains("trapped")));
    assert_eq!(digest(&mut house)?, before);
    Ok(())
}
