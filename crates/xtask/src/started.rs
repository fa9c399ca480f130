//! What has been started, and ends with the task, also when the task fails.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::failure::{OrFail, Result};

/// Processes of ours, and the folder of their logs.
pub struct Started {
    folder: PathBuf,
    children: Vec<(String, Child)>,
}

impl Started {
    /// Nothing yet.
    pub fn new(folder: &Path) -> Started {
        Started { folder: folder.to_owned(), children: Vec::new() }
    }

    /// Starts a program, which writes into a log of this name.
    pub fn start(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let log = self.folder.join(format!("{name}.log"));
        let cannot = || format!("cannot write {}", log.display());
        let file = File::create(&log).or_fail(cannot, "check the target folder")?;
        let copy = file.try_clone().or_fail(cannot, "check the target folder")?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(copy).spawn();
        let child = child.or_fail(|| format!("cannot run {name}"), "see the log beside it")?;
        self.children.push((name.to_owned(), child));
        Ok(())
    }

    /// Sends a signal to the program of this name.
    pub fn signal(&self, name: &str, signal: &str) -> Result<()> {
        let pids: Vec<u32> = self.children.iter().filter(|(one, _)| one == name).map(|(_, child)| child.id()).collect();
        processes::send(signal, &pids).or_fail(|| format!("cannot stop {name}"), "install procps")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Who was stopped goes on, to its end; the last that was started first.
        for (name, child) in self.children.iter_mut().rev() {
            if child.kill().and_then(|()| child.wait()).is_err() {
                eprintln!("cannot end {name}");
            }
        }
    }
}
