//! The live screen: its page out of npm's packages, its server, which has the page in it, and what starts it. Its crate is
//! a workspace of its own, so that a build of the extension knows nothing of it.

mod running;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{OrFail, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::setup;

pub use running::{start, stop};

/// Below the repository.
pub const CRATE: &str = "crates/screen";
/// What of the page is copied to where its packages are.
const SOURCES: [&str; 7] =
    ["index.html", "icon.svg", "package.json", "package-lock.json", "tsconfig.json", "src", "tests"];

/// Where things of the screen are built, all below the target folder.
pub struct Places {
    /// The sources of the page beside the packages of npm.
    pub web: PathBuf,
    /// The page as the server has it in it.
    built: PathBuf,
    /// Cargo's.
    cargo: PathBuf,
}

impl Places {
    /// Nothing is built yet, or all of it.
    pub fn of(project: &Project) -> Self {
        let folder = project.target.join("screen");
        Self { web: folder.join("web"), built: folder.join("built"), cargo: folder.join("cargo") }
    }

    /// Fetches what is missing, and builds the page: the server does not compile without.
    pub fn with_page(project: &Project) -> Result<Self> {
        setup::for_screen(project)?;
        let places = Self::of(project);
        page(project, &places)?;
        Ok(places)
    }

    /// A command of cargo in the screen's workspace.
    pub fn cargo(&self, project: &Project, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command
            .args(arguments)
            .current_dir(project.root.join(CRATE))
            .env("CARGO_TARGET_DIR", &self.cargo)
            .env("BOURSE_SCREEN_WEB", &self.built);
        command
    }
}

/// `cargo xtask screen`: builds it, and says how it is started.
pub fn run(project: &Project) -> Result<()> {
    let program = build(project)?;
    println!("{} --database DSN\n{} --help", program.display(), program.display());
    Ok(())
}

/// Builds page and server; the program.
pub fn build(project: &Project) -> Result<PathBuf> {
    let places = Places::with_page(project)?;
    let mut cargo = places.cargo(project, &["build", "--release", "--locked"]);
    progress::run(project, "build the screen", &mut cargo, "mend what the compiler says")?;
    Ok(places.cargo.join("release/screen"))
}

/// Checks the types of the page and makes one script and one style of it.
fn page(project: &Project, places: &Places) -> Result<()> {
    let source = project.root.join(CRATE).join("web");
    project::make_folder(&places.web)?;
    for name in SOURCES {
        copy(&source.join(name), &places.web.join(name))?;
    }
    packages(project, places)?;
    let tool = |label: &str, name: &str, arguments: &[&str]| {
        let mut command = Command::new(places.web.join("node_modules/.bin").join(name));
        command.args(arguments).current_dir(&places.web);
        progress::run(project, label, &mut command, "mend what it says of crates/screen/web")
    };
    tool("check the types of the page", "tsc", &[])?;
    let bundle = places.web.join("bundle");
    let out = format!("--outfile={}", bundle.join("app.js").display());
    let options = ["src/app.ts", "--bundle", "--minify", "--format=esm", "--target=es2022", &out];
    tool("bundle the page", "esbuild", &options)?;
    for (folder, name) in [(&bundle, "app.js"), (&bundle, "app.css"), (&source, "index.html"), (&source, "icon.svg")] {
        copy(&folder.join(name), &places.built.join(name))?;
    }
    Ok(())
}

/// Fetches the packages of the lockfile, unless they are there already.
fn packages(project: &Project, places: &Places) -> Result<()> {
    let lock = project::read_text(&places.web.join("package-lock.json"))?;
    let fetched = places.web.join("fetched.json");
    if fetched.exists() && project::read_text(&fetched)? == lock {
        return Ok(());
    }
    let mut command = Command::new("npm");
    // None of them needs a script of its own to be installed.
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&places.web);
    progress::run(project, "npm ci of the screen", &mut command, "check the network")?;
    project::write_text(&fetched, &lock)
}

/// Copies a file, or a folder whose copy has nothing else in it then. A file that is there already, byte by byte, keeps
/// its time: cargo compiles again what has a newer one in it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        project::remove_folder(to)?;
        project::make_folder(to)?;
        for file in project::files_below(from)? {
            let inside = file.strip_prefix(from).or_fail(|| file.display().to_string(), "try again")?;
            copy(&file, &to.join(inside))?;
        }
        return Ok(());
    }
    if fs::read(to).is_ok_and(|there| fs::read(from).is_ok_and(|bytes| bytes == there)) {
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        project::make_folder(parent)?;
    }
    let cannot = || format!("cannot copy {}", from.display());
    fs::copy(from, to).map(drop).or_fail(cannot, "check that the disk is writable and not full")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn what_is_the_same_is_not_written_again() {
        let folder = std::env::temp_dir().join(format!("xtask-copies-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("inside/to"));
        let time = || fs::metadata(&to).and_then(|file| file.modified()).expect("a file");
        project::make_folder(&folder).expect("a folder");
        fs::write(&from, "one").expect("written");
        copy(&from, &to).expect("copied");
        let old = SystemTime::now() - Duration::from_secs(3600);
        fs::File::open(&to).and_then(|file| file.set_modified(old)).expect("made older");
        copy(&from, &to).expect("the same");
        assert_eq!(time(), old);
        fs::write(&from, "two").expect("written");
        copy(&from, &to).expect("copied");
        assert!(time() > old && fs::read(&to).expect("read") == b"two");
        project::remove_folder(&folder).expect("removed");
    }
}
