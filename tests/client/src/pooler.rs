//! A PgBouncer in transaction mode before a server.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Failure, Result, Server};

/// Where Debian puts it: not in every user's path.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A running pooler; it ends with the test.
pub struct Pooler {
    /// Where it listens: every database of the server behind it.
    pub server: Server,
    process: Child,
    files: Vec<PathBuf>,
}

impl Pooler {
    /// A pooler beside the server's socket, under this port, with so many connections of its own for this login. They
    /// go from client to client as they are: nothing is reset between two.
    pub fn start(behind: &Server, port: u16, login: &str, connections: usize) -> Result<Self> {
        let server = Server { port, ..behind.clone() };
        let host = behind.host.display().to_string();
        let name = |kind: &str| behind.host.join(format!("pooler_{port}.{kind}"));
        let (settings, logins, log) = (name("ini"), name("users"), name("log"));
        let lines = format!(
            "[databases]\n* = host={host} port={}\n[pgbouncer]\nlisten_addr =\nlisten_port = {port}\n\
             unix_socket_dir = {host}\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             max_client_conn = 100\ndefault_pool_size = {connections}\nserver_reset_query =\nlogfile = {}\n",
            behind.port,
            logins.display(),
            log.display()
        );
        let account = Account::of(&behind.host)?;
        let files = vec![settings.clone(), logins.clone(), log.clone()];
        for (file, text) in [(&settings, lines), (&logins, format!("\"{login}\" \"\"\n")), (&log, String::new())] {
            fs::write(file, text)?;
            account.give(file)?;
        }
        let program = if Path::new(PROGRAM).exists() { PROGRAM } else { "pgbouncer" };
        let mut command = Command::new(program);
        command.arg(&settings).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
        account.run_as(&mut command);
        let process = command.spawn().map_err(|error| {
            Failure::new(format!("cannot run pgbouncer ({error}): `cargo xtask setup` installs it"))
        })?;
        let pooler = Self { server, process, files };
        pooler.wait("postgres", login)?;
        Ok(pooler)
    }

    fn wait(&self, database: &str, login: &str) -> Result<()> {
        let start = Instant::now();
        loop {
            match self.server.connect(database, login) {
                Ok(_) => return Ok(()),
                Err(failure) if start.elapsed() > Duration::from_secs(20) => {
                    let said = fs::read_to_string(&self.files[2]).unwrap_or_default();
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
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        let _ = fs::remove_file(self.server.host.join(format!(".s.PGSQL.{}", self.server.port)));
    }
}

/// The account that owns the socket folder, when that is somebody else: the pooler refuses root.
struct Account(Option<(u32, u32)>);

impl Account {
    fn of(folder: &Path) -> Result<Self> {
        let (owner, me) = (fs::metadata(folder)?, fs::metadata("/proc/self")?);
        Ok(Self((owner.uid() != me.uid()).then_some((owner.uid(), owner.gid()))))
    }

    fn give(&self, file: &Path) -> Result<()> {
        match self.0 {
            Some((uid, gid)) => Ok(chown(file, Some(uid), Some(gid))?),
            None => Ok(()),
        }
    }

    fn run_as(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
    }
}
