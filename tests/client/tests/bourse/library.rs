//! The library is replaced while sessions have it loaded, and they go on.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use client_tests::{Database, Failure, Result};

#[test]
fn a_session_goes_on_while_the_library_is_replaced() -> Result<()> {
    let database = Database::fresh("library_replaced")?;
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    let user = session.user("alice")?;
    session.fund(user, &[("USD", "1000")])?;
    let place = format!("SELECT status FROM exchange.place_order({user}, 'BTC-USD', 'buy', 1, 1)");
    assert_eq!(session.line(&place)?, "open");
    let folder = session.line("SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'")?;
    let library = Path::new(&folder).join("pg_bourse.so");
    let before = std::fs::metadata(&library)?.ino();

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO")).args(["xtask", "install", "--again"]).current_dir(root).output()?;
    if !output.status.success() {
        return Err(Failure::new(format!("no install: {}", String::from_utf8_lossy(&output.stderr))));
    }

    assert_ne!(std::fs::metadata(&library)?.ino(), before, "another file stands in its place");
    assert_eq!(session.line(&place)?, "open");
    assert_eq!(database.connect()?.line(&place)?, "open");
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 3);
    session.verify_is_empty()
}
