//! The folder that becomes a package: each file at its place, with Debian's modes and one time for all of them.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::{Package, below, control, printed};
use crate::failure::{OrFail, Result};
use crate::fences;
use crate::install;
use crate::project;

/// Of files, libraries too, for nobody executes them; and of folders.
const FILE_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

impl Package {
    /// Where Debian's server of this major looks for libraries.
    pub fn library_folder(&self) -> String {
        format!("/usr/lib/postgresql/{}/lib", self.major)
    }

    /// And for control files and scripts of extensions.
    pub fn extension_folder(&self) -> String {
        format!("/usr/share/postgresql/{}/extension", self.major)
    }

    pub fn doc_folder(&self) -> String {
        format!("/usr/share/doc/{}", self.name)
    }

    /// The first session of the manual, for `psql -f`.
    pub fn first_session(&self) -> String {
        format!("{}/examples/first_session.sql", self.doc_folder())
    }
}

/// Copies what is staged to where Debian's server looks for it, wherever the one lies that it was built for.
pub fn lay(package: &Package, staged: &Path, root: &Path) -> Result<()> {
    for file in project::files_below(staged)?.iter().filter(|file| install::is_ours(file)) {
        let is_library = file.extension().is_some_and(|extension| extension == "so");
        let folder = below(root, &if is_library { package.library_folder() } else { package.extension_folder() });
        project::make_folder(&folder)?;
        let copy = folder.join(file.file_name().unwrap_or_default());
        fs::copy(file, &copy).or_fail(|| format!("cannot copy {}", file.display()), "check the target folder")?;
    }
    Ok(())
}

/// Adds the papers: the copyright, what is new, and what is new in the packaging.
pub fn document(package: &Package, copyright: &str, changelog: &str, root: &Path) -> Result<()> {
    let folder = below(root, &package.doc_folder());
    project::make_folder(&folder)?;
    project::write_text(&folder.join("copyright"), copyright)?;
    let date = printed(Command::new("date").args(["-u", "-R", "-d", &format!("@{}", package.time)]))?;
    for (name, text) in [("changelog", changelog), ("changelog.Debian", &control::changes(package, &date))] {
        let file = folder.join(name);
        project::write_text(&file, text)?;
        printed(Command::new("gzip").args(["-9", "-n"]).arg(&file))?;
    }
    Ok(())
}

/// Adds the first session, so that one command after `apt install` shows an exchange at work.
pub fn show(package: &Package, page: &str, root: &Path) -> Result<()> {
    let file = below(root, &package.first_session());
    project::make_folder(file.parent().unwrap_or(root))?;
    let head = "-- In an empty database, as a superuser: psql -d DATABASE -f first_session.sql\n";
    project::write_text(&file, &format!("{head}\\set ON_ERROR_STOP on\n\\set ECHO queries\n{}", session(page)?))
}

/// The SQL of the page's section, block by block.
fn session(page: &str) -> Result<String> {
    let section = page.split("\n## ").find(|section| section.starts_with("A first session")).unwrap_or_default();
    let fences = fences::of("the first session", section)?;
    let sql = fences.iter().filter(|fence| fence.language == "sql");
    Ok(sql.flat_map(|fence| &fence.content).map(|line| format!("{line}\n")).collect())
}

/// The sums of all files, as dpkg keeps them to verify what is installed.
pub fn sums(root: &Path) -> Result<String> {
    let mut files = files(root)?;
    files.sort();
    let text = printed(Command::new("md5sum").args(&files).current_dir(root))?;
    Ok(format!("{text}\n"))
}

/// What the files occupy, in KiB, as dpkg counts it.
pub fn size(root: &Path) -> Result<u64> {
    let mut sum = 0;
    for file in files(root)? {
        let length =
            fs::metadata(root.join(&file)).or_fail(|| format!("cannot read {}", file.display()), "try again")?;
        sum += length.len().div_ceil(1024);
    }
    Ok(sum)
}

/// The files that the package installs, relative to its root.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let inside = project::files_below(&root.join("usr"))?;
    Ok(inside.iter().filter_map(|file| file.strip_prefix(root).ok().map(Path::to_path_buf)).collect())
}

/// Gives all that there is its mode and its time: none of them may depend on who builds, and when.
pub fn settle(package: &Package, folder: &Path) -> Result<()> {
    let cannot = || format!("cannot set mode and time below {}", folder.display());
    for entry in fs::read_dir(folder).or_fail(cannot, "check the target folder")?.flatten() {
        if entry.path().is_dir() {
            settle(package, &entry.path())?;
        } else {
            set(package, &entry.path(), FILE_MODE)?;
        }
    }
    set(package, folder, FOLDER_MODE)
}

fn set(package: &Package, path: &Path, mode: u32) -> Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(package.time);
    fs::set_permissions(path, Permissions::from_mode(mode))
        .and_then(|()| File::open(path)?.set_modified(time))
        .or_fail(|| format!("cannot set mode and time of {}", path.display()), "check the target folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_session_has_the_blocks_of_its_section() {
        let page = "# P\n\n```sql\nSELECT 0;\n```\n\n## A first session\n\nText.\n\n```sql\nSELECT 1;\n```\n\n```text\n1\n```\n\n\
                    ```sql\nSELECT 2;\n```\n\n## Limits\n\n```sql\nSELECT 3;\n```\n";
        assert_eq!(session(page).expect("closed fences"), "SELECT 1;\nSELECT 2;\n");
    }
}
