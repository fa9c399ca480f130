//! `cargo xtask release`: what is kept of a version, in `releases/<version>`.

use super::{CURRENT, FOLDER, LOCK, SCRIPT, lock, pack, rows};
use crate::failure::{Failure, Result};
use crate::project::{self, Project};

/// Keeps what is installed as the version in Cargo.toml, whose migrations never change again.
pub fn run(project: &Project) -> Result<()> {
    let folder = project.root.join(FOLDER).join(CURRENT);
    if folder.exists() {
        let hint = "raise the version in Cargo.toml; what is released never changes";
        return Err(Failure::new(format!("{CURRENT} has been released"), hint));
    }
    let script = project.pg_folder("--sharedir")?.join("extension").join(format!("pg_bourse--{CURRENT}.sql"));
    project::make_folder(&folder)?;
    pack(&script, &folder.join(SCRIPT))?;
    project::write_text(&folder.join(LOCK), &migrations(project)?)?;
    rows::keep(project, &folder.join("rows"))?;
    println!("{FOLDER}/{CURRENT} is kept: raise the version in Cargo.toml, and begin a section of CHANGELOG.md");
    Ok(())
}

/// The lock of the migrations as they are.
fn migrations(project: &Project) -> Result<String> {
    let mut files = Vec::new();
    for path in project::files_below(&project.root.join("sql"))? {
        let name = path.strip_prefix(&project.root).unwrap_or(&path).to_string_lossy().into_owned();
        if lock::migration(&name).is_some() {
            files.push((name, project::read_text(&path)?));
        }
    }
    Ok(lock::lines(files.iter().map(|(name, text)| (name.as_str(), text.as_str()))))
}
