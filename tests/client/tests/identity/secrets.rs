//! Secrets that went through every call, failing ones included, are in no file of the server: not in a table, not in
//! the WAL, not in the log, not in pg_stat_statements, not in a dump. A note that is no secret is found in all of them,
//! so the search works.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use client_tests::{Database, Failure, Result, Scratch, Server, Session};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// With what every secret begins. Short enough for a password that is too short; no token or digest holds a ~.
const MARK: &str = "~zQ7x-";
/// Is meant to be found.
const NOTE: &str = "note-that-stands-everywhere";
/// What else keeps the texts of statements.
const STATEMENTS: &str = "pg_stat_statements";

/// Calls with parameters; one that is refused must say nothing of them.
struct Calls {
    session: Session,
    given: usize,
}

impl Calls {
    /// A secret that nothing else spells.
    fn secret(&mut self) -> String {
        self.given += 1;
        format!("{MARK}{:04}", self.given)
    }

    /// Calls a function with an id and one or more secrets. Failures are wanted too.
    fn call(&mut self, sql: &str, id: i64, secrets: usize) -> Result<()> {
        let given: Vec<String> = (0..secrets).map(|_| self.secret()).collect();
        let mut parameters: Vec<&(dyn postgres::types::ToSql + Sync)> = vec![&id];
        parameters.extend(given.iter().map(|secret| secret as &(dyn postgres::types::ToSql + Sync)));
        match self.session.client().query(sql, &parameters) {
            Ok(_) => Ok(()),
            Err(error) if error.as_db_error().is_none() => Err(Failure::of_statement(sql, &error)),
            Err(error) => {
                let said = Failure::of_statement(sql, &error).to_string();
                if said.contains(MARK) { Err(Failure::new(format!("a secret in the error: {said}"))) } else { Ok(()) }
            }
        }
    }
}

/// Files below a folder that hold any of these texts.
fn holding(folder: &Path, texts: &[String], found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            holding(&path, texts, found)?;
        } else if path.is_file() {
            // What is no text becomes other characters; a secret stays as it is.
            let content = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            let held = texts.iter().find(|text| content.contains(text.as_str()));
            found.extend(held.map(|text| format!("{text} in {}", path.display())));
        }
    }
    Ok(())
}

/// The server logs more than it does by default; parameters only an operator makes it log.
fn open(name: &str) -> Result<(Scratch, Database)> {
    let suite = Server::of_suite()?;
    let keys = suite.host.join(format!("{name}.keys"));
    fs::write(&keys, KEY)?;
    let folder = fs::metadata(&suite.host)?;
    chown(&keys, Some(folder.uid()), Some(folder.gid()))?;
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600))?;
    let watched = suite.connect("postgres", "postgres")?.has_extension(STATEMENTS)?;
    let settings = format!(
        "shared_preload_libraries = 'pg_bourse{}'\npg_stat_statements.track = all\n\
         bourse.vault_key_file = '{}'\nlog_min_messages = info\nlog_min_error_statement = info\n\
         bourse.argon2_memory = 64\nbourse.bcrypt_cost = 4\n",
        if watched { ", pg_stat_statements" } else { "" },
        keys.display()
    );
    let scratch = Scratch::furnished(name, &settings)?;
    let database = Database::on(&scratch.server, name)?;
    Ok((scratch, database))
}

/// `$1` is the user or -1, the rest are secrets: right, too long, of a wrong type, in the way of a constraint, in a
/// statement that fails afterwards.
const CALLS: [(&str, usize); 25] = [
    ("SELECT identity.set_password($1, $2)", 1),
    ("SELECT identity.set_password($1, repeat($2, 100))", 1),
    ("SELECT identity.set_password($1, left($2, 7))", 1),
    ("SELECT identity.set_password($1, convert_to($2, 'UTF8'))", 1),
    ("SELECT identity.set_password($1, $2), 1 / ($1 - $1)", 1),
    ("SELECT identity.verify_password('ann', $2) WHERE $1::bigint <> 0", 1),
    ("SELECT identity.verify_password($2, $3) WHERE $1::bigint <> 0", 2),
    ("SELECT identity.register('y', 'no address', password => $2) WHERE $1::bigint <> 0", 1),
    ("SELECT identity.register('x', 'ann@example.org', password => $2) WHERE $1::bigint <> 0", 1),
    ("SELECT identity.register('z', password => $2, role => 'king') WHERE $1::bigint <> 0", 1),
    ("SELECT identity.verify_code($1, $2)", 1),
    ("SELECT identity.verify_code($1, $2, repeat('x', 30))", 1),
    ("SELECT identity.verify_api_key($2) WHERE $1::bigint <> 0", 1),
    ("SELECT identity.verify_api_key('brs_00000000_' || $2) WHERE $1::bigint <> 0", 1),
    ("SELECT identity.store_credentials($1, 'BINANCE', $2, $3, $4)", 3),
    ("SELECT identity.store_credentials($1, 'BYBIT', $2, $3, $4, false)", 3),
    ("SELECT identity.store_credentials($1, 'NASDAQ', $2, $3, $4)", 3),
    ("SELECT identity.store_credentials($1, 'KRAKEN', repeat($2, 1000), $3)", 2),
    ("SELECT identity.store_credentials($1, 'KRAKEN', $2, $3, principal_id => 'nobody')", 2),
    ("SELECT identity.store_credentials($1, 'KRAKEN', $2, NULL, $3)", 2),
    ("SELECT identity.store_credentials($1, 'KRAKEN', $2, $3, is_testnet => $4::text)", 3),
    (
        "SELECT audit.log_activity($1, 'x', details => jsonb_build_object('token', $2::text, 'in', jsonb_build_object('api_secret', $3::text)))",
        2,
    ),
    ("SELECT audit.log_activity($1, 'x', details => jsonb_build_object('token', repeat($2, 9000)))", 1),
    ("SELECT identity_private.check_password($2, $3) WHERE $1::bigint <> 0", 2),
    ("UPDATE identity.users SET password_hash = identity_private.hash_password($2), role = 'king' WHERE id = $1", 1),
];

/// Calls that end in the middle: cancelled, and given up while they wait for a row.
fn interrupted(database: &Database, calls: &mut Calls, user: i64) -> Result<()> {
    let mut other = database.connect()?;
    other.run(&format!("BEGIN; SELECT FROM identity.users WHERE id = {user} FOR UPDATE"))?;
    calls.session.run("SET lock_timeout = '50ms'; SET statement_timeout = '1s'")?;
    for (sql, secrets) in [
        ("SELECT identity.set_password($1, $2)", 1),
        ("SELECT identity.verify_code($1, $2)", 1),
        ("SELECT pg_sleep(5), identity.verify_password('ann', $2) WHERE $1::bigint <> 0", 1),
        ("SELECT identity.store_credentials($1, 'HUOBI', $2, $3, $4), pg_sleep(5)", 3),
        ("SELECT identity_private.hash_password($2), pg_sleep(5) WHERE $1::bigint <> 0", 1),
    ] {
        calls.call(sql, user, secrets)?;
    }
    calls.session.run("RESET lock_timeout; RESET statement_timeout")?;
    other.run("ROLLBACK")
}

/// Codes are too short to be searched for in files; what is stored of them is a few columns.
fn no_code_is_stored(session: &mut Session, user: i64) -> Result<()> {
    for provider in 0..10 {
        let code = session.line(&format!("SELECT identity.issue_code({user}, 'provider {provider}')"))?;
        let held = session.lines(&format!(
            "SELECT c FROM (SELECT to_jsonb(v) - '{{id,user_id,sent_time,created_at,expires_at}}'::text[] AS c
                            FROM identity.verification_codes v WHERE v.provider = 'provider {provider}') r
             WHERE strpos(c::text, '{code}') > 0"
        ))?;
        assert!(held.is_empty(), "code {code}: {held:?}");
    }
    Ok(())
}

/// Hashes and tokens stand in their tables, where nobody reads them, and nowhere in the trail, which is read.
fn the_trail_holds_no_hash_and_no_token(session: &mut Session) -> Result<()> {
    session.run("UPDATE identity.users SET remember_token = md5(random()::text)")?;
    session.run(
        "CREATE TEMP TABLE kept (place, value) AS
         SELECT 'password_hash', password_hash FROM identity.users WHERE password_hash IS NOT NULL
         UNION ALL SELECT 'remember_token', remember_token FROM identity.users
         UNION ALL SELECT 'code_hash', code_hash FROM identity.verification_codes
         UNION ALL SELECT 'key_hash', encode(key_hash, 'hex') FROM identity.api_keys
         UNION ALL SELECT 'api_key_encrypted', api_key_encrypted FROM identity.exchange_credentials
         UNION ALL SELECT 'api_secret_encrypted', api_secret_encrypted FROM identity.exchange_credentials
         UNION ALL SELECT 'api_passphrase_encrypted', api_passphrase_encrypted FROM identity.exchange_credentials",
    )?;
    assert_eq!(session.number("SELECT count(DISTINCT place) FROM kept WHERE value <> ''")?, 7);
    for (log, values) in [("audit_logs", "concat(l.old_values, l.new_values)"), ("activity_logs", "l.details::text")] {
        assert_ne!(session.number(&format!("SELECT count(*) FROM audit.{log}"))?, 0, "{log} is empty");
        let held = session.lines(&format!(
            "SELECT DISTINCT k.place FROM audit.{log} l JOIN kept k ON strpos({values}, k.value) > 0 ORDER BY 1"
        ))?;
        assert!(held.is_empty(), "audit.{log} holds {held:?}");
    }
    Ok(())
}

#[test]
fn no_secret_is_in_a_file_of_the_server() -> Result<()> {
    let (scratch, database) = open("secrets")?;
    let mut session = database.connect()?;
    let watched = session.has_extension(STATEMENTS)?;
    if watched {
        session.run("CREATE EXTENSION pg_stat_statements")?;
    }
    let user = session.number("SELECT identity.register('ann', 'ann@example.org', 'ann')")?;
    let mut calls = Calls { session, given: 0 };
    for algorithm in ["argon2id", "bcrypt"] {
        calls.session.run(&format!("SET bourse.password_algorithm = '{algorithm}'"))?;
        for (sql, secrets) in CALLS {
            for id in [user, -1] {
                calls.call(sql, id, secrets)?;
            }
            // In a transaction that fails later, so that dead rows are searched as well.
            calls.session.run("BEGIN")?;
            calls.call(sql, user, secrets)?;
            calls.session.run("ROLLBACK")?;
        }
    }
    interrupted(&database, &mut calls, user)?;
    let Calls { mut session, given } = calls;
    assert!(given >= 200, "{given} secrets");
    let mut secrets = vec![MARK.to_owned(), KEY.to_owned()];
    for _ in 0..10 {
        let key = session.line(&format!("SELECT api_key FROM identity.issue_api_key({user})"))?;
        // The prefix is no secret.
        secrets.push(key[12..].to_owned());
    }
    // What was sealed is there, so the calls have done their work.
    assert_eq!(session.number("SELECT count(*) FROM identity.exchange_credentials")?, 2);
    no_code_is_stored(&mut session, user)?;
    the_trail_holds_no_hash_and_no_token(&mut session)?;
    session.run(&format!("UPDATE identity.users SET developer_bio = '{NOTE}'; CREATE TABLE \"{NOTE}\" ()"))?;
    session.run(&format!("SELECT 1 AS \"{NOTE}\""))?;
    let statements = |text: &str| format!("SELECT count(*) FROM pg_stat_statements WHERE strpos(query, '{text}') > 0");
    if watched {
        assert_eq!(session.number(&statements(MARK))?, 0);
        assert_ne!(session.number(&statements(NOTE))?, 0, "pg_stat_statements holds nothing");
    }
    session.refused(&format!("SELECT '{NOTE}'::integer"))?;
    session.run("CHECKPOINT")?;
    let folder = scratch.data();
    fs::write(folder.join("canary.sql"), database.program("pg_dump", &[])?)?;
    fs::copy(scratch.log(), folder.join("canary.log"))?;
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    holding(&folder, &secrets, &mut found)?;
    assert!(found.is_empty(), "{found:#?}");
    holding(&folder, &[NOTE.to_owned()], &mut notes)?;
    for place in ["base/", "pg_wal/", "pg_stat_tmp/", "canary.sql", "canary.log"] {
        assert!(notes.iter().any(|note| note.contains(place)), "the search does not look into {place}: {notes:#?}");
    }
    Ok(())
}
