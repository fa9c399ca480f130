//! Rules about files that belong together.

use std::collections::{BTreeMap, BTreeSet};

/// Whether a source names an SQL file: by its path; the module of a schema names the migrations by their file names.
fn names((source, text): &(&str, &str), path: &str) -> bool {
    let is_listed = || {
        let (schema, file) = path.strip_prefix("sql/")?.split_once("/migrations/")?;
        let name = file.strip_suffix(".sql")?;
        Some(*source == format!("src/{schema}/mod.rs") && text.contains(&format!("\"{name}\"")))
    };
    text.contains(path) || is_listed() == Some(true)
}

/// The migrations of a schema are numbered from 1 without a gap, and its module lists them in that order.
pub fn misnumbered_migrations(files: &[(String, String)]) -> Vec<String> {
    let mut schemas: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, _) in files {
        let place = path.strip_prefix("sql/").and_then(|rest| rest.split_once("/migrations/"));
        if let Some((schema, file)) = place {
            schemas.entry(schema).or_default().push(file.trim_end_matches(".sql"));
        }
    }
    let mut violations = Vec::new();
    for (schema, mut names) in schemas {
        names.sort_unstable();
        let misnumbered = (1..).zip(&names).filter(|(number, name)| !name.starts_with(&format!("{number:04}_")));
        violations.extend(misnumbered.map(|(number, name)| {
            format!("sql/{schema}/migrations/{name}.sql: should be number {number:04} of its schema")
        }));
        let module = format!("src/{schema}/mod.rs");
        let text = files.iter().find(|(path, _)| *path == module).map_or("", |(_, text)| text);
        let places: Vec<Option<usize>> = names.iter().map(|name| text.find(&format!("\"{name}\""))).collect();
        if !places.is_sorted() {
            violations.push(format!("{module}: lists the migrations in another order than their numbers'"));
        }
    }
    violations
}

/// Every file below sql/ is part of the extension: its name stands in a source below src/. The lists of tables are for
/// readers.
pub fn unreferenced_sql(files: &[(String, String)]) -> Vec<String> {
    let sources: Vec<(&str, &str)> = files
        .iter()
        .filter(|(path, _)| path.starts_with("src/") && path.ends_with(".rs"))
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("sql/") && path.ends_with(".sql") && !path.ends_with("/tables.sql"))
        .filter(|path| !sources.iter().any(|source| names(source, path)))
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
        let of_another = [file("src/a/mod.rs", "\"0001_b\""), file("sql/c/migrations/0001_b.sql", "")];
        assert_eq!(unreferenced_sql(&of_another).len(), 1);
        let own = [file("src/c/mod.rs", "\"0001_b\""), file("sql/c/migrations/0001_b.sql", "")];
        assert!(unreferenced_sql(&own).is_empty());
    }

    #[test]
    fn migrations_without_a_gap_in_the_order_of_their_numbers_are_asked_for() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let files = |second: &str, list: &str| {
            [
                file("sql/a/migrations/0001_b.sql", ""),
                file(&format!("sql/a/migrations/{second}.sql"), ""),
                file("src/a/mod.rs", list),
            ]
        };
        assert!(misnumbered_migrations(&files("0002_c", "\"0001_b\", \"0002_c\"")).is_empty());
        assert_eq!(misnumbered_migrations(&files("0003_c", "\"0001_b\", \"0003_c\"")).len(), 1);
        assert_eq!(misnumbered_migrations(&files("0001_c", "\"0001_b\", \"0001_c\"")).len(), 1);
        assert_eq!(misnumbered_migrations(&files("0002_c", "\"0002_c\", \"0001_b\"")).len(), 1);
    }

    #[test]
    fn a_test_without_its_pair_is_found_either_way() {
        let paths = ["t/sql/a.sql", "t/expected/a.out", "t/sql/b.sql", "t/expected/c.out"];
        let found = unpaired(&paths, "t/sql", "sql", "t/expected");
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("b.sql") && found[1].contains("c.out"));
    }
}
