//! Reviews from many sessions at once: the average of a bot is that of its reviews, whatever they do.

use std::thread;

use client_tests::{Database, Random, Result};

const SESSIONS: u64 = 16;
const BOTS: u64 = 3;
const STEPS: u64 = 60;

/// Users 101 and so on, who all have all bots.
fn lived_in(database: &Database) -> Result<()> {
    database.connect()?.run(&format!(
        "INSERT INTO identity.users (id, name, role) VALUES (1, 'dora', 'developer');
         INSERT INTO identity.users (id, name) SELECT 100 + u, 'user ' || u FROM generate_series(1, {SESSIONS}) u;
         SELECT marketplace.approve_bot(marketplace.submit_bot(1, 'bot ' || b, 'A bot', 'ML', NULL, '{{}}', '{{}}'))
         FROM generate_series(1, {BOTS}) b;
         SELECT marketplace.subscribe(100 + u, b, 'x', 'BINANCE', 'BTC/USDT', '1h', '{{}}', '{{}}')
         FROM generate_series(1, {SESSIONS}) u, generate_series(1, {BOTS}) b"
    ))
}

/// Reviews, takes back, rolls back; every third time as the user next door, so that two write the same row.
fn review(database: &Database, session: u64) -> Result<()> {
    let (mut connection, mut random) = (database.connect()?, Random::new(session + 1));
    for _ in 0..STEPS {
        let neighbour = if random.percent(33) { 1 } else { 0 };
        let user = 101 + (session + neighbour) % SESSIONS;
        let (bot, rating) = (random.below(BOTS) + 1, random.below(5) + 1);
        let taken_back = format!(
            "SELECT marketplace.delete_review(r.id) FROM marketplace.bot_reviews r
             WHERE r.user_id = {user} AND r.bot_id = {bot}"
        );
        let given = format!("SELECT marketplace.review_bot({user}, {bot}, {rating}, 'as it is')");
        match random.below(4) {
            // Whoever shares the user may have been faster.
            0 => match connection.run(&taken_back) {
                Err(failure) if !failure.is("42704") => return Err(failure),
                _ => (),
            },
            1 => connection.run(&format!("BEGIN; {given}; ROLLBACK"))?,
            _ => connection.run(&given)?,
        }
    }
    Ok(())
}

#[test]
fn averages_are_those_of_the_reviews_that_many_sessions_leave() -> Result<()> {
    let database = Database::fresh("marketplace_reviews")?;
    lived_in(&database)?;
    let shared = &database;
    thread::scope(|scope| {
        let all: Vec<_> = (0..SESSIONS).map(|session| scope.spawn(move || review(shared, session))).collect();
        all.into_iter().try_for_each(|reviewer| reviewer.join().expect("no panic in a reviewer"))
    })?;
    let mut session = database.connect()?;
    let counted = session.lines(
        "SELECT b.id, b.total_reviews, b.average_rating, l.rating FROM marketplace.bots b
         JOIN marketplace.bot_listings l ON l.bot_id = b.id ORDER BY 1",
    )?;
    let computed = session.lines(
        "SELECT bot_id, count(*), round(avg(rating), 2), round(100 * round(avg(rating), 2))
         FROM marketplace.bot_reviews GROUP BY 1 ORDER BY 1",
    )?;
    assert_eq!(counted, computed);
    assert_eq!(counted.len(), BOTS as usize);
    assert_eq!(session.lines("SELECT * FROM marketplace.verify()")?, Vec::<String>::new());
    session.verify_is_empty()
}

#[test]
fn reviewers_who_are_erased_while_they_review_leave_nothing() -> Result<()> {
    let database = Database::fresh("marketplace_reviewers_erased")?;
    lived_in(&database)?;
    let shared = &database;
    thread::scope(|scope| {
        let erasing = scope.spawn(move || -> Result<()> {
            let mut session = shared.connect()?;
            for user in 1..=SESSIONS {
                session.run(&format!("SELECT identity.erase_user({}, 'asked for it')", 100 + user))?;
            }
            Ok(())
        });
        let reviewing: Vec<_> = (0..4)
            .map(|n| {
                scope.spawn(move || -> Result<()> {
                    let (mut session, mut random) = (shared.connect()?, Random::new(n + 1));
                    for _ in 0..STEPS {
                        let (user, bot) = (random.below(SESSIONS) + 101, random.below(BOTS) + 1);
                        let given = format!("SELECT marketplace.review_bot({user}, {bot}, {})", random.below(5) + 1);
                        match session.run(&given) {
                            Err(failure) if !failure.is("42501") && !failure.is("55000") => return Err(failure),
                            _ => (),
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        reviewing.into_iter().try_for_each(|reviewer| reviewer.join().expect("no panic in a reviewer"))?;
        erasing.join().expect("no panic in an eraser")
    })?;
    let mut session = database.connect()?;
    assert_eq!(session.number("SELECT count(*) FROM marketplace.bot_reviews")?, 0);
    assert_eq!(session.number("SELECT sum(total_reviews + rating_sum) FROM marketplace.bots")?, 0);
    session.verify_is_empty()
}
