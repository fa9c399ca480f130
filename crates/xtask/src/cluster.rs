//! Private PostgreSQL clusters below the target folder: made, started, stopped and removed by us.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::account::{Account, SERVER_USER};
use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::psql::Database;

/// Clusters listen on a socket only, so the same port in another folder is another server.
pub const PORT: u16 = 5432;
/// The longest path that the address of a Unix socket can hold.
const SOCKET_PATH_LIMIT: usize = 107;
/// Of that, what is left to folders inside, in which the client tests have servers of their own.
const SOCKETS_INSIDE: usize = 36;
const SETTINGS_FILE: &str = "bourse.conf";

/// Settings of a cluster that ends with its task: it keeps little on the disk, and need not outlive the machine.
pub const SHORT_LIVED: [(&str, &str); 3] = [("fsync", "off"), ("max_wal_size", "256MB"), ("min_wal_size", "32MB")];

/// For servers whose tests look at plans and counts: statistics that come at a moment of the clock change both. The
/// tests of what a killed server leaves have servers of their own, with autovacuum at work.
pub const NO_AUTOVACUUM: (&str, &str) = ("autovacuum", "off");

/// One private cluster, running or not.
pub struct Cluster {
    account: Account,
    bin: PathBuf,
    major: u32,
    home: PathBuf,
    socket: PathBuf,
}

/// Stops its cluster at the end of a task, also when the task fails.
pub struct Running<'a>(&'a Cluster);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Err(failure) = self.0.stop() {
            eprintln!("{failure}");
        }
    }
}

/// Stops its cluster at the end of a task and removes its data; what it has logged stays.
pub struct ShortLived<'a>(&'a Cluster);

impl Drop for ShortLived<'_> {
    fn drop(&mut self) {
        if let Err(failure) = self.0.destroy() {
            eprintln!("{failure}");
        }
    }
}

impl Cluster {
    /// The cluster of this name; makes its folders, nothing else.
    pub fn open(project: &Project, name: &str) -> Result<Self> {
        let account = Account::of_servers()?;
        let place = Path::new(&project.feature()).join(name);
        let home = server_folder(project, account, &place)?;
        let socket = socket_folder(&home, account)?;
        Ok(Self { account, bin: project.pg_folder("--bindir")?, major: project.major, home, socket })
    }

    /// The folder of the server's socket, which clients give as the host.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// An address of its own on the loopback, for clients that know no Unix socket: there every port is free.
    pub fn address(&self) -> String {
        let [a, b, c, _] = short_hash(&self.home).to_be_bytes();
        // Neither among those that people use nor that of a network or of everybody in it.
        format!("127.{}.{b}.{}", a.max(1), c.clamp(1, 254))
    }

    /// The folder of the server's programs.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// What the server has written since its start.
    pub fn log(&self) -> PathBuf {
        self.home.join("server.log")
    }

    /// One database of this cluster.
    pub fn database(&self, name: &str) -> Database {
        Database { bin: self.bin.clone(), socket: self.socket.clone(), port: PORT, name: name.to_owned() }
    }

    /// Drops the database if it stands and makes it anew.
    pub fn fresh_database(&self, name: &str) -> Result<Database> {
        let maintenance = self.database("postgres");
        maintenance.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE);\nCREATE DATABASE {name};\n"))?;
        Ok(self.database(name))
    }

    /// Whether a server runs on this data.
    pub fn is_running(&self) -> Result<bool> {
        if !self.exists() {
            return Ok(false);
        }
        Ok(self.pg_ctl(&["status"])?.status.success())
    }

    /// Starts the server with these settings, newly made if need be; a running one is restarted.
    pub fn start(&self, settings: &[(&str, &str)]) -> Result<()> {
        if !self.exists() {
            self.initialize()?;
        }
        self.configure(settings)?;
        self.stop()?;
        let log = self.log();
        // Only this start's messages are wanted when it fails.
        if log.exists() {
            std::fs::remove_file(&log).or_fail(|| format!("cannot remove {}", log.display()), "remove it by hand")?;
        }
        let output = self.pg_ctl(&["start", "-w", "-t", "60", "-l", &log.to_string_lossy()])?;
        if output.status.success() {
            return Ok(());
        }
        let server_log = project::read_text(&log).unwrap_or_default();
        Err(Failure::new(
            format!(
                "the server did not start: {}\n  the end of {}:\n{}",
                said(&output),
                log.display(),
                progress::tail(&server_log)
            ),
            format!("mend what the log says, or remove {}", self.home.display()),
        ))
    }

    /// Starts the server for one task.
    pub fn run(&self, settings: &[(&str, &str)]) -> Result<Running<'_>> {
        self.start(settings)?;
        Ok(Running(self))
    }

    /// Starts a new server for one task, with these settings beside [`SHORT_LIVED`].
    pub fn run_anew(&self, settings: &[(&str, &str)]) -> Result<ShortLived<'_>> {
        self.destroy()?;
        self.start(&[&SHORT_LIVED, settings].concat())?;
        Ok(ShortLived(self))
    }

    /// Stops the server; a stopped one is fine.
    pub fn stop(&self) -> Result<()> {
        if !self.is_running()? {
            return Ok(());
        }
        let output = self.pg_ctl(&["stop", "-w", "-m", "fast"])?;
        if output.status.success() {
            return Ok(());
        }
        Err(Failure::new(
            format!("the server in {} did not stop: {}", self.home.display(), said(&output)),
            "end its `postgres` process by hand",
        ))
    }

    /// Stops the server and removes its data.
    pub fn destroy(&self) -> Result<()> {
        self.stop()?;
        project::remove_folder(&self.data())
    }

    /// Makes a new cluster with these settings, and takes over what the other one has: both are stopped. `how` is
    /// `--copy`, `--link` or `--clone`.
    pub fn upgrade_from(&self, project: &Project, old: &Self, how: &str, settings: &[(&str, &str)]) -> Result<()> {
        self.destroy()?;
        self.initialize()?;
        self.configure(settings)?;
        old.stop()?;
        let mut command = self.command("pg_upgrade");
        command
            .args(["-U", "postgres", "--jobs", "2", how, "-b"])
            .arg(&old.bin)
            .arg("-B")
            .arg(&self.bin)
            .arg("-d")
            .arg(old.data())
            .arg("-D")
            .arg(self.data())
            .arg("-s")
            .arg(&self.socket);
        progress::run(project, &format!("pg_upgrade {how} to {}", self.major), &mut command, "mend what it says")
    }

    /// The server's data.
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn exists(&self) -> bool {
        self.data().join(SETTINGS_FILE).exists()
    }

    fn initialize(&self) -> Result<()> {
        // What stands there without our settings file is a half-made cluster.
        project::remove_folder(&self.data())?;
        let mut command = self.command("initdb");
        command.arg("-D").arg(self.data()).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"]);
        // Until 17 that is the default, and no option.
        if self.major >= 18 {
            command.arg("--no-data-checksums");
        }
        let output = command.output().or_fail(|| "cannot run initdb".into(), "run `cargo xtask setup`")?;
        if !output.status.success() {
            return Err(Failure::new(
                format!("initdb failed: {}", said(&output)),
                format!("remove {} and try again", self.home.display()),
            ));
        }
        spread(&self.data().join("base"));
        let main = self.data().join("postgresql.conf");
        let text = project::read_text(&main)?;
        project::write_text(&main, &format!("{text}\ninclude = '{SETTINGS_FILE}'\n"))
    }

    fn configure(&self, settings: &[(&str, &str)]) -> Result<()> {
        let mut text =
            format!("listen_addresses = ''\nport = {PORT}\nunix_socket_directories = '{}'\n", self.socket.display());
        for (name, value) in settings {
            text.push_str(&format!("{name} = '{value}'\n"));
        }
        let file = self.data().join(SETTINGS_FILE);
        project::write_text(&file, &text)?;
        self.account.own(&file)
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<Output> {
        self.command("pg_ctl")
            .arg("-D")
            .arg(self.data())
            .args(arguments)
            .output()
            .or_fail(|| "cannot run pg_ctl".into(), "run `cargo xtask setup`")
    }

    fn command(&self, program: &str) -> Command {
        self.account.command(&self.bin.join(program), &self.home)
    }
}

/// A folder that the servers' account owns and can enter: below the target folder when every
/// parent lets it through, else below /var/tmp.
pub fn server_folder(project: &Project, account: Account, place: &Path) -> Result<PathBuf> {
    let wanted = project.target.join("pg").join(place);
    project::make_folder(&wanted)?;
    account.own(&wanted)?;
    if account.can_enter(&wanted) {
        return Ok(wanted);
    }
    let root = PathBuf::from(format!("/var/tmp/pg_bourse-{:08x}", short_hash(&project.root)));
    let folder = root.join(place);
    project::make_folder(&folder)?;
    account.own(&folder)?;
    if !account.can_enter(&folder) {
        return Err(Failure::new(
            format!("`{SERVER_USER}` can enter neither {} nor {}", wanted.display(), folder.display()),
            "move the repository to a folder that others may enter, for example /opt",
        ));
    }
    println!(
        "  `{SERVER_USER}` cannot enter {}: the server's files stand in {}",
        project.target.display(),
        folder.display()
    );
    Ok(folder)
}

fn socket_folder(home: &Path, account: Account) -> Result<PathBuf> {
    let beside = home.join("socket");
    let name = format!("/.s.PGSQL.{PORT}");
    let folder = if beside.as_os_str().len() + SOCKETS_INSIDE + name.len() <= SOCKET_PATH_LIMIT {
        beside
    } else {
        PathBuf::from(format!("/tmp/pg_bourse-{:08x}", short_hash(home)))
    };
    project::make_folder(&folder)?;
    account.own(&folder)?;
    // Tests have servers of their own in it.
    spread(&folder);
    Ok(folder)
}

/// Has ext4 put each folder that is made in this one into another part of the disk. It takes no inode whose file was
/// deleted in the last minutes, and looks at all of those in a part again for every file that is made there: a database
/// is a thousand files, and tests make and drop hundreds. Other file systems know no such flag, and need none.
fn spread(folder: &Path) {
    let _ = Command::new("chattr").arg("+T").arg(folder).stderr(Stdio::null()).status();
}

/// Tells two clones of the repository apart; stable for one path and one compiler.
fn short_hash(path: &Path) -> u32 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    (hasher.finish() >> 32) as u32
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_starts_answers_and_says_why_it_does_not_start() {
        let project = Project::locate().expect("inside the repository");
        let cluster = Cluster::open(&project, "self_test").expect("a folder for it");
        cluster.destroy().expect("nothing in the way");
        {
            let _running = cluster.run(&[("max_connections", "20")]).expect("a start");
            let database = cluster.fresh_database("t").expect("a database");
            database.run("CREATE TABLE t (a int, b text);\n").expect("a table");
            let rows = |out: &mut dyn std::io::Write| (0..50_000).try_for_each(|n| writeln!(out, "{n}\trow {n}"));
            database.copy_in("COPY t FROM STDIN", rows).expect("rows");
            let mut lines = 0;
            let count = |_: &str| {
                lines += 1;
                Ok(())
            };
            database.copy_out("SELECT * FROM t", count).expect("rows");
            assert_eq!(lines, 50_000);
            let answer = database.rows("SELECT count(*), NULL, 'x' FROM t;\n");
            assert_eq!(answer.expect("an answer"), [["50000", "", "x"]]);
            let error = database.run("SELECT 1/0;\n").expect_err("no answer");
            assert!(error.to_string().contains("division by zero"), "{error}");
        }
        assert!(!cluster.is_running().expect("an answer"));
        let error = cluster.start(&[("max_connections", "many")]).expect_err("no start");
        assert!(error.to_string().contains("max_connections"), "{error}");
        cluster.destroy().expect("removable");
    }
}
