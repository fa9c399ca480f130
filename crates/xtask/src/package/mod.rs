//! `cargo xtask package`: the extension as a package of Debian, for servers on machines without a compiler.
//!
//! It has no maintainer scripts: dpkg puts each new file beside the old one and renames it, which no session that runs
//! notices, and what else there is to do is for each database to decide.

mod bare;
mod control;
mod copyright;
mod deb;
mod inspect;
mod session;
mod tree;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::Account;
use crate::failure::{Failure, OrFail, Result};
use crate::install;
use crate::project::{self, Project};
use crate::setup;

const USAGE: &str = "cargo xtask package [--installed] [--try]";

/// What somebody asked for.
pub struct Request {
    /// Whether what is installed is packed, without a build.
    installed: bool,
    /// Whether the package is installed, upgraded and removed on a bare system.
    tried: bool,
}

impl Request {
    /// Reads what [`USAGE`] says.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut request = Self { installed: false, tried: false };
        for argument in arguments {
            match argument.as_str() {
                "--installed" => request.installed = true,
                "--try" => request.tried = true,
                other => return Err(Failure::new(format!("package knows no {other}"), USAGE)),
            }
        }
        Ok(request)
    }
}

/// What the package is.
#[derive(Clone)]
struct Package {
    /// As Debian names extensions of PostgreSQL: after the major version that they are for.
    name: String,
    /// As dpkg compares it.
    version: String,
    /// As dpkg names it.
    architecture: String,
    /// The major version of PostgreSQL.
    major: u32,
    /// Seconds since 1970: the time of every file, so that the same source makes the same bytes.
    time: u64,
}

impl Package {
    fn of(project: &Project) -> Result<Self> {
        let time = said(project, "git", &["log", "-1", "--format=%ct"])?;
        Ok(Self {
            name: format!("postgresql-{}-bourse", project.major),
            version: control::version(env!("CARGO_PKG_VERSION")),
            architecture: said(project, "dpkg", &["--print-architecture"])?,
            major: project.major,
            time: time.parse().or_fail(|| format!("git's time is {time}"), "run this inside of a clone")?,
        })
    }

    #[cfg(test)]
    fn example() -> Self {
        Self {
            name: "postgresql-15-bourse".into(),
            version: "0.1.0-1".into(),
            architecture: "amd64".into(),
            major: 15,
            time: 1_700_000_000,
        }
    }

    fn file_name(&self) -> String {
        format!("{}_{}_{}.deb", self.name, self.version, self.architecture)
    }
}

/// Makes the package, looks whether it is whole, and tries it out if that is asked for.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    if request.tried && !Account::is_root()? {
        return Err(Failure::new("a bare system is entered with chroot, as root", "run this with sudo"));
    }
    setup::for_packages(project, request.tried)?;
    let staged = if request.installed { install::installed(project)? } else { install::build(project)? };
    let package = Package::of(project)?;
    let folder = project.target.join("xtask/deb");
    project::remove_folder(&folder)?;
    let root = deb::make_tree(project, &package, &staged, &folder)?;
    let file = folder.join(package.file_name());
    deb::pack(project, &package, &root, &file, deb::SMALL)?;
    let faults = inspect::faults(&package, &file)?;
    if !faults.is_empty() {
        return Err(Failure::new(format!("{} is not whole: {}", file.display(), faults.join("; ")), ""));
    }
    let bytes = fs::metadata(&file).or_fail(|| format!("cannot read {}", file.display()), "try again")?.len();
    println!("  {}: {:.1} MB", file.display(), bytes as f64 / 1e6);
    if request.tried { trial::run(project, &package, &root, &file) } else { Ok(()) }
}

/// What a program prints, run in the root of the repository.
fn said(project: &Project, program: &str, arguments: &[&str]) -> Result<String> {
    printed(Command::new(program).args(arguments).current_dir(&project.root))
}

/// What a command prints; one that fails is a failure with its words.
fn printed(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().or_fail(|| format!("cannot run {program}"), "install it")?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Failure::new(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()), ""))
}

/// A path as it is below another root.
fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_read() {
        let parse = |text: &str| Request::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let request = parse("--try --installed").expect("a request");
        assert!(request.installed && request.tried);
        assert!(parse("--release").is_err());
    }
}
