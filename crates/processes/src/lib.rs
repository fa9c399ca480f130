//! The processes of this machine, as `/proc` and `kill` know them: for programs that start servers and tests.

#![forbid(unsafe_code)]

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// The processes that this one has started and that have not been waited for.
pub fn children(parent: u32) -> io::Result<Vec<u32>> {
    let entries = fs::read_dir("/proc")?.flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent)).collect())
}

/// A process and its children, and theirs, parents first.
pub fn family(eldest: u32) -> io::Result<Vec<u32>> {
    let mut family = vec![eldest];
    let mut seen = 0;
    while let Some(parent) = family.get(seen) {
        family.extend(children(*parent)?);
        seen += 1;
    }
    Ok(family)
}

/// The first process of a PostgreSQL server, as the file in its data says. It may have ended since.
pub fn postmaster(data: &Path) -> io::Result<u32> {
    let file = data.join("postmaster.pid");
    let first = fs::read_to_string(&file)?.lines().next().and_then(|line| line.trim().parse().ok());
    first.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no pid", file.display())))
}

/// Whether a process has been stopped, or has ended.
#[must_use]
pub fn is_still(pid: u32) -> bool {
    stat(pid).is_none_or(|(state, _)| state == "T" || state == "Z")
}

/// Whether a process runs; one that has ended and waits to be waited for does not.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

/// Sends a signal, such as `-STOP`. A process that has ended meanwhile is fine.
pub fn send(signal: &str, processes: &[u32]) -> io::Result<()> {
    for pid in processes {
        Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status()?;
    }
    Ok(())
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name before them may hold anything; it ends with the last parenthesis.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_ends_with_its_signal() -> io::Result<()> {
        let mut shell = Command::new("sh").args(["-c", "sleep 100 & echo; wait"]).stdout(Stdio::piped()).spawn()?;
        let mut said = [0];
        io::Read::read_exact(shell.stdout.as_mut().expect("piped"), &mut said)?;
        let family = family(shell.id())?;
        assert_eq!(family.len(), 2, "the shell and what it has started");
        assert!(family.iter().all(|pid| is_alive(*pid)));
        assert!(children(std::process::id())?.contains(&shell.id()));
        send("-9", &family)?;
        // The shell is not waited for yet.
        while family.iter().any(|pid| is_alive(*pid)) {
            std::thread::yield_now();
        }
        shell.wait()?;
        Ok(())
    }
}
