//! Backups with PostgreSQL's own tools: what comes back is what went in, and the exchange goes on.

use std::path::PathBuf;

use client_tests::door::{self, Door};
use client_tests::flow::{Flow, SMALL};
use client_tests::{Database, Failure, Random, Result, Session, checksums};

/// A file of this test; cargo gives integration tests a folder.
fn file(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).to_string_lossy().into_owned()
}

/// A database in which everything has happened: trades, open and ended orders, amendments, refusals, waiting
/// commands, adjustments, and what a user may add to our tables.
fn lived_in(name: &str) -> Result<Database> {
    let database = Database::fresh(name)?;
    database.login("dump_trader", "bourse_trader")?;
    let mut session = database.connect()?;
    let markets = ["BTC-USD", "ETH-USD"];
    markets.iter().try_for_each(|market| session.market(market))?;
    let users = (0..4).map(|n| {
        let user = session.user(&format!("trader {n}"))?;
        session.fund(user, &[("USD", "20000.12345678"), ("BTC", "100"), ("ETH", "100")])?;
        Ok(user)
    });
    let users = users.collect::<Result<Vec<i64>>>()?;
    let commands =
        Flow { markets: &markets, users: &users, house: false, ..SMALL }.commands(&mut Random::new(21), 800, &[]);
    door::send(&mut session, Door::Bulk(50), &commands)?;
    let user = users[0];
    session.run(&format!(
        "SELECT exchange.update_asset_balance({user}, 'USD', -1, 1);
         SELECT exchange.withdraw({user}, 'USD', 5, 'w1');
         SELECT exchange.set_market_status('ETH-USD', 'halted');
         INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
         VALUES ('new', {user}, 'BTC-USD', 'buy', 97, 1);
         UPDATE identity.users SET db_role = 'dump_trader', password_hash = '$2b$05$secret' WHERE id = {user};
         ALTER TABLE exchange.orders ADD COLUMN note text;
         CREATE INDEX orders_note ON exchange.orders (note);
         CREATE POLICY orders_auditor ON exchange.orders FOR SELECT TO pg_read_all_stats USING (true);
         CREATE PROCEDURE public.dump_task() LANGUAGE sql AS 'SELECT';
         ALTER PROCEDURE public.dump_task() OWNER TO dump_trader;
         SELECT jobs.register_task('dumped', 'public.dump_task()'),
                jobs.create_schedule(NULL, 'dumped', 'task', 'dumped', '@daily');
         SELECT jobs.set_schedule_enabled(id, true), jobs.update_schedule(id, cron => '0 1 * * *')
         FROM jobs.schedules WHERE name = 'maintenance: vacuum';
         SELECT mirror.set_instrument('NSE', 'DUMPED', 1, 0.05), mirror.create_strategy({user}, 'dumped'),
                mirror.create_account({user}, 'dumped', 'Zerodha', is_primary => true);
         SELECT mirror.start_deployment(mirror.deploy_strategy(s.id, a.id))
         FROM mirror.strategies s, mirror.trading_accounts a;
         SELECT mirror.open_position(d.id, 'NSE', 'DUMPED') FROM mirror.strategy_deployments d"
    ))?;
    session.identities(user)?;
    session.verify_is_empty()?;
    let unplaced = "SELECT count(*) FROM exchange.orders WHERE priority = 0";
    assert_eq!(session.number(unplaced)?, 0, "an order without priority would be placed again by a restore");
    for table in ["orders", "trades", "order_amendments", "command_rejections", "order_commands", "transfers"] {
        assert_ne!(session.number(&format!("SELECT count(*) FROM exchange.{table}"))?, 0, "{table} is empty");
    }
    Ok(database)
}

/// Everything about our tables but their rows: columns, constraints, indexes, triggers, policies, owners, grants.
fn catalog(session: &mut Session) -> Result<Vec<String>> {
    let ours = "relnamespace::regnamespace::text IN ('bourse', 'identity', 'audit', 'exchange')";
    let mut lines = session.lines(&format!(
        "SELECT 'relation', oid::regclass, relkind, relowner::regrole,
                -- What was granted and revoked leaves the owner's own rights written out; a dump has no need to.
                coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", relowner))::text,
                relrowsecurity, reloptions::text
         FROM pg_class WHERE {ours} ORDER BY oid::regclass::text"
    ))?;
    for sql in [
        "SELECT 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                a.attidentity, a.attgenerated, a.attacl::text, pg_get_expr(d.adbin, d.adrelid)
         FROM pg_attribute a JOIN pg_class ON pg_class.oid = a.attrelid
         LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         WHERE a.attnum > 0 AND OURS",
        "SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(c.oid)
         FROM pg_constraint c JOIN pg_class ON pg_class.oid = c.conrelid WHERE OURS",
        "SELECT 'trigger', tgrelid::regclass, pg_get_triggerdef(t.oid), tgenabled
         FROM pg_trigger t JOIN pg_class ON pg_class.oid = t.tgrelid WHERE NOT tgisinternal AND OURS",
        "SELECT 'policy', schemaname, tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies",
        "SELECT 'index', indexrelid::regclass, pg_get_indexdef(indexrelid)
         FROM pg_index i JOIN pg_class ON pg_class.oid = i.indrelid WHERE OURS",
        "SELECT 'view', oid::regclass, pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND OURS",
        "SELECT 'comment', objoid::regclass, objsubid, description FROM pg_description
         JOIN pg_class ON pg_class.oid = objoid AND classoid = 'pg_class'::regclass WHERE OURS",
        "SELECT 'schema', nspname, nspowner::regrole, nspacl::text FROM pg_namespace
         WHERE split_part(nspname, '_', 1) IN ('bourse', 'identity', 'audit', 'exchange')",
        "SELECT 'function', p.oid::regprocedure, proowner::regrole, proacl::text FROM pg_proc p
         WHERE split_part(pronamespace::regnamespace::text, '_', 1) IN ('bourse', 'identity', 'audit', 'exchange')",
    ] {
        lines.extend(session.lines(&sql.replace("OURS", ours))?);
    }
    lines.sort();
    Ok(lines)
}

fn difference(found: &[String], expected: &[String]) -> Result<()> {
    let missing = expected.iter().filter(|line| !found.contains(line)).map(|line| format!("\n  lost: {line}"));
    let added = found.iter().filter(|line| !expected.contains(line)).map(|line| format!("\n  added: {line}"));
    let all: String = missing.chain(added).collect();
    if all.is_empty() { Ok(()) } else { Err(Failure::new(all)) }
}

/// The restored database is the first one, and it goes on where that one stopped.
fn same_and_alive(from: &Database, to: &Database) -> Result<()> {
    let (mut before, mut after) = (from.connect()?, to.connect()?);
    difference(&checksums(&mut after)?, &checksums(&mut before)?)?;
    difference(&catalog(&mut after)?, &catalog(&mut before)?)?;
    goes_on(&mut after)?;
    // The login's own rows, and nobody else's.
    let own =
        to.connect_as("dump_trader")?.line("SELECT count(DISTINCT user_id), min(user_id) FROM exchange.orders")?;
    assert_eq!(own, "1|1");
    Ok(())
}

/// Waiting commands are carried out, sequences go on above what is there, a new order trades.
fn goes_on(session: &mut Session) -> Result<()> {
    session.verify_is_empty()?;
    let last = "SELECT coalesce(max(id), 0) FROM exchange.";
    let tables = ["orders", "trades", "transfers", "assets", "order_amendments"];
    for table in tables {
        let highest = session.number(&format!("{last}{table}"))?;
        let next = session.number(&format!("SELECT nextval(pg_get_serial_sequence('exchange.{table}', 'id'))"))?;
        assert!(next > highest, "{table}: the next id is {next}, the highest {highest}");
    }
    let trades = session.number("SELECT count(*) FROM exchange.trades")?;
    let (buyer, seller) = (session.user("new buyer")?, session.user("new seller")?);
    session.fund(buyer, &[("USD", "1000000")])?;
    session.fund(seller, &[("BTC", "1")])?;
    session.run("CALL exchange.match_orders()")?;
    session.run(&format!("SELECT exchange.place_order({buyer}, 'BTC-USD', 'buy', 110, 100)"))?;
    session.run(&format!("SELECT exchange.place_order({seller}, 'BTC-USD', 'sell', 90, 1)"))?;
    assert!(session.number("SELECT count(*) FROM exchange.trades")? > trades + 1);
    session.verify_is_empty()
}

const QUIET: [&str; 5] = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"];

#[test]
fn a_plain_dump_comes_back() -> Result<()> {
    let from = lived_in("dump_plain")?;
    let dump = file("plain.sql");
    from.program("pg_dump", &["-f", &dump])?;
    let to = Database::empty(&from.server, "dump_plain_restored")?;
    to.program("psql", &[&QUIET[..], &[&dump]].concat())?;
    same_and_alive(&from, &to)
}

#[test]
fn a_custom_dump_comes_back_in_two_jobs() -> Result<()> {
    let from = lived_in("dump_custom")?;
    let dump = file("custom.dump");
    from.program("pg_dump", &["-Fc", "-f", &dump])?;
    let to = Database::empty(&from.server, "dump_custom_restored")?;
    to.program("pg_restore", &["-j2", "--exit-on-error", &dump])?;
    same_and_alive(&from, &to)
}

/// Restores only the rows into a database of its own that is installed. The migrations that it has run and its trail
/// are its own.
fn data_only(name: &str, more: &[&str]) -> Result<()> {
    let from = lived_in(name)?;
    let dump = file(&format!("{name}.sql"));
    // The load is a change that the target's own trail records.
    let base = ["--data-only", "-T", "bourse.schema_migrations", "-N", "audit", "-f", &dump];
    from.program("pg_dump", &[&base[..], more].concat())?;
    let to = Database::fresh(&format!("{name}_restored"))?;
    // Its own policies are those that tables are declared with, its own schedules the maintenance, its own kinds of bots,
    // terms of bills and brokers those of a migration: the dump has them, too.
    to.connect()?.run(
        "ALTER TABLE exchange.orders ADD COLUMN note text; DELETE FROM bourse.policies; DELETE FROM bourse.thresholds;
         DELETE FROM jobs.schedules;
         DELETE FROM marketplace.bot_categories; DELETE FROM marketplace.billing_settings;
         DELETE FROM mirror.brokers",
    )?;
    to.program("psql", &[&QUIET[..], &[&dump]].concat())?;
    let (mut before, mut after) = (from.connect()?, to.connect()?);
    let rows = |session: &mut Session| -> Result<Vec<String>> {
        let own = ["bourse.schema_migrations", "audit."];
        Ok(checksums(session)?.into_iter().filter(|line| !own.iter().any(|name| line.starts_with(name))).collect())
    };
    difference(&rows(&mut after)?, &rows(&mut before)?)?;
    goes_on(&mut after)
}

#[test]
fn rows_come_back_with_triggers_disabled() -> Result<()> {
    data_only("dump_data", &["--disable-triggers"])
}

#[test]
fn rows_come_back_with_triggers_enabled_and_no_order_is_placed_twice() -> Result<()> {
    data_only("dump_triggers", &[])
}

#[test]
fn a_dump_of_a_restored_database_is_the_same_dump() -> Result<()> {
    let from = lived_in("dump_twice")?;
    let (first, second) = (file("first.sql"), file("second.sql"));
    from.program("pg_dump", &["-f", &first])?;
    let to = Database::empty(&from.server, "dump_twice_restored")?;
    to.program("psql", &[&QUIET[..], &[&first]].concat())?;
    to.program("pg_dump", &["-f", &second])?;
    let text = |path: &str| -> Result<Vec<String>> {
        let text = std::fs::read_to_string(path)?;
        // pg_dump marks its first and last lines with a random word; rows come in the order of the heap.
        let mut lines: Vec<String> =
            text.lines().filter(|line| !line.contains("restrict ")).map(str::to_owned).collect();
        lines.sort();
        Ok(lines)
    };
    difference(&text(&second)?, &text(&first)?)
}
