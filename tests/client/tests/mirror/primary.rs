//! The primary account of a user, chosen in many sessions at once.

use std::thread;

use client_tests::{Database, Random, Result};

const SESSIONS: u64 = 32;
const STEPS: u64 = 40;

/// Chooses among the accounts that there are, makes new ones, takes some out of use, deletes some; every fifth time it
/// thinks better of it.
fn choose(database: &Database, session: u64) -> Result<()> {
    let (mut connection, mut random) = (database.connect()?, Random::new(session + 1));
    for step in 0..STEPS {
        let one = format!(
            "(SELECT a.id FROM mirror.trading_accounts a WHERE a.user_id = 1 ORDER BY a.id OFFSET {} LIMIT 1)",
            random.below(6)
        );
        let call = match random.below(8) {
            0 => format!("mirror.create_account(1, 'of {session} and {step}', 'Zerodha', is_primary => true)"),
            1 => format!("mirror.deactivate_account({one})"),
            2 => format!("mirror.activate_account({one})"),
            3 => format!("mirror.delete_account({one})"),
            _ => format!("mirror.set_primary_account({one})"),
        };
        let end = if random.percent(20) { "ROLLBACK" } else { "COMMIT" };
        connection.run("BEGIN")?;
        match connection.run(&format!("SELECT {call}")) {
            Ok(()) => connection.run(end)?,
            // It has gone, or been taken out of use, meanwhile; or there are none just now.
            Err(failure) if ["42704", "22004", "55000"].iter().any(|state| failure.is(state)) => {
                connection.run("ROLLBACK")?;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Looks as others would see it, again and again: there is one at most at any time.
fn watch(database: &Database) -> Result<u64> {
    let mut connection = database.connect()?;
    let mut seen = 0;
    for _ in 0..400 {
        let primary = connection.number("SELECT count(*) FROM mirror.trading_accounts a WHERE a.is_primary")?;
        assert!(primary <= 1, "{primary} primary accounts");
        seen += primary.unsigned_abs();
    }
    Ok(seen)
}

#[test]
fn one_account_is_primary_while_32_sessions_choose() -> Result<()> {
    let database = Database::fresh("mirror_primary")?;
    let mut root = database.connect()?;
    root.run(
        "INSERT INTO identity.users (id, name) VALUES (1, 'ann');
         SELECT mirror.create_account(1, 'account ' || n, 'Zerodha') FROM generate_series(1, 6) n;
         SELECT mirror.set_primary_account(min(id)) FROM mirror.trading_accounts",
    )?;
    let shared = &database;
    let seen = thread::scope(|scope| {
        let watching = scope.spawn(move || watch(shared));
        let all: Vec<_> = (0..SESSIONS).map(|session| scope.spawn(move || choose(shared, session))).collect();
        all.into_iter().try_for_each(|chooser| chooser.join().expect("no panic in a chooser"))?;
        watching.join().expect("no panic in the watcher")
    })?;
    assert!(seen > 0, "nobody was ever primary");
    // The last word counts: it is the primary one, and no other.
    root.run("SELECT mirror.create_account(1, 'the last word', 'Zerodha', is_primary => true)")?;
    let primary = "SELECT account_name FROM mirror.trading_accounts WHERE is_primary";
    assert_eq!(root.lines(primary)?, ["the last word"]);
    assert_eq!(root.lines("SELECT * FROM mirror.verify()")?, Vec::<String>::new());
    root.verify_is_empty()
}

#[test]
fn users_do_not_wait_for_each_others_choices() -> Result<()> {
    let database = Database::fresh("mirror_primary_apart")?;
    let mut root = database.connect()?;
    root.run(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, 2) n;
         SELECT mirror.create_account(n, 'account', 'Zerodha') FROM generate_series(1, 2) n",
    )?;
    root.run("BEGIN; SELECT mirror.set_primary_account(1)")?;
    let mut other = database.connect()?;
    other.run("SET lock_timeout = '2s'; SELECT mirror.set_primary_account(2)")?;
    let waits = other.refused("SELECT mirror.create_account(1, 'second', 'Zerodha', is_primary => true)")?;
    assert_eq!(waits, "55P03");
    root.run("COMMIT")
}
