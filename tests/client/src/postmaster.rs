//! The first process of a server, found by the file in its data.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::Result;

/// Whether it runs. The file may be older than the process that has its number now.
pub fn is_running(data: &Path) -> bool {
    let command = processes::postmaster(data).and_then(|pid| fs::read(format!("/proc/{pid}/cmdline")));
    command.is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*data.to_string_lossy()))
}

/// It and all that it has started. It stands still from here on, so that nobody comes who is not among them.
pub fn family(data: &Path) -> Result<Vec<u32>> {
    let pid = processes::postmaster(data)?;
    processes::send("-STOP", &[pid])?;
    for _ in 0..2000 {
        if processes::is_still(pid) {
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
