//! What can be read: rows, the arguments of leaky functions, the errors of operators, the counts of EXPLAIN ANALYZE.

use client_tests::{Failure, Result, Session};

use client_tests::house::{FUNDS, House, MARK};

/// A table or view and what of it a session may read.
struct Readable {
    name: String,
    columns: String,
}

fn readable(session: &mut Session) -> Result<Vec<Readable>> {
    let rows = session.rows(
        "SELECT c.oid::regclass, string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum) FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
           AND c.relnamespace::regnamespace::text IN ('bourse', 'identity', 'exchange', 'audit', 'trading', 'marketplace', 'mirror', 'webui') GROUP BY 1 ORDER BY 1",
    )?;
    Ok(rows.into_iter().map(|row| Readable { name: row[0].clone(), columns: row[1].clone() }).collect())
}

#[test]
fn no_relation_shows_anything_of_the_victims() -> Result<()> {
    let mut house = House::open("attack_reading")?;
    let root = readable(&mut house.root)?;
    for (actor, mut session) in house.actors()? {
        let relations = readable(&mut session)?;
        assert!(relations.len() > 15, "{actor} reads {} relations", relations.len());
        let mut own = 0;
        for relation in &relations {
            let text = session.lines(&format!("SELECT {} FROM {} t", relation.columns, relation.name))?.join("\n");
            assert!(!text.contains(MARK) && !text.contains(FUNDS), "{actor} reads in {}:\n{text}", relation.name);
            own += usize::from(text.contains("mallory") || text.contains("viewer"));
        }
        assert!(own > 8, "{actor} sees his own in {own} relations only");
        for relation in root.iter().filter(|r| !relations.iter().any(|own| own.name == r.name)) {
            let (name, sql) = (&relation.name, format!("SELECT * FROM {}", relation.name));
            assert_eq!(session.refused(&sql)?, "42501", "{actor} reads {name}");
        }
    }
    Ok(())
}

#[test]
fn every_table_about_users_shows_the_rows_of_the_user_and_no_others() -> Result<()> {
    let mut house = House::open("attack_rows")?;
    // Nobody of them reads the inbox, which COPY has to get into, and bots that are sold, with what they cost, are
    // everybody's.
    let tables = house.root.rows(
        "SELECT relation, condition FROM identity_private.user_tables()
         WHERE relation::text NOT IN ('exchange.order_commands', 'marketplace.bots', 'marketplace.pricing_plans')
           AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation
                       AND has_column_privilege('bourse_viewer', relation, a.attnum, 'SELECT'))",
    )?;
    assert!(tables.len() >= 15, "{tables:?}");
    for (actor, mut session) in house.actors()? {
        let user = if actor == "viewer" { house.bystander } else { house.attacker };
        for table in &tables {
            let (name, condition) = (&table[0], table[1].replace("$1", &user.to_string()));
            let counts = format!("SELECT count(*), count(*) FILTER (WHERE {condition}) FROM {name}");
            let (all, own) = (house.root.line(&counts)?, session.line(&format!("SELECT count(*) FROM {name}"))?);
            let (all, expected) = all.split_once('|').expect("two counts");
            assert_eq!(own, expected, "{actor}: {name}");
            assert!(all != expected, "{name} holds nothing of others: nothing is proved");
        }
    }
    Ok(())
}

/// A cheap function in WHERE is called before everything that costs more, but not before the policies: it would tell
/// its maker each value, as the error of an operator or cast would.
#[test]
fn no_function_or_operator_in_where_meets_a_row_of_the_victims() -> Result<()> {
    let mut house = House::open("attack_leaky")?;
    house.root.run("CREATE SCHEMA attack; GRANT ALL ON SCHEMA attack TO PUBLIC")?;
    for (actor, mut session) in house.actors()? {
        let relations = readable(&mut session)?;
        session.run(&format!(
            "CREATE FUNCTION attack.{actor}(seen text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
             BEGIN
                 IF seen ~ '{MARK}|{FUNDS}' THEN RAISE EXCEPTION 'seen: %', seen; END IF;
                 RAISE NOTICE '%', seen;
                 RETURN true;
             END $$"
        ))?;
        for relation in &relations {
            let Readable { name, columns } = relation;
            session.run(&format!(
                "SET client_min_messages = warning;
                 SELECT count(*) FROM {name} t WHERE attack.{actor}(concat_ws('|', {columns}));
                 SELECT count(*) FROM {name} t JOIN {name} u ON attack.{actor}(concat_ws('|', {columns}))"
            ))?;
        }
        for sql in [
            format!("SELECT count(*) FROM exchange.assets WHERE 1 / (amount - {FUNDS} - 1000) <> 0"),
            format!("SELECT count(*) FROM exchange.transfers WHERE 1 / (amount - {FUNDS}) <> 0"),
            format!("SELECT count(*) FROM exchange.user_balance_view WHERE 1 / (usd_balance - {FUNDS} - 1000) <> 0"),
            format!("SELECT count(*) FROM identity.users WHERE CASE WHEN name ~ '{MARK}' THEN name::integer END = 1"),
            format!(
                "SELECT count(*) FROM identity.user_secure_view WHERE CASE WHEN email ~ '{MARK}' THEN email::integer END = 1"
            ),
        ] {
            session.run(&sql)?;
        }
    }
    // The same statements do find the victim where they may.
    let funds = format!("SELECT count(*) FROM exchange.transfers WHERE 1 / (amount - {FUNDS}) <> 0");
    assert_eq!(house.root.refused(&funds)?, "22012");
    Ok(())
}

/// What was done and counted. How the rest was planned depends on estimates, which docs/identity.md tells of.
fn counted(session: &mut Session, query: &str) -> Result<String> {
    let explain = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)";
    let mut lines = session.lines(&format!("{explain} {query}"))?;
    lines.retain(|line| line.contains("(actual ") || line.contains("Removed by"));
    Ok(lines.join("\n"))
}

/// How rows are found: as the planner likes, and in one way alone.
const PLANNING: [&str; 4] = [
    "SELECT",
    "SET enable_seqscan = off",
    "SET enable_indexscan = off",
    "RESET enable_seqscan; SET enable_bitmapscan = off; SET enable_indexonlyscan = off",
];

/// A relation as it is, and as part of another query: there the query's conditions come before those of a policy.
fn queries(name: &str, column: &str, id: &str) -> [String; 2] {
    let twice = format!("(SELECT {column} AS found FROM {name} UNION ALL SELECT {column} FROM {name})");
    [format!("SELECT 1 FROM {name} t WHERE {column} = {id}"), format!("SELECT 1 FROM {twice} t WHERE found = {id}")]
}

#[test]
fn explain_counts_the_same_for_the_victim_as_for_nobody() -> Result<()> {
    let mut house = House::open("attack_explain")?;
    let victim = house.victim.to_string();
    let columns = house.root.rows(
        "SELECT a.attrelid::regclass, quote_ident(a.attname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace::regnamespace::text IN ('identity', 'exchange', 'audit', 'trading', 'marketplace', 'mirror', 'webui')
           AND c.relname NOT IN ('bots', 'bot_performance_summary')
           AND (a.attname IN ('user_id', 'developer_id') OR a.attname = 'created_by' AND a.atttypid = 'int8'::regtype
                OR c.relname IN ('users', 'user_secure_view') AND a.attname = 'id') ORDER BY 1",
    )?;
    // The SQL of a gateway is the application's own: its policies let it see everybody until it names one.
    let mut actors = house.actors()?;
    actors.retain(|(actor, _)| *actor != "gateway");
    for planning in PLANNING {
        compare_plans(&mut actors, planning, &columns, &victim)?;
    }
    // What the planner knows of a table changes how it asks, and which index it takes, but for those who read it whole.
    house.root.run("ANALYZE")?;
    compare_plans(&mut actors, "SELECT", &columns, &victim)
}

/// Plans count the same for the victim and for nobody.
fn compare_plans(actors: &mut [(&str, Session)], planning: &str, columns: &[Vec<String>], victim: &str) -> Result<()> {
    for (actor, session) in actors {
        session.run(planning)?;
        let mut compared = 0;
        for column in columns {
            let (name, column) = (&column[0], &column[1]);
            let (victims, nobodys) = (queries(name, column, victim), queries(name, column, "987654321"));
            for (victims, nobodys) in victims.iter().zip(&nobodys) {
                match (counted(session, victims), counted(session, nobodys)) {
                    (Ok(victims), Ok(nobodys)) => {
                        assert_eq!(victims, nobodys, "{actor}: {name}, {planning}");
                        compared += 1;
                    }
                    (Err(a), Err(b)) if a.is("42501") && b.is("42501") => {}
                    (a, b) => return Err(Failure::new(format!("{actor}: {name}: {a:?} {b:?}"))),
                }
            }
        }
        assert!(compared >= 60, "{actor}: {compared} plans");
    }
    Ok(())
}
