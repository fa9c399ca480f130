//! What has been released never changes: the migrations, by `releases/<version>/migrations.lock`.

use std::collections::BTreeMap;

use crate::releases::lock;

/// Every migration of a release is there as it was, and what is new comes after the last one of its schema. `locks` are
/// path and text of each lock.
pub fn changed_migrations(files: &[(String, String)], locks: &[(String, String)]) -> Vec<String> {
    let now: BTreeMap<String, &str> =
        files.iter().filter_map(|(path, text)| Some((lock::migration(path)?, text.as_str()))).collect();
    let mut violations = Vec::new();
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    let kept: BTreeMap<&str, &str> = locks.iter().flat_map(|(_, text)| lock::read(text)).collect();
    for (path, text) in locks {
        for (name, sum) in lock::read(text) {
            match now.get(name) {
                None => violations.push(format!("{path}: {name} is released and gone: put it back")),
                Some(sql) if lock::checksum(sql) != sum => {
                    violations.push(format!("{path}: {name} is released and has changed: write another migration"));
                }
                Some(_) => (),
            }
            let schema = name.split('/').next().unwrap_or_default();
            let highest = last.entry(schema).or_insert(name);
            *highest = name.max(highest);
        }
    }
    let too_early = now.keys().filter(|name| {
        let schema = name.split('/').next().unwrap_or_default();
        !kept.contains_key(name.as_str()) && last.get(schema).is_some_and(|last| name.as_str() < *last)
    });
    violations.extend(too_early.map(|name| format!("{name}: comes before one that is released: take the next number")));
    violations
}

/// The version that is built is not one that is released: a library and its script go together by it.
pub fn released_again(version: &str, locks: &[(String, String)]) -> Vec<String> {
    let again = locks.iter().filter(|(path, _)| path.split('/').nth(1) == Some(version));
    again.map(|(path, _)| format!("Cargo.toml: {version} is released ({path}): raise the version")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> (String, String) {
        (path.to_owned(), text.to_owned())
    }

    #[test]
    fn what_is_released_stays_as_it_was() {
        let first = file("sql/a/migrations/0002_b.sql", "SELECT 1");
        let lock = [file("releases/0.1.0/migrations.lock", &lock::lines([(&*first.0, &*first.1)].into_iter()))];
        assert!(changed_migrations(std::slice::from_ref(&first), &lock).is_empty());
        let next = file("sql/a/migrations/0003_c.sql", "");
        assert!(changed_migrations(&[first.clone(), next], &lock).is_empty());
        let of_another = file("sql/b/migrations/0001_b.sql", "");
        assert!(changed_migrations(&[first.clone(), of_another], &lock).is_empty());
        for (files, word) in [
            (vec![file("sql/a/migrations/0002_b.sql", "SELECT 2")], "changed"),
            (vec![], "gone"),
            (vec![file("sql/a/migrations/0002_c.sql", "SELECT 1")], "gone"),
            (vec![first.clone(), file("sql/a/migrations/0001_a.sql", "")], "before"),
        ] {
            let found = changed_migrations(&files, &lock);
            assert!(found.iter().any(|line| line.contains(word)), "{word}: {found:?}");
        }
    }

    #[test]
    fn a_version_is_released_once() {
        let lock = [file("releases/0.1.0/migrations.lock", "")];
        assert!(released_again("0.2.0", &lock).is_empty());
        assert_eq!(released_again("0.1.0", &lock).len(), 1);
    }
}
