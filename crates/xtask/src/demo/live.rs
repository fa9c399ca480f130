//! What is left running after the demo: an order flow that goes on, and the screen that shows it.

use std::path::Path;

use crate::failure::Result;
use crate::live_screen;
use crate::project::Project;
use crate::psql::Database;

use super::bot;

/// Of every login of the demo.
const PASSWORD: &str = "demo demo demo";
const PROGRAM: &str = include_str!("flow.sql");
/// Logins of the server, which other databases may have made already.
const LOGINS: &str = "
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'demo_screen') THEN
            CREATE ROLE demo_screen LOGIN IN ROLE bourse_gateway;
            CREATE ROLE demo_monitor LOGIN IN ROLE bourse_monitor;
        END IF;
    END $$;
";

/// Starts both, and says where to look and who to be.
pub fn start(project: &Project, database: &Database, program: &Path, bot: &str, flow_market: &str) -> Result<()> {
    database.run(LOGINS)?;
    database.run(PROGRAM)?;
    database.run(&format!(
        "UPDATE identity.users SET username = 'trader' FROM trading.bots b WHERE b.id = {bot} AND users.id = b.user_id;
         INSERT INTO identity.users (name, username, role) VALUES ('an admin', 'admin', 'admin');
         SELECT identity.set_password(id, '{PASSWORD}') FROM identity.users WHERE username IN ('trader', 'admin');
         SELECT exchange.deposit(user_id, asset, 10000) FROM trading.bots CROSS JOIN (VALUES ('BTC'), ('ETH')) a(asset)
         WHERE id = {bot};
         SELECT exchange.deposit(user_id, 'USD', 1000000) FROM trading.bots WHERE id = {bot};
         SELECT mirror.create_account(user_id, 'main account', (SELECT min(name) FROM mirror.brokers))
         FROM trading.bots WHERE id = {bot};\n"
    ))?;
    let dsn = |login: &str| {
        format!("host={} port={} dbname={} user={login}", database.socket.display(), database.port, database.name)
    };
    let mut flow = database.psql();
    let step =
        format!("SELECT demo.flow('{flow_market}'), demo.flow('{0}'), demo.bot({bot}, '{0}')", bot::MARKET.symbol);
    flow.args(["-c", "SELECT setseed(0.18)"]).arg("-f").arg(script(project, &step)?);
    let url = live_screen::start(project, program, &dsn("demo_screen"), &dsn("demo_monitor"), &mut flow)?;
    println!("\nThe screen, with a flow that goes on:\n  {url}\n  log in as trader or admin, password: {PASSWORD}");
    Ok(())
}

/// A file that has psql repeat a step for as long as there is a server.
fn script(project: &Project, step: &str) -> Result<std::path::PathBuf> {
    let file = project.target.join("xtask/demo-flow.sql");
    crate::project::write_text(&file, &format!("\\o /dev/null\n{step} \\watch 0.2\n"))?;
    Ok(file)
}
