//! API keys of accounts: sealed, opened by workers only, bound to their account, rotated with the vault.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use client_tests::{Database, Failure, Result, Scratch, Server, Session};

/// Keys as `Fernet.generate_key()` of Python makes them.
const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
/// What no table, log or trail may show.
const SECRET: &str = "the key of ann's broker";

/// A cluster of its own with a key file, an account of ann, a login of hers, a worker, an admin.
struct House {
    scratch: Scratch,
    database: Database,
    keys: PathBuf,
}

impl House {
    fn open(name: &str) -> Result<House> {
        let keys = Server::of_suite()?.host.join(format!("{name}.keys"));
        write(&keys, OLD)?;
        let settings = format!(
            "shared_preload_libraries = 'pg_bourse'\nbourse.vault_key_file = '{}'\nlog_min_messages = log\n",
            keys.display()
        );
        let scratch = Scratch::furnished(name, &settings)?;
        let database = Database::on(&scratch.server, name)?;
        for (login, group) in
            [("keys_ann", "bourse_trader"), ("keys_worker", "bourse_worker"), ("keys_admin", "bourse_admin")]
        {
            database.login(login, group)?;
        }
        database.connect()?.run(
            "INSERT INTO identity.users (id, name, db_role) VALUES (1, 'ann', 'keys_ann'), (2, 'bob', NULL);
             SELECT mirror.create_account(1, 'first', 'Zerodha'), mirror.create_account(1, 'second', 'Zerodha'),
                    mirror.create_account(2, 'of bob', 'Zerodha')",
        )?;
        Ok(House { scratch, database, keys })
    }

    /// Writes the key file and has a new session read it.
    fn turn(&self, keys: &str) -> Result<Session> {
        write(&self.keys, keys)?;
        self.database.connect()?.run("SELECT pg_reload_conf()")?;
        self.database.connect()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // The folder of the suite goes with the suite.
        let _ = fs::remove_file(&self.keys);
    }
}

/// A file of the server's account.
fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    let folder = fs::metadata(path.parent().unwrap_or(path))?;
    chown(path, Some(folder.uid()), Some(folder.gid()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}

/// Secrets go as parameters, as every client should send them.
fn store(session: &mut Session, account: i64, key: &str) -> Result<()> {
    let sql = "SELECT mirror.set_api_key($1, $2)";
    let row = session.client().query_one(sql, &[&account, &key]);
    row.map(|_| ()).map_err(|error| Failure::of_statement(sql, &error))
}

fn used(session: &mut Session, account: i64) -> Result<String> {
    session.line(&format!("SELECT mirror.use_api_key({account})"))
}

#[test]
fn a_key_opens_for_workers_only_and_leaves_a_trail_without_it() -> Result<()> {
    let house = House::open("mirror_keys")?;
    let mut ann = house.database.connect_as("keys_ann")?;
    store(&mut ann, 1, SECRET)?;
    let mut worker = house.database.connect_as("keys_worker")?;
    assert_eq!(used(&mut worker, 1)?, SECRET);
    let call = "SELECT mirror.use_api_key(1)";
    assert_eq!(ann.refused(call)?, "42501");
    assert_eq!(house.database.connect_as("keys_admin")?.refused(call)?, "42501");
    assert_eq!(house.database.connect_gateway()?.acting_as(1)?.refused(call)?, "42501");
    // With the account itself, as a parameter.
    let sql = "SELECT mirror.create_account(1, 'third', 'Dhan', $1)";
    let made: i64 = ann.client().query_one(sql, &[&"another key"]).map_err(|e| Failure::of_statement(sql, &e))?.get(0);
    assert_eq!(used(&mut worker, made)?, "another key");
    let mut root = house.database.connect()?;
    let trail = root.lines(
        "SELECT user_id, resource_type, resource_id, details ->> 'login' FROM audit.activity_logs
         WHERE action = 'use_api_key' ORDER BY id",
    )?;
    let line = |account: i64| format!("1|trading_accounts|{account}|keys_worker");
    assert_eq!(trail, [line(1), line(made)]);
    // Whoever rolls back takes the row along; the log has it.
    worker.run("BEGIN")?;
    used(&mut worker, 1)?;
    worker.run("ROLLBACK")?;
    let log = fs::read_to_string(house.scratch.log())?;
    assert_eq!(log.matches("the API key of account 1 of user 1 used by keys_worker").count(), 2, "{log}");
    // Nowhere in the clear: not in the rows, not in the trail, not in what its user is told, not in the log.
    for sql in [
        "SELECT a::text FROM mirror.trading_accounts a",
        "SELECT l::text FROM audit.audit_logs l",
        "SELECT l::text FROM audit.activity_logs l",
        "SELECT r::text FROM identity.export_user_rows(1) r",
    ] {
        assert!(!root.lines(sql)?.join("\n").contains(SECRET), "{sql}");
    }
    let token = root.line("SELECT api_key_encrypted FROM mirror.trading_accounts WHERE id = 1")?;
    for sql in ["SELECT l::text FROM audit.audit_logs l", "SELECT r::text FROM identity.export_user_rows(1) r"] {
        assert!(!root.lines(sql)?.join("\n").contains(&token), "{sql}");
    }
    assert!(!log.contains(SECRET), "{log}");
    // Taken away, it is gone.
    ann.run("SELECT mirror.set_api_key(1, NULL)")?;
    assert_eq!(worker.refused(call)?, "42704");
    root.verify_is_empty()
}

#[test]
fn a_key_that_was_moved_to_another_account_does_not_open() -> Result<()> {
    let house = House::open("mirror_keys_moved")?;
    let mut root = house.database.connect()?;
    for account in 1..=3 {
        store(&mut root, account, SECRET)?;
    }
    let mut worker = house.database.connect_as("keys_worker")?;
    for account in [2, 3] {
        root.run(&format!(
            "UPDATE mirror.trading_accounts t SET api_key_encrypted = f.api_key_encrypted
             FROM mirror.trading_accounts f WHERE f.id = 1 AND t.id = {account}"
        ))?;
        assert_eq!(worker.refused(&format!("SELECT mirror.use_api_key({account})"))?, "XX001");
    }
    assert_eq!(used(&mut worker, 1)?, SECRET);
    Ok(())
}

#[test]
fn keys_of_accounts_go_over_to_a_new_key_of_the_vault() -> Result<()> {
    let house = House::open("mirror_keys_rotated")?;
    let mut root = house.database.connect()?;
    for account in 1..=3 {
        store(&mut root, account, &format!("{SECRET} {account}"))?;
    }
    root.run("SELECT identity.store_credentials(1, 'BINANCE', 'the key', 'the secret')")?;
    assert_eq!(root.lines("SELECT place, credentials FROM identity.vault_keys()")?, ["newest|4"]);
    let mut root = house.turn(&format!("{NEW}\n{OLD}\n"))?;
    assert_eq!(root.lines("SELECT place, credentials FROM identity.vault_keys()")?, ["newest|0", "older|4"]);
    // Somebody has written past the functions: that one stays as it is, and bars nobody behind it.
    root.run(
        "UPDATE mirror.trading_accounts
         SET api_key_encrypted = overlay(api_key_encrypted PLACING 'AAAA' FROM 60) WHERE id = 1",
    )?;
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials(1)")?, "1|3|0");
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials(1)")?, "1|1|1");
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials(10)")?, "1|0|1");
    assert_eq!(root.lines("SELECT place, credentials FROM identity.vault_keys()")?, ["newest|3", "older|1"]);
    store(&mut root, 1, SECRET)?;
    house.turn(NEW)?;
    let mut worker = house.database.connect_as("keys_worker")?;
    assert_eq!(used(&mut worker, 1)?, SECRET);
    assert_eq!(used(&mut worker, 3)?, format!("{SECRET} 3"));
    // A key that went too early is missed, and nothing is lost once it is back.
    let mut root = house.turn(OLD)?;
    assert_eq!(root.lines("SELECT place, credentials FROM identity.vault_keys()")?, ["newest|0", "missing|4"]);
    let mut worker = house.database.connect_as("keys_worker")?;
    assert_eq!(worker.refused("SELECT mirror.use_api_key(3)")?, "55000");
    house.turn(NEW)?;
    assert_eq!(used(&mut house.database.connect_as("keys_worker")?, 3)?, format!("{SECRET} 3"));
    Ok(())
}
