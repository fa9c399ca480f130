//! What EXPLAIN ANALYZE tells of rows that a policy hides. PostgreSQL may look into an index before it asks the policy
//! when the comparison leaks nothing by itself, and then counts what the policy has removed.

use std::collections::BTreeSet;

use client_tests::{Result, Session};

use client_tests::house::House;

/// How the planner is led into indexes, in each way in which it can use them.
const PLANNING: [&str; 2] = [
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_indexscan = on; SET enable_indexonlyscan = on",
    "SET enable_seqscan = off; SET enable_bitmapscan = on; SET enable_indexscan = off; SET enable_indexonlyscan = off",
];

/// What no policy keeps from being counted: numbers that count up, and what a trade or amendment is of. None of them tells
/// whose the row is; docs/identity.md tells of it. Of bots that are sold everybody is told.
/// Numbers that each market counts for itself, as priority and sequence, are not among them here: others have the same.
const TELLING: [&str; 65] = [
    "exchange.assets id",
    "exchange.command_rejections command_id",
    "exchange.order_amendments id",
    "exchange.order_amendments order_id",
    "exchange.orders id",
    "exchange.trades buy_order_id",
    "exchange.trades created_at",
    "exchange.trades id",
    "exchange.trades sell_order_id",
    "exchange.trades symbol",
    "exchange.transfers debit_id",
    "exchange.transfers id",
    "exchange.venue_transfers id",
    "identity.api_keys id",
    "identity.auth_identities id",
    "identity.exchange_credentials id",
    "identity.user_principals id",
    "identity.verification_codes id",
    "marketplace.bot_approval_events id",
    "marketplace.bot_marketplace_registrations id",
    "marketplace.bot_performance id",
    "marketplace.bot_reviews id",
    "marketplace.bots (developer_id + 0)",
    "marketplace.bots id",
    "marketplace.invoices id",
    "marketplace.pricing_plans (bot_id + 0)",
    "marketplace.pricing_plans id",
    "marketplace.promotion_uses id",
    "marketplace.promotions id",
    "marketplace.refunds id",
    "marketplace.subscription_events id",
    "marketplace.subscriptions id",
    "mirror.account_funds account_id",
    "mirror.account_lanes account_id",
    "mirror.breakers account_id",
    "mirror.copied_orders id",
    "mirror.copies id",
    "mirror.copy_groups id",
    "mirror.deployment_events id",
    "mirror.documents id",
    "mirror.exchange_copies id",
    "mirror.failover_events id",
    "mirror.failover_settings account_id",
    "mirror.failover_settings id",
    "mirror.followers id",
    "mirror.holdings id",
    "mirror.order_requests id",
    "mirror.orders id",
    "mirror.orders_archive id",
    "mirror.positions id",
    "mirror.strategies id",
    "mirror.strategy_deployments id",
    "mirror.trading_accounts id",
    "mirror.websocket_connections id",
    "trading.bot_accounts id",
    "trading.bot_events id",
    "trading.bot_heartbeats bot_id",
    "trading.bot_orders order_id",
    "trading.fill_corrections id",
    "trading.fill_rejections command_id",
    "trading.pair_locks id",
    "trading.performance_metrics id",
    "trading.positions id",
    "webui.performance_snapshots id",
    "webui.strategy_templates id",
];

/// A column or expression of an index.
struct Key {
    text: String,
    /// The victim's value, and one that nobody has.
    victims: String,
    nobodys: String,
}

/// Conditions that an index could answer, with the victim's value of one key and with nobody's.
struct Probe {
    index: String,
    table: String,
    key: String,
    victims: String,
    nobodys: String,
}

/// Every index of every table with row security, tried for each of its keys alone and together with the others.
fn probes(house: &mut House) -> Result<Vec<Probe>> {
    let conditions = house.conditions()?;
    let indexes = house.root.rows(
        "SELECT i.indexrelid, c.oid::regclass, coalesce(pg_get_expr(i.indpred, c.oid), 'true') FROM pg_index i
         JOIN pg_class c ON c.oid = i.indrelid
         WHERE c.relrowsecurity AND NOT c.relispartition AND c.relnamespace::regnamespace::text IN ('bourse', 'identity', 'exchange', 'audit', 'trading', 'marketplace', 'mirror', 'webui')
         ORDER BY i.indexrelid::regclass::text",
    )?;
    let mut probes = Vec::new();
    for index in &indexes {
        let [index, table, predicate] = &index[..] else { unreachable!("three columns") };
        let condition = &conditions.iter().find(|(name, _)| name == table).expect("a table of ours").1;
        let keys = keys(&mut house.root, index, table, &format!("({condition}) AND ({predicate})"))?;
        for (at, key) in keys.iter().enumerate() {
            // What others have as well is told of nobody: it counts everybody's rows.
            let others =
                format!("SELECT count(*) FROM {table} WHERE {} = '{}' AND NOT ({condition})", key.text, key.victims);
            if house.root.number(&others)? > 0 {
                continue;
            }
            let all: Vec<usize> = (0..keys.len()).collect();
            for used in [&[at][..], &all[..]] {
                for form in ["{} = '?'", "{} >= '?' AND {} <= '?'"] {
                    let condition = |value: &str| {
                        let term = |n: &usize| {
                            let value = if *n == at { value } else { &keys[*n].victims };
                            form.replace("{}", &keys[*n].text).replace('?', value)
                        };
                        used.iter().map(term).fold(predicate.clone(), |all, term| format!("{all} AND {term}"))
                    };
                    let (victims, nobodys) = (condition(&key.victims), condition(&key.nobodys));
                    let (index, table) = (index.clone(), table.clone());
                    probes.push(Probe { index, table, key: key.text.clone(), victims, nobodys });
                }
            }
        }
    }
    Ok(probes)
}

/// The keys of an index with the values of one row of the victim's; none when no such row is in the index.
fn keys(root: &mut Session, index: &str, table: &str, condition: &str) -> Result<Vec<Key>> {
    let keys = root.rows(&format!(
        "SELECT pg_get_indexdef(i.indexrelid, a.attnum, true), CASE a.atttypid::regtype::text
             WHEN 'bigint' THEN '987654321' WHEN 'integer' THEN '987654321' WHEN 'numeric' THEN '0.00000007'
             WHEN 'timestamp with time zone' THEN '1999-09-09'
             WHEN 'timestamp without time zone' THEN '1999-09-09' WHEN 'boolean' THEN 'false'
             WHEN 'uuid' THEN '99999999-9999-4999-8999-999999999999' ELSE 'nobody' END
         FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts
         WHERE i.indexrelid = {index} ORDER BY a.attnum"
    ))?;
    let texts: Vec<&str> = keys.iter().map(|key| key[0].as_str()).collect();
    let filled: Vec<String> = texts.iter().map(|text| format!("{text} IS NOT NULL")).collect();
    let (texts, filled) = (texts.join(", "), filled.join(" AND "));
    let rows = root.rows(&format!("SELECT {texts} FROM {table} WHERE {condition} AND {filled} LIMIT 1"))?;
    let Some(values) = rows.into_iter().next() else { return Ok(vec![]) };
    let key = |(key, victims): (Vec<String>, String)| Key { text: key[0].clone(), victims, nobodys: key[1].clone() };
    Ok(keys.into_iter().zip(values).map(key).collect())
}

/// What EXPLAIN says with these options; `None` when the columns may not be read.
pub fn explained(session: &mut Session, options: &str, query: &str) -> Result<Option<Vec<String>>> {
    match session.lines(&format!("EXPLAIN ({options}) {query}")) {
        Ok(lines) => Ok(Some(lines)),
        Err(failure) if failure.is("42501") => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The nodes of a plan and what they counted, without its conditions; `None` when the columns may not be read.
pub fn counts(session: &mut Session, from: &str, condition: &str) -> Result<Option<Vec<String>>> {
    let query = format!("SELECT 1 FROM {from} WHERE {condition}");
    let plan = explained(session, "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF", &query)?;
    Ok(plan.map(|mut lines| {
        lines.retain(|line| !line.contains("Cond: ") && !line.contains("Filter: ("));
        lines
    }))
}

#[test]
fn no_index_tells_of_a_row_that_a_policy_hides() -> Result<()> {
    let mut house = House::open("attack_probes")?;
    let probes = probes(&mut house)?;
    assert!(probes.len() > 200, "only {} probes", probes.len());
    // What the session claims of itself makes no difference to its policies.
    let actors = house.actors()?.into_iter().filter(|(actor, _)| matches!(*actor, "trader" | "viewer"));
    let mut actors: Vec<(&str, Session, usize)> = actors.map(|(actor, session)| (actor, session, 0)).collect();
    let mut told = BTreeSet::new();
    for probes in probes.chunk_by(|a, b| a.index == b.index) {
        let Probe { index, table, .. } = &probes[0];
        // The planner has no other index to turn to, in no partition; the user of a session is found by the one that stays.
        house.root.run(&format!(
            "UPDATE pg_index SET indisvalid = indexrelid IN ({index}, 'identity.users_db_role_key'::regclass)
                 OR indexrelid IN (SELECT relid FROM pg_partition_tree({index}))
             WHERE indrelid = '{table}'::regclass OR indrelid IN (SELECT relid FROM pg_partition_tree('{table}'))"
        ))?;
        for (_, session, compared) in &mut actors {
            for planning in PLANNING {
                session.run(planning)?;
                for probe in probes {
                    let victims = counts(session, table, &probe.victims)?;
                    *compared += usize::from(victims.is_some());
                    if victims != counts(session, table, &probe.nobodys)? {
                        told.insert(format!("{table} {}", probe.key));
                    }
                }
            }
        }
    }
    for (actor, _, compared) in &actors {
        assert!(*compared > 300, "{actor}: {compared} plans");
    }
    assert_eq!(told.iter().map(String::as_str).collect::<Vec<_>>(), TELLING);
    Ok(())
}

/// Whether a policy, or a subquery beside a condition, was asked at all tells whether a hidden row fulfils the condition.
#[test]
fn no_column_is_compared_before_the_policy_is_asked() -> Result<()> {
    let mut house = House::open("attack_order")?;
    let conditions = house.conditions()?;
    let columns = house.root.rows(
        "SELECT c.oid::regclass, quote_ident(a.attname) FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relrowsecurity AND NOT c.relispartition AND c.relnamespace::regnamespace::text IN ('bourse', 'identity', 'exchange', 'audit', 'trading', 'marketplace', 'mirror', 'webui')
           AND a.atttypid::regtype::text IN ('bigint', 'integer', 'text', 'character varying', 'name', 'timestamp with time zone')
         ORDER BY 1, 2",
    )?;
    let mut trader = house.database.connect_as("attack_trader")?;
    // Of a table in partitions the planner would prove that nothing fulfils both, and look at nothing.
    trader.run(
        "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; SET constraint_exclusion = off",
    )?;
    let (mut compared, mut told) = (0, BTreeSet::new());
    for column in &columns {
        let [table, column] = &column[..] else { unreachable!("two columns") };
        let condition = &conditions.iter().find(|(name, _)| name == table).expect("a table of ours").1;
        let values = house.root.lines(&format!(
            "SELECT {column} FROM {table} WHERE ({condition}) AND {column} IS NOT NULL AND {column} NOT IN
                 (SELECT {column} FROM {table} WHERE NOT ({condition}) AND {column} IS NOT NULL) LIMIT 1"
        ))?;
        let Some(value) = values.first() else { continue };
        // With UNION ALL the query's conditions come before those of the policy.
        let twice = format!("(SELECT {column} FROM {table} UNION ALL SELECT {column} FROM {table}) t");
        for from in [table, &twice] {
            let mut met = |sign: &str| {
                let condition = format!("{column} >= '{value}' AND {column} {sign} '{value}' AND {column} IS NOT NULL");
                counts(&mut trader, from, &condition)
            };
            let (victims, nobodys) = (met("<=")?, met("<")?);
            compared += usize::from(victims.is_some());
            if victims != nobodys {
                told.insert(table.as_str());
            }
        }
    }
    assert!(compared > 120, "{compared} plans");
    // Their policies ask for the orders that they hang on, or for the bot, which costs more than any condition. Bots that
    // are sold everybody sees.
    assert_eq!(
        told.into_iter().collect::<Vec<_>>(),
        ["exchange.order_amendments", "exchange.trades", "marketplace.bots", "marketplace.pricing_plans"]
    );
    Ok(())
}
