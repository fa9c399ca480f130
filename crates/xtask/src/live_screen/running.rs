//! A screen that goes on when the command that has started it has ended, with what trades in front of it.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};

/// Where it listens, if nobody else does.
const ADDRESS: &str = "127.0.0.1:8080";
/// On any port that is free.
const ANYWHERE: &str = "127.0.0.1:0";
/// How long it may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// The file that remembers a process of this name.
fn remembered(project: &Project, name: &str) -> PathBuf {
    project.target.join("xtask").join(format!("{name}.pid"))
}

/// Starts a program that goes on by itself; its log.
fn detached(project: &Project, name: &str, command: &mut Command) -> Result<PathBuf> {
    stop_one(project, name)?;
    let log = project.log(name)?;
    let cannot = || format!("cannot write {}", log.display());
    let out = File::create(&log).or_fail(cannot, "check the target folder")?;
    let copy = out.try_clone().or_fail(cannot, "check the target folder")?;
    // A group of its own, so that Ctrl-C in this terminal is not for it.
    let child = command.stdin(Stdio::null()).stdout(out).stderr(copy).process_group(0).spawn();
    let child = child.or_fail(|| format!("cannot run {name}"), "see the log beside it")?;
    let program = command.get_program().to_string_lossy();
    project::write_text(&remembered(project, name), &format!("{}\n{program}\n", child.id()))?;
    Ok(log)
}

/// Ends what was started under this name, if it is still that; whether it was.
fn stop_one(project: &Project, name: &str) -> Result<bool> {
    let file = remembered(project, name);
    let Ok(text) = fs::read_to_string(&file) else {
        return Ok(false);
    };
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.parse::<u32>().ok());
    let program = lines.next().unwrap_or_default();
    // Another process may have its number by now.
    let is_ours = |pid: &u32| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).next() == Some(program.as_bytes())
    };
    let running = pid.filter(is_ours);
    if let Some(pid) = running {
        processes::send("-TERM", &[pid]).or_fail(|| format!("cannot end {name}"), "install procps")?;
        let start = Instant::now();
        while processes::is_alive(pid) && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(20));
        }
    }
    fs::remove_file(&file).or_fail(|| format!("cannot remove {}", file.display()), "remove it by hand")?;
    Ok(running.is_some())
}

/// Starts the screen over this database with these DSNs of its logins, and a program that trades; the URL.
pub fn start(project: &Project, program: &Path, gateway: &str, monitor: &str, flow: &mut Command) -> Result<String> {
    let free = TcpListener::bind(ADDRESS).is_ok();
    let mut command = Command::new(program);
    command.args(["--listen", if free { ADDRESS } else { ANYWHERE }]).args([
        "--database",
        gateway,
        "--monitor",
        monitor,
    ]);
    let log = detached(project, "demo-screen", &mut command)?;
    detached(project, "demo-flow", flow)?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(url) = project::read_text(&log)?.lines().find(|line| line.starts_with("http://")) {
            return Ok(url.to_owned());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new("the screen does not start", format!("see {}", log.display())))
}

/// Ends both; whether one of them ran.
pub fn stop(project: &Project) -> Result<bool> {
    let (flow, screen) = (stop_one(project, "demo-flow")?, stop_one(project, "demo-screen")?);
    Ok(flow || screen)
}
