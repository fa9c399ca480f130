//! A cluster of a test's own, that the test may kill.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::account::Account;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::postmaster;
use crate::server::{PORT, finish, remove};
use crate::{Database, Failure, Result, Server};

/// Whether this program has made the clusters that the others are copies of: a bare one, and one with a database in which
/// the extension is installed.
static BARE: Mutex<bool> = Mutex::new(false);
static FURNISHED: Mutex<bool> = Mutex::new(false);

/// A private cluster in a folder of its own inside the suite's; it ends with the test.
pub struct Scratch {
    /// Where it listens.
    pub server: Server,
    account: Account,
    /// Lines of its configuration beside the usual.
    settings: String,
    /// None: it goes by that of the machine.
    clock: Option<Clock>,
    /// Where its data lies: none, in its folder.
    disk: Option<Disk>,
}

impl Scratch {
    /// A new, running cluster.
    pub fn start(name: &str) -> Result<Self> {
        Self::with_settings(name, "")
    }

    /// A new, running cluster with these lines in its configuration.
    pub fn with_settings(name: &str, settings: &str) -> Result<Self> {
        Self::prepare(name, settings)?.made()
    }

    /// The same with a database that [`Database::on`] makes copies of, in a tenth of the time of an installation. It has
    /// the roles of the extension from the start.
    pub fn furnished(name: &str, settings: &str) -> Result<Self> {
        let scratch = Self::prepare(name, settings)?;
        scratch.copy("furnished", &FURNISHED, Self::make_furnished)?;
        scratch.begin()
    }

    /// The same with its data on a disk of its own.
    pub fn furnished_on(disk: Disk, name: &str, settings: &str) -> Result<Self> {
        let mut scratch = Self::prepare(name, settings)?;
        scratch.account.give(disk.folder())?;
        scratch.disk = Some(disk);
        scratch.copy("furnished", &FURNISHED, Self::make_furnished)?;
        // As `initdb` would have it.
        scratch.disk()?.flush()?;
        scratch.begin()
    }

    /// Has the server, which is stopped for that, keep its log in this folder.
    pub fn log_to(&self, folder: &Path) -> Result<()> {
        self.stop("fast")?;
        self.account.give(folder)?;
        let (here, there) = (self.data().join("pg_wal"), folder.join("pg_wal"));
        let mut copy = Command::new("cp");
        copy.arg("-Rp").args([&here, &there]);
        self.account.run_as(&mut copy);
        finish(&mut copy)?;
        remove(&here)?;
        std::os::unix::fs::symlink(there, here)?;
        self.resume()
    }

    /// The same with a clock that [`Scratch::set_clock`] sets.
    pub fn with_clock(name: &str, settings: &str) -> Result<Self> {
        let mut scratch = Self::prepare(name, settings)?;
        scratch.clock = Some(Clock::new(&scratch.server.host, &scratch.account)?);
        scratch.made()
    }

    fn made(self) -> Result<Self> {
        self.copy_bare()?;
        self.begin()
    }

    fn begin(self) -> Result<Self> {
        self.configure()?;
        self.resume()?;
        Ok(self)
    }

    /// Has the clock of the server be wrong by so many seconds.
    pub fn set_clock(&self, seconds: i64) -> Result<()> {
        self.clock.as_ref().ok_or_else(|| Failure::new("made without a clock of its own"))?.set(seconds)
    }

    /// A running, streaming standby of a server, with these lines in its configuration.
    pub fn standby(primary: &Server, name: &str, settings: &str) -> Result<Self> {
        let host = primary.host.display();
        let settings = format!("primary_conninfo = 'host={host} port={PORT} user=postgres'\n{settings}");
        let scratch = Self::base_backup(primary, name, &settings)?;
        scratch.recover("standby.signal")?;
        Ok(scratch)
    }

    /// A base backup of a server, with these lines in its configuration. It does not run.
    pub fn base_backup(primary: &Server, name: &str, settings: &str) -> Result<Self> {
        let scratch = Self::prepare(name, settings)?;
        let (host, from) = (primary.host.to_string_lossy().into_owned(), PORT.to_string());
        scratch.finish("pg_basebackup", &["-h", &host, "-p", &from, "-U", "postgres", "-c", "fast"])?;
        Ok(scratch)
    }

    /// Starts a base backup as this file in its data says: `recovery.signal`, `standby.signal`.
    pub fn recover(&self, signal: &str) -> Result<()> {
        let file = self.data().join(signal);
        fs::write(&file, "")?;
        self.account.give(&file)?;
        self.configure()?;
        self.resume()
    }

    /// Starts the server again after [`Scratch::kill`].
    pub fn resume(&self) -> Result<()> {
        self.resume_with("")
    }

    /// Starts the server again with these options of `postgres`.
    pub fn resume_with(&self, options: &str) -> Result<()> {
        self.launch(&["-w", "-t", "60", "-o", options])
    }

    /// Starts the server again, waits until its first process is there, and then for nothing.
    pub fn begin_to_resume(&self) -> Result<()> {
        self.launch(&["-W"])?;
        for _ in 0..2000 {
            if self.is_running() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(Failure::new("the scratch server does not begin to start"))
    }

    fn launch(&self, arguments: &[&str]) -> Result<()> {
        let log = self.log();
        // pg_ctl would wait for the server to close its output: the server gets files.
        let mut command = self.command("pg_ctl");
        command.arg("start").args(arguments).arg("-l").arg(&log);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        if let Some(clock) = &self.clock {
            clock.set_up(&mut command)?;
        }
        if command.status()?.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        Err(Failure::new(format!("the scratch server did not start; {} says:\n{said}", log.display())))
    }

    /// Where the server logs.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.server.host.join("server.log")
    }

    /// The server's data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.disk.as_ref().map_or(&*self.server.host, Disk::folder).join("data")
    }

    /// The disk that its data has to itself.
    pub fn disk(&self) -> Result<&Disk> {
        self.disk.as_ref().ok_or_else(|| Failure::new("made without a disk of its own"))
    }

    /// Has the server shut down: `smart`, `fast` or `immediate`.
    pub fn stop(&self, mode: &str) -> Result<()> {
        self.finish("pg_ctl", &["stop", "-w", "-t", "60", "-m", mode])
    }

    /// `kill -9` of the postmaster and of every process that it has started.
    pub fn kill(&self) -> Result<()> {
        postmaster::end(&postmaster::family(&self.data())?)?;
        self.unlock()
    }

    /// Cuts the power of the disk and of the server on it: what no flush has reached is gone.
    pub fn cut_power(&self) -> Result<()> {
        // What its file of pids says cannot be read afterwards.
        let before = postmaster::family(&self.data())?;
        self.disk()?.cut()?;
        postmaster::end(&before)?;
        self.disk()?.mount_again()?;
        self.unlock()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        postmaster::is_running(&self.data())
    }

    /// All processes are dead, but where nobody reaps them a zombie keeps its pid and would bar the next start.
    fn unlock(&self) -> Result<()> {
        remove(&self.data().join("postmaster.pid"))?;
        let socket = self.server.host.join(format!(".s.PGSQL.{PORT}"));
        remove(&socket.with_extension(format!("{PORT}.lock")))?;
        remove(&socket)
    }

    /// `kill -9` of one server process of a session, and waits until the server takes connections again: until its
    /// first process has seen it and ends every session, it lets new ones in, which end with the others.
    pub fn kill_backend(&self, pid: i64) -> Result<()> {
        let mut witness = self.server.connect("postgres", "postgres")?;
        self.signal("-9", pid)?;
        for _ in 0..1200 {
            if witness.run("SELECT").is_err() {
                return self.wait();
            }
            thread::sleep(Duration::from_millis(25));
        }
        Err(Failure::new(format!("the server goes on without {pid}")))
    }

    /// Sends a signal to one process of the server.
    pub fn signal(&self, signal: &str, pid: i64) -> Result<()> {
        let postmaster = processes::postmaster(&self.data())?;
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

    fn prepare(name: &str, settings: &str) -> Result<Self> {
        let suite = Server::of_suite()?;
        let server = Server { host: suite.host.join(name), bin: suite.bin.clone() };
        let scratch =
            Self { server, account: Account::of(&suite)?, settings: settings.to_owned(), clock: None, disk: None };
        scratch.clear()?;
        fs::create_dir(&scratch.server.host)?;
        scratch.account.give(&scratch.server.host)?;
        Ok(scratch)
    }

    /// Has the data of a cluster that never ran.
    fn copy_bare(&self) -> Result<()> {
        self.copy("bare", &BARE, |template| {
            let mut initdb = Command::new(self.server.bin.join("initdb"));
            initdb.arg("-D").arg(template).args(["-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"]);
            self.account.run_as(&mut initdb);
            finish(&mut initdb).map(drop)
        })
    }

    /// Has the data of a cluster that a program makes once: a copy takes a tenth of the time of `initdb`. The copies have
    /// one system identifier, which is not the suite's.
    fn copy(&self, name: &str, is_made: &Mutex<bool>, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let template = Server::of_suite()?.host.join(format!("template_{name}"));
        let mut made = is_made.lock().map_err(|_| Failure::new("another test has failed here"))?;
        if !*made {
            remove(&template)?;
            make(&template)?;
            *made = true;
        }
        drop(made);
        let mut copy = Command::new("cp");
        copy.arg("-Rp").args([template, self.data()]);
        self.account.run_as(&mut copy);
        finish(&mut copy).map(drop)
    }

    fn make_furnished(template: &Path) -> Result<()> {
        let maker = Self::start("furnished")?;
        Database::installed(&maker.server)?;
        maker.stop("fast")?;
        fs::rename(maker.data(), template)?;
        Ok(())
    }

    fn configure(&self) -> Result<()> {
        let file = self.data().join("postgresql.auto.conf");
        let before = fs::read_to_string(&file).unwrap_or_default();
        let (host, more) = (self.server.host.display(), &self.settings);
        // Who is killed loses nothing that the system was given: only a system that stops does.
        let settings = format!(
            "{before}listen_addresses = ''\nport = {PORT}\nunix_socket_directories = '{host}'\nmax_connections = 200\n\
             log_min_messages = fatal\nwal_level = logical\nfsync = off\n{more}\n"
        );
        fs::write(&file, settings)?;
        self.account.give(&file)
    }

    /// Ends what runs on the data and removes it.
    fn clear(&self) -> Result<()> {
        if self.is_running() {
            self.kill()?;
        }
        remove(&self.server.host)
    }

    fn finish(&self, program: &str, arguments: &[&str]) -> Result<()> {
        finish(self.command(program).args(arguments)).map(drop)
    }

    /// A program that works on the data, as the account of the servers.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.server.bin.join(program));
        command.arg("-D").arg(self.data());
        self.account.run_as(&mut command);
        command
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(failure) = self.clear() {
            eprintln!("{failure}");
        }
    }
}
