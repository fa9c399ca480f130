//! A base backup that was taken while everybody traded, and the log that was archived since, come back as of a named
//! moment.

use client_tests::load::Actor;
use client_tests::sequencer::PRELOAD;
use client_tests::{Database, Failure, Result, Scratch, Server};

use crate::whole::{contents, goes_on, lived_in, same};

const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];
const POINT: &str = "before_the_mistake";

/// Four clients trade for so many steps each, while something else is done.
fn trade<T: Send>(database: &Database, steps: usize, beside: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let users = database.connect()?.lines("SELECT id FROM identity.users WHERE name LIKE 'trader %' ORDER BY id")?;
    std::thread::scope(|scope| {
        let clients: Vec<_> = users
            .iter()
            .map(|user| {
                scope.spawn(move || {
                    let user = user.parse().map_err(|_| Failure::new("no id"))?;
                    let mut actor = Actor::new(database.connect_admin()?, user, &MARKETS);
                    (0..steps).try_for_each(|_| actor.step())
                })
            })
            .collect();
        let done = beside();
        let traded: Result<()> =
            clients.into_iter().try_for_each(|client| client.join().expect("no panic in a client"));
        traded.and(done)
    })
}

#[test]
fn a_base_backup_and_the_log_come_back_as_of_a_named_point() -> Result<()> {
    let archive = Server::of_suite()?.host.join("recovery_archive").to_string_lossy().into_owned();
    let left = std::path::Path::new(&archive);
    if left.exists() {
        std::fs::remove_dir_all(left)?;
    }
    let copied = format!("mkdir -p {archive} && test ! -f {archive}/%f && cp %p {archive}/%f");
    let archiving = format!("{PRELOAD}\narchive_mode = on\narchive_command = '{copied}'");
    let primary = Scratch::furnished("recovery_old", &archiving)?;
    let database = Database::on(&primary.server, "venue")?;
    lived_in(&database)?;
    let recovery = format!(
        "{PRELOAD}\narchive_mode = off\nrestore_command = 'cp {archive}/%f %p'\nrecovery_target_name = '{POINT}'\n\
         recovery_target_action = promote"
    );
    let copy = trade(&database, 150, || Scratch::base_backup(&primary.server, "recovery_new", &recovery))?;
    let mut session = database.connect()?;
    session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
    // No order expires while it is looked at.
    session.run("SELECT bourse.pause()")?;
    let before = contents(&mut session)?;
    session.run(&format!("SELECT pg_create_restore_point('{POINT}'); SELECT bourse.resume()"))?;
    session.run(
        "SET session_replication_role = replica;
         DELETE FROM exchange.transfers; UPDATE exchange.assets SET amount = 0",
    )?;
    let after = contents(&mut session)?;
    session.run("CREATE TABLE switched AS SELECT pg_walfile_name(pg_switch_wal()) AS file")?;
    session.wait_for("SELECT last_archived_wal >= file FROM pg_stat_archiver, switched")?;
    primary.kill()?;

    copy.recover("recovery.signal")?;
    let mut session = copy.server.connect("venue", "postgres")?;
    session.wait_for("SELECT NOT pg_is_in_recovery()")?;
    let found = contents(&mut session)?;
    same(&found, &before)?;
    assert!(same(&found, &after).is_err(), "the mistake makes no difference");
    assert_eq!(session.line("SELECT to_regclass('switched')")?, "NULL");
    session.run("SELECT bourse.resume()")?;
    goes_on(&mut session)
}

/// Who is told, when the log is not archived.
#[test]
fn an_archiver_that_fails_is_told_of() -> Result<()> {
    let archiving = "archive_mode = on\narchive_command = 'true'";
    let scratch = Scratch::furnished("recovery_failing", archiving)?;
    let database = Database::on(&scratch.server, "venue")?;
    let mut session = database.connect()?;
    let told = "SELECT count(*) FROM bourse.alerts() WHERE alert = 'archiving_fails' AND severity = 'critical'";
    assert_eq!(session.number(told)?, 0);
    session.run("ALTER SYSTEM SET archive_command = 'false'")?;
    session.run("SELECT pg_reload_conf()")?;
    session.run("SELECT pg_switch_wal()")?;
    session.wait_for("SELECT failed_count > 0 FROM pg_stat_archiver")?;
    assert_eq!(session.number(told)?, 1);
    session.run("ALTER SYSTEM SET archive_command = 'true'")?;
    session.run("SELECT pg_reload_conf()")?;
    session.wait_for("SELECT last_archived_time > last_failed_time FROM pg_stat_archiver")?;
    assert_eq!(session.number(told)?, 0);
    Ok(())
}
