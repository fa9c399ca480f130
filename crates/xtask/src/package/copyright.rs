//! The copyright file, in Debian's machine-readable form: our licences, and those of the crates linked into the library.

use std::collections::BTreeSet;

use super::printed;
use crate::failure::Result;
use crate::project::{self, Project};

const FORMAT: &str = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/";

/// The text of the file.
pub fn text(project: &Project) -> Result<String> {
    let mut tree = project.cargo();
    tree.args(["tree", "--locked", "--package", "pg_bourse", "--edges", "normal,no-proc-macro"])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .args(project.feature_flags());
    let crates = crates(&printed(&mut tree)?);
    let licence = project::read_text(&project.root.join("LICENSE-MIT"))?;
    Ok(write(&licence, &crates))
}

/// Name, version and licence of each crate of others, by name, from what `cargo tree` prints.
fn crates(tree: &str) -> BTreeSet<String> {
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    // A crate of ours has its folder behind its version.
    lines.filter(|line| !line.contains(" (/")).map(|line| line.replacen('|', ": ", 1)).collect()
}

fn write(licence: &str, crates: &BTreeSet<String>) -> String {
    let copyright = licence.lines().find_map(|line| line.strip_prefix("Copyright (c) ")).unwrap_or_default();
    let list: String = crates.iter().map(|line| format!("  {line}\n")).collect();
    let mit: String = licence.lines().skip_while(|line| !line.starts_with("Permission")).map(indented).collect();
    format!(
        "\
Format: {FORMAT}
Upstream-Name: pg_bourse
Comment: Linked into the library are these crates of others, each under its
 own licence, whose text is in its source on crates.io:
{list}
Files: *
Copyright: {copyright}
License: Expat or Apache-2.0

License: Expat
{mit}
License: Apache-2.0
 On Debian systems the text stands in /usr/share/common-licenses/Apache-2.0
"
    )
}

/// A line of a paragraph that goes on; an empty one is a full stop.
fn indented(line: &str) -> String {
    if line.is_empty() { " .\n".to_owned() } else { format!(" {line}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_others_are_named_once() {
        let tree = "pg_bourse v0.1.0 (/here)|MIT OR Apache-2.0\nlibc v0.2.1|MIT\naes v0.9.4|MIT OR Apache-2.0\nlibc v0.2.1|MIT (*)\n";
        let crates = crates(tree);
        assert_eq!(crates.iter().collect::<Vec<_>>(), ["aes v0.9.4: MIT OR Apache-2.0", "libc v0.2.1: MIT"]);
    }

    #[test]
    fn the_file_has_the_text_of_the_licence() {
        let licence = "MIT License\n\nCopyright (c) 2026 Some\n\nPermission is\ngranted\n\nAS IS\n";
        let text = write(licence, &BTreeSet::from(["aes v1: MIT".to_owned()]));
        assert!(text.contains("\n  aes v1: MIT\n\nFiles: *\nCopyright: 2026 Some\n"), "{text}");
        assert!(
            text.contains("\nLicense: Expat\n Permission is\n granted\n .\n AS IS\n\nLicense: Apache-2.0\n"),
            "{text}"
        );
    }
}
