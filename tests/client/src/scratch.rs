//! A cluster of a test's own, that the test may kill.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::server::{finish, remove};
use crate::{Failure, Result, Server};

/// A private cluster beside the suite's; it ends with the test.
pub struct Scratch {
    /// Where it listens.
    pub server: Server,
    data: PathBuf,
    /// Lines of its configuration beside the usual.
    settings: String,
}

impl Scratch {
    /// A new, running cluster. It shares the suite's socket folder under another port.
    pub fn start(name: &str, port: u16) -> Result<Self> {
        Self::with_settings(name, port, "")
    }

    /// A new, running cluster with these lines in its configuration.
    pub fn with_settings(name: &str, port: u16, settings: &str) -> Result<Self> {
        let scratch = Self::prepare(name, port, settings)?;
        scratch.finish("initdb", &["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"])?;
        scratch.configure()?;
        scratch.resume()?;
        Ok(scratch)
    }

    /// A running, streaming standby of a server, with these lines in its configuration.
    pub fn standby(primary: &Server, name: &str, port: u16, settings: &str) -> Result<Self> {
        let scratch = Self::prepare(name, port, settings)?;
        let (host, from) = (primary.host.to_string_lossy().into_owned(), primary.port.to_string());
        scratch.finish("pg_basebackup", &["-h", &host, "-p", &from, "-U", "postgres", "-c", "fast", "-R"])?;
        scratch.configure()?;
        scratch.resume()?;
        Ok(scratch)
    }

    /// Starts the server again after [`Scratch::kill`].
    pub fn resume(&self) -> Result<()> {
        self.resume_with("")
    }

    /// Starts the server again with these options of `postgres`.
    pub fn resume_with(&self, options: &str) -> Result<()> {
        let log = self.log();
        // pg_ctl would wait for the server to close its output: the server gets files.
        let mut command = self.command("pg_ctl");
        command.args(["start", "-w", "-t", "60", "-o", options, "-l"]).arg(&log);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        if command.status()?.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        Err(Failure::new(format!("the scratch server did not start; {} says:\n{said}", log.display())))
    }

    /// Where the server logs.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Has the server shut down: `smart`, `fast` or `immediate`.
    pub fn stop(&self, mode: &str) -> Result<()> {
        self.finish("pg_ctl", &["stop", "-w", "-t", "60", "-m", mode])
    }

    /// `kill -9` of the postmaster and of every process that it has started.
    pub fn kill(&self) -> Result<()> {
        // First the postmaster, so that it starts nobody while its children go.
        let family = processes::family(self.postmaster()?)?;
        processes::send("-9", &family)?;
        while family.iter().any(|pid| processes::is_alive(*pid)) {
            thread::sleep(Duration::from_millis(5));
        }
        self.unlock()
    }

    /// All processes are dead, but where nobody reaps them a zombie keeps its pid and would bar the next start.
    fn unlock(&self) -> Result<()> {
        remove(&self.data.join("postmaster.pid"))?;
        let socket = self.server.host.join(format!(".s.PGSQL.{}", self.server.port));
        remove(&socket.with_extension(format!("{}.lock", self.server.port)))?;
        remove(&socket)
    }

    /// `kill -9` of one server process of a session.
    pub fn kill_backend(&self, pid: i64) -> Result<()> {
        self.signal("-9", pid)
    }

    /// Sends a signal to one process of the server.
    pub fn signal(&self, signal: &str, pid: i64) -> Result<()> {
        let postmaster = self.postmaster()?;
        let ours = processes::children(postmaster)?.into_iter().find(|child| i64::from(*child) == pid);
        let ours = ours.ok_or_else(|| Failure::new(format!("{pid} is no process of the scratch server")))?;
        Ok(processes::send(signal, &[ours])?)
    }

    /// Works while a child of the postmaster is stopped, which goes on when the work is done, or after this time: who
    /// stands still in the queue for a lock inside the server keeps the others waiting, whatever their timeouts.
    pub fn paused<T>(&self, pid: i64, longest: Duration, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.signal("-STOP", pid)?;
        thread::scope(|scope| {
            let (done, wait) = mpsc::channel::<()>();
            let resumed = scope.spawn(move || {
                // Ends when `done` is dropped, also by a panic.
                let _ = wait.recv_timeout(longest);
                self.signal("-CONT", pid)
            });
            let outcome = work();
            drop(done);
            resumed.join().expect("no panic in a signal")?;
            outcome
        })
    }

    /// Waits until the server takes connections again.
    pub fn wait(&self) -> Result<()> {
        let mut last = Failure::new("never tried");
        for _ in 0..2400 {
            match self.server.connect("postgres", "postgres") {
                Ok(_) => return Ok(()),
                Err(failure) => last = failure,
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(last)
    }

    fn prepare(name: &str, port: u16, settings: &str) -> Result<Self> {
        let suite = Server::of_suite()?;
        let data = suite.host.join(name);
        let scratch = Self { server: Server { port, ..suite }, data, settings: settings.to_owned() };
        scratch.clear()?;
        fs::create_dir(&scratch.data)?;
        scratch.give(&scratch.data)?;
        fs::set_permissions(&scratch.data, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        Ok(scratch)
    }

    fn configure(&self) -> Result<()> {
        let file = self.data.join("postgresql.auto.conf");
        let before = fs::read_to_string(&file).unwrap_or_default();
        let host = self.server.host.display();
        let (port, more) = (self.server.port, &self.settings);
        let settings = format!(
            "{before}listen_addresses = ''\nport = {port}\nunix_socket_directories = '{host}'\nmax_connections = 200\n\
             log_min_messages = fatal\nwal_level = logical\n{more}\n"
        );
        fs::write(&file, settings)?;
        self.give(&file)
    }

    /// Ends what runs on the data and removes it.
    fn clear(&self) -> Result<()> {
        if self.is_running() {
            self.kill()?;
        }
        self.unlock()?;
        remove(&self.data)?;
        remove(&self.log())
    }

    /// A pid file may be older than the process that has its number now.
    fn is_running(&self) -> bool {
        let command = self.postmaster().and_then(|pid| Ok(fs::read(format!("/proc/{pid}/cmdline"))?));
        command.is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*self.data.to_string_lossy()))
    }

    fn postmaster(&self) -> Result<u32> {
        let text = fs::read_to_string(self.data.join("postmaster.pid"))?;
        let first = text.lines().next().and_then(|line| line.trim().parse().ok());
        first.ok_or_else(|| Failure::new(format!("{}/postmaster.pid holds no pid", self.data.display())))
    }

    fn finish(&self, program: &str, arguments: &[&str]) -> Result<()> {
        finish(self.command(program).args(arguments)).map(drop)
    }

    /// A program that runs as the account which owns the suite's socket folder: the server refuses root.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.server.bin.join(program));
        command.current_dir(&self.server.host).arg("-D").arg(&self.data);
        if let Some((uid, gid)) = self.account() {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn give(&self, path: &Path) -> Result<()> {
        match self.account() {
            Some((uid, gid)) => Ok(chown(path, Some(uid), Some(gid))?),
            None => Ok(()),
        }
    }

    /// Whose the servers are, when that is somebody else.
    fn account(&self) -> Option<(u32, u32)> {
        let owner = fs::metadata(&self.server.host).ok()?;
        let me = fs::metadata("/proc/self").ok()?;
        (owner.uid() != me.uid()).then_some((owner.uid(), owner.gid()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(failure) = self.clear() {
            eprintln!("{failure}");
        }
    }
}
