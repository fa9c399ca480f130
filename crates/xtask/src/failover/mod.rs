//! A venue of three machines under Patroni, as `examples/patroni` has it: leaders are killed and relieved while clients
//! place orders, and everything that was acknowledged is there afterwards. Then the same without synchronous commits,
//! where some is lost. Fetches the programs, so it is no part of `cargo check-all`.

mod machines;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};
use crate::{install, progress, unpacked};
use machines::Machines;

const PACKAGES: [&str; 15] = [
    "etcd-server",
    "patroni",
    "python3-cdiff",
    "python3-click",
    "python3-dateutil",
    "python3-dnspython",
    "python3-etcd",
    "python3-pkg-resources",
    "python3-prettytable",
    "python3-psutil",
    "python3-psycopg2",
    "python3-six",
    "python3-urllib3",
    "python3-wcwidth",
    "python3-yaml",
];
const USAGE: &str = "cargo xtask failover [--installed] [ROUNDS]";
const ROUNDS: usize = 4;
const CLIENTS: usize = 4;
/// How long orders come before something happens, and after the machines are in their places again.
const LOAD: Duration = Duration::from_secs(3);
/// For how long nothing of a leader arrives elsewhere before it is killed.
const MOMENT: Duration = Duration::from_millis(300);
const SETUP: &str = "
    CREATE EXTENSION pg_bourse;
    SELECT bourse.install();
    SELECT exchange.create_market('BTC-USD', 'BTC', 'USD');
    INSERT INTO identity.users (name) SELECT 'trader ' || n FROM generate_series(1, 8) n;
    SELECT exchange.deposit(u.id, a, 100000000) FROM identity.users u, unnest(ARRAY['BTC', 'USD']) a";
/// What makes the same machines lose: commits that wait for nobody.
const CARELESS: [(&str, &str); 3] = [
    ("synchronous_mode: true", "synchronous_mode: false"),
    ("synchronous_mode_strict: true", "synchronous_mode_strict: false"),
    ("synchronous_commit: 'on'", "synchronous_commit: 'off'"),
];

/// What has been done to a leader, and when.
type Fault = (&'static str, f64);

/// Rounds with synchronous commits, in which nothing may be lost, and one without, in which something must be.
pub fn run(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let (is_installed, rounds) = install::without_build(arguments, USAGE)?;
    let rounds = match rounds[..] {
        [] => ROUNDS,
        [rounds] => number(rounds)?,
        _ => return Err(Failure::new(format!("what is `{}`?", rounds.join(" ")), USAGE)),
    };
    let folder = project.target.join("xtask/failover");
    let mut debian = folder.join("debian");
    if !debian.join("usr/bin/etcd").exists() {
        debian = unpacked::fetch(project, &folder, &PACKAGES)?;
    }
    if !is_installed {
        install::run(project)?;
    }
    let careful = project::read_text(&project.root.join("examples/patroni/patroni.yml"))?;
    let mut careless = careful.clone();
    for (here, there) in CARELESS {
        if !careless.contains(here) {
            return Err(Failure::new(format!("examples/patroni/patroni.yml has no {here}"), "put it back"));
        }
        careless = careless.replace(here, there);
    }
    let mut failed = 0;
    for (label, configuration, rounds, is_careful) in
        [("synchronous", &careful, rounds, true), ("asynchronous, the control", &careless, 1, false)]
    {
        println!("  {label}: {rounds} rounds");
        let said = Trial { project, debian: &debian, folder: &folder }.rounds(configuration, rounds, is_careful)?;
        failed += judge(&said, is_careful)?;
    }
    println!("{failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn number(text: &str) -> Result<usize> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| Failure::new(format!("{text} is no number of rounds"), USAGE))
}

/// Says what was found, and how much of it is wrong.
fn judge(said: &str, is_careful: bool) -> Result<usize> {
    let field = |name: &str| -> Result<usize> {
        let found = said.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.ok_or_else(|| Failure::new(format!("clients.py does not say {name}"), "see what it says"))
    };
    let (lost, acknowledged) = (field("lost")?, field("acknowledged")?);
    println!(
        "  {acknowledged} orders acknowledged, {lost} of them lost, {} there twice, {} there without an answer, \
         verify(): {} rows",
        field("twice")?,
        field("unanswered")?,
        field("verify")?
    );
    for kind in ["kill", "switchover"] {
        let prefix = format!("outage\t{kind}\t");
        let mut outages: Vec<f64> =
            said.lines().filter_map(|line| line.strip_prefix(prefix.as_str())?.parse().ok()).collect();
        outages.sort_by(f64::total_cmp);
        if let Some(longest) = outages.last() {
            let median = outages[outages.len() / 2];
            println!(
                "  {} {kind}s: nothing was answered for {median} s (median), {longest} s (longest)",
                outages.len()
            );
        }
    }
    let is_as_expected = (lost == 0) == is_careful && acknowledged > 0;
    Ok([is_as_expected, field("twice")? == 0, field("verify")? == 0].iter().filter(|right| !**right).count())
}

struct Trial<'a> {
    project: &'a Project,
    debian: &'a Path,
    folder: &'a Path,
}

impl Trial<'_> {
    /// Starts the machines, has clients trade on them through all rounds, and asks what is there at the end.
    fn rounds(&self, configuration: &str, rounds: usize, is_careful: bool) -> Result<String> {
        let answers = self.folder.join("answers");
        project::remove_folder(&answers)?;
        project::make_folder(&answers)?;
        let mut machines = Machines::start(self.project, self.debian, configuration, is_careful)?;
        println!("  three machines; their logs: {}", machines.home().display());
        self.ask("sql", &["postgres", "CREATE DATABASE venue"], &answers)?;
        self.ask("sql", &["venue", SETUP], &answers)?;
        let mut clients = Clients::start(self, &answers)?;
        let mut faults: Vec<Fault> = Vec::new();
        for round in 0..rounds {
            thread::sleep(LOAD);
            let began = now()?;
            if round % 2 == 0 {
                let killed = machines.kill_leader(MOMENT)?;
                faults.push(("kill", began));
                clients.wait_for_answers(began)?;
                machines.bring_back(killed)?;
            } else {
                machines.switch_over()?;
                faults.push(("switchover", began));
                clients.wait_for_answers(began)?;
            }
            machines.wait_until_ready(is_careful)?;
        }
        thread::sleep(LOAD);
        clients.stop()?;
        let faults: Vec<String> = faults.iter().map(|(kind, at)| format!("{kind}={at}")).collect();
        let mut words = vec!["venue"];
        words.extend(faults.iter().map(String::as_str));
        self.ask("check", &words, &answers)
    }

    /// What clients.py says to a task; the first word is the database.
    fn ask(&self, task: &str, words: &[&str], answers: &Path) -> Result<String> {
        let label = format!("clients.py {task}");
        let finished = progress::watch(self.project, &label, &mut self.python(task, words, answers))?;
        if finished.success {
            return Ok(finished.output);
        }
        Err(Failure::new(format!("{label} failed:\n{}", progress::tail(&finished.output)), "see what it says"))
    }

    fn python(&self, task: &str, words: &[&str], answers: &Path) -> Command {
        let mut command = Command::new("python3");
        command.arg(self.project.root.join("tests/failover/clients.py")).arg(task).arg(answers);
        command.arg(Machines::address(words[0])).args(&words[1..]);
        command.env("PYTHONPATH", self.debian.join("usr/lib/python3/dist-packages"));
        command
    }
}

/// Clients that trade until they are stopped.
struct Clients {
    child: Child,
    answers: PathBuf,
}

impl Clients {
    fn start(trial: &Trial, answers: &Path) -> Result<Self> {
        let mut command = trial.python("load", &["venue", &CLIENTS.to_string()], answers);
        let child = command.stdin(Stdio::null()).spawn().or_fail(|| "cannot run python3".into(), "install python3")?;
        Ok(Self { child, answers: answers.to_owned() })
    }

    /// Waits until an order is acknowledged again: once the old leader cannot have been the one who did it.
    fn wait_for_answers(&mut self, since: f64) -> Result<()> {
        const PATIENCE: f64 = 180.0;
        let settled = since + MOMENT.as_secs_f64() + 1.0;
        loop {
            let is_over = self.child.try_wait().or_fail(|| "lost clients.py".into(), "try again")?.is_some();
            if is_over || now()? > since + PATIENCE {
                return Err(Failure::new("no order is acknowledged any more", "see the logs of the machines"));
            }
            if self.last_answer()? > settled {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn last_answer(&self) -> Result<f64> {
        let cannot = || format!("cannot read {}", self.answers.display());
        let mut last = 0.0_f64;
        for entry in std::fs::read_dir(&self.answers).or_fail(cannot, "try again")?.flatten() {
            let modified = entry.metadata().and_then(|data| data.modified()).or_fail(cannot, "try again")?;
            last = last.max(seconds(modified)?);
        }
        Ok(last)
    }

    fn stop(&mut self) -> Result<()> {
        project::write_text(&self.answers.join("stop"), "")?;
        let status = self.child.wait().or_fail(|| "lost clients.py".into(), "try again")?;
        if status.success() { Ok(()) } else { Err(Failure::new("clients.py failed", "see what it says")) }
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        // Who has ended is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn now() -> Result<f64> {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> Result<f64> {
    Ok(time.duration_since(UNIX_EPOCH).or_fail(|| "a clock before 1970".into(), "set it")?.as_secs_f64())
}
