//! Tables that somebody has altered: what the engine writes past the executor is what the executor would write, or it
//! refuses. Nothing crashes.

use client_tests::{Database, Result, Session};

const BUY: &str = "SELECT exchange.place_order(1, 'BTC-USD', 'buy', 100, 2)";
const SELL: &str = "SELECT exchange.place_order(2, 'BTC-USD', 'sell', 100, 1)";
const AMEND: &str = "SELECT exchange.amend_order(max(id), new_amount => 3) FROM exchange.orders WHERE status = 'open'";
/// One command that rests, and one that is refused.
const BULK: &str = "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
                    VALUES ('new', 1, 'BTC-USD', 'first', 'buy', 90, 1), ('new', 1, 'BTC-USD', 'second', 'buy', -1, 1)";

/// A market with two users who can trade in it.
fn prepare(name: &str) -> Result<(Database, Session)> {
    let (database, mut session) = Database::with_traders(name, &["BTC-USD"], &[("USD", "100000"), ("BTC", "1000")])?;
    session.run(BUY)?;
    Ok((database, session))
}

/// Writes rows of every table that the engine writes, and changes some.
fn trade(session: &mut Session) -> Result<()> {
    for sql in [BUY, SELL, AMEND, BULK, "CALL exchange.match_orders()", SELL] {
        session.run(sql)?;
    }
    session.verify_is_empty()
}

/// The SQLSTATE and message with which a statement is refused once the tables have been altered so; all is undone.
fn refused_after(session: &mut Session, alter: &str, sql: &str) -> Result<(String, String)> {
    session.run(&format!("BEGIN; {alter}"))?;
    let failure = session.run(sql).err();
    session.run("ROLLBACK")?;
    let text = failure.as_ref().map_or("not refused".to_owned(), ToString::to_string);
    Ok((failure.and_then(|failure| failure.sqlstate).unwrap_or_default(), text))
}

#[test]
fn generated_columns_follow_their_row() -> Result<()> {
    let (database, mut session) = prepare("altered_generated")?;
    let generated = [
        ("orders", "notional", "numeric", "price * amount"),
        ("orders", "rest", "numeric", "amount - filled_amount"),
        ("orders", "source", "oid", "tableoid"),
        ("assets", "total", "numeric", "amount + locked_amount"),
        ("trades", "gross", "numeric", "price * amount"),
        ("markets", "twice", "numeric", "last_price * 2"),
        ("order_amendments", "more", "numeric", "new_amount - old_amount"),
        ("command_rejections", "why", "text", "upper(reason)"),
    ];
    for (table, column, kind, expression) in generated {
        session.run(&format!(
            "ALTER TABLE exchange.{table} ADD {column} {kind} GENERATED ALWAYS AS ({expression}) STORED"
        ))?;
    }
    session.run(
        "CREATE INDEX orders_rest ON exchange.orders (rest); CREATE INDEX assets_total ON exchange.assets (total)",
    )?;
    trade(&mut session)?;
    for (table, column, _, expression) in generated {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE {column} IS DISTINCT FROM ({expression})), count({column}) > 0
             FROM exchange.{table}"
        );
        assert_eq!(session.line(&sql)?, "0|t", "{table}.{column}");
    }
    session.run("SET enable_seqscan = off; SET enable_bitmapscan = off")?;
    let by_index = "SELECT count(*) = (SELECT count(*) FROM exchange.orders) FROM exchange.orders
                    WHERE rest >= 0 AND rest = amount - filled_amount";
    assert_eq!(session.line(by_index)?, "t");
    database.check_files()
}

#[test]
fn a_generated_column_that_takes_no_null_refuses_one() -> Result<()> {
    let (_database, mut session) = prepare("altered_generated_null")?;
    session.run(
        "ALTER TABLE exchange.orders
             ADD stop numeric GENERATED ALWAYS AS (coalesce(stop_price, 0)) STORED NOT NULL,
             ADD bought text GENERATED ALWAYS AS (nullif(side, 'sell')) STORED NOT NULL",
    )?;
    session.run(BUY)?;
    assert_eq!(session.refused(SELL)?, "23502");
    session.verify_is_empty()
}

#[test]
fn a_column_of_another_type_is_refused() -> Result<()> {
    let (_database, mut session) = prepare("altered_types")?;
    let bulk = "CALL exchange.match_orders()";
    for (table, column, other, own, sql) in [
        ("order_commands", "amount", "double precision", "numeric", bulk),
        ("order_commands", "expires_at", "text", "timestamptz", bulk),
        ("command_rejections", "reason", "varchar(200)", "text", bulk),
        ("trades", "taker_side", "varchar(4)", "text", SELL),
        ("orders", "display_amount", "numeric(30,10)", "numeric(20,8)", BUY),
        ("orders", "accepted_sequence", "numeric", "bigint", BUY),
        ("order_amendments", "new_amount", "double precision", "numeric(20,8)", AMEND),
    ] {
        let change = |kind| format!("ALTER TABLE exchange.{table} ALTER {column} TYPE {kind} USING {column}::{kind}");
        session.run(&change(other))?;
        session.run(if sql == bulk { BULK } else { "" })?;
        assert_eq!(session.refused(sql)?, "55000", "{table}.{column}");
        session.run(&change(own))?;
    }
    session.run(bulk)?;
    trade(&mut session)
}

#[test]
fn an_index_that_cannot_be_trusted_is_refused() -> Result<()> {
    let (database, mut session) = prepare("altered_indexes")?;
    session.run("DROP INDEX exchange.idx_orders_user_live")?;
    session.run("SELECT exchange.place_order(1, 'BTC-USD', 'buy', 99, 2)")?;
    let failing = "CREATE UNIQUE INDEX CONCURRENTLY idx_orders_user_live ON exchange.orders (symbol)";
    assert_eq!(session.refused(failing)?, "23505");
    let cancel_all = "SELECT exchange.cancel_all_orders(1)";
    assert_eq!(session.refused(cancel_all)?, "55000");
    session.run(
        "DROP INDEX exchange.idx_orders_user_live; CREATE INDEX idx_orders_user_live ON exchange.orders (symbol)",
    )?;
    assert_eq!(session.refused(cancel_all)?, "55000", "on other columns");
    session
        .run("DROP INDEX exchange.idx_orders_user_live; CREATE INDEX idx_orders_user_live ON exchange.trades (id)")?;
    assert_eq!(session.refused(cancel_all)?, "55000", "of another table");
    // One that is ready but not valid yet gets its entries all the same.
    session.run(
        "CREATE INDEX orders_later ON exchange.orders (id);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'exchange.orders_later'::regclass",
    )?;
    session.run(SELL)?;
    session.run("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'exchange.orders_later'::regclass")?;
    database.check_files()
}

#[test]
fn defaults_change_with_what_they_call() -> Result<()> {
    let (database, mut session) = prepare("altered_defaults")?;
    let mut other = database.connect()?;
    other.run(
        "CREATE FUNCTION public.tag() RETURNS int IMMUTABLE LANGUAGE sql RETURN 1;
         CREATE DOMAIN public.venue AS text DEFAULT 'here';
         ALTER TABLE exchange.orders ADD tag int DEFAULT public.tag(), ADD venue public.venue",
    )?;
    let newest = "SELECT tag, venue FROM exchange.orders ORDER BY id DESC LIMIT 1";
    session.run(BUY)?;
    assert_eq!(session.line(newest)?, "1|here");
    other.run("CREATE OR REPLACE FUNCTION public.tag() RETURNS int IMMUTABLE LANGUAGE sql RETURN 2")?;
    session.run(BUY)?;
    assert_eq!(session.line(newest)?, "2|here");
    other.run("ALTER DOMAIN public.venue SET DEFAULT 'there'")?;
    session.run(BUY)?;
    assert_eq!(session.line(newest)?, "2|there");
    other.run("ALTER DOMAIN public.venue ADD CHECK (value <> 'there') NOT VALID")?;
    assert_eq!(session.refused(BUY)?, "23514");
    Ok(())
}

#[test]
fn deferrable_constraints_are_enforced_at_once() -> Result<()> {
    let (_database, mut session) = prepare("altered_deferrable")?;
    let order = |price| format!("SELECT exchange.place_order(1, 'BTC-USD', 'buy', {price}, 1)");
    for (constraint, code) in [
        ("EXCLUDE USING btree (user_id WITH =, price WITH =) DEFERRABLE INITIALLY DEFERRED", "23P01"),
        ("UNIQUE (user_id, price) DEFERRABLE INITIALLY DEFERRED", "23505"),
        ("EXCLUDE USING btree (user_id WITH =, price WITH =)", "23P01"),
    ] {
        session.run(&format!("ALTER TABLE exchange.orders ADD CONSTRAINT one_price {constraint}"))?;
        assert_eq!(session.refused(&order(100))?, code, "{constraint}");
        session.run(&order(80))?;
        let last = "(SELECT max(id) FROM exchange.orders)";
        assert_eq!(session.refused(&format!("SELECT exchange.amend_order({last}, new_price => 100)"))?, code);
        session.run(&format!("SELECT exchange.amend_order({last}, new_price => 81)"))?;
        session.run(&format!(
            "ALTER TABLE exchange.orders DROP CONSTRAINT one_price; SELECT exchange.cancel_order({last});
             SET session_replication_role = replica; DELETE FROM exchange.orders WHERE price < 100;
             RESET session_replication_role"
        ))?;
    }
    Ok(())
}

#[test]
fn what_is_no_table_of_ours_is_refused() -> Result<()> {
    let (_database, mut session) = prepare("altered_kinds")?;
    for table in ["orders", "assets", "markets", "trades"] {
        for other in [
            format!("CREATE VIEW exchange.{table} AS SELECT * FROM exchange.elsewhere"),
            format!("CREATE MATERIALIZED VIEW exchange.{table} AS SELECT * FROM exchange.elsewhere"),
            format!("CREATE TABLE exchange.{table} (LIKE exchange.elsewhere) PARTITION BY LIST (symbol)"),
            format!(
                "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far;
                 CREATE FOREIGN TABLE exchange.{table} (id bigint) SERVER far"
            ),
        ] {
            let alter = format!("ALTER TABLE exchange.{table} RENAME TO elsewhere; {other}");
            let (code, text) = refused_after(&mut session, &alter, SELL)?;
            assert_eq!(code, "55000", "{alter}: {text}");
        }
    }
    Ok(())
}

#[test]
fn null_enters_no_column_that_takes_none() -> Result<()> {
    let (_database, mut session) = prepare("altered_not_null")?;
    for (alter, code) in [
        ("ALTER TABLE exchange.orders ADD note text NOT NULL DEFAULT nullif('a', 'a')", "23502"),
        ("CREATE DOMAIN venue AS text NOT NULL; ALTER TABLE exchange.orders ADD venue venue", "23502"),
        ("CREATE DOMAIN venue AS text CHECK (value IS NOT NULL); ALTER TABLE exchange.orders ADD venue venue", "23514"),
        ("ALTER TABLE exchange.orders ALTER stop_price SET NOT NULL", "23502"),
        ("ALTER TABLE exchange.orders ADD note text NOT NULL", "23502"),
        (
            "ALTER TABLE exchange.orders DROP quote_amount CASCADE, ADD quote_amount numeric(20,8) GENERATED ALWAYS AS (1) STORED",
            "55000",
        ),
    ] {
        // With no order in the table, each of them is allowed.
        let alter = format!("SET LOCAL session_replication_role = replica; DELETE FROM exchange.orders; {alter}");
        let (is, text) = refused_after(&mut session, &alter, BUY)?;
        assert_eq!(is, code, "{alter}: {text}");
    }
    // A column that was filled by hand stands in nobody's way when a row is only changed.
    session.run(
        "ALTER TABLE exchange.assets ADD note text; UPDATE exchange.assets SET note = 'filled';
         ALTER TABLE exchange.assets ALTER note SET NOT NULL",
    )?;
    session.run(BUY)
}

#[test]
fn other_columns_and_children_are_no_obstacle() -> Result<()> {
    let (database, mut session) = prepare("altered_others")?;
    session.run(
        "CREATE TYPE pair AS (a int, b text);
         ALTER TABLE exchange.orders ADD n bigint GENERATED ALWAYS AS IDENTITY, ADD gone text DEFAULT repeat('g', 9000),
             ADD labels text[] DEFAULT '{a,b}', ADD pair pair DEFAULT (1, 'b'),
             ADD long text COMPRESSION pglz DEFAULT repeat('l', 100000);
         ALTER TABLE exchange.orders ALTER gone SET STORAGE EXTERNAL, ALTER labels SET STORAGE MAIN",
    )?;
    session.run(BUY)?;
    session.run("ALTER TABLE exchange.orders DROP gone")?;
    session.run("CREATE TABLE exchange.orders_child () INHERITS (exchange.orders)")?;
    for sql in [BUY, SELL, AMEND, SELL] {
        session.run(sql)?;
    }
    let sane = "SELECT count(*), count(DISTINCT n), count(labels), count(pair), min(length(long)) FROM exchange.orders";
    assert_eq!(session.line(sane)?, "5|5|5|5|100000");
    session.verify_is_empty()?;
    database.check_files()
}
