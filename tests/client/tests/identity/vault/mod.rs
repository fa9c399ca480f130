//! The vault with keys: sealed, opened, validated, rotated.

mod house;
mod keys;

use std::fs;

use client_tests::{Failure, Result, Session};
use house::{House, NEW, OLD, OLD_ID, opened, store, why};

#[test]
fn credentials_open_for_their_user_and_a_worker_and_leave_a_trail() -> Result<()> {
    let house = House::open("vault_open")?;
    let mut ann = house.database.connect_as("vault_ann")?;
    let id = store(&mut ann, 1, "binance", "the key", "the secret")?;
    assert_eq!(opened(&mut ann, 1, "BINANCE")?, "the key|the secret|pass the secret");
    let mut worker = house.database.connect_as("vault_worker")?;
    assert_eq!(opened(&mut worker, 1, "Binance")?, "the key|the secret|pass the secret");
    // Who manages everybody reads nobody's: not by saying that ann is the admin, not by acting for ann.
    house.database.login("vault_admin", "bourse_admin")?;
    house.database.login("vault_gateway", "bourse_gateway")?;
    let decrypt = "SELECT identity.decrypt_credentials(1, 'BINANCE')";
    let mut admin = house.database.connect_as("vault_admin")?;
    for claim in [
        "UPDATE identity.users SET db_role = 'vault_admin' WHERE id = 1",
        "SELECT identity.set_login(1, 'vault_admin')",
    ] {
        assert_eq!(admin.refused(claim)?, "42501", "{claim}");
    }
    assert_eq!(admin.refused(decrypt)?, "42501");
    let mut gateway = house.database.connect_as("vault_gateway")?;
    assert_eq!(gateway.refused(decrypt)?, "42501");
    assert_eq!(gateway.acting_as(1)?.refused(decrypt)?, "42501");
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
    let log = fs::read_to_string(house.scratch.log())?;
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
    let house = House::open("vault_moved")?;
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
    // Neither does rotation carry it over; but it bars nobody: those behind it get the new key, in batches of one too.
    root.run("UPDATE identity.exchange_credentials SET id = -id WHERE user_id = 2")?;
    let mut root = house.turn(&format!("{NEW}\n{OLD}\n"), 0o600)?;
    // Its log takes warnings as well.
    root.run("SET log_min_messages = warning")?;
    let rotate = "SELECT rotated, remaining, unreadable FROM identity.rotate_credentials(1)";
    for expected in ["1|1|1", "1|0|1", "0|0|1"] {
        assert_eq!(root.line(rotate)?, expected);
    }
    let left = "SELECT user_id FROM identity.exchange_credentials WHERE key_id = '0ad472a9d0b1d93d'";
    assert_eq!(root.lines(left)?, ["2"]);
    assert_eq!(opened(&mut root, 1, "KRAKEN")?, "the key|the secret|pass the secret");
    let log = fs::read_to_string(house.scratch.log())?;
    let bad = root.line("SELECT id FROM identity.exchange_credentials WHERE user_id = 2")?;
    let warning = format!("1 credentials were changed or moved, and stay with their old key: {bad}\n");
    assert_eq!(log.matches(&warning).count(), 3, "{log}");
    Ok(())
}

#[test]
fn a_new_key_arrives_with_a_reload_and_takes_over_in_batches() -> Result<()> {
    let house = House::open("vault_rotation")?;
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
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials(4)")?, "4|2|0");
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials(4)")?, "1|1|0");
    other.run("ROLLBACK")?;
    assert_eq!(root.lines("SELECT * FROM identity.vault_keys()")?, places(5, 1));
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials()")?, "1|0|0");
    assert_eq!(root.line("SELECT * FROM identity.rotate_credentials()")?, "0|0|0");
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
    let house = House::open("vault_reload")?;
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

/// A verdict belongs to what was tested.
#[test]
fn credentials_that_were_stored_anew_are_not_validated_by_an_old_test() -> Result<()> {
    let house = House::open("vault_versions")?;
    let mut ann = house.database.connect_as("vault_ann")?;
    let id = store(&mut ann, 1, "BINANCE", "the key", "the secret")?;
    let mut worker = house.database.connect_as("vault_worker")?;
    let version =
        |worker: &mut Session| worker.line("SELECT updated_at FROM identity.decrypt_credentials(1, 'BINANCE')");
    let tested = version(&mut worker)?;
    store(&mut ann, 1, "BINANCE", "key 2", "secret 2")?;
    let validate = |of: &str| format!("SELECT identity.validate_credentials({id}, true, '{of}')");
    assert_eq!(worker.refused(&validate(&tested))?, "55000");
    let status = "SELECT validation_status FROM identity.exchange_credentials";
    assert_eq!(ann.line(status)?, "pending");
    let tested = version(&mut worker)?;
    worker.run(&validate(&tested))?;
    assert_eq!(ann.line(status)?, "valid");
    Ok(())
}
