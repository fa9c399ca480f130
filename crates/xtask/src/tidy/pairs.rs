//! Rules about files that belong together.

use std::collections::BTreeSet;

/// Whether a source names an SQL file: by its path, a migration also by its version.
fn names(text: &str, path: &str) -> bool {
    let version = path.strip_prefix("sql/migrations/").and_then(|name| name.strip_suffix(".sql"));
    text.contains(path) || version.is_some_and(|version| text.contains(&format!("\"{version}\"")))
}

/// Every file below sql/ is part of the extension: its name stands in a source below src/.
pub fn unreferenced_sql(files: &[(String, String)]) -> Vec<String> {
    let sources: Vec<&str> = files
        .iter()
        .filter(|(path, _)| path.starts_with("src/") && path.ends_with(".rs"))
        .map(|(_, text)| text.as_str())
        .collect();
    files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("sql/") && path.ends_with(".sql"))
        .filter(|path| !sources.iter().any(|text| names(text, path)))
        .map(|path| format!("{path}: no source below src/ names it"))
        .collect()
}

/// Every input has an expected file, and every expected file an input.
pub fn unpaired(paths: &[&str], inputs: &str, extension: &str, expected: &str) -> Vec<String> {
    let stems = |folder: &str, extension: &str| -> BTreeSet<String> {
        paths
            .iter()
            .filter_map(|path| {
                let file = path.strip_prefix(folder)?.strip_prefix('/')?;
                let stem = file.strip_suffix(extension)?.strip_suffix('.')?;
                Some(stem.to_owned())
            })
            .collect()
    };
    let given = stems(inputs, extension);
    let wanted = stems(expected, "out");
    let missing =
        given.difference(&wanted).map(|stem| format!("{inputs}/{stem}.{extension}: no {expected}/{stem}.out"));
    let stray = wanted.difference(&given).map(|stem| format!("{expected}/{stem}.out: no {inputs}/{stem}.{extension}"));
    missing.chain(stray).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sql_file_that_nobody_names_is_found() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let files = [
            file("src/lib.rs", "extension_sql_file!(\"../sql/a/b.sql\");"),
            file("sql/a/b.sql", ""),
            file("sql/a/c.sql", ""),
        ];
        let found = unreferenced_sql(&files);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("sql/a/c.sql"));
    }

    #[test]
    fn a_test_without_its_pair_is_found_either_way() {
        let paths = ["t/sql/a.sql", "t/expected/a.out", "t/sql/b.sql", "t/expected/c.out"];
        let found = unpaired(&paths, "t/sql", "sql", "t/expected");
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("b.sql") && found[1].contains("c.out"));
    }
}
