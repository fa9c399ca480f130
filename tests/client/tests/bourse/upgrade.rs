//! From every release to this version: databases with rows in every table come along, and end like new ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use client_tests::{Database, Failure, Result, Scratch, Server, Session, finish};

/// The tables to which a migration may add rows.
const GROWING: [&str; 7] = [
    "bourse.schema_migrations",
    "bourse.policies",
    "bourse.chores",
    "jobs.schedules",
    "audit.audit_logs",
    "audit.activity_logs",
    "audit.seals",
];
const OURS: &str = "relnamespace IN (SELECT oid FROM pg_namespace WHERE nspowner = 'bourse_owner'::regrole)";

fn releases() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../releases");
    let mut found: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    assert!(!found.is_empty(), "there is no release");
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Writes the scripts that lead here: `cargo pgrx install` alone does not.
fn install_scripts() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    finish(Command::new(env!("CARGO")).args(["xtask", "install", "--again"]).current_dir(root)).map(drop)
}

/// A database as a server of that release has it, as its dump comes back.
fn restored(server: &Server, release: &Path, dump: &Path) -> Result<Database> {
    let version = name(release);
    let database = Database::empty(server, "upgraded")?;
    let mut root = database.connect()?;
    // The event trigger of 0.1.0 looks at every table for each statement of the dump: a minute of them.
    root.run(&format!(
        "CREATE EXTENSION pg_bourse VERSION '{version}'; ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE"
    ))?;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("release-{version}.sql"));
    let text = Command::new("gzip").args(["-d", "-c"]).arg(dump).output()?;
    fs::write(&file, text.stdout)?;
    database.program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &file.to_string_lossy()])?;
    root.run("ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE")?;
    Ok(database)
}

/// Every row of every table: the table with a hash of what its columns of now hold.
fn rows(session: &mut Session, columns: &[String]) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    for line in columns {
        let (table, columns) = line.split_once('|').unwrap_or((line, "*"));
        let hashes = format!("SELECT '{table}', md5(ROW({columns})::text) FROM {table} t ORDER BY 2");
        rows.extend(session.lines(&hashes)?);
    }
    rows.sort();
    Ok(rows)
}

fn columns(session: &mut Session) -> Result<Vec<String>> {
    session.lines(&format!(
        "SELECT c.oid::regclass, string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum)
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {OURS} GROUP BY 1 ORDER BY 1"
    ))
}

/// What is in one list and not in the other, as many times as it is more there.
fn lost(before: &[String], after: &[String]) -> Vec<String> {
    let mut after = after.iter().peekable();
    let mut lost = Vec::new();
    for line in before {
        while after.peek().is_some_and(|found| *found < line) {
            after.next();
        }
        if after.peek() == Some(&line) {
            after.next();
        } else {
            lost.push(line.clone());
        }
    }
    lost
}

/// What somebody may do, in one order.
fn acl(acl: &str, kind: &str, owner: &str) -> String {
    format!(
        "(SELECT string_agg(a::text, ',' ORDER BY a::text COLLATE \"C\")
          FROM unnest(coalesce({acl}, acldefault('{kind}', {owner}))) a)"
    )
}

/// Whether an object is a member of the extension.
fn member(oid: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_depend m JOIN pg_extension e ON e.oid = m.refobjid AND e.extname = 'pg_bourse'
                 WHERE m.objid = {oid} AND m.deptype = 'e')"
    )
}

/// Functions, types, schemas.
fn code() -> Vec<String> {
    vec![
        format!(
            "SELECT 'function', p.oid::regprocedure, p.prokind, pg_get_function_arguments(p.oid),
                    pg_get_function_result(p.oid), p.proowner::regrole, {}, l.lanname, md5(p.prosrc), p.probin,
                    p.provolatile, p.proisstrict, p.prosecdef, p.proleakproof, p.proparallel, p.procost, p.prorows,
                    p.proconfig, p.prosupport::regproc, {}, obj_description(p.oid, 'pg_proc'),
                    (SELECT concat_ws(',', a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                      a.aggmtransfn, a.aggtranstype::regtype, a.agginitval)
                     FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
             FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE {}",
            acl("p.proacl", "f", "p.proowner"),
            member("p.oid"),
            OURS.replace("relnamespace", "p.pronamespace")
        ),
        format!(
            "SELECT 'type', t.oid::regtype, t.typtype, t.typowner::regrole, {}, obj_description(t.oid, 'pg_type'), {}
             FROM pg_type t WHERE {} AND NOT EXISTS (
                 SELECT FROM pg_class c WHERE c.relispartition AND c.reltype IN (t.oid, t.typelem))",
            acl("t.typacl", "T", "t.typowner"),
            member("t.oid"),
            OURS.replace("relnamespace", "t.typnamespace")
        ),
        format!(
            "SELECT 'schema', n.nspname, {}, obj_description(n.oid, 'pg_namespace'), {}
             FROM pg_namespace n WHERE n.nspowner = 'bourse_owner'::regrole",
            acl("n.nspacl", "n", "n.nspowner"),
            member("n.oid")
        ),
        "SELECT 'event trigger', evtname, evtevent, evtfoid::regproc, evtenabled, evttags,
                obj_description(oid, 'pg_event_trigger') FROM pg_event_trigger"
            .to_owned(),
        "SELECT 'extension', extname, extversion FROM pg_extension WHERE extname = 'pg_bourse'".to_owned(),
    ]
}

/// Tables, views, and what belongs to them. Of partitions those of rows that have no other: there are months where
/// somebody has called maintain().
fn tables() -> Vec<String> {
    let of_class = "JOIN pg_class c ON NOT c.relispartition AND c.oid =";
    vec![
        format!(
            "SELECT 'relation', c.oid::regclass, c.relkind, c.relowner::regrole, {}, c.relrowsecurity,
                    c.relforcerowsecurity, c.reloptions, pg_get_partkeydef(c.oid),
                    obj_description(c.oid, 'pg_class'), {}
             FROM pg_class c WHERE {OURS} AND NOT c.relispartition AND c.relkind NOT IN ('i', 'I', 'S')",
            acl("c.relacl", "r", "c.relowner"),
            member("c.oid")
        ),
        format!(
            "SELECT 'sequence', c.oid::regclass, c.relowner::regrole, {}, s.seqtypid::regtype, s.seqincrement, s.seqmax
             FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid WHERE {OURS}",
            acl("c.relacl", "s", "c.relowner")
        ),
        format!(
            "SELECT DISTINCT 'partition of', i.inhparent::regclass, c.relowner::regrole, {}, c.relrowsecurity,
                    (SELECT count(*) FROM pg_index x WHERE x.indrelid = c.oid)
             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
             WHERE pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' AND {OURS}",
            acl("c.relacl", "r", "c.relowner")
        ),
        format!(
            "SELECT 'column', c.oid::regclass, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
                    format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attacl,
                    pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
             FROM pg_attribute a {of_class} a.attrelid
             LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
             WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'S') AND {OURS}"
        ),
        format!(
            "SELECT 'constraint', c.oid::regclass, k.conname, k.convalidated, pg_get_constraintdef(k.oid),
                    obj_description(k.oid, 'pg_constraint')
             FROM pg_constraint k {of_class} k.conrelid WHERE {OURS}"
        ),
        format!(
            "SELECT 'index', c.oid::regclass, pg_get_indexdef(i.indexrelid), i.indisvalid
             FROM pg_index i {of_class} i.indrelid WHERE {OURS}"
        ),
        format!(
            "SELECT 'trigger', c.oid::regclass, pg_get_triggerdef(t.oid), t.tgenabled
             FROM pg_trigger t {of_class} t.tgrelid WHERE NOT t.tgisinternal AND {OURS}"
        ),
        format!(
            "SELECT 'policy', c.oid::regclass, p.polname, p.polcmd, p.polroles::regrole[],
                    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
             FROM pg_policy p {of_class} p.polrelid WHERE {OURS}"
        ),
        format!(
            "SELECT 'view', c.oid::regclass, pg_get_viewdef(c.oid)
             FROM pg_class c WHERE c.relkind IN ('v', 'm') AND {OURS}"
        ),
    ]
}

/// Everything of ours in a catalog.
fn catalog(session: &mut Session) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for sql in code().iter().chain(&tables()) {
        lines.extend(session.lines(sql)?);
    }
    lines.sort();
    Ok(lines)
}

fn require_same(what: &str, found: &[String], expected: &[String]) -> Result<()> {
    let (missing, added) = (lost(expected, found), lost(found, expected));
    if missing.is_empty() && added.is_empty() {
        return Ok(());
    }
    let told = missing.iter().take(20).map(|line| format!("\n  not there: {line}"));
    let told: String = told.chain(added.iter().take(20).map(|line| format!("\n  too much: {line}"))).collect();
    Err(Failure::new(format!("{what}: {} missing, {} too much{told}", missing.len(), added.len())))
}

/// Updates, migrates, and does what is left to be done to rows.
fn update(session: &mut Session) -> Result<()> {
    session.run("ALTER EXTENSION pg_bourse UPDATE")?;
    loop {
        let told = session.line("SELECT bourse.migrate()")?;
        session.run("CALL bourse.migrate_data()")?;
        if told == "nothing to do" {
            return Ok(());
        }
    }
}

fn trades(session: &mut Session) -> Result<()> {
    session.market("UPA-UPB")?;
    let (buyer, seller) = (session.user("upgraded buyer")?, session.user("upgraded seller")?);
    session.fund(buyer, &[("UPB", "100")])?;
    session.fund(seller, &[("UPA", "1")])?;
    session.run(&format!("SELECT exchange.place_order({seller}, 'UPA-UPB', 'sell', 90, 1)"))?;
    session.run(&format!("SELECT exchange.place_order({buyer}, 'UPA-UPB', 'buy', 90, 1)"))?;
    assert_eq!(session.number("SELECT count(*) FROM exchange.trades WHERE symbol = 'UPA-UPB'")?, 1);
    Ok(())
}

/// Takes a database of a release along; the tables of then, each with whether it had a row.
fn taken_along(server: &Server, release: &Path, dump: &Path, fresh: &[String]) -> Result<Vec<(String, bool)>> {
    let database = restored(server, release, dump)?;
    let (mut session, mut open) = (database.connect()?, database.connect()?);
    let columns = columns(&mut session)?;
    let before = rows(&mut session, &columns)?;
    // Has the functions of the release in its plans.
    open.line("SELECT count(*) FROM bourse.migration_states()")?;
    update(&mut session)?;
    let mut after = rows(&mut session, &columns)?;
    require_same("rows are lost", &[], &lost(&before, &after))?;
    after.retain(|line| !GROWING.contains(&line.split('|').next().unwrap_or_default()));
    require_same("rows that nobody wrote", &lost(&after, &before), &[])?;
    require_same(&name(dump), &catalog(&mut session)?, fresh)?;
    assert_eq!(session.lines("SELECT * FROM bourse.verify()")?, Vec::<String>::new());
    assert_eq!(session.refused(&format!("ALTER EXTENSION pg_bourse UPDATE TO '{}'", name(release)))?, "22023");
    trades(&mut open)?;
    session.verify_is_empty()?;
    let has_rows = |table: &str| before.iter().any(|row| row.split('|').next() == Some(table));
    let tables = columns.iter().filter_map(|line| line.split('|').next());
    Ok(tables.map(|table| (table.to_owned(), has_rows(table))).collect())
}

#[test]
fn every_release_becomes_what_a_new_installation_is() -> Result<()> {
    install_scripts()?;
    let scratch = Scratch::furnished("upgrade", "")?;
    let fresh = catalog(&mut Database::on(&scratch.server, "up_fresh")?.connect()?)?;
    for release in releases()? {
        let mut had_rows: BTreeMap<String, bool> = BTreeMap::new();
        for dump in fs::read_dir(release.join("rows"))?.flatten() {
            for (table, rows) in taken_along(&scratch.server, &release, &dump.path(), &fresh)? {
                *had_rows.entry(table).or_default() |= rows;
            }
        }
        had_rows.retain(|_, rows| !*rows);
        assert_eq!(had_rows.keys().collect::<Vec<_>>(), Vec::<&String>::new(), "no row came along");
    }
    Ok(())
}

#[test]
fn a_failed_migration_leaves_a_database_that_works() -> Result<()> {
    let database = Database::fresh("upgrade_failed")?;
    let mut session = database.connect()?;
    // Its view is there already.
    session.run("DELETE FROM bourse.schema_migrations WHERE version = 'exchange/0015_ledger_entries'")?;
    let before = catalog(&mut session)?;
    assert_eq!(session.refused("SELECT bourse.migrate()")?, "42P07");
    require_same("after it", &catalog(&mut session)?, &before)?;
    trades(&mut database.connect()?)?;
    session.verify_is_empty()
}

/// The first of the two that are pending runs, the second fails: nothing of either stands, and no word of them, whether the
/// caller gives up or goes on in his transaction. Once it is mended both run.
#[test]
fn what_has_run_before_a_migration_that_fails_is_undone_with_it() -> Result<()> {
    let database = Database::fresh("upgrade_half")?;
    let mut session = database.connect()?;
    session.run(
        "DROP VIEW exchange.ledger_entries; DROP TABLE exchange.venues; CREATE TABLE exchange.venues (stranger text);
         DELETE FROM bourse.schema_migrations
         WHERE version IN ('exchange/0015_ledger_entries', 'exchange/0017_venues')",
    )?;
    let journal = "SELECT version, checksum, applied_at FROM bourse.schema_migrations ORDER BY version";
    let (tables, told) = (catalog(&mut session)?, session.lines(journal)?);
    for call in [
        "SELECT bourse.migrate()",
        "SELECT bourse.migrate(dry_run => true)",
        "DO $$ BEGIN PERFORM bourse.migrate(); RAISE SQLSTATE '00P01'; EXCEPTION WHEN duplicate_table THEN NULL; END $$",
        "DO $$ BEGIN PERFORM bourse.migrate(true); RAISE SQLSTATE '00P01'; EXCEPTION WHEN duplicate_table THEN NULL; END $$",
    ] {
        match session.run(call) {
            Err(failure) => assert_eq!(failure.sqlstate.as_deref(), Some("42P07"), "{call}: {failure}"),
            Ok(()) => assert!(call.starts_with("DO"), "{call} reports success"),
        }
        require_same(call, &catalog(&mut session)?, &tables)?;
        assert_eq!(session.lines(journal)?, told, "{call}");
        // The session is as it was, and what a migration may make is nobody's to make any more.
        assert_eq!(session.line("SHOW lock_timeout")?, "0");
        assert_eq!(session.refused("GRANT TRIGGER ON exchange.orders TO bourse_trader")?, "42501", "{call}");
    }
    session.run("DROP TABLE exchange.venues")?;
    let applied = "applied exchange/0015_ledger_entries, exchange/0017_venues";
    assert_eq!(session.line("SELECT bourse.migrate()")?, applied);
    trades(&mut database.connect()?)?;
    session.verify_is_empty()
}

#[test]
fn what_a_table_still_uses_goes_with_the_migration_that_lets_go_of_it() -> Result<()> {
    let database = Database::fresh("upgrade_left_over")?;
    let mut session = database.connect()?;
    // As the update to a version without this function leaves it.
    session.run(
        "CREATE FUNCTION exchange_private.gone() RETURNS trigger LANGUAGE plpgsql
             SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NEW; END';
         ALTER FUNCTION exchange_private.gone() OWNER TO bourse_owner;
         CREATE TRIGGER gone BEFORE INSERT ON exchange.fee_groups FOR EACH ROW EXECUTE FUNCTION exchange_private.gone();
         COMMENT ON FUNCTION exchange_private.gone() IS 'Left over: migrate() drops it'",
    )?;
    session.line("SELECT bourse.migrate()")?;
    let is_there = "SELECT to_regproc('exchange_private.gone') IS NOT NULL";
    assert_eq!(session.line(is_there)?, "t");
    trades(&mut session)?;
    session.run("DROP TRIGGER gone ON exchange.fee_groups")?;
    session.line("SELECT bourse.migrate()")?;
    assert_eq!(session.line(is_there)?, "f");
    Ok(())
}
