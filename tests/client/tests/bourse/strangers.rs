//! Code of strangers below our tables: refused whatever the stranger's transaction sees.

use client_tests::{Database, Result};

/// The table was the stranger's own when his transaction took its snapshot.
#[test]
fn an_old_snapshot_hides_no_foreign_key() -> Result<()> {
    let database = Database::fresh("stranger_snapshot")?;
    let mut root = database.connect()?;
    database.login("snapshot_stranger", "bourse_viewer")?;
    root.run("CREATE SCHEMA shop AUTHORIZATION snapshot_stranger")?;
    let mut stranger = database.connect_as("snapshot_stranger")?;
    stranger.run("CREATE TABLE shop.notes (command bigint)")?;
    stranger.run("CREATE FUNCTION shop.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")?;
    stranger.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_constraint")?;
    root.run("ALTER TABLE shop.notes ADD FOREIGN KEY (command) REFERENCES exchange.order_commands ON DELETE CASCADE")?;
    let hangs = "CREATE TRIGGER fire AFTER DELETE ON shop.notes FOR EACH ROW EXECUTE FUNCTION shop.fire()";
    assert_eq!(stranger.refused(hangs)?, "42501");
    stranger.run("ROLLBACK")
}
