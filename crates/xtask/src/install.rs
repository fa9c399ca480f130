//! The release build of the extension, installed into the PostgreSQL it was built for, whose server may be running.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::releases;
use crate::setup;

/// For `cargo pgrx`: other flags of the linker for the library than for its tests would have every package built twice.
pub const SAME_FLAGS: (&str, &str) = ("CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND", "1");

/// Whether the words after a task ask for what is installed, without a build; and the names among them.
pub fn without_build<'a>(arguments: &'a [String], usage: &str) -> Result<(bool, Vec<&'a str>)> {
    let (options, names): (Vec<&str>, _) =
        arguments.iter().map(String::as_str).partition(|word| word.starts_with("--"));
    match options[..] {
        [] => Ok((false, names)),
        ["--installed"] => Ok((true, names)),
        _ => Err(Failure::new(format!("what is `{}`?", options.join(" ")), usage)),
    }
}

/// Builds and installs, unless the only word after a task, `--installed`, says that this has been done.
pub fn unless_told(project: &Project, arguments: &[String], usage: &str) -> Result<()> {
    match without_build(arguments, usage)? {
        (true, names) if names.is_empty() => Ok(()),
        (false, names) if names.is_empty() => run(project),
        (_, names) => Err(Failure::new(format!("what is `{}`?", names.join(" ")), usage)),
    }
}

/// Builds and installs.
pub fn run(project: &Project) -> Result<()> {
    put(project, &build(project)?)
}

/// The folder of the release build, which lies there as it will lie below `/`.
///
/// `cargo pgrx install` writes into the library as it lies there, and every process that has it loaded reads its code
/// from that very file: they crash. So the files are built elsewhere, and each is put in the place of the old one
/// whole.
pub fn build(project: &Project) -> Result<PathBuf> {
    let mut command = project.cargo();
    package(project, command.args(["pgrx", "package"]).args(project.feature_flags()))
}

/// The same of the build that the suite tests: with the profile, the packages and the flags of its other builds, so that
/// it takes a minute beside them.
pub fn build_for_suite(project: &Project) -> Result<PathBuf> {
    let mut command = project.cargo();
    command.args(["pgrx", "package", "--profile", "quick", "--no-default-features"]);
    command.args(["--features", &format!("{} suite", project.feature())]);
    package(project, command.envs([SAME_FLAGS]))
}

fn package(project: &Project, command: &mut Command) -> Result<PathBuf> {
    let staged = staging(project)?;
    command.arg("--pg-config").arg(project.pg_config()).arg("--out-dir").arg(&staged);
    progress::run(
        project,
        "build and package the extension",
        command,
        "mend what the compiler says; `cargo xtask setup` checks the surroundings",
    )?;
    releases::add(project, &staged)?;
    Ok(staged)
}

/// Puts what is installed in its own place anew, which a server that runs must not notice.
pub fn again(project: &Project) -> Result<()> {
    put(project, &installed(project)?)
}

/// The folder of a copy of what is installed, which lies there as what is built does.
pub fn installed(project: &Project) -> Result<PathBuf> {
    let staged = staging(project)?;
    for folder in [project.pg_folder("--pkglibdir")?, project.pg_folder("--sharedir")?.join("extension")] {
        for file in project::files_below(&folder)?.iter().filter(|file| is_ours(file)) {
            let inside =
                file.strip_prefix("/").or_fail(|| format!("{} is no whole path", file.display()), "try again")?;
            let copy = staged.join(inside);
            copy.parent().map_or(Ok(()), project::make_folder)?;
            fs::copy(file, &copy).or_fail(|| format!("cannot copy {}", file.display()), "check the target folder")?;
        }
    }
    if staged.exists() {
        releases::add(project, &staged)?;
        return Ok(staged);
    }
    Err(Failure::new("the extension is not installed", "run `cargo xtask install`"))
}

/// An empty folder to build into.
fn staging(project: &Project) -> Result<PathBuf> {
    let staged = project.target.join("xtask/package").join(project.feature());
    project::remove_folder(&staged)?;
    Ok(staged)
}

/// Whether a file of the server's folders belongs to the extension.
pub fn is_ours(file: &Path) -> bool {
    let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
    ["pg_bourse.so", "pg_bourse.control"].contains(&name) || (name.starts_with("pg_bourse--") && name.ends_with(".sql"))
}

/// Installs what lies in a folder; through sudo when the server's library folder is not ours to write.
pub fn put(project: &Project, staged: &Path) -> Result<()> {
    let with_sudo = !setup::is_writable(&project.pg_folder("--pkglibdir")?)?;
    let mut files = project::files_below(staged)?;
    files.sort_by_key(|file| turn(file));
    for file in &files {
        let inside = file.strip_prefix(staged).or_fail(|| "a file outside of its package".into(), "try again")?;
        replace(file, &Path::new("/").join(inside), with_sudo)?;
    }
    Ok(())
}

/// The library comes first, because the script names its functions; the control file last, because with it the new
/// version is there to be created.
fn turn(file: &Path) -> u8 {
    match file.extension().and_then(OsStr::to_str) {
        Some("sql") => 1,
        Some("control") => 2,
        _ => 0,
    }
}

/// Puts a copy beside the old file and renames it over: who has the old one open keeps it.
fn replace(from: &Path, to: &Path, with_sudo: bool) -> Result<()> {
    let beside = to.with_extension("new");
    let mode = if to.extension() == Some(OsStr::new("so")) { "0755" } else { "0644" };
    let copy = [OsStr::new("install"), OsStr::new("-m"), OsStr::new(mode), from.as_os_str(), beside.as_os_str()];
    let rename = [OsStr::new("mv"), OsStr::new("-f"), beside.as_os_str(), to.as_os_str()];
    for words in [&copy[..], &rename[..]] {
        let mut command = if with_sudo { Command::new("sudo") } else { Command::new(words[0]) };
        command.args(&words[usize::from(!with_sudo)..]);
        let output = command.output().or_fail(|| format!("cannot install {}", to.display()), "install coreutils")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failure::new(format!("cannot install {}: {said}", to.display()), "check the folder's owner"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn who_has_the_old_file_open_keeps_it() {
        let folder = Project::locate().expect("inside the repository").target.join("xtask/install_test");
        project::make_folder(&folder).expect("a folder");
        let (new, place) = (folder.join("built.so"), folder.join("pg_bourse.so"));
        project::write_text(&place, "old").expect("a file");
        project::write_text(&new, "new").expect("a file");
        let mut open = fs::File::open(&place).expect("the old file");
        replace(&new, &place, false).expect("another in its place");
        let mut text = String::new();
        open.read_to_string(&mut text).expect("readable");
        assert_eq!((text.as_str(), project::read_text(&place).expect("readable").as_str()), ("old", "new"));
        let left = fs::read_dir(&folder).expect("readable").count();
        assert_eq!(left, 2, "nothing stays beside");
    }

    #[test]
    fn the_library_comes_before_what_names_it() {
        let mut files = ["a.control", "a--1.sql", "a.so"].map(PathBuf::from);
        files.sort_by_key(|file| turn(file));
        assert_eq!(files, ["a.so", "a--1.sql", "a.control"].map(PathBuf::from));
    }
}
