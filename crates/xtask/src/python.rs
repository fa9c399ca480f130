//! Python's libraries from PyPI, in a virtual environment below the target folder.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Result;
use crate::progress;
use crate::project::Project;

/// What an environment needs of Debian, and the package that has it.
pub const DEBIAN: (&str, &[&str], &str) = ("python3", &["-c", "import ensurepip, venv"], "python3-venv");

/// Makes the environment of this name with these packages, if it is not there yet, and returns its Python.
pub fn prepare(project: &Project, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = project.target.join(name).join("python");
    let remedy = "check the network; without python3-venv: apt-get install python3-venv";
    // What comes last of it is pip: an environment without was left half made.
    if !folder.join("bin/pip").exists() {
        let mut venv = Command::new("python3");
        progress::run(project, "python3 -m venv", venv.args(["-m", "venv"]).arg(&folder), remedy)?;
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    progress::run(project, "pip install", pip.args(["install", "--quiet"]).args(packages), remedy)?;
    Ok(folder.join("bin/python"))
}
