//! The account that servers run as: PostgreSQL refuses to run as root, so root lends it `postgres`.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, OrFail, Result};

/// The name of the system account that Debian's packages make.
pub const SERVER_USER: &str = "postgres";

/// Who runs the servers.
#[derive(Clone, Copy)]
pub enum Account {
    /// The user who runs this program.
    Myself,
    /// The system account `postgres`, because this program runs as root.
    Postgres {
        /// Its user id.
        uid: u32,
        /// Its group id.
        gid: u32,
    },
}

impl Account {
    /// Decides by the user who runs this program.
    pub fn of_servers() -> Result<Self> {
        if id(&["-u"])? != 0 {
            return Ok(Self::Myself);
        }
        Ok(Self::Postgres { uid: id(&["-u", SERVER_USER])?, gid: id(&["-g", SERVER_USER])? })
    }

    /// Whether this program runs as root.
    pub fn is_root() -> Result<bool> {
        Ok(id(&["-u"])? == 0)
    }

    /// A command that runs as this account, in a folder that it can enter.
    pub fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        // A server that inherits it would put Rust backtraces into the DETAIL of its errors.
        command.current_dir(folder).env_remove("RUST_BACKTRACE");
        if let Self::Postgres { uid, gid } = *self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives one file or folder to this account.
    pub fn own(&self, path: &Path) -> Result<()> {
        match *self {
            Self::Myself => Ok(()),
            Self::Postgres { uid, gid } => chown(path, Some(uid), Some(gid)).or_fail(
                || format!("cannot give {} to {SERVER_USER}", path.display()),
                "use a file system that has owners",
            ),
        }
    }

    /// Whether this account can enter a folder: one parent with mode 700 is enough to keep it out.
    pub fn can_enter(&self, folder: &Path) -> bool {
        self.command(Path::new("/usr/bin/test"), Path::new("/"))
            .arg("-x")
            .arg(folder)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

fn id(arguments: &[&str]) -> Result<u32> {
    let output =
        Command::new("id").args(arguments).output().or_fail(|| "cannot run `id`".into(), "install coreutils")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| {
        Failure::new(
            format!("there is no system account `{SERVER_USER}`"),
            "run `cargo xtask setup`, which installs the server",
        )
    })
}
