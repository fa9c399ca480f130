//! Every way in which the keys of the vault can be wrong, or not come.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::Result;

use super::house::{House, OLD, OLD_ID, store, why, write};

#[test]
fn a_key_file_that_others_can_read_or_that_holds_no_keys_is_refused() -> Result<()> {
    let house = House::open("vault_file")?;
    let keys = "SELECT * FROM identity.vault_keys()";
    for (text, mode, said) in [
        (OLD, 0o644, "has mode 0644: others can get at it"),
        (OLD, 0o660, "has mode 0660: others can get at it"),
        ("", 0o600, "the file of bourse.vault_key_file holds no key"),
        ("# nothing\n", 0o600, "holds no key"),
        ("mumbled\n", 0o600, "holds no Fernet key in line 1"),
        (&format!("{OLD}\n{OLD}"), 0o600, "repeats a key in line 2"),
        (&"#\n".repeat(40_000), 0o600, "more than 65536 bytes"),
    ] {
        let answer = why(&mut house.turn(text, mode)?, keys)?;
        assert!(answer.starts_with("55000") && answer.contains(said) && answer.contains("HINT"), "{answer}");
        assert!(!answer.contains("mumbled") && !answer.contains(OLD), "{answer}");
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

/// A named pipe that nobody writes to, and commands that heed no signal: none of them holds a session.
#[test]
fn a_session_never_hangs_on_its_keys() -> Result<()> {
    let house = House::open("vault_hangs")?;
    let keys = "SELECT * FROM identity.vault_keys()";
    let pipe = house.keys.with_extension("pipe");
    let _ = fs::remove_file(&pipe);
    std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status()?;
    let folder = fs::metadata(pipe.parent().unwrap_or(&pipe))?;
    chown(&pipe, Some(folder.uid()), Some(folder.gid()))?;
    let mut root = house.restart_with("bourse.vault_key_file", &pipe.to_string_lossy())?;
    root.run("SET statement_timeout = '10s'")?;
    assert!(why(&mut root, keys)?.contains("names no regular file"));
    fs::remove_file(&pipe)?;
    drop(root);
    house.restart_with("bourse.vault_key_file", "")?;
    let print = format!("cat {}", house.keys.display());
    let marks = house.keys.with_extension("mark");
    // It ends, but what it has started does not: it is not waited for, and ended.
    let behind = format!("{print}; (trap \"\" INT TERM HUP; sleep 12; touch {}) &", marks.display());
    let mut root = house.restart_with("bourse.vault_key_command", &behind)?;
    root.run("SET statement_timeout = '8s'")?;
    assert_eq!(root.lines(keys)?.len(), 1);
    // It does not end.
    let deaf = format!("trap \"\" INT TERM HUP; sleep 12; touch {}; {print}", marks.display());
    let mut root = house.restart_with("bourse.vault_key_command", &deaf)?;
    root.run("SET statement_timeout = '500ms'")?;
    let begun = Instant::now();
    assert_eq!(root.refused(keys)?, "57014");
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    // The session goes on, and its end ends the command too.
    root.run("SET statement_timeout = 0")?;
    assert_eq!(root.line("SELECT 1")?, "1");
    let pid = root.number("SELECT pg_backend_pid()")?;
    let other = thread::spawn(move || root.run("SELECT * FROM identity.vault_keys()").is_err());
    thread::sleep(Duration::from_millis(300));
    house.database.connect()?.run(&format!("SELECT pg_terminate_backend({pid}, 3000)"))?;
    assert!(other.join().is_ok_and(|failed| failed));
    // So does a client that hangs up.
    let mut psql = house.scratch.server.program("psql");
    psql.args(["-X", "-q", "-d", "vault_hangs", "-c", "SET client_connection_check_interval = '20ms'", "-c", keys]);
    let mut psql = psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let waits =
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'psql' AND wait_event = 'Extension'";
    house.database.connect()?.wait_for(waits)?;
    psql.kill()?;
    psql.wait()?;
    thread::sleep(Duration::from_secs(13));
    assert!(!marks.exists(), "a command has gone on after its session let go of it");
    Ok(())
}

/// Whatever else a session is told meanwhile, it reads what the command has printed.
#[test]
fn a_key_command_is_read_to_its_end_while_settings_are_reloaded() -> Result<()> {
    let house = House::open("vault_reloads")?;
    house.restart_with("bourse.vault_key_file", "")?;
    let mut root = house.restart_with("bourse.vault_key_command", &format!("cat {}", house.keys.display()))?;
    let mut other = house.database.connect()?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reloads = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                other.run("SELECT pg_reload_conf()")?;
            }
            Ok(())
        });
        let read = (0..200).try_for_each(|_| root.run("SELECT * FROM identity.vault_keys()"));
        over.store(true, Ordering::Relaxed);
        reloads.join().expect("no panic").and(read)
    })
}

#[test]
fn keys_come_from_one_file_outside_the_data_or_from_one_command() -> Result<()> {
    let house = House::open("vault_source")?;
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
        [("exit 3", "failed: exit status: 3"), ("true", "holds no key"), ("echo mumbled", "no Fernet key")]
    {
        let answer = why(&mut house.restart_with("bourse.vault_key_command", command)?, keys)?;
        assert!(answer.starts_with("55000") && answer.contains(said) && !answer.contains("mumbled"), "{answer}");
    }
    let mut root = house.restart_with("bourse.vault_key_command", "")?;
    assert!(why(&mut root, keys)?.starts_with("55000 the vault has no key"));
    // Without a key nothing is stored, and nothing that stands there is lost.
    let refused = store(&mut root, 1, "KRAKEN", "the key", "the secret");
    assert!(matches!(refused, Err(failure) if failure.is("55000")));
    assert_eq!(root.number("SELECT count(*) FROM identity.exchange_credentials")?, 1);
    Ok(())
}
