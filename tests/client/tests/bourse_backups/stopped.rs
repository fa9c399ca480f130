//! What the manual says of stopping the market: `pause()` alone does not, the recipe does.

use client_tests::{Database, Failure, Result, Session};

const PAGE: &str = include_str!("../../../../docs/backup.md");

/// The SQL blocks of a section, each as its statements.
fn blocks(heading: &str) -> Vec<Vec<&'static str>> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading)).expect("the section");
    let blocks = section.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| block.split(";\n").filter(|statement| !statement.trim().is_empty()).collect()).collect()
}

/// Each by itself, as psql sends them: whoever is let in no more is so before the others are ended.
fn run(session: &mut Session, statements: &[&str]) -> Result<()> {
    statements.iter().try_for_each(|statement| session.run(statement))
}

#[test]
fn a_pause_does_not_stop_money_and_the_recipe_does() -> Result<()> {
    let database = Database::fresh("stopped")?;
    let mut root = database.connect()?;
    let user = root.user("ann")?;
    let pay = format!("SELECT exchange.deposit({user}, 'USD', 1)");
    let held = "SELECT coalesce(sum(amount), 0)::bigint FROM exchange.assets";
    let mut clients = [database.connect_admin()?, database.connect_admin()?];
    root.run("SELECT bourse.pause()")?;
    clients.iter_mut().try_for_each(|client| client.run(&pay))?;
    assert_eq!(root.number(held)?, 2, "pause() stops no money, as the manual says");
    root.run("SELECT * FROM bourse.resume()")?;
    let blocks = blocks("When no money may move");
    let [stop, go_on] = &blocks[..] else { return Err(Failure::new("two blocks of SQL: how to stop, how to go on")) };
    run(&mut root, stop)?;
    for client in &mut clients {
        client.run(&pay).expect_err("a session that goes on");
    }
    let refused = database.connect_as("test_admin").err().and_then(|failure| failure.sqlstate);
    assert_eq!(refused.as_deref(), Some("53300"), "nobody gets in");
    assert_eq!(root.number(held)?, 2, "money has moved");
    run(&mut root, go_on)?;
    database.connect_as("test_admin")?.run(&pay)?;
    assert_eq!(root.number(held)?, 3);
    root.verify_is_empty()
}
