//! The role for dumps reads all rows of everything, and does nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use client_tests::sequencer::PRELOAD;
use client_tests::{Database, Result, Scratch, Server};

use crate::whole::{contents, goes_on, lived_in, same};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECRET: &str = "nobody-reads-this-in-a-dump";

/// A server with a vault.
fn open(name: &str) -> Result<(Scratch, Database)> {
    let suite = Server::of_suite()?;
    let keys = suite.host.join(format!("{name}.keys"));
    fs::write(&keys, KEY)?;
    let folder = fs::metadata(&suite.host)?;
    chown(&keys, Some(folder.uid()), Some(folder.gid()))?;
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600))?;
    let scratch = Scratch::furnished(name, &format!("{PRELOAD}\nbourse.vault_key_file = '{}'", keys.display()))?;
    let database = Database::on(&scratch.server, "venue")?;
    Ok((scratch, database))
}

#[test]
fn a_member_dumps_everything_and_does_nothing() -> Result<()> {
    let (scratch, database) = open("backup_role")?;
    lived_in(&database)?;
    let mut session = database.connect()?;
    session.run(&format!("SELECT identity.store_credentials(1, 'BINANCE', '{SECRET}', '{SECRET}')"))?;
    database.login("dumper", "bourse_backup")?;
    let before = contents(&mut session)?;
    let dump = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("backup_role.sql").to_string_lossy().into_owned();
    let as_role = ["-U", "dumper", "--role=bourse_backup", "-f", &dump];
    // Whoever has not entered the role gets no dump, rather than one that lacks rows.
    assert!(database.program("pg_dump", &["-U", "dumper", "-f", &dump]).is_err(), "dumped without the role");
    database.program("pg_dump", &as_role)?;
    assert!(!fs::read_to_string(&dump)?.contains(SECRET), "a secret stands in the dump");

    let to = Database::empty(&scratch.server, "restored")?;
    to.program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &dump])?;
    let mut restored = to.connect()?;
    same(&contents(&mut restored)?, &before)?;
    // With the keys of the server they came from, secrets are still to be had.
    database.login("opener", "bourse_worker")?;
    let secret = to.connect_as("opener")?.line("SELECT api_key FROM identity.decrypt_credentials(1, 'BINANCE')")?;
    assert_eq!(secret, SECRET);
    goes_on(&mut restored)
}

/// What would change a relation of this kind.
fn changes(name: &str, kind: &str) -> Vec<String> {
    match kind {
        "S" => vec![format!("SELECT nextval('{name}')"), format!("SELECT setval('{name}', 1)")],
        "m" => vec![format!("REFRESH MATERIALIZED VIEW {name}"), format!("DROP MATERIALIZED VIEW {name}")],
        _ => vec![
            format!("INSERT INTO {name} DEFAULT VALUES"),
            format!("DELETE FROM {name}"),
            format!("TRUNCATE {name}"),
            format!("DO $$ BEGIN LOCK TABLE {name} IN ROW EXCLUSIVE MODE; END $$"),
            format!("DROP TABLE {name}"),
        ],
    }
}

/// Every table, sequence and routine there is, and what a login can do to the server.
#[test]
fn a_member_is_refused_whatever_has_an_effect() -> Result<()> {
    let database = Database::fresh("backup_role_refused")?;
    lived_in(&database)?;
    database.login("refused_dumper", "bourse_backup")?;
    let mut root = database.connect()?;
    let before = contents(&mut root)?;
    let relations = root.lines(
        "SELECT bourse_private.quoted_name(c.oid), c.relkind
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname IN (SELECT bourse_private.modules())",
    )?;
    // NULL for each argument: a call is refused before anybody looks at it. What is STRICT is not called then.
    let calls = root.lines(
        "SELECT CASE p.prokind WHEN 'p' THEN 'CALL ' ELSE 'SELECT ' END || p.oid::regproc || '('
                || coalesce((SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n)
                             FROM unnest(p.proargtypes) WITH ORDINALITY u (t, n)
                             WHERE n <= p.pronargs - p.pronargdefaults), '') || ')'
         FROM pg_proc p
         WHERE p.pronamespace::regnamespace::text IN (
                   SELECT m || s FROM bourse_private.modules() m, unnest(ARRAY['', '_private']) s)
           AND p.prokind IN ('f', 'p') AND p.provariadic = 0 AND NOT (p.proisstrict AND p.pronargs > 0)
           AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
           AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])
           AND NOT 'anyelement'::regtype = ANY (p.proargtypes::oid[])",
    )?;
    assert!(relations.len() > 150 && calls.len() > 500, "{} relations, {} calls", relations.len(), calls.len());
    let mut session = database.connect_as("refused_dumper")?;
    for entered in [false, true] {
        if entered {
            session.run("SET ROLE bourse_backup")?;
        }
        for line in &relations {
            let Some((name, kind)) = line.split_once('|') else { continue };
            for statement in changes(name, kind) {
                let sqlstate = session.refused(&statement)?;
                // A view that takes no rows says so; a view is no table.
                let is_view = kind == "v" && ["55000", "42809"].contains(&sqlstate.as_str());
                assert!(sqlstate == "42501" || is_view, "{statement}: {sqlstate}");
            }
        }
        for call in &calls {
            assert_eq!(session.refused(call)?, "42501", "{call}");
        }
        for statement in [
            "SET ROLE bourse_owner",
            "SET ROLE bourse_admin",
            "SET ROLE bourse_worker",
            "SET SESSION AUTHORIZATION postgres",
            "CREATE TABLE exchange.mine ()",
            "CREATE ROLE more",
            "ALTER ROLE bourse_backup LOGIN",
            "ALTER SYSTEM SET fsync = off",
            "COPY identity.users TO '/tmp/users'",
            "SELECT pg_read_file('postgresql.conf')",
            "SELECT pg_switch_wal()",
            "SELECT pg_create_restore_point('mine')",
            "CREATE PUBLICATION everything FOR ALL TABLES",
        ] {
            assert_eq!(session.refused(statement)?, "42501", "{statement}");
        }
    }
    same(&contents(&mut root)?, &before)
}
