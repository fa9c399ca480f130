//! A cluster with a key file, and what the tests do with it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use client_tests::{Database, Failure, Result, Scratch, Server, Session};

/// Keys as `Fernet.generate_key()` of Python makes them.
pub const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const NEW: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
pub const OLD_ID: &str = "0ad472a9d0b1d93d";

/// A cluster of its own with a key file beside its data.
pub struct House {
    pub scratch: Scratch,
    pub database: Database,
    pub keys: PathBuf,
}

impl House {
    pub fn open(name: &str) -> Result<House> {
        let suite = Server::of_suite()?;
        let keys = suite.host.join(format!("{name}.keys"));
        write(&keys, OLD, 0o600)?;
        let settings = format!(
            "shared_preload_libraries = 'pg_bourse'\nbourse.vault_key_file = '{}'\nlog_min_messages = log\n",
            keys.display()
        );
        let scratch = Scratch::furnished(name, &settings)?;
        let database = Database::on(&scratch.server, name)?;
        let mut root = database.connect()?;
        for (login, group) in
            [("vault_ann", "bourse_trader"), ("vault_bob", "bourse_trader"), ("vault_worker", "bourse_worker")]
        {
            database.login(login, group)?;
        }
        root.run(
            "INSERT INTO identity.users (id, name, db_role) VALUES (1, 'ann', 'vault_ann'), (2, 'bob', 'vault_bob')",
        )?;
        Ok(House { scratch, database, keys })
    }

    /// Writes the key file and has a new session read it.
    pub fn turn(&self, keys: &str, mode: u32) -> Result<Session> {
        write(&self.keys, keys, mode)?;
        self.database.connect()?.run("SELECT pg_reload_conf()")?;
        self.database.connect()
    }

    /// Starts the server anew with a setting; an empty value takes it away.
    pub fn restart_with(&self, name: &str, value: &str) -> Result<Session> {
        let mut root = self.database.connect()?;
        root.run(&format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        drop(root);
        self.scratch.stop("fast")?;
        self.scratch.resume()?;
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
pub fn write(path: &PathBuf, text: &str, mode: u32) -> Result<()> {
    fs::write(path, text)?;
    let folder = fs::metadata(path.parent().unwrap_or(path))?;
    chown(path, Some(folder.uid()), Some(folder.gid()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

/// Secrets go as parameters, as every client should send them.
pub fn store(session: &mut Session, user: i64, exchange: &str, key: &str, secret: &str) -> Result<i64> {
    let sql = "SELECT identity.store_credentials($1, $2, $3, $4, 'pass ' || $4)";
    let row = session.client().query_one(sql, &[&user, &exchange, &key, &secret]);
    Ok(row.map_err(|error| Failure::of_statement(sql, &error))?.get(0))
}

pub fn opened(session: &mut Session, user: i64, exchange: &str) -> Result<String> {
    session.line(&format!(
        "SELECT api_key, api_secret, api_passphrase FROM identity.decrypt_credentials({user}, '{exchange}')"
    ))
}

pub fn why(session: &mut Session, sql: &str) -> Result<String> {
    match session.run(sql) {
        Ok(()) => Err(Failure::new(format!("not refused: {sql}"))),
        Err(failure) => Ok(failure.to_string()),
    }
}
