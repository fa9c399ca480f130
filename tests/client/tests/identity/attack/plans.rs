//! Policies among many users: what a session sees of a table it finds through an index.

use client_tests::{Result, Session};

use client_tests::house::{FUNDS, House};

/// Clones the victim's row of every table about users with row security for many users, past triggers and foreign keys.
fn crowd(house: &mut House) -> Result<Vec<String>> {
    let victim = house.victim;
    let tables = house.root.rows(
        "SELECT c.oid::regclass, string_agg(quote_ident(a.attname), ', '),
                string_agg(quote_literal(a.attname) || ', ' || CASE
                    WHEN a.attname = 'prefix' THEN format('''%s_'' || lpad(to_hex(n), 8, ''0'')',
                        CASE c.relnamespace::regnamespace::text WHEN 'marketplace' THEN 'bot' ELSE 'brs' END)
                    WHEN a.attname = 'number' AND a.atttypid <> 'int8'::regtype THEN '''INV-20260101-'' || 1000000 + n'
                    WHEN a.attname = 'transfer_id' THEN 'md5(n::text)'
                    WHEN a.attname = 'email' THEN '''email@'' || n'
                    WHEN a.attname = 'recipient_id' THEN '(1000000 + n)::text'
                    WHEN a.atttypid IN ('int8'::regtype, 'int4'::regtype) THEN '1000000 + n'
                    ELSE quote_literal(a.attname) || ' || n' END, ', ')
                    FILTER (WHERE a.attname IN ('id', 'user_id', 'order_id', 'email', 'username', 'external_id', 'principal_id', 'prefix',
                        'reference', 'sequence', 'transaction_id', 'command_id', 'db_role', 'buy_order_id', 'debit_id', 'message_id',
                        'recipient_id', 'created_by', 'bot_id', 'developer_id', 'subscription_id', 'trade_id', 'number', 'account_id', 'group_id', 'follower_id',
                        'leader_order_id', 'broker_order_id', 'deployment_id', 'strategy_id', 'connection_id',
                        'transfer_id', 'named_user_id') AND a.attgenerated = ''),
                max(t.condition)
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         JOIN identity_private.user_tables() t ON t.relation = c.oid
         WHERE c.relrowsecurity AND NOT c.relispartition AND c.relnamespace::regnamespace::text IN ('identity', 'audit', 'messaging', 'jobs', 'exchange', 'trading', 'marketplace', 'mirror', 'webui')
         GROUP BY 1 ORDER BY c.oid::regclass::text",
    )?;
    house.root.run("SET session_replication_role = replica")?;
    for table in &tables {
        let [name, columns, changes, condition] = &table[..] else { unreachable!("four columns") };
        let condition = if name == "audit.audit_logs" { "true" } else { condition };
        house.root.run(&format!(
            "INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM (
                 SELECT r.* FROM generate_series(1, 3000) n, (SELECT to_jsonb(t) AS row FROM {name} t WHERE {} LIMIT 1) t,
                 LATERAL (SELECT jsonb_object_agg(key, value) AS own FROM jsonb_each(jsonb_build_object({changes})) WHERE t.row -> key <> 'null') o,
                 LATERAL jsonb_populate_record(NULL::{name}, t.row || o.own) r) r",
            condition.replace("$1", &victim.to_string())
        ))?;
    }
    house.root.run("RESET session_replication_role; ANALYZE")?;
    Ok(tables.into_iter().map(|table| table[0].clone()).collect())
}

/// What neither traders nor gateways may read.
const UNREADABLE: [&str; 3] =
    ["marketplace.bot_versions", "marketplace.commission_sweeps", "marketplace.house_accounts"];

fn plan(session: &mut Session, table: &str, condition: &str) -> Result<String> {
    let columns = session.line(&format!(
        "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
         WHERE attrelid = '{table}'::regclass AND attnum > 0 AND has_column_privilege(attrelid, attnum, 'SELECT')"
    ))?;
    Ok(session.lines(&format!("EXPLAIN (COSTS OFF) SELECT {columns} FROM {table} {condition}"))?.join("\n"))
}

#[test]
fn policies_find_rows_through_indexes() -> Result<()> {
    let mut house = House::open("attack_plans")?;
    let tables = crowd(&mut house)?;
    assert!(tables.len() >= 15, "{tables:?}");
    let mut trader = house.database.connect_as("attack_trader")?;
    let mut read_whole = Vec::new();
    for table in &tables {
        if UNREADABLE.contains(&table.as_str()) {
            continue;
        }
        let rows = house.root.number(&format!("SELECT count(*) FROM {table}"))?;
        assert!(rows > 3000, "{table} has {rows} rows");
        let plan = plan(&mut trader, table, "")?;
        let relation = table.split('.').next_back().unwrap_or(table);
        if plan.contains(&format!("Seq Scan on {relation}")) {
            read_whole.push(table.as_str());
        }
        assert!(!plan.contains("Seq Scan on orders") && !plan.contains("Seq Scan on users"), "{table}:\n{plan}");
    }
    // They have no user: those of one's own orders are hashed once, the orders found through their index.
    // exchange.my_trades() finds the trades through indexes. Bots that are sold, and what they cost, are everybody's.
    assert_eq!(
        read_whole,
        ["exchange.order_amendments", "exchange.trades", "marketplace.bots", "marketplace.pricing_plans"]
    );
    Ok(())
}

/// A gateway may see everybody until it says for whom it acts, so its policies are no condition for an index: the user
/// in the query is.
#[test]
fn a_gateway_that_names_the_user_finds_rows_through_indexes() -> Result<()> {
    let mut house = House::open("attack_gateway_plans")?;
    let tables = crowd(&mut house)?;
    let mut gateway = house.database.connect_gateway()?.acting_as(house.attacker)?;
    // Of templates, where what is public is read as well, webui.visible_templates() finds a user's.
    const FOUND_BY_FUNCTIONS: [&str; 3] = ["exchange.order_amendments", "exchange.trades", "webui.strategy_templates"];
    const EVERYBODYS: [&str; 2] = ["marketplace.bots", "marketplace.pricing_plans"];
    let left_out = [&FOUND_BY_FUNCTIONS[..], &EVERYBODYS[..], &UNREADABLE[..]].concat();
    for table in tables.iter().filter(|table| !left_out.contains(&table.as_str())) {
        let column = house.root.line(&format!(
            "SELECT coalesce(max(attname::text), 'id') FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attname IN ('user_id', 'developer_id')"
        ))?;
        let plan = plan(&mut gateway, table, &format!("WHERE {column} = {}", house.attacker))?;
        assert!(!plan.contains("Seq Scan on"), "{table}:\n{plan}");
    }
    Ok(())
}

/// Keys that users must not be able to try are indexed by expressions: who looks one up has to spell it so.
#[test]
fn functions_look_keys_up_through_their_indexes() -> Result<()> {
    let mut house = House::open("attack_lookups")?;
    crowd(&mut house)?;
    let root = &mut house.root;
    let victim = house.victim;
    root.run("BEGIN")?;
    for call in [
        "authenticate('telegram', 'victim account')".to_owned(),
        format!("link_identity({victim}, 'telegram', 'victim account')"),
        format!("register_principal('victim principal', {victim})"),
        "get_user_credentials('victim principal', 'KRAKEN', true)".into(),
        format!("issue_api_key({victim})"),
        "verify_api_key('brs_00000000_' || repeat('A', 43))".into(),
    ] {
        root.run(&format!("SELECT identity.{call}"))?;
    }
    // The reference is there: the row that it moved money with is looked up.
    root.run(&format!("SELECT exchange.deposit({victim}, 'USD', {FUNDS}, 'victim wire')"))?;
    let read_whole = root.lines(
        "SELECT relid::regclass FROM pg_stat_xact_user_tables
         WHERE seq_scan > 0 AND schemaname IN ('identity', 'exchange', 'trading') ORDER BY 1",
    )?;
    assert!(read_whole.is_empty(), "{read_whole:?}");
    root.run("ROLLBACK")
}
