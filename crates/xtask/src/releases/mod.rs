//! Releases: what is kept of each in `releases/<version>`, and the scripts that lead from there to what is built.
//!
//! | file | holds |
//! |---|---|
//! | `pg_bourse.sql.gz` | the script of the extension |
//! | `migrations.lock` | name and SHA-256 of every migration |
//! | `rows/*.sql.gz` | dumps of databases of that release, which together have rows in every table |
//! | `upgrade.sql` | what leads on from there and no machine can write; rarely there |

pub mod keep;
pub mod lock;
mod routine;
mod rows;
pub mod statements;
mod upgrade;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};
use upgrade::Change;

/// Below the repository.
pub const FOLDER: &str = "releases";
/// The script of the extension.
pub const SCRIPT: &str = "pg_bourse.sql.gz";
/// Its migrations.
pub const LOCK: &str = "migrations.lock";
const BY_HAND: &str = "upgrade.sql";
/// The version that is built.
pub const CURRENT: &str = env!("CARGO_PKG_VERSION");

/// Puts beside the script that is staged what leads there from every release, and the script of each: a dump of an old
/// server comes back into its own functions.
pub fn add(project: &Project, staged: &Path) -> Result<()> {
    let name = format!("pg_bourse--{CURRENT}.sql");
    let found = project::files_below(staged)?.into_iter().find(|path| path.ends_with(&name));
    let Some(script) = found else {
        return Err(Failure::new(format!("{} has no {name}", staged.display()), "build it again"));
    };
    let new = project::read_text(&script)?;
    for version in kept(project)? {
        let folder = project.root.join(FOLDER).join(&version);
        let old = unpack(&folder.join(SCRIPT))?;
        let by_hand = fs::read_to_string(folder.join(BY_HAND)).unwrap_or_default();
        let upgrade = Change { old: &old, new: &new, by_hand: &by_hand }.script();
        let upgrade = upgrade.map_err(|failure| failure.before(&format!("no way from {version} to {CURRENT}")))?;
        project::write_text(&script.with_file_name(format!("pg_bourse--{version}--{CURRENT}.sql")), &upgrade)?;
        project::write_text(&script.with_file_name(format!("pg_bourse--{version}.sql")), &old)?;
    }
    Ok(())
}

/// The releases before the version that is built.
fn kept(project: &Project) -> Result<Vec<String>> {
    let folder = project.root.join(FOLDER);
    let entries =
        fs::read_dir(&folder).or_fail(|| format!("no {}", folder.display()), "it is part of the repository")?;
    let mut versions: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|version| version != CURRENT)
        .collect();
    versions.sort();
    Ok(versions)
}

/// Writes a copy that is compressed, the same for the same file.
pub fn pack(from: &Path, to: &Path) -> Result<()> {
    project::write_bytes(to, &gzip(&["-9", "-n", "-c"], from)?)
}

fn unpack(file: &Path) -> Result<String> {
    let text = String::from_utf8(gzip(&["-d", "-c"], file)?);
    text.or_fail(|| format!("{} is no text", file.display()), "take it from the repository again")
}

fn gzip(options: &[&str], file: &Path) -> Result<Vec<u8>> {
    let output = Command::new("gzip").args(options).arg(file).output();
    let output = output.or_fail(|| "cannot run gzip".into(), "install gzip")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::new(format!("gzip: {said}"), "run `cargo xtask setup`"))
}
