//! What `examples/monitoring` shows, with the real programs of Debian: Prometheus reads the figures of a database under
//! load through its node exporter and through the one of PostgreSQL, every expression of the dashboard has data, and
//! every alert fires whose fault is planted. Fetches programs and a library, so it is no part of `cargo check-all`.

mod faults;
mod programs;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, PORT};
use crate::failure::{Failure, Result};
use crate::project::{self, Project};
use crate::psql::Database;
use crate::started::Started;
use crate::{install, progress, python};
use programs::Programs;

const PYTHON: [&str; 1] = ["prometheus_client==0.26.0"];
const SETTINGS: [(&str, &str); 5] = [
    ("shared_preload_libraries", "pg_bourse,pg_stat_statements"),
    ("track_functions", "all"),
    // Dead rows are to stay.
    ("autovacuum", "off"),
    ("max_connections", "50"),
    ("wal_level", "replica"),
];
/// On an address of its own the usual ports are free.
const ADDRESS: &str = "127.0.0.55";
const DATABASE: &str = "watched";
const READY: Duration = Duration::from_secs(60);
/// What comes through the exporter of PostgreSQL, and of the machine.
const EXPRESSIONS: [&str; 5] = [
    "bourse_value{name=\"bourse_connections_max\"}",
    "bourse_value{name=\"exchange_trades_total\"} > 0",
    "bourse_told_times",
    "bourse_health_ok == 1",
    "count(up == 1) == 2",
];

/// How many checks have passed and failed.
#[derive(Default)]
struct Counted {
    passed: usize,
    failed: usize,
}

impl Counted {
    fn check(&mut self, passed: bool, what: &str) {
        self.add(&format!("{} {what}\n", if passed { "ok" } else { "FAILED" }));
    }

    /// Lines that begin with ok or FAILED; one of another kind is a failure as well.
    fn add(&mut self, lines: &str) {
        for line in lines.lines() {
            if line.starts_with("ok ") {
                self.passed += 1;
            } else {
                self.failed += 1;
                println!("  {line}");
            }
        }
    }
}

/// What the checks need.
struct Watched<'a> {
    project: &'a Project,
    cluster: &'a Cluster,
    database: &'a Database,
    programs: &'a Programs,
    python: &'a Path,
    folder: &'a Path,
}

/// Starts everything, checks, and ends what it has started.
pub fn run(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    install::unless_told(project, arguments, "cargo xtask monitoring [--installed]")?;
    let folder = project.target.join("xtask/monitoring");
    let programs = Programs::prepare(project, &folder)?;
    let python = python::prepare(project, "xtask/monitoring", &PYTHON)?;
    let cluster = Cluster::open(project, "monitoring")?;
    let _running = cluster.run_anew(&SETTINGS)?;
    let database = cluster.fresh_database(DATABASE)?;
    database.run(&sql(project, "setup.sql")?)?;
    let watched = Watched {
        project,
        cluster: &cluster,
        database: &database,
        programs: &programs,
        python: &python,
        folder: &folder,
    };
    let counted = watched.under_load()?;
    println!("{} checks passed, {} failed", counted.passed, counted.failed);
    Ok(if counted.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sql(project: &Project, name: &str) -> Result<String> {
    project::read_text(&project.root.join("tests/monitoring").join(name))
}

impl Watched<'_> {
    fn under_load(&self) -> Result<Counted> {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let load = scope.spawn(|| self.load(&is_over));
            let checked = self.check();
            is_over.store(true, Ordering::Relaxed);
            let loaded = load.join().unwrap_or_else(|_| Err(Failure::new("the load has ended", "see what it says")));
            loaded.and(checked)
        })
    }

    /// Trades and writes the file, a few times a second, until it is over.
    fn load(&self, is_over: &AtomicBool) -> Result<()> {
        let turn = sql(self.project, "load.sql")?;
        while !is_over.load(Ordering::Relaxed) {
            self.database.run(&turn)?;
            self.collect()?;
            thread::sleep(Duration::from_millis(300));
        }
        Ok(())
    }

    fn collect(&self) -> Result<()> {
        let mut command = Command::new(self.project.root.join("examples/monitoring/collect.sh"));
        let path = format!("{}:/usr/bin:/bin", self.cluster.bin().display());
        command.arg(self.textfiles()?).arg(DATABASE).env("PATH", path);
        command.env("PGHOST", self.cluster.socket()).env("PGPORT", PORT.to_string()).env("PGUSER", "watcher");
        let finished = progress::watch_quietly(self.project, "collect", "collect.sh", &mut command)?;
        if finished.success && self.textfile()?.exists() {
            return Ok(());
        }
        Err(Failure::new(format!("collect.sh failed: {}", finished.output), "see what psql says"))
    }

    fn textfiles(&self) -> Result<PathBuf> {
        let folder = self.folder.join("textfiles");
        project::make_folder(&folder)?;
        Ok(folder)
    }

    fn textfile(&self) -> Result<PathBuf> {
        Ok(self.textfiles()?.join(format!("bourse_{DATABASE}.prom")))
    }

    fn check(&self) -> Result<Counted> {
        let mut counted = Counted::default();
        let mut started = Started::new(self.folder);
        self.start(&mut started)?;
        self.promtool(&mut counted)?;
        let text = self.textfile()?;
        counted.add(&self.ask("parse", &[&text.to_string_lossy()])?);
        let dashboard = self.project.root.join("examples/monitoring/grafana.json");
        let url = format!("http://{ADDRESS}:9090");
        counted.check(self.told()?.is_empty(), "nothing is told before it is wrong");
        faults::plant(self.database, &mut started, &sql(self.project, "faults.sql")?)?;
        counted.add(&self.ask("dashboard", &[&url, &dashboard.to_string_lossy()])?);
        let fired = faults::ALERTS
            .map(|alert| format!("ALERTS{{alertname=~\"Bourse.*\", alertstate=\"firing\", alert=\"{alert}\"}}"));
        let asked: Vec<&str> = fired.iter().map(String::as_str).chain(EXPRESSIONS).collect();
        counted.add(&self.ask("expression", &[&[url.as_str()], &asked[..]].concat())?);
        Ok(counted)
    }

    /// The alerts of planted faults that are told.
    fn told(&self) -> Result<Vec<Vec<String>>> {
        let names = faults::ALERTS.join(",");
        self.database.rows(&format!("SELECT alert FROM bourse.alerts() WHERE alert = ANY ('{{{names}}}');\n"))
    }

    fn start(&self, started: &mut Started) -> Result<()> {
        let programs = self.programs;
        let examples = self.project.root.join("examples/monitoring");
        let textfiles = self.textfiles()?;
        started.start("receivewal", &mut self.receivewal()?)?;
        let mut node = Command::new(&programs.node);
        node.arg(format!("--web.listen-address={ADDRESS}:9100"));
        started.start("node", node.arg(format!("--collector.textfile.directory={}", textfiles.display())))?;
        let mut postgres = Command::new(&programs.postgres);
        let host = self.cluster.socket().display();
        postgres
            .env("DATA_SOURCE_NAME", format!("host={host} port={PORT} user=watcher dbname={DATABASE} sslmode=disable"));
        postgres
            .args(["--disable-default-metrics", "--disable-settings-metrics"])
            .args(["--no-collector.database", "--no-collector.bgwriter"])
            .arg(format!("--extend.query-path={}", examples.join("queries.yaml").display()));
        started.start("postgres", postgres.arg(format!("--web.listen-address={ADDRESS}:9187")))?;
        let config = project::read_text(&examples.join("prometheus.yml"))?;
        let config = config.replace("localhost:", &format!("{ADDRESS}:")).replace(": 15s", ": 1s");
        project::write_text(&self.folder.join("prometheus.yml"), &config)?;
        let rules = project::read_text(&examples.join("alerts.yml"))?;
        project::write_text(&self.folder.join("alerts.yml"), &rules)?;
        project::remove_folder(&self.folder.join("data"))?;
        let mut prometheus = Command::new(&programs.prometheus);
        prometheus
            .arg(format!("--config.file={}", self.folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", self.folder.join("data").display()));
        started.start("prometheus", prometheus.arg(format!("--web.listen-address={ADDRESS}:9090")))?;
        let since = Instant::now();
        while std::net::TcpStream::connect((ADDRESS, 9090)).is_err() || !self.textfile()?.exists() {
            if since.elapsed() > READY {
                return Err(Failure::new("Prometheus does not answer", format!("see {}", self.folder.display())));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Somebody who takes the log along, as an archive does, with a slot.
    fn receivewal(&self) -> Result<Command> {
        let folder = self.folder.join("wal");
        project::remove_folder(&folder)?;
        project::make_folder(&folder)?;
        let receive = || {
            let mut command = Command::new(self.cluster.bin().join("pg_receivewal"));
            command.arg("-h").arg(self.cluster.socket()).args(["-p", &PORT.to_string(), "-U", "postgres"]);
            command.args(["--slot", "archive"]);
            command
        };
        progress::run(self.project, "pg_receivewal", receive().arg("--create-slot"), "see what it says")?;
        let mut command = receive();
        command.args(["--synchronous", "-s", "1", "-D"]).arg(folder);
        Ok(command)
    }

    fn promtool(&self, counted: &mut Counted) -> Result<()> {
        let mut command = Command::new(&self.programs.promtool);
        command.args(["check", "config"]).arg(self.folder.join("prometheus.yml"));
        let finished = progress::watch(self.project, "promtool check config", &mut command)?;
        counted.check(finished.success, "promtool takes the configuration and the rules");
        Ok(())
    }

    fn ask(&self, task: &str, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(self.python);
        command.arg(self.project.root.join("tests/monitoring/check.py")).arg(task).args(arguments);
        let finished = progress::watch(self.project, &format!("check.py {task}"), &mut command)?;
        if finished.success && !finished.output.is_empty() {
            return Ok(finished.output);
        }
        Err(Failure::new(format!("check.py {task} failed:\n{}", progress::tail(&finished.output)), "see what it says"))
    }
}
