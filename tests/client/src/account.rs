//! The account of the servers: PostgreSQL and PgBouncer refuse to run as root.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::{Result, Server};

/// The owner of a server's socket folder, when that is somebody else.
pub struct Account(Option<(u32, u32)>);

impl Account {
    /// Who runs this server.
    pub fn of(server: &Server) -> Result<Self> {
        let (owner, me) = (fs::metadata(&server.host)?, fs::metadata("/proc/self")?);
        Ok(Self((owner.uid() != me.uid()).then_some((owner.uid(), owner.gid()))))
    }

    /// Gives a file or folder to this account.
    pub fn give(&self, path: &Path) -> Result<()> {
        match self.0 {
            Some((uid, gid)) => Ok(chown(path, Some(uid), Some(gid))?),
            None => Ok(()),
        }
    }

    /// Has a program run as this account, in a folder that it can enter.
    pub fn run_as(&self, command: &mut Command) {
        command.current_dir("/");
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
    }
}
