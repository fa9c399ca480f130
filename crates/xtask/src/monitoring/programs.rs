//! The programs, from Debian: those that are installed, or unpacked from their packages below the target folder, where
//! they disturb nobody: to install them is to start them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};

const PACKAGES: [&str; 3] = ["prometheus", "prometheus-node-exporter", "prometheus-postgres-exporter"];
const REMEDY: &str = "apt-get install prometheus prometheus-node-exporter prometheus-postgres-exporter";

/// Where the programs are.
pub struct Programs {
    pub prometheus: PathBuf,
    pub promtool: PathBuf,
    pub node: PathBuf,
    pub postgres: PathBuf,
}

impl Programs {
    /// Fetches what is missing.
    pub fn prepare(project: &Project, folder: &Path) -> Result<Programs> {
        let installed = Programs::below(Path::new("/usr/bin"));
        if installed.are_there() {
            return Ok(installed);
        }
        let unpacked = Programs::below(&folder.join("debian/usr/bin"));
        if !unpacked.are_there() {
            fetch(project, folder)?;
        }
        if unpacked.are_there() {
            return Ok(unpacked);
        }
        Err(Failure::new("the packages of Prometheus hold no programs", REMEDY))
    }

    fn below(folder: &Path) -> Programs {
        Programs {
            prometheus: folder.join("prometheus"),
            promtool: folder.join("promtool"),
            node: folder.join("prometheus-node-exporter"),
            postgres: folder.join("prometheus-postgres-exporter"),
        }
    }

    fn are_there(&self) -> bool {
        [&self.prometheus, &self.promtool, &self.node, &self.postgres].iter().all(|program| program.exists())
    }
}

fn fetch(project: &Project, folder: &Path) -> Result<()> {
    let packages = folder.join("packages");
    project::remove_folder(&packages)?;
    project::make_folder(&packages)?;
    // apt downloads as an account of its own where that may enter the folder, and says so where not.
    let mut download = Command::new("apt-get");
    download.args(["download", "-o", "APT::Sandbox::User=root"]).args(PACKAGES).current_dir(&packages);
    progress::run(project, "apt-get download", &mut download, REMEDY)?;
    let listed = fs::read_dir(&packages).or_fail(|| format!("cannot read {}", packages.display()), REMEDY)?;
    for package in listed.flatten() {
        let mut unpack = Command::new("dpkg-deb");
        unpack.arg("-x").arg(package.path()).arg(folder.join("debian"));
        progress::run(project, "dpkg-deb -x", &mut unpack, REMEDY)?;
    }
    Ok(())
}
