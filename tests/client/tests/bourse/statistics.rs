//! What a call costs does not depend on statistics: those of a table that was nearly empty when they were made are the
//! usual case of a bulk load, and so is the plan that PL/pgSQL keeps from its first rows.

use client_tests::{Database, Failure, Result, Session};

/// How many calls one statement makes.
const CALLS: i64 = 500;
/// How many rows one call may read of all tables together. Every one of them reads fewer than 20; a walk through what the
/// statement itself has written reads 250 and more.
const MOST: i64 = 60;

/// The rows that this session has read of our tables, by whatever scan.
const READ: &str =
    "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables
                    WHERE schemaname IN ('exchange', 'identity', 'audit')";

/// A database whose tables are nearly empty, and have just been analyzed.
fn nearly_empty(name: &str) -> Result<(Database, Session)> {
    let database = Database::fresh(name)?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    for user in ["ann", "bob"] {
        let user = session.user(user)?;
        session.fund(user, &[("USD", "1000000")])?;
        session.run(&format!(
            "SELECT audit.log_activity({user}, 'login'), identity.issue_api_key({user}),
                    identity.link_identity({user}, 'web', '{user}')"
        ))?;
    }
    session.run("SELECT exchange.transfer(1, 2, 'USD', 1, 'first'); ANALYZE")?;
    Ok((database, session))
}

#[test]
fn a_bulk_load_after_an_analyze_of_nearly_empty_tables_reads_no_more() -> Result<()> {
    let many = |call: &str| format!("SELECT count({call}) FROM generate_series(1, {CALLS}) n");
    // The subject of each: users and what hangs on them are made by one statement, and used by the next.
    let users = format!("INSERT INTO identity.users (name) SELECT 'u' || n FROM generate_series(1, {CALLS}) n");
    let of_users = |call: &str| {
        format!("SELECT count({call}) FROM (SELECT u.id FROM identity.users u WHERE u.id > 2 ORDER BY u.id) u")
    };
    let (deposits, keys) =
        (of_users("exchange.deposit(u.id, 'USD', 100, 'r' || u.id)"), of_users("identity.issue_api_key(u.id)"));
    let links = of_users("identity.link_identity(u.id, 'phone', u.id::text)");
    let payments = of_users("exchange.transfer(1, u.id, 'USD', 1, 't' || u.id)");
    for (name, before, sql) in [
        ("users", "", &users),
        ("registered", "", &many("identity.register('n' || n, 'n' || n || '@example.org')")),
        ("authenticated", "", &many("identity.authenticate('telegram', 'x' || n)")),
        ("principals", "", &many("identity.register_principal('guest ' || n)")),
        ("activities", "", &many("audit.log_activity(1, 'login')")),
        ("deposits", &users, &deposits),
        ("withdrawals", "", &many("exchange.withdraw(1, 'USD', 1)")),
        ("adjustments", "", &many("exchange.update_asset_balance(1, 'USD', 1)")),
        ("assets", "", &many("exchange.deposit(1, 'A' || n, 1)")),
        ("transfers", &users, &payments),
        ("keys", &users, &keys),
        ("links", &users, &links),
    ] {
        let (_database, mut session) = nearly_empty(&format!("statistics_{name}"))?;
        if !before.is_empty() {
            session.run(before)?;
        }
        session.run("BEGIN")?;
        let (start, _, end) = (session.number(READ)?, session.run(sql)?, session.number(READ)?);
        session.run("COMMIT")?;
        let each = (end - start) / CALLS;
        println!("{name}: {each} rows a call");
        if each > MOST {
            return Err(Failure::new(format!("{name}: each call reads {each} rows\n  in: {sql}")));
        }
        session.verify_is_empty()?;
    }
    Ok(())
}
