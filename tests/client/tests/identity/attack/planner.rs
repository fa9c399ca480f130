//! What PostgreSQL does for a query besides its conditions: what it evaluates for nothing, and what it knows by samples.

use client_tests::{Result, Session};

use client_tests::house::House;

use super::probes::{counts, explained};

/// Texts of the victim's in tables with row security: table, column, a value that nobody else has. In which markets there
/// are trades is public.
fn texts(house: &mut House) -> Result<Vec<[String; 3]>> {
    let conditions = house.conditions()?;
    let columns = house.root.rows(
        "SELECT c.oid::regclass, quote_ident(a.attname) FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relrowsecurity AND NOT c.relispartition AND c.oid <> 'exchange.trades'::regclass AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)
           AND c.relnamespace::regnamespace::text IN ('identity', 'exchange', 'audit', 'messaging', 'jobs', 'trading', 'marketplace', 'mirror', 'webui')
         ORDER BY 1, 2",
    )?;
    let mut found = Vec::new();
    for column in &columns {
        let [table, column] = &column[..] else { unreachable!("two columns") };
        let condition = &conditions.iter().find(|(name, _)| name == table).expect("a table of ours").1;
        let values = house.root.lines(&format!(
            "SELECT {column} FROM {table} WHERE ({condition}) AND {column} ~ '^[ -~]+$' AND {column} !~ '[\"''\\\\]' AND {column} NOT IN
                 (SELECT {column} FROM {table} WHERE NOT ({condition}) AND {column} IS NOT NULL) LIMIT 1"
        ))?;
        if let Some(value) = values.into_iter().next() {
            found.push([table.clone(), column.clone(), value]);
        }
    }
    Ok(found)
}

/// A subscript costs nothing, and what costs nothing is asked first: a constant object with the column as the subscript
/// compares without a comparison.
#[test]
fn no_subscript_is_looked_up_before_the_policy_is_asked() -> Result<()> {
    let mut house = House::open("attack_subscripts")?;
    let texts = texts(&mut house)?;
    let mut trader = house.database.connect_as("attack_trader")?;
    trader.run("SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off")?;
    let (mut compared, mut told) = (0, Vec::new());
    for [table, column, value] in &texts {
        let twice = format!("(SELECT {column} FROM {table} UNION ALL SELECT {column} FROM {table}) t");
        for from in [table, &twice] {
            let mut looked_up = |value: &str| {
                let condition =
                    format!("CASE WHEN ('{{\"{value}\": 1}}'::jsonb)[{column}] IS NOT NULL THEN (SELECT true) END");
                counts(&mut trader, from, &condition)
            };
            let (victims, nobodys) = (looked_up(value)?, looked_up("nobody has this")?);
            compared += usize::from(victims.is_some());
            if victims != nobodys {
                told.push(format!("{from} {column}"));
            }
        }
    }
    assert!(compared > 60, "{compared} plans");
    assert_eq!(told, [""; 0]);
    Ok(())
}

/// The samples of ANALYZE are of everybody's rows. An alternative has the planner say how many of them a condition
/// leaves.
#[test]
fn no_estimate_goes_by_the_rows_of_others() -> Result<()> {
    let mut house = House::open("attack_samples")?;
    let texts = texts(&mut house)?;
    house.root.run("ANALYZE")?;
    let mut trader = house.database.connect_as("attack_trader")?;
    let mut root = house.database.connect()?;
    let (mut compared, mut known, mut told) = (0, 0, Vec::new());
    for [table, column, value] in &texts {
        let query = |bound: &str| {
            format!(
                "SELECT 1 FROM {table} t, generate_series(1, 1000000) g (x) WHERE t.{column} < '{bound}' OR g.x = -1"
            )
        };
        let estimates = |session: &mut Session| -> Result<Option<(Option<String>, Option<String>)>> {
            let first = |plan: Vec<String>| plan.into_iter().next();
            let below = explained(session, "COSTS", &query(" "))?.map(first);
            let above = explained(session, "COSTS", &query(&format!("{value}~")))?.map(first);
            Ok(below.zip(above))
        };
        if let Some((below, above)) = estimates(&mut root)? {
            known += usize::from(below != above);
        }
        if let Some((below, above)) = estimates(&mut trader)? {
            compared += 1;
            if below != above {
                told.push(format!("{table} {column}"));
            }
        }
    }
    assert!(compared > 30, "{compared} estimates");
    assert!(known > 30, "{known} estimates go by samples for whoever sees everybody");
    assert_eq!(told, [""; 0]);
    Ok(())
}
