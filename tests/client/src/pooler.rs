//! A PgBouncer in transaction mode before a server.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::server::{PORT, remove};
use crate::{Failure, Result, Server};

/// Where Debian puts it: not in every user's path.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A running pooler; it ends with the test.
pub struct Pooler {
    /// Where it listens: every database of the server behind it.
    pub server: Server,
    process: Child,
}

impl Pooler {
    /// A pooler in a folder inside the server's, with so many connections of its own for this login. They go from
    /// client to client as they are: nothing is reset between two.
    pub fn start(behind: &Server, login: &str, connections: usize) -> Result<Self> {
        let server = Server { host: behind.host.join("pooler"), bin: behind.bin.clone() };
        let account = Account::of(behind)?;
        remove(&server.host)?;
        fs::create_dir(&server.host)?;
        account.give(&server.host)?;
        let (settings, logins, log) =
            (server.host.join("pooler.ini"), server.host.join("logins"), server.host.join("log"));
        let lines = format!(
            "[databases]\n* = host={} port={PORT}\n[pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\n\
             unix_socket_dir = {}\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             max_client_conn = 100\nignore_startup_parameters = options\ndefault_pool_size = {connections}\nserver_reset_query =\nlogfile = {}\n",
            behind.host.display(),
            server.host.display(),
            logins.display(),
            log.display()
        );
        for (file, text) in [(&settings, lines), (&logins, format!("\"{login}\" \"\"\n")), (&log, String::new())] {
            fs::write(file, text)?;
            account.give(file)?;
        }
        let program = if Path::new(PROGRAM).exists() { PROGRAM } else { "pgbouncer" };
        let mut command = Command::new(program);
        command.arg(&settings).stdout(Stdio::null()).stderr(Stdio::null());
        account.run_as(&mut command);
        let process = command.spawn().map_err(|error| {
            Failure::new(format!("cannot run pgbouncer ({error}): `cargo xtask setup` installs it"))
        })?;
        let pooler = Self { server, process };
        pooler.wait("postgres", login)?;
        Ok(pooler)
    }

    fn wait(&self, database: &str, login: &str) -> Result<()> {
        let start = Instant::now();
        loop {
            match self.server.connect(database, login) {
                Ok(_) => return Ok(()),
                Err(failure) if start.elapsed() > Duration::from_secs(20) => {
                    let said = fs::read_to_string(self.server.host.join("log")).unwrap_or_default();
                    return Err(Failure::new(format!("no pooler: {failure}\n{said}")));
                }
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // A process that has ended by itself is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = remove(&self.server.host);
    }
}
