//! Databases of a release with rows in every table: what the manual and the tests of the public SQL leave behind. An
//! upgrade is tested with them ever after.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::pack;
use crate::cluster::Cluster;
use crate::failure::{Failure, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::psql::Database;

/// Pages and tests that together leave a row in nearly every table: databases, with what runs there, in order. In one
/// they would want the same names.
const SOURCES: [(&str, &[&str]); 4] = [
    (
        "first",
        &[
            "docs/marketplace.md",
            "docs/trading.md",
            "docs/messaging.md",
            "docs/mirror.md",
            "docs/webui.md",
            "pg_regress/sql/mirror_monitoring.sql",
            "pg_regress/sql/messaging_reports.sql",
            "pg_regress/sql/identity_permissions.sql",
            "pg_regress/sql/messaging_telegram.sql",
            "pg_regress/sql/messaging_cancel.sql",
            "pg_regress/sql/jobs_runs.sql",
            "pg_regress/sql/mirror_breakers.sql",
            "pg_regress/sql/mirror_reconcile.sql",
            "pg_regress/sql/mirror_instruments.sql",
            "pg_regress/sql/mirror_broker_words.sql",
            "pg_regress/sql/mirror_prices.sql",
        ],
    ),
    (
        "second",
        &[
            "pg_regress/sql/mirror_copy_on_exchange.sql",
            "pg_regress/sql/trading_fills.sql",
            "pg_regress/sql/marketplace_promotions.sql",
            "pg_regress/sql/trading_prices.sql",
            "pg_regress/sql/mirror_summary.sql",
            "pg_regress/sql/marketplace_trades.sql",
            "pg_regress/sql/jobs_tasks.sql",
        ],
    ),
    ("third", &["pg_regress/sql/mirror_summary.sql", "pg_regress/sql/trading_prices.sql", "docs/tasks.md"]),
    (
        "fourth",
        &[
            "docs/exchange.md",
            "pg_regress/sql/marketplace_periods.sql",
            "pg_regress/sql/mirror_broker_words.sql",
            "pg_regress/sql/mirror_prices.sql",
            "pg_regress/sql/mirror_breakers.sql",
        ],
    ),
];
/// And what they leave none in.
const MORE: &str = include_str!("rows.sql");

/// The tables of ours that have rows; a partition counts as its table.
const TABLES: &str = "
    SELECT c.oid::regclass::text,
           (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), true, true, '')))[1]
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND c.relowner = 'bourse_owner'::regrole AND NOT c.relispartition;\n";
/// The roles that a page has made, which a dump names and does not make.
const ROLES: &str = "
    SELECT format('SELECT %L WHERE to_regrole(%L) IS NULL \\gexec',
                  format('CREATE ROLE %I %s', r.rolname, CASE WHEN r.rolcanlogin THEN 'LOGIN' END), quote_ident(r.rolname))
    FROM pg_roles r WHERE r.oid >= 16384 AND r.rolname !~ '^(bourse_|postgres$)' ORDER BY r.rolname;\n";

/// Fills databases and writes their dumps into a folder. Fails when a table has a row in none of them.
pub fn keep(project: &Project, folder: &Path) -> Result<()> {
    project::make_folder(folder)?;
    let cluster = Cluster::open(project, "release")?;
    let mut empty: Option<BTreeSet<String>> = None;
    for (name, sources) in SOURCES {
        // Anew, because roles are the cluster's. A preloaded library would work off what waits.
        let _running = cluster.run_anew(&[("max_prepared_transactions", "2")])?;
        let database = filled(project, &cluster, sources)?;
        let without = tables_without_rows(&database)?;
        empty = Some(empty.map_or(without.clone(), |empty| empty.intersection(&without).cloned().collect()));
        dump(project, &database, &folder.join(format!("{name}.sql.gz")))?;
    }
    let empty = empty.unwrap_or_default().into_iter().collect::<Vec<_>>();
    if empty.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("no row in {}", empty.join(", ")), format!("name a source in {}", file!())))
}

/// A database in which all of these have run, as somebody leaves it whose books are in order.
fn filled(project: &Project, cluster: &Cluster, sources: &[&str]) -> Result<Database> {
    let database = cluster.fresh_database("rows")?;
    database.rows("CREATE EXTENSION pg_bourse;\nSELECT bourse.install();\n")?;
    let before = relations(&database)?;
    database.run(&project::read_text(&project.root.join("pg_regress/fixtures.sql"))?)?;
    for source in sources {
        lived_in(project, &database, source)?;
    }
    database.run(MORE)?;
    for stranger in relations(&database)?.difference(&before) {
        database.run(&format!("DROP TABLE IF EXISTS {stranger} CASCADE;\n"))?;
    }
    let broken = database.rows("SELECT check_name, subject FROM bourse.verify();\n")?;
    if broken.is_empty() {
        return Ok(database);
    }
    Err(Failure::new(format!("the sources leave {broken:?}"), format!("take others in {}", file!())))
}

/// Has a page, or a test, do what it does. What it is refused is part of it.
fn lived_in(project: &Project, database: &Database, source: &str) -> Result<()> {
    let text = project::read_text(&project.root.join(source))?;
    let file = project.log("release")?.with_extension("sql");
    project::write_text(&file, &if source.ends_with(".md") { blocks(&text) } else { text })?;
    let mut command = Command::new(database.bin.join("psql"));
    command.args(["-X", "-q", "-f"]).arg(&file).env("PGOPTIONS", "-c client_min_messages=error");
    database.address(&mut command);
    progress::watch(project, source, &mut command).map(drop)
}

/// The SQL of a page.
fn blocks(page: &str) -> String {
    let mut language = None;
    let mut sql = String::new();
    for line in page.lines() {
        match (line.strip_prefix("```"), language) {
            (Some(_), Some(_)) => language = None,
            (Some(begun), None) => language = Some(begun.trim()),
            (None, Some("sql")) => sql.extend([line, "\n"]),
            (None, _) => (),
        }
    }
    sql
}

fn relations(database: &Database) -> Result<BTreeSet<String>> {
    let rows = database.rows(
        "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspowner = 'bourse_owner'::regrole AND NOT c.relispartition;\n",
    )?;
    Ok(rows.into_iter().flatten().collect())
}

fn tables_without_rows(database: &Database) -> Result<BTreeSet<String>> {
    let rows = database.rows(TABLES)?;
    Ok(rows.into_iter().filter(|row| row[1] == "0").map(|row| row[0].clone()).collect())
}

/// What `pg_dump` says, after the roles that it names.
fn dump(project: &Project, database: &Database, to: &Path) -> Result<()> {
    let file = project.log("release dump")?.with_extension("sql");
    let mut command = Command::new(database.bin.join("pg_dump"));
    database.address(&mut command);
    command.arg("-f").arg(&file);
    progress::run(project, "pg_dump", &mut command, "mend what pg_dump says")?;
    let roles = database.rows(ROLES)?.into_iter().flatten().collect::<Vec<_>>().join("\n");
    project::write_text(&file, &format!("{roles}\n{}", project::read_text(&file)?))?;
    pack(&file, to)
}
