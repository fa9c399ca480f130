//! Commands that lock a table before PostgreSQL looks at the rights of who sends them: a login without a right on a table
//! holds up nobody who has one.

use std::thread;

use client_tests::sequencer::Venue;
use client_tests::{Database, Failure, Result, Session};

/// What PostgreSQL would wait for a lock with, each without a right to it, from the weakest lock to the strongest.
const REFUSED: [&str; 36] = [
    "COMMENT ON TABLE exchange.orders IS 'mine'",
    "COMMENT ON COLUMN identity.users.name IS 'mine'",
    "COMMENT ON INDEX exchange.orders IS 'no index'",
    "COMMENT ON VIEW exchange.orders IS 'no view'",
    "CREATE STATISTICS app.s ON id, user_id FROM exchange.orders",
    "CREATE TABLE app.x () INHERITS (exchange.assets)",
    "CREATE FOREIGN TABLE app.x () INHERITS (exchange.assets) SERVER nowhere",
    "ALTER TABLE app.t INHERIT exchange.orders",
    "ALTER TABLE app.parts DETACH PARTITION exchange.orders CONCURRENTLY",
    "CREATE PUBLICATION more FOR TABLE app.t, exchange.orders",
    "ALTER PUBLICATION published ADD TABLE exchange.orders",
    "ALTER PUBLICATION published SET TABLE exchange.orders",
    "ALTER PUBLICATION published DROP TABLE exchange.orders",
    "ALTER EXTENSION hstore ADD TABLE exchange.orders",
    "ALTER EXTENSION hstore DROP TABLE exchange.orders",
    "CREATE TRIGGER x AFTER INSERT ON exchange.orders FOR EACH ROW EXECUTE FUNCTION app.f()",
    "CREATE TABLE app.x (id bigint REFERENCES exchange.orders)",
    "CREATE TABLE app.x (id bigint, FOREIGN KEY (id) REFERENCES identity.users (id))",
    "CREATE TABLE app.x (id oid REFERENCES pg_class (oid))",
    "CREATE SCHEMA other CREATE TABLE t (id text REFERENCES exchange.assets)",
    "CREATE SCHEMA other CREATE TABLE t (id bigint REFERENCES orders) CREATE TABLE orders (id bigint PRIMARY KEY)",
    "ALTER TABLE app.t ADD FOREIGN KEY (id) REFERENCES exchange.orders",
    "ALTER TABLE app.t ADD COLUMN market text REFERENCES exchange.markets",
    "ALTER TABLE app.t ADD FOREIGN KEY (id) REFERENCES orders",
    "CREATE TABLE app.orders (id bigint PRIMARY KEY, parent bigint REFERENCES orders)",
    "CREATE TABLE app.x PARTITION OF exchange.orders DEFAULT",
    "ALTER TABLE app.parts ATTACH PARTITION exchange.orders DEFAULT",
    "ALTER TABLE app.parts DETACH PARTITION exchange.orders",
    "ALTER INDEX app.parts_id ATTACH PARTITION exchange.orders_pkey",
    "ALTER INDEX exchange.orders_pkey DEPENDS ON EXTENSION plpgsql",
    "ALTER MATERIALIZED VIEW exchange.orders DEPENDS ON EXTENSION plpgsql",
    "CREATE RULE x AS ON DELETE TO exchange.orders DO INSTEAD NOTHING",
    "CREATE RULE x AS ON DELETE TO jobs.my_schedules DO INSTEAD NOTHING",
    "CREATE RULE x AS ON DELETE TO pg_class DO INSTEAD NOTHING",
    "DO $$ BEGIN EXECUTE 'CREATE RULE x AS ON DELETE TO exchange.orders DO INSTEAD NOTHING'; END $$",
    "SELECT app.hangs_a_rule()",
];

/// A trader's login that owns the schema `app`, a publication and an extension; orders come after its own tables.
fn stranger(database: &Database, name: &str) -> Result<Session> {
    database.login(name, "bourse_trader")?;
    database.connect()?.run(&format!(
        "CREATE SCHEMA app AUTHORIZATION {name};
         GRANT CREATE ON DATABASE {} TO {name}",
        database.name
    ))?;
    let mut stranger = database.connect_as(name)?;
    stranger.run(
        "CREATE TABLE app.t (id bigint PRIMARY KEY);
         CREATE TABLE app.parts (id bigint) PARTITION BY RANGE (id);
         CREATE INDEX parts_id ON app.parts (id);
         CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE FUNCTION app.hangs_a_rule() RETURNS void LANGUAGE sql
             AS 'CREATE RULE x AS ON DELETE TO exchange.orders DO INSTEAD NOTHING';
         CREATE PUBLICATION published;
         SET lock_timeout = '10s';
         SET search_path = exchange, app",
    )?;
    if stranger.has_extension("hstore")? {
        stranger.run("CREATE EXTENSION hstore SCHEMA app")?;
    }
    Ok(stranger)
}

/// Locks tables of ours, a view and a catalog as VACUUM does, and their indexes as a reader does.
fn hold(root: &mut Session) -> Result<()> {
    root.run(
        "BEGIN;
         SELECT 1 FROM exchange.orders WHERE id = 0;
         LOCK TABLE exchange.orders, exchange.assets, exchange.markets, identity.users, jobs.my_schedules, pg_class
             IN SHARE UPDATE EXCLUSIVE MODE",
    )
}

#[test]
fn a_login_without_a_right_waits_for_no_lock() -> Result<()> {
    let database = Database::fresh("locked_before")?;
    let mut stranger = stranger(&database, "locking_stranger")?;
    let mut neighbour = database.connect()?;
    neighbour.run("SET lock_timeout = '10s'")?;
    let mut root = database.connect()?;
    hold(&mut root)?;
    let has_hstore = stranger.has_extension("hstore")?;
    for command in REFUSED.iter().filter(|command| has_hstore || !command.contains("hstore")) {
        stranger.run("BEGIN")?;
        assert_eq!(stranger.refused(command)?, "42501", "{command}");
        neighbour.run("INSERT INTO identity.users (name) VALUES ('neighbour')")?;
        neighbour
            .run("UPDATE exchange.orders SET amount = amount WHERE false; SELECT count(*) FROM exchange.assets")?;
        stranger.run("ROLLBACK")?;
    }
    // As a prepared statement too.
    let prepared =
        stranger.client().prepare(REFUSED[31]).map_err(|error| Failure::of_statement(REFUSED[31], &error))?;
    for _ in 0..2 {
        let refused = stranger.client().execute(&prepared, &[]).expect_err("refused");
        assert_eq!(refused.code().map(|code| code.code()), Some("42501"));
    }
    root.run("COMMIT")
}

#[test]
fn owners_members_and_superusers_go_on() -> Result<()> {
    let database = Database::fresh("locked_rightly")?;
    let mut stranger = stranger(&database, "rightful_stranger")?;
    let mut root = database.connect()?;
    // A right that is refused otherwise: it is enough here.
    root.run(
        "ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE;
         GRANT REFERENCES (id) ON exchange.orders TO rightful_stranger;
         ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE",
    )?;
    stranger.run("CREATE TABLE app.kept (id bigint REFERENCES exchange.orders (id))")?;
    stranger.run("SET search_path = app, exchange")?;
    // Names that ours have too mean the stranger's own, before and after they are there.
    for own in [
        "CREATE TABLE users (id bigint PRIMARY KEY, manager bigint REFERENCES users)",
        "CREATE TABLE app.assets (id bigint PRIMARY KEY, parent bigint REFERENCES assets)",
        "CREATE TABLE holdings (asset bigint REFERENCES assets)",
        "CREATE TEMP TABLE markets (id bigint PRIMARY KEY, parent bigint REFERENCES markets)",
        "CREATE SCHEMA shop CREATE TABLE orders (id bigint PRIMARY KEY, parent bigint REFERENCES orders)
             CREATE TABLE lines (of bigint REFERENCES orders)",
        "CREATE TRIGGER x AFTER INSERT ON assets FOR EACH ROW EXECUTE FUNCTION app.f()",
        "CREATE RULE x AS ON DELETE TO assets DO INSTEAD NOTHING",
        "COMMENT ON TABLE assets IS 'mine'",
        "CREATE STATISTICS app.s ON id, parent FROM assets",
        "CREATE TABLE more () INHERITS (assets)",
        "ALTER TABLE more NO INHERIT assets; ALTER TABLE more INHERIT assets",
        "ALTER PUBLICATION published ADD TABLE assets",
    ] {
        stranger.run(own)?;
    }
    root.run("DROP TABLE app.kept; REVOKE REFERENCES (id) ON exchange.orders FROM rightful_stranger")?;
    database.login("locking_member", "bourse_owner")?;
    let ours = "COMMENT ON TABLE exchange.orders IS 'ours';
                CREATE STATISTICS exchange.orders_ids ON id, user_id FROM exchange.orders;
                DROP STATISTICS exchange.orders_ids;
                ALTER TABLE exchange.orders ADD FOREIGN KEY (user_id) REFERENCES identity.users (id)";
    for mut owner in [root, database.connect_as("locking_member")?] {
        owner.run(&format!("BEGIN; {ours}; ROLLBACK"))?;
    }
    Ok(())
}

/// While the statement waits for the first table, the stranger drops the second: its name would mean ours.
#[test]
fn a_name_does_not_come_to_mean_ours() -> Result<()> {
    let database = Database::fresh("locked_later")?;
    let mut waiting = stranger(&database, "swapping_stranger")?;
    waiting.run("SET search_path = app, exchange; CREATE TABLE orders (id bigint PRIMARY KEY)")?;
    let pid = waiting.number("SELECT pg_backend_pid()")?;
    let mut swapping = database.connect_as("swapping_stranger")?;
    swapping.run("BEGIN; LOCK TABLE app.t")?;
    let statement = "CREATE TABLE x (a bigint REFERENCES app.t, b bigint REFERENCES orders)";
    let answer = thread::spawn(move || waiting.refused(statement));
    database.connect()?.wait_for(&format!("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND pid = {pid}"))?;
    swapping.run("DROP TABLE app.orders; COMMIT")?;
    let answer = answer.join().map_err(|_| Failure::new("the session has failed"))??;
    assert_eq!(answer, "42P01");
    Ok(())
}

/// LOCK TABLE fires no event triggers: the library looks where it is preloaded.
#[test]
fn a_view_is_locked_by_its_owner_alone() -> Result<()> {
    let venue = Venue::open("locked_view", "")?;
    let database = &venue.database;
    let mut stranger = stranger(database, "viewing_stranger")?;
    stranger.run("CREATE VIEW app.schedules AS SELECT * FROM jobs.my_schedules; SET search_path = app, jobs")?;
    let mut root = database.connect()?;
    root.run("BEGIN; SELECT 1 FROM jobs.my_schedules")?;
    for name in ["jobs.my_schedules", "my_schedules", "app.schedules", "schedules"] {
        for mode in ["SHARE", "ACCESS EXCLUSIVE"] {
            stranger.run("BEGIN")?;
            let command = format!("LOCK TABLE app.t, {name} IN {mode} MODE");
            assert_eq!(stranger.refused(&command)?, "42501", "{command}");
            stranger.run("ROLLBACK")?;
        }
    }
    root.run("COMMIT; BEGIN; LOCK TABLE jobs.my_schedules; COMMIT")?;
    stranger.run("BEGIN; LOCK TABLE app.t; COMMIT")
}
