//! What meets a sequencer at a bad moment: it is ended, cancelled or sent away before its commit is over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use client_tests::sequencer::{Venue, submission};
use client_tests::{Failure, Result, Session};

/// Whether the sequencer waits for a standby. Its chores write nothing here: it is an order that waits.
const COMMITS: &str = "SELECT count(*) > 0 FROM pg_stat_activity
                       WHERE backend_type = 'pg_bourse sequencer' AND wait_event = 'SyncRep'";

/// From now on no commit is over before a standby has it, and there is none. This session's own do not wait.
fn hold_commits(venue: &Venue, session: &mut Session) -> Result<()> {
    session.run("CREATE TABLE public.probe (n int)")?;
    session.run("SET synchronous_commit = local")?;
    session.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")?;
    session.run("SELECT pg_reload_conf()")?;
    // It counts from when the checkpointer has read it, in its own time: a commit that waits shows that.
    let (mut probe, held) = (venue.connect()?, AtomicBool::new(false));
    let pid = probe.number("SELECT pg_backend_pid()")?;
    thread::scope(|scope| {
        let commits = scope.spawn(|| {
            while !held.load(Ordering::Relaxed) {
                probe.run("INSERT INTO public.probe VALUES (1)")?;
            }
            Ok(())
        });
        let waits = format!("SELECT wait_event IS NOT DISTINCT FROM 'SyncRep' FROM pg_stat_activity WHERE pid = {pid}");
        let waits = session.wait_for(&waits);
        held.store(true, Ordering::Relaxed);
        waits?;
        // It waits no longer: a commit that is cancelled stands.
        session.run(&format!("SELECT pg_cancel_backend({pid})"))?;
        commits.join().expect("no panic")
    })
}

/// Commits wait for nobody again, and those that wait go on.
fn release_commits(session: &mut Session) -> Result<()> {
    session.run("ALTER SYSTEM RESET synchronous_standby_names")?;
    session.run("SELECT pg_reload_conf()")
}

fn one_order_stands(session: &mut Session) -> Result<()> {
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 1);
    session.verify_is_empty()
}

/// An answer would promise what a failover loses: the order is on this server alone.
fn unanswered_until_repeated(name: &str, end: &str) -> Result<()> {
    let (venue, mut session, users) = Venue::funded(name, "", 1)?;
    hold_commits(&venue, &mut session)?;
    let call = submission(users[0], "BTC-USD", "buy", "90", "once");
    let outcome = thread::scope(|scope| {
        let client = scope.spawn(|| venue.connect()?.number(&call));
        session.wait_for(COMMITS)?;
        session.run(&format!("SELECT {end}(pid) FROM pg_stat_activity WHERE backend_type = 'pg_bourse sequencer'"))?;
        Ok::<_, Failure>(client.join().expect("no panic"))
    })?;
    assert!(outcome.as_ref().is_err_and(|failure| failure.is("08007")), "{outcome:?}");
    release_commits(&mut session)?;
    session.sequencer()?;
    session.number(&call)?;
    one_order_stands(&mut session)
}

#[test]
fn an_order_that_no_standby_has_is_not_answered_when_the_sequencer_ends() -> Result<()> {
    unanswered_until_repeated("races_ended", "pg_terminate_backend")
}

#[test]
fn an_order_that_no_standby_has_is_not_answered_when_the_sequencer_is_cancelled() -> Result<()> {
    unanswered_until_repeated("races_cancelled", "pg_cancel_backend")
}

/// The sequencer is sent away while it commits, by a command that fails: nobody else is to be looked for.
#[test]
fn a_session_whose_order_is_taken_waits_for_its_answer() -> Result<()> {
    let (venue, mut session, users) = Venue::funded("races_taken", "", 1)?;
    hold_commits(&venue, &mut session)?;
    let mut owner = venue.scratch.server.connect("postgres", "postgres")?;
    owner.run("SET synchronous_commit = local; SET statement_timeout = '300ms'")?;
    let call = submission(users[0], "BTC-USD", "buy", "90", "taken");
    let outcome = thread::scope(|scope| {
        let client = scope.spawn(|| venue.connect()?.number(&call));
        session.wait_for(COMMITS)?;
        owner.refused("CREATE DATABASE copy TEMPLATE venue")?;
        // Longer than the 10 seconds that a session waits for a sequencer to be there.
        thread::sleep(Duration::from_secs(12));
        assert!(!client.is_finished(), "answered before the commit was over");
        release_commits(&mut session)?;
        client.join().expect("no panic")
    });
    outcome?;
    one_order_stands(&mut session)
}

#[test]
fn a_second_transaction_of_one_message_is_a_transaction_of_its_own() -> Result<()> {
    let (_venue, mut session, users) = Venue::funded("races_message", "", 1)?;
    let call = submission(users[0], "BTC-USD", "buy", "90", "one message");
    session.run(&format!("BEGIN; SELECT exchange.expire_orders('BTC-USD'); COMMIT; {call}"))?;
    one_order_stands(&mut session)
}

/// The library sees every utility statement of the server, also where nobody has asked for it.
#[test]
fn errors_of_others_keep_what_they_tell() -> Result<()> {
    let venue = Venue::open("races_errors", "")?;
    let mut session = venue.scratch.server.connect("postgres", "postgres")?;
    session
        .run("CREATE TABLE public.named (n int CONSTRAINT only_once UNIQUE); INSERT INTO public.named VALUES (1)")?;
    let mut error = |sql: &str| session.client().batch_execute(sql).expect_err("an error of PostgreSQL's own");
    let twice = error("DO $$ BEGIN INSERT INTO public.named VALUES (1); END $$");
    let told = twice.as_db_error().expect("an answer of the server");
    assert_eq!(told.code().code(), "23505");
    assert_eq!((told.table(), told.constraint()), (Some("named"), Some("only_once")));
    assert!(told.where_().is_some_and(|context| context.contains("PL/pgSQL")), "{told:?}");
    let unknown = error("CREATE TABLE public.t (x nosuchtype)");
    let told = unknown.as_db_error().expect("an answer of the server");
    assert_eq!(told.code().code(), "42704");
    assert!(told.position().is_some(), "{told:?}");
    Ok(())
}
