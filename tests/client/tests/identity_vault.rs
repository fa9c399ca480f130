//! The vault with keys: sealed, opened, rotated; and every way in which the keys can be wrong.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use client_tests::{Database, Failure, Result, Scratch, Server, Session};

/// Keys as `Fernet.generate_key()` of Python makes them.
const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const OLD_ID: &str = "0ad472a9d0b1d93d";

/// A cluster of its own with a key file beside its data.
struct House {
    scratch: Scratch,
    database: Database,
    keys: PathBuf,
}

impl House {
    fn open(name: &str, port: u16) -> Result<House> {
        let suite = Server::of_suite()?;
        let keys = suite.host.join(format!("{name}.keys"));
        write(&keys, OLD, 0o600)?;
        let settings = format!(
            "shared_preload_libraries = 'pg_bourse'\nbourse.vault_key_file = '{}'\nlog_min_messages = log\n",
            keys.display()
        );
        let scratch = Scratch::with_settings(name, port, &settings)?;
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
    fn turn(&self, keys: &str, mode: u32) -> Result<Session> {
        write(&self.keys, keys, mode)?;
        self.database.connect()?.run("SELECT pg_reload_conf()")?;
        self.database.connect()
    }

    /// Starts the server anew with a setting; an empty value takes it away.
    fn restart_with(&self, name: &str, value: &str) -> Result<Session> {
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
fn write(path: &PathBuf, text: &str, mode: u32) -> Result<()> {
    fs::write(path, text)?;
    let folder = fs::metadata(path.parent().unwrap_or(path))?;
    chown(path, Some(folder.uid()), Some(folder.gid()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

/// Secrets go as parameters, as every client should send them.
fn store(session: &mut Session, user: i64, exchange: &str, key: &str, secret: &str) -> Result<i64> {
    let sql = "SELECT identity.store_credentials($1, $2, $3, $4, 'pass ' || $4)";
    let row = session.client().query_one(sql, &[&user, &exchange, &key, &secret]);
    Ok(row.map_err(|error| Failure::of_statement(sql, &error))?.get(0))
}

fn opened(session: &mut Session, user: i64, exchange: &str) -> Result<String> {
    session.line(&format!(
        "SELECT api_key, api_secret, api_passphrase FROM identity.decrypt_credentials({user}, '{exchange}')"
    ))
}

fn why(session: &mut Session, sql: &str) -> Result<String> {
    match session.run(sql) {
        Ok(()) => Err(Failure::new(format!("not refused: {sql}"))),
        Err(failure) => Ok(failure.to_string()),
    }
}

#[test]
fn credentials_open_for_their_user_and_a_worker_and_leave_a_trail() -> Result<()> {
    let house = House::open("vault_open", 54_411)?;
    let mut ann = house.database.connect_as("vault_ann")?;
    let id = store(&mut ann, 1, "binance", "the key", "the secret")?;
    assert_eq!(opened(&mut ann, 1, "BINANCE")?, "the key|the secret|pass the secret");
    let mut worker = house.database.connect_as("vault_worker")?;
    assert_eq!(opened(&mut worker, 1, "Binance")?, "the key|the secret|pass the secret");
    let mut bob = house.database.connect_as("vault_bob")?;
    assert_eq!(bob.refused("SELECT identity.decrypt_credentials(1, 'BINANCE')")?, "42501");
    let mut root = house.database.connect()?;
    let trail = root.lines(
        "SELECT user_id, action, resource_type, resource_id, details ->> 'login' FROM audit.activity_logs
         WHERE action = 'decrypt_credentials' ORDER BY details ->> 'login'",
    )?;
    let line = |login: &str| format!("1|decrypt_credentials|exchange_credentials|{id}|{login}");
    assert_eq!(trail, [line("vault_ann"), line("vault_worker")]);
    // Who rolls back takes the row along; the log has it.
    ann.run("BEGIN")?;
    opened(&mut ann, 1, "BINANCE")?;
    ann.run("ROLLBACK")?;
    let log = fs::read_to_string(house.database.server.host.join("vault_open.log"))?;
    assert_eq!(log.matches(&format!("credentials {id} of user 1 decrypted by vault_ann")).count(), 2, "{log}");
    // Storing again replaces, and what was validated is to be validated again.
    worker.run(&format!("SELECT identity.validate_credentials({id}, true)"))?;
    assert_eq!(store(&mut ann, 1, "BINANCE", "key 2", "secret 2")?, id);
    assert_eq!(
        ann.line("SELECT validation_status, last_validated FROM identity.exchange_credentials")?,
        "pending|NULL"
    );
    assert_eq!(opened(&mut ann, 1, "BINANCE")?, "key 2|secret 2|pass secret 2");
    Ok(())
}

#[test]
fn a_token_that_was_moved_or_changed_does_not_open() -> Result<()> {
    let house = House::open("vault_moved", 54_412)?;
    let mut root = house.database.connect()?;
    for (user, exchange) in [(1, "BINANCE"), (1, "KRAKEN"), (2, "BINANCE")] {
        store(&mut root, user, exchange, "the key", "the secret")?;
    }
    let copy = |to: &str, from: &str| {
        format!(
            "UPDATE identity.exchange_credentials t SET api_secret_encrypted = f.{from}
             FROM identity.exchange_credentials f WHERE f.user_id = 1 AND f.exchange = 'BINANCE' AND {to}"
        )
    };
    for (to, from, user, exchange, what) in [
        ("t.user_id = 2", "api_secret_encrypted", 2, "BINANCE", "user 2 for BINANCE testnet was made for another user"),
        (
            "t.exchange = 'KRAKEN'",
            "api_secret_encrypted",
            1,
            "KRAKEN",
            "for KRAKEN testnet was made for another user, exchange",
        ),
        (
            "t.id = f.id",
            "api_key_encrypted",
            1,
            "BINANCE",
            "the api_secret of user 1 for BINANCE testnet was made for another",
        ),
    ] {
        root.run("BEGIN")?;
        root.run(&copy(to, from))?;
        let said = why(&mut root, &format!("SELECT identity.decrypt_credentials({user}, '{exchange}')"))?;
        assert!(said.starts_with("XX001") && said.contains(what), "{said}");
        root.run("ROLLBACK")?;
    }
    root.run("BEGIN; UPDATE identity.exchange_credentials SET is_testnet = false WHERE user_id = 2")?;
    let said = why(&mut root, "SELECT identity.decrypt_credentials(2, 'BINANCE', false)")?;
    assert!(said.starts_with("XX001") && said.contains("another user, exchange, network"), "{said}");
    root.run(
        "ROLLBACK; UPDATE identity.exchange_credentials
         SET api_secret_encrypted = overlay(api_secret_encrypted PLACING 'AAAA' FROM 60) WHERE user_id = 2",
    )?;
    let said = why(&mut root, "SELECT identity.decrypt_credentials(2, 'BINANCE')")?;
    assert!(said.starts_with("XX001") && said.contains("was changed"), "{said}");
    // Neither does rotation carry it over.
    let mut root = house.turn(&format!("{NEW}\n{OLD}\n"), 0o600)?;
    assert_eq!(root.refused("SELECT identity.rotate_credentials()")?, "XX001");
    assert_eq!(root.number("SELECT count(*) FROM identity.exchange_credentials WHERE key_id = '0ad472a9d0b1d93d'")?, 3);
    Ok(())
}

#[test]
fn a_new_key_arrives_with_a_reload_and_takes_over_in_batches() -> Result<()> {
    let house = House::open("vault_rotation", 54_413)?;
    let mut root = house.database.connect()?;
    for user in [1, 2] {
        for exchange in ["BINANCE", "KRAKEN", "BYBIT"] {
            store(&mut root, user, exchange, "the key", &format!("secret of {user} at {exchange}"))?;
        }
    }
    assert_eq!(root.lines("SELECT * FROM identity.vault_keys()")?, [format!("{OLD_ID}|newest|6")]);
    let mut root = house.turn(&format!("# since November\n{NEW}\n{OLD}\n"), 0o600)?;
    let new_id = root.line("SELECT key_id FROM identity.vault_keys() WHERE place = 'newest'")?;
    let places = |a: i64, b: i64| [format!("{new_id}|newest|{a}"), format!("{OLD_ID}|older|{b}")];
    assert_eq!(root.lines("SELECT * FROM identity.vault_keys()")?, places(0, 6));
    // A row that somebody else holds is left for the next batch.
    let mut other = house.database.connect()?;
    other.run(
        "BEGIN; SELECT FROM identity.exchange_credentials WHERE user_id = 1 AND exchange = 'BINANCE' FOR UPDATE",
    )?;
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials(4)")?, "4|2");
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials(4)")?, "1|1");
    other.run("ROLLBACK")?;
    assert_eq!(root.lines("SELECT * FROM identity.vault_keys()")?, places(5, 1));
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials()")?, "1|0");
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials()")?, "0|0");
    let mut root = house.turn(NEW, 0o600)?;
    for user in [1, 2] {
        for exchange in ["BINANCE", "KRAKEN", "BYBIT"] {
            let expected = format!("the key|secret of {user} at {exchange}|pass secret of {user} at {exchange}");
            assert_eq!(opened(&mut root, user, exchange)?, expected);
        }
    }
    // A key that went too early: its id is told, and nothing is lost once it is back.
    let mut root = house.turn(OLD, 0o600)?;
    assert_eq!(root.lines("SELECT place, credentials FROM identity.vault_keys()")?, ["newest|0", "missing|6"]);
    let said = why(&mut root, "SELECT identity.decrypt_credentials(1, 'BINANCE')")?;
    assert!(said.starts_with(&format!("55000 the vault has no key {new_id}")), "{said}");
    let mut root = house.turn(&format!("{OLD}\n{NEW}"), 0o600)?;
    assert_eq!(opened(&mut root, 1, "BYBIT")?, "the key|secret of 1 at BYBIT|pass secret of 1 at BYBIT");
    Ok(())
}

#[test]
fn a_session_that_stays_reads_the_keys_again_after_a_reload() -> Result<()> {
    let house = House::open("vault_reload", 54_414)?;
    let mut ann = house.database.connect_as("vault_ann")?;
    store(&mut ann, 1, "BINANCE", "the key", "the secret")?;
    house.turn(&format!("{NEW}\n{OLD}"), 0o600)?;
    let mut last = String::new();
    for _ in 0..100 {
        store(&mut ann, 1, "BINANCE", "the key", "the secret")?;
        last = ann.line("SELECT key_id FROM identity.exchange_credentials")?;
        if last != OLD_ID {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_ne!(last, OLD_ID, "the session still seals with the old key");
    // What it knew does not outlive a file that can no longer be used.
    house.turn("", 0o600)?;
    for _ in 0..100 {
        match store(&mut ann, 1, "BINANCE", "the key", "the secret") {
            Err(failure) if failure.is("55000") => return Ok(()),
            other => drop(other?),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err(Failure::new("the session still seals with keys that are gone"))
}

#[test]
fn a_key_file_that_others_can_read_or_that_holds_no_keys_is_refused() -> Result<()> {
    let house = House::open("vault_file", 54_415)?;
    let keys = "SELECT * FROM identity.vault_keys()";
    for (text, mode, said) in [
        (OLD, 0o644, "has mode 0644: others can get at it"),
        (OLD, 0o660, "has mode 0660: others can get at it"),
        ("", 0o600, "the file of bourse.vault_key_file holds no key"),
        ("# nothing\n", 0o600, "holds no key"),
        ("secret\n", 0o600, "holds no Fernet key in line 1"),
        (&format!("{OLD}\n{OLD}"), 0o600, "repeats a key in line 2"),
        (&"#\n".repeat(40_000), 0o600, "more than 65536 bytes"),
    ] {
        let answer = why(&mut house.turn(text, mode)?, keys)?;
        assert!(answer.starts_with("55000") && answer.contains(said) && answer.contains("HINT"), "{answer}");
        assert!(!answer.contains("secret") && !answer.contains(OLD), "{answer}");
    }
    assert!(house.turn(OLD, 0o400)?.lines(keys)?.len() == 1);
    fs::remove_file(&house.keys)?;
    let mut root = house.database.connect()?;
    root.run("SELECT pg_reload_conf()")?;
    let answer = why(&mut house.database.connect()?, keys)?;
    assert!(answer.contains("cannot be read: No such file"), "{answer}");
    // It is a setting of the server: nobody else's to change, and only a superuser's to see.
    assert_eq!(root.refused("SET bourse.vault_key_file = '/tmp/x'")?, "55P02");
    let mut ann = house.database.connect_as("vault_ann")?;
    assert_eq!(ann.refused("SHOW bourse.vault_key_file")?, "42501");
    assert_eq!(ann.refused("SHOW bourse.vault_key_command")?, "42501");
    Ok(())
}

#[test]
fn keys_come_from_one_file_outside_the_data_or_from_one_command() -> Result<()> {
    let house = House::open("vault_source", 54_416)?;
    let keys = "SELECT * FROM identity.vault_keys()";
    let data = house.database.connect()?.line("SHOW data_directory")?;
    let inside = PathBuf::from(&data).join("inside.keys");
    write(&inside, OLD, 0o600)?;
    let link = house.keys.with_extension("link");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&inside, &link)?;
    for (file, said) in [
        (inside.to_string_lossy(), "stands inside the data directory"),
        (link.to_string_lossy(), "stands inside the data directory"),
        ("inside.keys".into(), "is no absolute path"),
        (data.as_str().into(), "stands inside the data directory"),
        ("/".into(), "names no regular file"),
    ] {
        let answer = why(&mut house.restart_with("bourse.vault_key_file", &file)?, keys)?;
        assert!(answer.starts_with("55000") && answer.contains(said), "{file}: {answer}");
    }
    fs::remove_file(&link)?;
    let command = format!("cat {}", house.keys.display());
    let answer = why(&mut house.restart_with("bourse.vault_key_command", &command)?, keys)?;
    assert!(answer.contains("are both set"), "{answer}");
    let mut root = house.restart_with("bourse.vault_key_file", "")?;
    assert_eq!(root.lines(keys)?, [format!("{OLD_ID}|newest|0")]);
    store(&mut root, 1, "BINANCE", "the key", "the secret")?;
    for (command, said) in
        [("exit 3", "failed: exit status: 3"), ("true", "holds no key"), ("echo secret", "no Fernet key")]
    {
        let answer = why(&mut house.restart_with("bourse.vault_key_command", command)?, keys)?;
        assert!(answer.starts_with("55000") && answer.contains(said) && !answer.contains("secret"), "{answer}");
    }
    let mut root = house.restart_with("bourse.vault_key_command", "")?;
    assert!(why(&mut root, keys)?.starts_with("55000 the vault has no key"));
    // Without a key nothing is stored, and nothing that stands there is lost.
    let refused = store(&mut root, 1, "KRAKEN", "the key", "the secret");
    assert!(matches!(refused, Err(failure) if failure.is("55000")));
    assert_eq!(root.number("SELECT count(*) FROM identity.exchange_credentials")?, 1);
    Ok(())
}
