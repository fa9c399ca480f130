//! The first process of a server, found by the file in its data.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::{Failure, Result};

/// Its pid.
pub fn pid(data: &Path) -> Result<u32> {
    let text = fs::read_to_string(data.join("postmaster.pid"))?;
    let first = text.lines().next().and_then(|line| line.trim().parse().ok());
    first.ok_or_else(|| Failure::new(format!("{}/postmaster.pid holds no pid", data.display())))
}

/// Whether it runs. The file may be older than the process that has its number now.
pub fn is_running(data: &Path) -> bool {
    let command = pid(data).and_then(|pid| Ok(fs::read(format!("/proc/{pid}/cmdline"))?));
    command.is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*data.to_string_lossy()))
}

/// It and all that it has started. It stands still from here on, so that nobody comes who is not among them.
pub fn family(data: &Path) -> Result<Vec<u32>> {
    let pid = pid(data)?;
    processes::send("-STOP", &[pid])?;
    for _ in 0..2000 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name of its program; nothing, once it has ended.
        if stat.rsplit_once(')').is_none_or(|(_, state)| state.trim_start().starts_with(['T', 'Z'])) {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(processes::family(pid)?)
}

/// `kill -9` of processes, until they are gone.
pub fn end(family: &[u32]) -> Result<()> {
    processes::send("-9", family)?;
    while family.iter().any(|pid| processes::is_alive(*pid)) {
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
