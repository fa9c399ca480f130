//! Packages of Debian, unpacked below the target folder, where they disturb nobody: to install them is to start them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};

/// Fetches packages, as they are and nothing that they need, and unpacks them below `folder`; where that is.
pub fn fetch(project: &Project, folder: &Path, names: &[&str]) -> Result<PathBuf> {
    let remedy = format!("apt-get update; or apt-get install {}", names.join(" "));
    let packages = folder.join("packages");
    project::remove_folder(&packages)?;
    project::make_folder(&packages)?;
    // apt downloads as an account of its own where that may enter the folder, and says so where not.
    let mut download = Command::new("apt-get");
    download.args(["download", "-o", "APT::Sandbox::User=root"]).args(names).current_dir(&packages);
    progress::run(project, "apt-get download", &mut download, &remedy)?;
    let listed = fs::read_dir(&packages).or_fail(|| format!("cannot read {}", packages.display()), &remedy)?;
    let unpacked = folder.join("debian");
    for package in listed.flatten() {
        let mut unpack = Command::new("dpkg-deb");
        unpack.arg("-x").arg(package.path()).arg(&unpacked);
        if !progress::watch_quietly(project, "dpkg-deb -x", "dpkg-deb -x", &mut unpack)?.success {
            return Err(Failure::new(format!("cannot unpack {}", package.path().display()), remedy));
        }
    }
    Ok(unpacked)
}
