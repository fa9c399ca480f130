//! A running server and PostgreSQL's programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use postgres::{Client, Config, NoTls};

use crate::{Failure, Result, Session};

/// The one port: each server has a folder of its own for its socket, which tells it from the others.
pub const PORT: u16 = 5432;

/// Where a server listens.
#[derive(Clone, Debug)]
pub struct Server {
    /// The folder of its socket.
    pub host: PathBuf,
    /// PostgreSQL's programs.
    pub bin: PathBuf,
}

impl Server {
    /// The cluster that `cargo check-all` has started.
    pub fn of_suite() -> Result<Self> {
        let variable = |name: &str| {
            std::env::var(name)
                .map_err(|_| Failure::new(format!("{name} is not set: run these tests with `cargo check-all`")))
        };
        Ok(Self { host: variable("BOURSE_TEST_HOST")?.into(), bin: variable("BOURSE_TEST_BIN")?.into() })
    }

    /// A session of this login.
    pub fn connect(&self, database: &str, login: &str) -> Result<Session> {
        let client: Client = Config::new()
            .host_path(&self.host)
            .port(PORT)
            .dbname(database)
            .user(login)
            .application_name("client-tests")
            .connect(NoTls)
            .map_err(|error| Failure::of_statement(&format!("connect to {database} as {login}"), &error))?;
        Ok(Session::new(client))
    }

    /// One of PostgreSQL's client programs, told where the server is.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.env("PGHOST", &self.host).env("PGPORT", PORT.to_string()).env("PGUSER", "postgres");
        command
    }

    /// Whether it has this program.
    pub fn has(&self, name: &str) -> bool {
        self.bin.join(name).exists()
    }
}

/// Runs a command to its end; its output, or what it said when it failed.
pub fn finish(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| Failure::new(format!("cannot run {command:?}: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{command:?} ended with {}\n{said}{complaint}", output.status)))
}

/// Runs a program on one database.
pub fn on_database(server: &Server, program: &str, database: &str, arguments: &[&str]) -> Result<String> {
    finish(server.program(program).args(arguments).args(["-d", database]))
}

/// Removes a file or folder that may not be there.
pub fn remove(path: &Path) -> Result<()> {
    match path.metadata() {
        Err(_) => Ok(()),
        Ok(found) if found.is_dir() => Ok(std::fs::remove_dir_all(path)?),
        Ok(_) => Ok(std::fs::remove_file(path)?),
    }
}
