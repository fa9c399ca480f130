//! What a login sees of others: nothing, in any table or view; and what it sees of itself is complete.

use client_tests::{Database, Result, Session};

/// Alice and Bob trade with one another, Bob and Carol too.
fn open(name: &str) -> Result<(Database, Session, i64)> {
    let database = Database::fresh(name)?;
    database.login("privacy_alice", "bourse_trader")?;
    let mut root = database.connect()?;
    root.market("BTC-USD")?;
    root.run("SELECT exchange.register_venue('west')")?;
    let users = ["alice", "bob", "carol"].map(|user| root.user(user));
    let [alice, bob, carol] = users;
    let (alice, bob, carol) = (alice?, bob?, carol?);
    root.run(&format!("UPDATE identity.users SET db_role = 'privacy_alice' WHERE id = {alice}"))?;
    for user in [alice, bob, carol] {
        root.fund(user, &[("USD", "10000"), ("BTC", "10")])?;
        root.identities(user)?;
        root.run(&format!("SELECT exchange.place_order({user}, 'BTC-USD', 'buy', {}, 2)", 50 + user))?;
        root.run("SELECT exchange.amend_order(max(id), NULL, 1) FROM exchange.orders")?;
        root.run(&format!("SELECT exchange.send_to_venue(gen_random_uuid(), {user}, 'west', 'USD', 1)"))?;
        root.run(&format!(
            "INSERT INTO exchange.order_commands (action, user_id, symbol) VALUES ('new', {user}, 'X-Y')"
        ))?;
    }
    root.run("CALL exchange.match_orders()")?;
    root.run("INSERT INTO exchange.fee_groups SELECT id, 'friends' FROM identity.users")?;
    for (seller, buyer) in [(bob, alice), (bob, carol), (alice, bob)] {
        root.run(&format!("SELECT exchange.place_order({seller}, 'BTC-USD', 'sell', 100, 1)"))?;
        root.run(&format!("SELECT exchange.place_order({buyer}, 'BTC-USD', 'buy', 100, 1)"))?;
    }
    Ok((database, root, alice))
}

#[test]
fn every_relation_with_a_user_shows_a_trader_his_own_rows_only() -> Result<()> {
    let (database, mut root, alice) = open("privacy_rows")?;
    let mut session = database.connect_as("privacy_alice")?;
    let relations = root.rows(
        "SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace::regnamespace::text IN ('identity', 'exchange')
           AND (a.attname = 'user_id' OR c.relname = 'users' AND a.attname = 'id')
           AND has_column_privilege('privacy_alice', c.oid, a.attnum, 'SELECT')",
    )?;
    assert!(relations.len() >= 8, "only {relations:?}");
    for relation in &relations {
        let (name, column) = (&relation[0], &relation[1]);
        let all = root.number(&format!("SELECT count({column}) FROM {name} WHERE {column} <> {alice}"))?;
        assert_ne!(all, 0, "{name} holds nothing of others: nothing is proved");
        let others = format!("SELECT count({column}) FROM {name} WHERE {column} <> {alice}");
        assert_eq!(session.number(&others)?, 0, "{name} shows others");
        let own = format!("SELECT count({column}) FROM {name} WHERE {column} = {alice}");
        assert_eq!(session.number(&own)?, root.number(&own)?, "{name} hides own rows");
    }
    Ok(())
}

#[test]
fn a_trader_sees_his_trades_and_amendments_and_no_others() -> Result<()> {
    let (database, mut root, alice) = open("privacy_trades")?;
    let mut session = database.connect_as("privacy_alice")?;
    assert_eq!((root.number("SELECT count(*) FROM exchange.trades")?), 3);
    assert_eq!(session.lines("SELECT sequence FROM exchange.trades ORDER BY 1")?, ["1", "3"]);
    assert_eq!(root.number("SELECT count(*) FROM exchange.order_amendments")?, 3);
    assert_eq!(session.number("SELECT count(*) FROM exchange.order_amendments")?, 1);
    // His ledger explains his balance.
    let ledger = format!(
        "SELECT a.symbol, a.amount + a.locked_amount - sum(e.amount) FROM exchange.assets a
         LEFT JOIN exchange.ledger_entries e ON e.user_id = a.user_id AND e.asset = a.symbol
         WHERE a.user_id = {alice} GROUP BY a.symbol, a.amount, a.locked_amount ORDER BY 1"
    );
    let explained = ["BTC|0.00000000", "USD|0.00000000"];
    assert_eq!(root.lines(&ledger)?, explained);
    assert_eq!(session.lines(&ledger)?, explained);
    Ok(())
}

#[test]
fn every_table_with_a_user_has_row_security() -> Result<()> {
    let (_, mut root, _) = open("privacy_policies")?;
    let open = root.lines(
        "SELECT oid::regclass FROM pg_class
         WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text IN ('identity', 'exchange')
           AND NOT relrowsecurity ORDER BY oid::regclass::text",
    )?;
    // The rules of the markets, the rates of fee groups and the names of other venues are public. COPY is refused on
    // tables with row security: the inbox has a trigger instead, and only an admin reads it, as the note of which
    // commands the sequencer tries, which names no user.
    let known = ["command_attempts", "fee_schedules", "markets", "order_commands", "venues"];
    assert_eq!(open, known.map(|table| format!("exchange.{table}")));
    let views = root.lines(
        "SELECT oid::regclass FROM pg_class
         WHERE relkind = 'v' AND relnamespace::regnamespace::text IN ('bourse', 'identity', 'exchange')
           AND NOT coalesce(reloptions @> '{security_invoker=true}', false)",
    )?;
    assert!(views.is_empty(), "views that run as their owner: {views:?}");
    Ok(())
}

/// The plans of a trader's queries that find his orders otherwise than through an index on the user.
fn plans_around_the_user(name: &str, queries: impl Fn(i64) -> [String; 2]) -> Result<Vec<String>> {
    let (database, mut root, alice) = open(name)?;
    // Many users: of few the planner expects to find some of each soon, wherever it looks.
    root.run(
        "WITH crowd AS (INSERT INTO identity.users (name) SELECT 'user ' || n FROM generate_series(1, 300) n RETURNING id),
              funds AS (SELECT id, exchange.deposit(id, 'USD', 1000) FROM crowd)
         INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
         SELECT 'new', f.id, 'BTC-USD', 'buy', 1 + n % 40, 0.001 FROM generate_series(1, 10) n, funds f",
    )?;
    root.run("CALL exchange.match_orders()")?;
    root.run("ANALYZE exchange.orders")?;
    assert!(root.number("SELECT count(*) FROM exchange.orders")? > 3000);
    let mut session = database.connect_as("privacy_alice")?;
    let mut around = Vec::new();
    for sql in queries(alice) {
        let plan = session.lines(&format!("EXPLAIN (COSTS off) {sql}"))?.join("\n");
        if !plan.contains("Index Cond: (user_id = ") && !plan.contains("Index Cond: ((user_id = ") {
            around.push(format!("{sql}\n{plan}"));
        }
    }
    Ok(around)
}

#[test]
fn a_trader_who_names_himself_finds_his_orders_through_an_index() -> Result<()> {
    let around = plans_around_the_user("privacy_index", |alice| {
        let mine = format!("SELECT * FROM exchange.orders WHERE user_id = {alice}");
        [format!("{mine} ORDER BY id DESC LIMIT 10"), format!("{mine} AND status IN ('open', 'pending')")]
    })?;
    assert!(around.is_empty(), "\n{}", around.join("\n\n"));
    Ok(())
}

#[test]
fn a_trader_who_names_nobody_finds_his_orders_through_an_index() -> Result<()> {
    let around = plans_around_the_user("privacy_policy", |_| {
        ["SELECT * FROM exchange.orders".into(), "SELECT * FROM exchange.orders ORDER BY id DESC LIMIT 10".into()]
    })?;
    assert!(around.is_empty(), "\n{}", around.join("\n\n"));
    Ok(())
}
