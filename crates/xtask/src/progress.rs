//! Long steps: a line before they start, the time while they run, the end of their log when they fail.

use std::env;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, OrFail, Result};
use crate::project::Project;

/// How often a running step is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How often a terminal sees the elapsed time.
const TERMINAL_PERIOD: Duration = Duration::from_secs(1);
/// How often a log file sees it.
const PLAIN_PERIOD: Duration = Duration::from_secs(20);
/// How much of a failed step's log is shown.
const TAIL_LINES: usize = 40;
/// A run of tests that has printed nothing for so long hangs: no test takes a tenth of it where nothing else runs.
const SILENCE: Duration = Duration::from_secs(1200);
/// Settings that ask for a long run: who gives one of them knows how long it may be silent.
const LONG_RUNS: [&str; 10] = [
    "BOURSE_CANCELS",
    "BOURSE_CASES",
    "BOURSE_CLIENTS",
    "BOURSE_CUTS",
    "BOURSE_FULL_DISKS",
    "BOURSE_KILLS",
    "BOURSE_QUERIES",
    "BOURSE_RETRIES",
    "BOURSE_SECONDS",
    "BOURSE_SUBSCRIPTIONS",
];

/// A step that came to its end, well or not.
pub struct Finished {
    /// Whether the program said so.
    pub success: bool,
    /// Everything it printed.
    pub output: String,
}

/// Runs a command as a step, however long it is silent, and fails, with the end of its log, when the command fails.
pub fn run(project: &Project, label: &str, command: &mut Command, remedy: &str) -> Result<()> {
    let finished = step(project, label, command, Duration::MAX)?;
    if finished.success {
        return Ok(());
    }
    let log = project.log(label)?;
    Err(Failure::new(format!("{label} failed; the end of {}:\n{}", log.display(), tail(&finished.output)), remedy))
}

/// Runs tests as a step and returns what they printed, failed or not. Tests that hang are ended.
pub fn watch(project: &Project, label: &str, command: &mut Command) -> Result<Finished> {
    step(project, label, command, patience())
}

fn patience() -> Duration {
    if is_long() { Duration::MAX } else { SILENCE }
}

/// Whether somebody has asked for a long run.
pub fn is_long() -> bool {
    LONG_RUNS.iter().any(|name| env::var_os(name).is_some())
}

/// The same for one of many short steps of a task, of which nothing is said unless it takes its time or fails.
pub fn watch_quietly(project: &Project, task: &str, label: &str, command: &mut Command) -> Result<Finished> {
    short_step(project, task, label, command, patience())
}

/// The same for a program that is ended when it has printed nothing for so long.
pub fn watch_within(project: &Project, label: &str, command: &mut Command, silence: Duration) -> Result<Finished> {
    short_step(project, label, label, command, silence)
}

fn short_step(
    project: &Project,
    task: &str,
    label: &str,
    command: &mut Command,
    silence: Duration,
) -> Result<Finished> {
    let log = project.log(task)?;
    let start = Instant::now();
    let status = wait(label, command, &log, silence)?;
    if !status.success() {
        conclude(label, start.elapsed(), false);
    }
    finished(&log, status)
}

fn step(project: &Project, label: &str, command: &mut Command, silence: Duration) -> Result<Finished> {
    let log = project.log(label)?;
    let start = Instant::now();
    announce(label);
    let status = wait(label, command, &log, silence)?;
    conclude(label, start.elapsed(), status.success());
    finished(&log, status)
}

fn finished(log: &Path, status: ExitStatus) -> Result<Finished> {
    let output = fs::read(log).or_fail(|| format!("cannot read {}", log.display()), "check the target folder")?;
    Ok(Finished { success: status.success(), output: String::from_utf8_lossy(&output).into_owned() })
}

/// The last lines of a log, indented.
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    lines[from..].iter().map(|l| format!("    {l}\n")).collect()
}

/// Waits for the end of a command. One that has printed nothing for so long is ended with all that it has started.
fn wait(label: &str, command: &mut Command, log: &Path, silence: Duration) -> Result<ExitStatus> {
    let cannot = || format!("cannot write {}", log.display());
    let mut out = File::create(log).or_fail(cannot, "check the target folder")?;
    let clone = || out.try_clone().or_fail(cannot, "check the target folder");
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.stdin(Stdio::null()).stdout(clone()?).stderr(clone()?).spawn().or_fail(
            || format!("{label}: cannot run {name}"),
            "run `cargo xtask setup`, which installs what is missing",
        )?;
    let period = if io::stdout().is_terminal() { TERMINAL_PERIOD } else { PLAIN_PERIOD };
    let start = Instant::now();
    let (mut shown, mut printed, mut length) = (start, start, 0);
    loop {
        let status = child.try_wait().or_fail(|| format!("{label}: lost {name}"), "try again")?;
        if let Some(status) = status {
            return Ok(status);
        }
        let so_far = out.metadata().map_or(length, |log| log.len());
        if so_far != length {
            (printed, length) = (Instant::now(), so_far);
        } else if printed.elapsed() >= silence {
            let family = processes::family(child.id()).or_fail(|| format!("{label}: lost {name}"), "try again")?;
            processes::send("-9", &family).or_fail(|| format!("{label}: cannot end {name}"), "install procps")?;
            writeln!(out, "\nended: it had printed nothing for {} s", silence.as_secs())
                .or_fail(cannot, "check the target folder")?;
            printed = Instant::now();
        }
        if shown.elapsed() >= period {
            shown = Instant::now();
            report(label, start.elapsed(), &last_line(log));
        }
        thread::sleep(TICK);
    }
}

fn announce(label: &str) {
    if io::stdout().is_terminal() {
        print!("  {label} …");
        flush();
    } else {
        println!("  {label} …");
    }
}

fn report(label: &str, elapsed: Duration, doing: &str) {
    let seconds = elapsed.as_secs();
    if io::stdout().is_terminal() {
        print!("\r\x1b[K  {label} … {seconds} s  {doing}");
        flush();
    } else {
        println!("  {label} … {seconds} s  {doing}");
    }
}

fn conclude(label: &str, elapsed: Duration, success: bool) {
    let word = if success { "done" } else { "FAILED" };
    let clear = if io::stdout().is_terminal() { "\r\x1b[K" } else { "" };
    println!("{clear}  {label}: {word}, {:.1} s", elapsed.as_secs_f64());
}

/// Progress is for the eye only: a closed output must not end the work.
fn flush() {
    let _ = io::stdout().flush();
}

/// The last full line of a growing log, short enough for one line of a terminal.
fn last_line(log: &Path) -> String {
    const WINDOW: u64 = 400;
    const WIDTH: usize = 50;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(WINDOW)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rfind(|line| !line.trim().is_empty());
    line.unwrap_or_default().trim().chars().filter(|c| !c.is_control()).take(WIDTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_hangs_is_ended_with_all_that_it_has_started() -> Result<()> {
        let project = Project::locate()?;
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; sleep 100 & echo child $!; wait"]);
        let start = Instant::now();
        let finished = step(&project, "a step that hangs", &mut command, Duration::from_secs(5))?;
        assert!(start.elapsed() < Duration::from_secs(50), "{:?}", start.elapsed());
        assert!(!finished.success);
        assert!(finished.output.ends_with("\nended: it had printed nothing for 5 s\n"), "{}", finished.output);
        let child = finished.output.lines().find_map(|line| line.strip_prefix("child ")?.parse().ok());
        let child = child.expect("the shell tells its child");
        while processes::is_alive(child) {
            assert!(start.elapsed() < Duration::from_secs(50), "the child lives");
            thread::sleep(TICK);
        }
        Ok(())
    }

    #[test]
    fn a_step_that_prints_may_take_its_time() -> Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 1.5; done"]);
        let finished = step(&Project::locate()?, "a step that prints", &mut command, Duration::from_secs(10))?;
        assert!(finished.success);
        assert_eq!(finished.output, "1\n2\n3\n4\n5\n6\n7\n8\n");
        Ok(())
    }
}
