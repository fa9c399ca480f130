//! A standby answers what reads, and is promoted under load without the loss of an acknowledged order.

use std::thread;
use std::time::Duration;

use client_tests::load::{self, Acknowledged, Actor};
use client_tests::sequencer::PRELOAD;
use client_tests::{Database, Failure, Random, Result, Scratch, Session, setting};

use crate::whole::{contents, goes_on, lived_in, same, valid};

const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];

/// A primary whose commits wait for its standby to have applied them, and that standby.
fn pair(name: &str) -> Result<(Scratch, Database, Scratch)> {
    let primary = Scratch::furnished(&format!("{name}_old"), PRELOAD)?;
    let database = Database::on(&primary.server, "venue")?;
    let standby = Scratch::standby(&primary.server, &format!("{name}_new"), PRELOAD)?;
    let mut root = primary.server.connect("postgres", "postgres")?;
    root.run("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")?;
    root.run("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
    root.run("SELECT pg_reload_conf()")?;
    root.wait_for("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")?;
    Ok((primary, database, standby))
}

/// What a query says: that it answers, or with which SQLSTATE it is refused.
fn outcome(session: &mut Session, sql: &str) -> Result<String> {
    match session.run(sql) {
        Ok(()) => Ok("answers".into()),
        Err(Failure { sqlstate: Some(sqlstate), .. }) => Ok(sqlstate),
        Err(failure) => Err(failure),
    }
}

/// Every function that says of itself that it only reads, and every view.
#[test]
fn what_only_reads_answers_on_a_standby_as_on_its_primary() -> Result<()> {
    let (_primary, database, standby) = pair("standby_reads")?;
    lived_in(&database)?;
    let mut session = database.connect()?;
    session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
    session.run("SELECT bourse.pause()")?;
    // NULL for what has no default: what is asked nothing answers or refuses at once.
    let reads = session.lines(
        "SELECT 'SELECT * FROM ' || p.oid::regproc || '('
                || coalesce((SELECT string_agg(
                       CASE t WHEN 'bigint'::regtype THEN '1' WHEN 'text'::regtype THEN '''BTC-USD'''
                              WHEN 'timestamptz'::regtype THEN 'now()' ELSE 'NULL::' || format_type(t, NULL) END,
                       ', ' ORDER BY n)
                   FROM unnest(p.proargtypes) WITH ORDINALITY u (t, n) WHERE n <= p.pronargs - p.pronargdefaults), '')
                || ')'
         FROM pg_proc p
         WHERE p.pronamespace::regnamespace::text IN (SELECT bourse_private.modules()) AND p.prokind = 'f'
           AND p.provolatile IN ('s', 'i') AND p.provariadic = 0
           AND NOT 'anyelement'::regtype = ANY (p.proargtypes::oid[])
           AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])
         UNION ALL
         SELECT 'SELECT * FROM ' || bourse_private.quoted_name(c.oid)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'v' AND n.nspname IN (SELECT bourse_private.modules())
         ORDER BY 1",
    )?;
    let mut copy = standby.server.connect("venue", "postgres")?;
    copy.wait_for("SELECT NOT relispopulated FROM pg_class WHERE oid = 'bourse.at_work'::regclass")?;
    let (mut answer, mut wrong) = (0, Vec::new());
    for sql in &reads {
        let (here, there) = (outcome(&mut session, sql)?, outcome(&mut copy, sql)?);
        answer += i32::from(there == "answers");
        if here != there {
            wrong.push(format!("{sql}: {here} on the primary, {there} on the standby"));
        }
    }
    println!("{answer} of {} answer", reads.len());
    assert_eq!(wrong, [""; 0]);
    assert!(answer > 80, "{answer} of {}", reads.len());
    same(&contents(&mut copy)?, &contents(&mut session)?)?;
    valid(&mut copy)?;
    assert_eq!(copy.refused("SELECT bourse.record_backup('dump', 'x', now())")?, "25006");
    Ok(())
}

#[test]
fn a_standby_that_is_promoted_under_load_has_all_that_was_acknowledged() -> Result<()> {
    let mut random = Random::new(setting("BOURSE_SEED", 5));
    for round in 1..=setting("BOURSE_PROMOTIONS", 1) {
        let (primary, database, standby) = pair("standby_promoted")?;
        let users = load::prepare(&mut database.connect()?, &MARKETS, 4)?;
        let actors = users.iter().map(|user| Ok(Actor::new(database.connect_admin()?, *user, &MARKETS).submitting()));
        let mut actors = actors.collect::<Result<Vec<Actor>>>()?;
        let ended: Vec<Result<()>> = thread::scope(|scope| {
            let trade = |actor: &mut Actor| loop {
                match actor.step() {
                    Ok(()) => {}
                    // The connection is gone, or the server says that it is going, or it cannot know.
                    Err(failure)
                        if failure.sqlstate.as_deref().is_none_or(|c| c.starts_with("57P") || c == "08007") =>
                    {
                        return Ok(());
                    }
                    Err(failure) => return Err(failure),
                }
            };
            let clients: Vec<_> = actors.iter_mut().map(|actor| scope.spawn(move || trade(actor))).collect();
            let moment = Duration::from_millis(random.below(500));
            let promote = || {
                let mut watching = standby.server.connect("venue", "postgres")?;
                watching.wait_for("SELECT count(*) > 60 FROM exchange.orders")?;
                thread::sleep(moment);
                primary.kill()?;
                watching.run("SELECT pg_promote()")
            };
            let promoted = promote();
            // Whatever has come: nobody else ends the clients.
            let killed = if promoted.is_err() { primary.kill() } else { Ok(()) };
            let joined = clients.into_iter().map(|client| client.join().expect("no panic in a client"));
            [promoted, killed].into_iter().chain(joined).collect()
        });
        ended.into_iter().collect::<Result<()>>()?;
        let database = Database { server: standby.server.clone(), name: "venue".into() };
        let mut session = database.connect()?;
        session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
        let acknowledged: Vec<&Acknowledged> = actors.iter().map(|actor| &actor.acknowledged).collect();
        load::settle(&database, &acknowledged)?;
        // It has no standby yet, and waits for none.
        let orders = session.number("SELECT count(*) FROM exchange.orders")?;
        println!("round {round}: {orders} orders on the standby that was promoted");
        goes_on(&mut session)?;
        // A comparison that does not miss an order proves nothing.
        let first = acknowledged.iter().find_map(|a| a.orders.values().next()).expect("an order");
        session
            .run(&format!("SET session_replication_role = replica; DELETE FROM exchange.orders WHERE id = {first}"))?;
        assert!(load::settle(&database, &acknowledged).is_err(), "order {first} is not missed");
    }
    Ok(())
}
