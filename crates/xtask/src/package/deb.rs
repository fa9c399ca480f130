//! Makes the folder of a package, and packs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Package, below, control, copyright, printed, tree};
use crate::failure::{Failure, Result};
use crate::progress;
use crate::project::{self, Project};

/// How `dpkg-deb` compresses what is given away, and what is only tried.
pub const SMALL: &str = "-Zxz";
pub const QUICK: &str = "-Zgzip";

/// The root of what becomes the package, in a folder for all that is made on the way.
pub fn make_tree(project: &Project, package: &Package, staged: &Path, folder: &Path) -> Result<PathBuf> {
    // dpkg-shlibdeps finds the libraries of a package where the tools of Debian build it.
    let root = folder.join("debian").join(&package.name);
    project::make_folder(&root)?;
    tree::lay(package, staged, &root)?;
    let library = below(&root, &package.library_folder()).join("pg_bourse.so");
    strip(&library)?;
    let needed = needed(package, folder, &library)?;
    let changelog = project::read_text(&project.root.join("CHANGELOG.md"))?;
    tree::document(package, &copyright::text(project)?, &changelog, &root)?;
    tree::show(package, &project::read_text(&project.root.join("docs/exchange.md"))?, &root)?;
    describe(package, &root, &needed)?;
    Ok(root)
}

/// Takes from a library what only debuggers read, as dh_strip does.
fn strip(library: &Path) -> Result<()> {
    let mut command = Command::new("strip");
    command.args(["--remove-section=.comment", "--remove-section=.note", "--strip-unneeded"]);
    printed(command.arg(library)).map(drop)
}

/// The packages whose libraries ours needs, with their oldest versions that have what it calls.
fn needed(package: &Package, folder: &Path, library: &Path) -> Result<String> {
    let source = format!("Source: {0}\n\nPackage: {0}\nArchitecture: any\n", package.name);
    project::write_text(&folder.join("debian/control"), &source)?;
    let said = printed(Command::new("dpkg-shlibdeps").arg("-O").arg(library).current_dir(folder))?;
    let needed = said.lines().find_map(|line| line.strip_prefix("shlibs:Depends="));
    let remedy = "the library needs at least that of C: look into what dpkg-shlibdeps says";
    needed.map(str::to_owned).ok_or_else(|| Failure::new("dpkg-shlibdeps names no package", remedy))
}

/// Writes what dpkg reads before it unpacks.
pub fn describe(package: &Package, root: &Path, needed: &str) -> Result<()> {
    let folder = root.join("DEBIAN");
    project::make_folder(&folder)?;
    project::write_text(&folder.join("md5sums"), &tree::sums(root)?)?;
    project::write_text(&folder.join("control"), &control::text(package, needed, tree::size(root)?))
}

/// Packs a folder; the same folder and commit make the same bytes.
pub fn pack(project: &Project, package: &Package, root: &Path, file: &Path, compression: &str) -> Result<()> {
    tree::settle(package, root)?;
    let mut command = Command::new("dpkg-deb");
    command
        // How many threads compress shows in what they make.
        .envs([("SOURCE_DATE_EPOCH", package.time.to_string()), ("DPKG_DEB_THREADS_MAX", "1".into())])
        .args(["--root-owner-group", compression, "--build"])
        .args([root, file]);
    progress::run(project, "dpkg-deb", &mut command, "mend what dpkg-deb says")
}

/// The same files as a later version.
pub fn pack_later(project: &Project, package: &Package, root: &Path, file: &Path) -> Result<()> {
    let now = project::read_text(&root.join("DEBIAN/control"))?;
    let needed = now.lines().find_map(|line| line.split_once(&format!("Depends: postgresql-{}, ", package.major)));
    describe(package, root, needed.map_or("", |(_, needed)| needed))?;
    pack(project, package, root, file, QUICK)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::time::SystemTime;

    use super::super::inspect;
    use super::*;

    /// A package of small files in a folder of its own, after somebody has been at it.
    fn made(test: &str, change: impl Fn(&Path)) -> Result<(Vec<String>, Vec<u8>)> {
        let (project, package) = (Project::locate()?, Package::example());
        let folder = project.target.join("xtask/deb_test").join(test);
        project::remove_folder(&folder)?;
        let (staged, root, file) = (folder.join("staged"), folder.join("root"), folder.join("p.deb"));
        project::make_folder(&staged)?;
        let script = concat!("pg_bourse--", env!("CARGO_PKG_VERSION"), ".sql");
        for name in ["pg_bourse.so", "pg_bourse.control", script, "other.so"] {
            project::write_text(&staged.join(name), name)?;
        }
        tree::lay(&package, &staged, &root)?;
        tree::document(&package, "ours\n", "new\n", &root)?;
        tree::show(&package, "\n## A first session\n\n```sql\nSELECT 1;\n```\n", &root)?;
        describe(&package, &root, "libc6 (>= 2.34)")?;
        change(&root);
        pack(&project, &package, &root, &file, QUICK)?;
        let faults = inspect::faults(&package, &file)?;
        Ok((faults, fs::read(&file).expect("the package")))
    }

    #[test]
    fn a_package_is_whole_and_made_twice_the_same() -> Result<()> {
        let (faults, bytes) = made("whole", |_| ())?;
        assert!(faults.is_empty(), "{faults:?}");
        let (_, again) = made("again", |root| {
            let path = root.join("usr/share/doc/postgresql-15-bourse/copyright");
            // Only root can give it away; whoever else builds is another owner himself.
            let _ = chown(&path, Some(1), Some(1));
            let file = fs::File::open(path).expect("there");
            file.set_permissions(Permissions::from_mode(0o600)).expect("a mode");
            file.set_modified(SystemTime::UNIX_EPOCH).expect("a time");
        })?;
        let header = String::from_utf8_lossy(&bytes[8..40]).into_owned();
        assert!(header.starts_with("debian-binary   1700000000 "), "{header}");
        assert!(bytes == again, "neither place nor time, mode or owner matters");
        Ok(())
    }

    #[test]
    fn what_lacks_a_file_or_has_another_is_not_whole() -> Result<()> {
        let (faults, _) = made("lacks", |root| {
            fs::remove_file(root.join("usr/lib/postgresql/15/lib/pg_bourse.so")).expect("there");
            project::make_folder(&root.join("etc")).expect("a folder");
            project::write_text(&root.join("etc/more"), "").expect("a file");
        })?;
        let lacks = ["/etc/more has no place here", "/usr/lib/postgresql/15/lib/pg_bourse.so is missing"];
        assert_eq!(faults, lacks);
        Ok(())
    }
}
