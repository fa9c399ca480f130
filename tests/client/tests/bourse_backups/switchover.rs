//! From one server to another by logical replication: rows come while everybody trades, sequences are set at the end.

use std::path::PathBuf;

use client_tests::load::Actor;
use client_tests::sequencer::PRELOAD;
use client_tests::{Database, PORT, Result, Scratch};

use crate::whole::{contents, goes_on, lived_in, same, valid};

const MARKETS: [&str; 2] = ["BTC-USD", "ETH-USD"];
/// Each change of a row is sent with what tells the row from others.
const IDENTITIES: &str = "
    DO $$
    DECLARE
        relation regclass;
    BEGIN
        FOR relation IN
            SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND c.relreplident = 'd'
              AND n.nspname IN (SELECT bourse_private.modules())
              AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
        LOOP
            EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', relation);
        END LOOP;
    END $$";
const PUBLICATION: &str = "
    DO $$
    BEGIN
        EXECUTE 'CREATE PUBLICATION bourse FOR TABLES IN SCHEMA '
                || (SELECT string_agg(m, ', ') FROM bourse_private.modules() m)
                || ' WITH (publish_via_partition_root = true)';
    END $$";

#[test]
fn a_logical_subscriber_takes_over() -> Result<()> {
    let settings = format!("{PRELOAD}\nmax_worker_processes = 24");
    let (old, new) = (Scratch::furnished("switch_old", &settings)?, Scratch::furnished("switch_new", &settings)?);
    let database = Database::on(&old.server, "venue")?;
    lived_in(&database)?;
    let mut session = database.connect()?;
    session.run(IDENTITIES)?;
    let dump = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("switch.sql").to_string_lossy().into_owned();
    database.program("pg_dump", &["--schema-only", "-f", &dump])?;
    session.run(PUBLICATION)?;
    valid(&mut session)?;
    let to = Database::empty(&new.server, "venue")?;
    to.program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &dump])?;
    let mut copy = to.connect()?;
    let users = session.lines("SELECT id FROM identity.users WHERE name LIKE 'trader %' ORDER BY id")?;
    std::thread::scope(|scope| -> Result<()> {
        let clients: Vec<_> = users
            .iter()
            .map(|user| {
                let database = &database;
                scope.spawn(move || {
                    let user = user.parse().expect("an id");
                    let mut actor = Actor::new(database.connect_admin()?, user, &MARKETS).submitting();
                    (0..150).try_for_each(|_| actor.step())
                })
            })
            .collect();
        let subscribed = copy.run(&format!(
            "CREATE SUBSCRIPTION bourse CONNECTION 'host={} port={PORT} dbname=venue user=postgres' PUBLICATION bourse",
            old.server.host.display()
        ));
        let traded: Result<()> =
            clients.into_iter().try_for_each(|client| client.join().expect("no panic in a client"));
        subscribed.and(traded)
    })?;

    session.wait_for("SELECT count(*) = 0 FROM exchange.order_commands")?;
    session.run("SELECT bourse.pause()")?;
    copy.wait_for("SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel")?;
    let last = session.line("SELECT pg_current_wal_lsn()")?;
    session.wait_for(&format!(
        "SELECT confirmed_flush_lsn >= '{last}' FROM pg_replication_slots WHERE slot_name = 'bourse'"
    ))?;
    let before = contents(&mut session)?;
    same(&contents(&mut copy)?, &before)?;
    let said = copy.lines("SELECT DISTINCT check_name FROM bourse.validate_integrity() WHERE severity = 'critical'")?;
    assert_eq!(said, ["sequence_is_ahead"], "before sequences are set");
    copy.run("DROP SUBSCRIPTION bourse")?;
    let moved = copy.lines("SELECT sequence FROM bourse.resume()")?;
    assert!(moved.iter().any(|name| name == "exchange.orders_id_seq"), "{moved:?}");
    same(&contents(&mut copy)?, &before)?;
    goes_on(&mut copy)?;
    assert!(same(&contents(&mut copy)?, &before).is_err(), "a new order makes no difference");
    Ok(())
}
