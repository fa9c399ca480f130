//! Users of a second venue come by replication: `examples/venues/second_venue.sql` has them written by nobody else.

use std::fs;
use std::path::Path;

use client_tests::{Database, Result};

const MADE_ELSEWHERE: &str = "in the first venue";

#[test]
fn users_of_a_second_venue_are_written_by_replication_alone() -> Result<()> {
    let database = Database::fresh("second_venue")?;
    let mut session = database.connect()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/venues/second_venue.sql");
    session.run(&fs::read_to_string(path)?)?;
    session.market("BTC-USD")?;
    // As the subscription writes them.
    session.run("SET session_replication_role = replica; INSERT INTO identity.users (id, name) VALUES (7, 'ann')")?;
    session.run("SET session_replication_role = origin")?;
    for write in [
        "INSERT INTO identity.users (name) VALUES ('bob')",
        "UPDATE identity.users SET name = 'bob'",
        "DELETE FROM identity.users",
        "TRUNCATE identity.users CASCADE",
        "SELECT identity.register('bob')",
        "SELECT identity.authenticate('telegram', '1')",
        "SELECT identity.erase_user(7, 'asked')",
    ] {
        let refused = session.run(write).expect_err(write);
        assert_eq!(refused.sqlstate.as_deref(), Some("23001"), "{write}: {refused}");
        assert!(refused.to_string().contains(MADE_ELSEWHERE), "{write}: {refused}");
    }
    for call in [
        "SELECT exchange.deposit(8, 'USD', 1)",
        "SELECT exchange.place_order(8, 'BTC-USD', 'buy', 1, 1)",
        "SELECT identity.set_login(8, NULL)",
    ] {
        let refused = session.run(call).expect_err(call);
        assert_eq!(refused.sqlstate.as_deref(), Some("42704"), "{call}: {refused}");
        assert!(refused.to_string().contains(MADE_ELSEWHERE), "{call}: {refused}");
    }
    assert_eq!(session.lines("SELECT id, name FROM identity.users")?, ["7|ann"]);
    // Replication brings this as well.
    session.run("SET session_replication_role = replica; TRUNCATE identity.users CASCADE")
}
