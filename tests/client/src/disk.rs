//! A small disk of a test's own: an ext4 in a file, over a loop device, whose power the test may cut.
//!
//! The cut is the kernel's own: `EXT4_IOC_SHUTDOWN` without a flush of the journal, as `xfs_io` asks for it. From then on
//! nothing reaches the disk, and what only the memory had is gone with the mount. What a write cache inside a disk
//! loses of what the disk says it has written is not tried by that.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::postmaster;
use crate::server::{finish, remove};
use crate::{Failure, Result, Server};

/// A mounted disk. It ends with the test.
pub struct Disk {
    image: PathBuf,
    folder: PathBuf,
}

impl Disk {
    /// A new, empty disk of so many MiB; none, and why, where this machine lets nobody mount one.
    pub fn new(name: &str, size: u64) -> Result<Option<Self>> {
        if let Some(reason) = reason_against()? {
            println!("no disk can be made here: {reason}");
            return Ok(None);
        }
        let host = Server::of_suite()?.host;
        let disk = Self { image: host.join(format!("{name}.image")), folder: host.join(format!("{name}.disk")) };
        disk.clear()?;
        File::create(&disk.image)?.set_len(size << 20)?;
        // Without blocks that only root may use: full is full.
        finish(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&disk.image))?;
        fs::create_dir(&disk.folder)?;
        if let Err(failure) = disk.mount() {
            println!("no disk can be made here: {failure}");
            return Ok(None);
        }
        Ok(Some(disk))
    }

    /// Where it is mounted.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has nothing more reach the disk.
    pub fn cut(&self) -> Result<()> {
        finish(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(&self.folder)).map(drop)
    }

    /// Mounts it as the next boot would: the memory has forgotten it.
    pub fn mount_again(&self) -> Result<()> {
        self.unmount()?;
        self.mount()
    }

    /// Has all that is in memory reach the disk.
    pub fn flush(&self) -> Result<()> {
        finish(Command::new("sync").arg("-f").arg(&self.folder)).map(drop)
    }

    /// Takes all the room that is left.
    pub fn fill(&self) -> Result<()> {
        let said = finish(Command::new("df").args(["-B1", "--output=avail"]).arg(&self.folder))?;
        let left = said.lines().last().unwrap_or_default().trim();
        // It says that it fails where the server has been quicker; what it got it keeps.
        Command::new("fallocate").args(["-l", left]).arg(self.ballast()).output()?;
        Ok(())
    }

    /// Gives the room back.
    pub fn empty(&self) -> Result<()> {
        remove(&self.ballast())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    fn mount(&self) -> Result<()> {
        // The kernel frees the loop device when it is unmounted.
        finish(Command::new("mount").args(["-t", "ext4", "-o", "loop"]).args([&self.image, &self.folder])).map(drop)
    }

    fn is_mounted(&self) -> Result<bool> {
        let folder = self.folder.to_string_lossy();
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        Ok(mounts.lines().any(|line| line.split(' ').nth(1) == Some(&*folder)))
    }

    /// Unmounts it. A process that has ended may hold it for a moment.
    fn unmount(&self) -> Result<()> {
        let mut last = Ok(());
        for _ in 0..200 {
            if !self.is_mounted()? {
                return Ok(());
            }
            last = finish(Command::new("umount").arg(&self.folder)).map(drop);
            if last.is_err() {
                thread::sleep(Duration::from_millis(50));
            }
        }
        last
    }

    /// Removes it, and one that an earlier run has left.
    fn clear(&self) -> Result<()> {
        let data = self.folder.join("data");
        if postmaster::is_running(&data) {
            postmaster::end(&postmaster::family(&data)?)?;
        }
        self.unmount()?;
        remove(&self.folder)?;
        remove(&self.image)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(failure) = self.clear() {
            eprintln!("{failure}");
        }
    }
}

/// Why no disk can be made.
fn reason_against() -> Result<Option<String>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(Some("only root may mount one".into()));
    }
    if !Path::new("/dev/loop-control").exists() {
        return Ok(Some("there is no /dev/loop-control".into()));
    }
    if Command::new("xfs_io").arg("-V").output().is_err() {
        return Err(Failure::new("no xfs_io: run `cargo xtask setup`"));
    }
    Ok(None)
}
