//! A clock of a server's own, that a test sets on and back while the server runs: libfaketime before every process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::Account;
use crate::{Failure, Result};

/// Says by how much the clock of a server is wrong.
pub struct Clock(PathBuf);

impl Clock {
    /// One that is right, kept in this folder.
    pub fn new(folder: &Path, account: &Account) -> Result<Self> {
        let clock = Self(folder.join("clock"));
        clock.set(0)?;
        account.give(&clock.0)?;
        Ok(clock)
    }

    /// Wrong by so many seconds from now on.
    pub fn set(&self, seconds: i64) -> Result<()> {
        // Renamed: it is read for every look at the clock, and never half written.
        let written = self.0.with_extension("new");
        fs::write(&written, format!("{seconds:+}"))?;
        Ok(fs::rename(written, &self.0)?)
    }

    /// Has a program and all that it starts go by this clock. How long something takes is measured as ever: a clock
    /// that is set does not change the one that only runs on.
    pub fn set_up(&self, command: &mut Command) -> Result<()> {
        command
            .env("LD_PRELOAD", library()?)
            .env("FAKETIME_TIMESTAMP_FILE", &self.0)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Ok(())
    }
}

/// Where Debian puts it, for each architecture.
fn library() -> Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib")?.filter_map(std::result::Result::ok);
    let mut files = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    files.find(|file| file.exists()).ok_or_else(|| Failure::new("no libfaketime: run `cargo xtask setup`"))
}
