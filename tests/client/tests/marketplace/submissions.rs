//! Bots that are submitted, and offers that are registered, from many sessions of one user at once: bounds hold.

use std::thread;

use client_tests::{Database, Result};

const SESSIONS: u64 = 8;

/// How many of the calls that every session makes are taken; the others are refused with 54000.
fn taken(database: &Database, call: impl Fn(u64) -> String + Sync) -> Result<usize> {
    let call = &call;
    let answers: Vec<Option<String>> = thread::scope(|scope| {
        let senders: Vec<_> = (0..SESSIONS)
            .map(|n| {
                scope.spawn(move || -> Result<Option<String>> {
                    let mut session = database.connect()?;
                    Ok(session.run(&call(n)).err().map(|failure| failure.sqlstate.unwrap_or_default()))
                })
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().expect("no panic in a sender")).collect::<Result<_>>()
    })?;
    assert!(answers.iter().flatten().all(|sqlstate| sqlstate == "54000"), "{answers:?}");
    Ok(answers.iter().filter(|answer| answer.is_none()).count())
}

#[test]
fn the_last_places_of_a_developer_are_given_once() -> Result<()> {
    let database = Database::fresh("marketplace_submissions")?;
    let mut session = database.connect()?;
    session.run(
        "INSERT INTO identity.users (id, name, role) VALUES (1, 'dora', 'developer');
         SELECT marketplace.submit_bot(1, 'bot ' || b, 'A bot', 'ML', NULL, '{}', '{}') FROM generate_series(1, 97) b;
         SELECT marketplace.publish_version(1, '1.0.' || v, '{}', '{}') FROM generate_series(1, 17) v",
    )?;
    let bots = taken(&database, |n| {
        format!("SELECT marketplace.submit_bot(1, 'more {n}', 'A bot', 'ML', NULL, '{{}}', '{{}}')")
    })?;
    assert_eq!(bots, 3);
    let versions = taken(&database, |n| format!("SELECT marketplace.publish_version(1, '2.0.{n}', '{{}}', '{{}}')"))?;
    assert_eq!(versions, 2);
    assert_eq!(session.number("SELECT count(*) FROM marketplace.bots")?, 100);
    session.verify_is_empty()
}
