//! Many sessions at once: an account is one user, a code is used once, limits hold.

use std::sync::Barrier;
use std::thread;

use client_tests::{Database, Failure, Result};

const SESSIONS: usize = 16;

/// What a statement gives in each of many sessions of a gateway that run it at once.
fn at_once(database: &Database, sql: &str) -> Result<Vec<Result<String>>> {
    // The login is made before the race begins.
    database.connect_gateway()?;
    let barrier = Barrier::new(SESSIONS);
    Ok(thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS)
            .map(|_| {
                scope.spawn(|| {
                    let session = database.connect_gateway();
                    barrier.wait();
                    session?.line(sql)
                })
            })
            .collect();
        sessions.into_iter().map(|session| session.join().expect("no panic in a session")).collect()
    }))
}

fn all(answers: Vec<Result<String>>) -> Result<Vec<String>> {
    let mut answers = answers.into_iter().collect::<Result<Vec<String>>>()?;
    answers.sort();
    Ok(answers)
}

#[test]
fn sixteen_sessions_authenticate_one_user() -> Result<()> {
    let database = Database::fresh("identity_races_authenticate")?;
    for (round, call) in [
        "authenticate('google', 'same')",
        "create_telegram_user('4711', '{\"username\": \"tel\"}')",
        "register_principal('principal')",
        "authenticate('google', 'same')",
    ]
    .iter()
    .enumerate()
    {
        let users = all(at_once(&database, &format!("SELECT identity.{call}"))?)?;
        assert_eq!(users.len(), SESSIONS);
        assert!(users.iter().all(|user| *user == users[0]), "round {round}: {users:?}");
    }
    let mut session = database.connect()?;
    assert_eq!(session.line("SELECT count(*), count(DISTINCT id) FROM identity.users")?, "3|3");
    assert_eq!(session.number("SELECT count(*) FROM identity.auth_identities")?, 2);
    assert_eq!(session.number("SELECT count(*) FROM identity.user_principals")?, 1);
    Ok(())
}

#[test]
fn one_of_sixteen_registrations_gets_the_email() -> Result<()> {
    let database = Database::fresh("identity_races_register")?;
    let answers = at_once(&database, "SELECT identity.register('ann', 'ann@example.org')")?;
    let taken = answers.iter().filter(|answer| matches!(answer, Err(failure) if failure.is("23505"))).count();
    assert_eq!(taken, SESSIONS - 1);
    assert_eq!(database.connect()?.number("SELECT count(*) FROM identity.users")?, 1);
    Ok(())
}

#[test]
fn sixteen_sessions_get_three_codes_and_one_is_live() -> Result<()> {
    let database = Database::fresh("identity_races_codes")?;
    let mut session = database.connect()?;
    let user = session.user("ann")?;
    let answers = at_once(&database, &format!("SELECT identity.issue_code({user})"))?;
    let refused = answers.iter().filter(|answer| matches!(answer, Err(failure) if failure.is("54000"))).count();
    assert_eq!(refused, SESSIONS - 3);
    let live = "SELECT count(*) FILTER (WHERE revoked_at IS NULL), count(*) FROM identity.verification_codes";
    assert_eq!(session.line(live)?, "1|3");
    Ok(())
}

#[test]
fn a_code_is_used_once_by_sixteen_sessions() -> Result<()> {
    let database = Database::fresh("identity_races_code")?;
    let mut session = database.connect()?;
    let user = session.user("ann")?;
    let code = session.line(&format!("SELECT identity.issue_code({user})"))?;
    let answers = all(at_once(&database, &format!("SELECT identity.verify_code({user}, '{code}')"))?)?;
    assert_eq!(answers.iter().filter(|answer| *answer == "t").count(), 1, "{answers:?}");
    Ok(())
}

#[test]
fn five_of_sixteen_guesses_are_looked_at() -> Result<()> {
    let database = Database::fresh("identity_races_guesses")?;
    let mut session = database.connect()?;
    let user = session.user("ann")?;
    session.line(&format!("SELECT identity.issue_code({user})"))?;
    let answers = at_once(&database, &format!("SELECT identity.verify_code({user}, 'guess')"))?;
    let refused = answers.iter().filter(|answer| matches!(answer, Err(failure) if failure.is("54000"))).count();
    assert_eq!(refused, SESSIONS - 5);
    assert_eq!(session.number("SELECT sum(attempts) FROM identity.verification_codes")?, 5);
    Ok(())
}

#[test]
fn a_limit_that_a_session_brings_along_does_not_count() -> Result<()> {
    let database = Database::fresh("identity_races_limits")?;
    let user = database.connect()?.user("ann")?;
    let mut gateway = database.connect_gateway()?;
    // Before the library is loaded, PostgreSQL takes any name with a dot for a placeholder.
    for setting in ["bourse.code_tries = 1000", "bourse.code_sends = 1000", "bourse.argon2_memory = 64"] {
        match gateway.run(&format!("SET {setting}")) {
            Err(failure) if !failure.is("42501") => return Err(failure),
            _ => {}
        }
    }
    gateway.line(&format!("SELECT identity.issue_code({user})"))?;
    let settings = "SELECT current_setting('bourse.code_tries'), current_setting('bourse.code_sends'),
                           current_setting('bourse.argon2_memory')";
    assert_eq!(gateway.line(settings)?, "5|3|19MB");
    match gateway.run("SET bourse.code_tries = 1000") {
        Err(failure) if failure.is("42501") => Ok(()),
        other => Err(Failure::new(format!("a gateway may set bourse.code_tries: {other:?}"))),
    }
}
