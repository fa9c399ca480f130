//! Three machines on loopback, each with a Patroni and the server that it looks after, and one etcd for all.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::cluster::server_folder;
use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};

/// On addresses of their own they may have the same ports.
const ADDRESSES: [&str; 3] = ["127.0.0.61", "127.0.0.62", "127.0.0.63"];
const ETCD: &str = "127.0.0.60";
const SERVER_PORT: u16 = 6543;
const REST_PORT: u16 = 18008;
const PASSWORD: &str = "loopback-only";
const PATIENCE: Duration = Duration::from_secs(180);
const TICK: Duration = Duration::from_millis(100);

/// One machine: where it listens, where its data is, and its Patroni, if it runs.
struct Machine {
    address: &'static str,
    patroni: Option<Child>,
}

/// All of them. They end with it.
pub struct Machines {
    account: Account,
    home: PathBuf,
    debian: PathBuf,
    bin: PathBuf,
    etcd: Option<Child>,
    machines: Vec<Machine>,
}

impl Machines {
    /// Starts etcd and a Patroni on each machine, with this configuration, and waits until all are in their places.
    pub fn start(project: &Project, debian: &Path, configuration: &str, is_synchronous: bool) -> Result<Self> {
        let account = Account::of_servers()?;
        let home = server_folder(project, account, &Path::new(&project.feature()).join("failover"))?;
        project::remove_folder(&home)?;
        project::make_folder(&home)?;
        account.own(&home)?;
        let file = home.join("patroni.yml");
        project::write_text(&file, configuration)?;
        account.own(&file)?;
        let machines = ADDRESSES.map(|address| Machine { address, patroni: None }).into();
        let bin = project.pg_folder("--bindir")?;
        let mut all = Self { account, home, debian: debian.to_owned(), bin, etcd: None, machines };
        all.start_etcd()?;
        (0..ADDRESSES.len()).try_for_each(|n| all.start_patroni(n))?;
        all.wait_until_ready(is_synchronous)?;
        Ok(all)
    }

    /// How clients reach whoever is leader.
    pub fn address(database: &str) -> String {
        format!(
            "host={} port={SERVER_PORT} user=postgres password={PASSWORD} dbname={database} connect_timeout=2 \
             tcp_user_timeout=3000 target_session_attrs=read-write",
            ADDRESSES.join(",")
        )
    }

    /// Where logs are.
    pub fn home(&self) -> &Path {
        &self.home
    }

    fn start_etcd(&mut self) -> Result<()> {
        let (clients, peers) = (format!("http://{ETCD}:2379"), format!("http://{ETCD}:2380"));
        let mut command = self.account.command(&self.debian.join("usr/bin/etcd"), &self.home);
        command.arg("--data-dir").arg(self.home.join("etcd"));
        command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        command.args(["--initial-cluster", &format!("default={peers}")]);
        self.etcd = Some(self.spawn("etcd", &mut command)?);
        Ok(())
    }

    fn start_patroni(&mut self, n: usize) -> Result<()> {
        let address = self.machines[n].address;
        let (rest, server) = (format!("{address}:{REST_PORT}"), format!("{address}:{SERVER_PORT}"));
        let mut command = self.account.command(Path::new("/usr/bin/python3"), &self.home);
        command.args(["-m", "patroni"]).arg(self.home.join("patroni.yml"));
        command.env("PYTHONPATH", self.debian.join("usr/lib/python3/dist-packages"));
        command.env("PATRONI_NAME", format!("machine{n}"));
        command.env("PATRONI_RESTAPI_LISTEN", &rest).env("PATRONI_RESTAPI_CONNECT_ADDRESS", &rest);
        command.env("PATRONI_POSTGRESQL_LISTEN", &server).env("PATRONI_POSTGRESQL_CONNECT_ADDRESS", &server);
        command.env("PATRONI_POSTGRESQL_DATA_DIR", self.data(n)).env("PATRONI_POSTGRESQL_BIN_DIR", &self.bin);
        command.env("PATRONI_POSTGRESQL_PGPASS", self.home.join(format!("pgpass{n}")));
        command.env("PATRONI_ETCD3_HOSTS", format!("'{ETCD}:2379'"));
        for (role, user) in [("SUPERUSER", "postgres"), ("REPLICATION", "replicator"), ("REWIND", "rewinder")] {
            command.env(format!("PATRONI_{role}_USERNAME"), user).env(format!("PATRONI_{role}_PASSWORD"), PASSWORD);
        }
        self.machines[n].patroni = Some(self.spawn(&format!("patroni{n}"), &mut command)?);
        Ok(())
    }

    fn spawn(&self, name: &str, command: &mut Command) -> Result<Child> {
        let log = self.home.join(format!("{name}.log"));
        let cannot = || format!("cannot write {}", log.display());
        let file = fs::OpenOptions::new().create(true).append(true).open(&log).or_fail(cannot, "make room")?;
        let copy = file.try_clone().or_fail(cannot, "make room")?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(copy).spawn();
        child.or_fail(|| format!("cannot run {name}"), "see the log beside it")
    }

    fn data(&self, n: usize) -> PathBuf {
        self.home.join(format!("data{n}"))
    }

    /// The server of a machine and all its processes, the server first.
    fn server(&self, n: usize) -> Vec<u32> {
        processes::postmaster(&self.data(n)).and_then(processes::family).unwrap_or_default()
    }

    /// Waits until there is a leader and two that follow, one of them with all that is acknowledged.
    pub fn wait_until_ready(&self, is_synchronous: bool) -> Result<()> {
        let since = Instant::now();
        let count = |path: &str| self.machines.iter().filter(|m| m.answers("GET", path, "")).count();
        while count("/leader") != 1 || count("/replica") != 2 || is_synchronous && count("/synchronous") == 0 {
            if since.elapsed() > PATIENCE {
                return Err(Failure::new(
                    "the machines do not come to their places",
                    format!("see the logs in {}", self.home.display()),
                ));
            }
            thread::sleep(TICK);
        }
        Ok(())
    }

    fn leader(&self) -> Result<usize> {
        let leader = self.machines.iter().position(|machine| machine.answers("GET", "/leader", ""));
        leader.ok_or_else(|| Failure::new("there is no leader", format!("see the logs in {}", self.home.display())))
    }

    /// Everything on the leader's machine ends at once, a moment after what it had written has stopped to arrive; its
    /// number.
    pub fn kill_leader(&mut self, moment: Duration) -> Result<usize> {
        let leader = self.leader()?;
        let is_receiver = |pid: &u32| {
            fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("walreceiver"))
        };
        let others = (0..ADDRESSES.len()).filter(|n| *n != leader);
        let receivers: Vec<u32> = others.flat_map(|n| self.server(n)).filter(is_receiver).collect();
        signal("-STOP", &receivers)?;
        thread::sleep(moment);
        let killed = self.kill(leader);
        signal("-CONT", &receivers)?;
        killed.map(|()| leader)
    }

    fn kill(&mut self, n: usize) -> Result<()> {
        let server = self.server(n);
        if let Some(mut patroni) = self.machines[n].patroni.take() {
            signal("-9", &[patroni.id()])?;
            patroni.wait().or_fail(|| "lost patroni".into(), "try again")?;
        }
        signal("-9", &server)
    }

    /// The machine is back.
    pub fn bring_back(&mut self, n: usize) -> Result<()> {
        self.start_patroni(n)
    }

    /// Has the leader hand over, with nothing lost and nobody killed.
    pub fn switch_over(&self) -> Result<()> {
        let leader = self.leader()?;
        let body = format!("{{\"leader\": \"machine{leader}\"}}");
        if self.machines[leader].answers("POST", "/switchover", &body) {
            return Ok(());
        }
        Err(Failure::new("the leader does not hand over", format!("see the logs in {}", self.home.display())))
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for n in 0..self.machines.len() {
            if let Err(failure) = self.kill(n) {
                eprintln!("{failure}");
            }
        }
        if let Some(mut etcd) = self.etcd.take()
            && etcd.kill().and_then(|()| etcd.wait()).is_err()
        {
            eprintln!("cannot end etcd");
        }
        for n in 0..self.machines.len() {
            if let Err(failure) = project::remove_folder(&self.data(n)) {
                eprintln!("{failure}");
            }
        }
    }
}

impl Machine {
    /// Whether Patroni says 200. Who is not there says nothing.
    fn answers(&self, method: &str, path: &str, body: &str) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect((self.address, REST_PORT))?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            let length = body.len();
            write!(stream, "{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.split_whitespace().nth(1) == Some("200"))
    }
}

fn signal(signal: &str, pids: &[u32]) -> Result<()> {
    processes::send(signal, pids).or_fail(|| format!("cannot send {signal}"), "install procps")
}
