//! Whether a package is whole: what dpkg lists of it, held against what belongs into it.

use std::path::Path;
use std::process::Command;

use super::{Package, printed};
use crate::failure::Result;

/// What is wrong with a package; nothing is good news.
pub fn faults(package: &Package, file: &Path) -> Result<Vec<String>> {
    let listing = printed(Command::new("dpkg-deb").arg("--contents").arg(file))?;
    let depends = printed(Command::new("dpkg-deb").arg("--field").arg(file).arg("Depends"))?;
    let mut faults = in_listing(package, &listing);
    for needed in [format!("postgresql-{}", package.major), "libc6".to_owned()] {
        if !depends.split(", ").any(|entry| entry.split(' ').next() == Some(&needed)) {
            faults.push(format!("it does not depend on {needed}"));
        }
    }
    Ok(faults)
}

/// What is wrong with the files that a package has, as tar lists them.
fn in_listing(package: &Package, listing: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let entries: Vec<Entry<'_>> = listing.lines().filter_map(Entry::read).collect();
    if entries.len() != listing.lines().count() {
        faults.push("dpkg-deb lists what cannot be read".to_owned());
    }
    for entry in &entries {
        let mode = if entry.is_folder() { "drwxr-xr-x" } else { "-rw-r--r--" };
        if entry.mode != mode {
            faults.push(format!("{} has the mode {}", entry.path, entry.mode));
        }
        if entry.owner != "root/root" {
            faults.push(format!("{} is owned by {}", entry.path, entry.owner));
        }
        if !entry.is_folder() && !belongs(package, entry.path) {
            faults.push(format!("{} has no place here", entry.path));
        }
    }
    let missing = wanted(package).into_iter().filter(|path| !entries.iter().any(|entry| entry.path == path));
    faults.extend(missing.map(|path| format!("{path} is missing")));
    faults
}

/// One line, such as `-rw-r--r-- root/root 123 2026-11-29 20:00 ./usr/share/doc/x/copyright`.
struct Entry<'a> {
    mode: &'a str,
    owner: &'a str,
    path: &'a str,
}

impl<'a> Entry<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (mode, owner) = (words.next()?, words.next()?);
        Some(Self { mode, owner, path: words.nth(3)?.strip_prefix('.')? })
    }

    fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }
}

/// Whether a file may be in the package.
fn belongs(package: &Package, path: &str) -> bool {
    let ours = [package.library_folder(), package.extension_folder()];
    ours.iter().any(|folder| path.strip_prefix(folder).is_some_and(|name| name.starts_with("/pg_bourse")))
        || path.starts_with(&format!("{}/", package.doc_folder()))
}

/// The files that must be in it.
fn wanted(package: &Package) -> [String; 7] {
    let (library, extension, doc) = (package.library_folder(), package.extension_folder(), package.doc_folder());
    [
        format!("{library}/pg_bourse.so"),
        format!("{extension}/pg_bourse.control"),
        format!("{extension}/pg_bourse--{}.sql", env!("CARGO_PKG_VERSION")),
        format!("{doc}/copyright"),
        format!("{doc}/changelog.gz"),
        format!("{doc}/changelog.Debian.gz"),
        package.first_session(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "\
drwxr-xr-x root/root         0 2026-11-29 20:00 ./
-rw-r--r-- root/root        12 2026-11-29 20:00 ./usr/lib/postgresql/15/lib/pg_bourse.so
-rw-r--r-- root/root        12 2026-11-29 20:00 ./usr/share/doc/postgresql-15-bourse/changelog.gz
-rw-r--r-- root/root        12 2026-11-29 20:00 ./usr/share/doc/postgresql-15-bourse/changelog.Debian.gz
-rw-r--r-- root/root        12 2026-11-29 20:00 ./usr/share/doc/postgresql-15-bourse/copyright
-rw-r--r-- root/root        12 2026-11-29 20:00 ./usr/share/doc/postgresql-15-bourse/examples/first_session.sql
-rw-r--r-- root/root        12 2026-11-29 20:00 ./usr/share/postgresql/15/extension/pg_bourse--VERSION.sql
-rw-r--r-- root/root        12 2026-11-29 20:00 ./usr/share/postgresql/15/extension/pg_bourse.control";

    fn found(change: impl Fn(String) -> String) -> Vec<String> {
        in_listing(&Package::example(), &change(WHOLE.replace("VERSION", env!("CARGO_PKG_VERSION"))))
    }

    #[test]
    fn owners_modes_and_places_are_looked_at() {
        assert!(found(|text| text).is_empty());
        let path = "/usr/lib/postgresql/15/lib/pg_bourse.so";
        assert_eq!(
            found(|text| text.replacen("-rw-r--r--", "-rwxr-xr-x", 1)),
            [format!("{path} has the mode -rwxr-xr-x")]
        );
        assert_eq!(found(|text| text.replacen("root/root  ", "alice/root  ", 1)), ["/ is owned by alice/root"]);
        let elsewhere = found(|text| text.replace("/15/lib/", "/16/lib/"));
        assert_eq!(
            elsewhere,
            ["/usr/lib/postgresql/16/lib/pg_bourse.so has no place here".into(), format!("{path} is missing")]
        );
        assert_eq!(found(|text| format!("{text}\n?")), ["dpkg-deb lists what cannot be read"]);
    }
}
