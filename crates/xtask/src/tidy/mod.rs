//! The house rules that a machine can check, each with a test that shows it failing.
//!
//! A rule about one file takes its path, relative to the repository, and its text, and returns
//! one line for each violation.

mod circles;
mod layers;
mod long_locks;
mod pairs;
mod paths;
mod released;
mod scan;
mod source;
mod sql;
mod sql_text;

use std::fs;
use std::path::{Path, PathBuf};

use crate::releases::lock;

/// Path and text of every checked file, relative to the repository.
struct Tree {
    files: Vec<(String, String)>,
}

impl Tree {
    /// Reads the Rust, SQL and test files of the repository, its pages and examples.
    fn read() -> Self {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/xtask stands in the repository");
        let mut files = Vec::new();
        for folder in ["src", "crates", "sql", "tests", "pg_regress", "docs", "examples", "releases"] {
            collect(root, &root.join(folder), &mut files);
        }
        files.sort();
        assert!(files.len() > 20, "the repository was not found");
        Self { files }
    }

    /// Applies a rule to every file; fails with all violations at once.
    fn hold(&self, rule: impl Fn(&str, &str) -> Vec<String>) {
        let violations: Vec<String> = self.files.iter().flat_map(|(path, text)| rule(path, text)).collect();
        assert!(violations.is_empty(), "\n{}", violations.join("\n"));
    }

    /// The locks of the releases.
    fn locks(&self) -> Vec<(String, String)> {
        let locks = self.files.iter().filter(|(path, _)| path.ends_with("/migrations.lock")).cloned();
        let locks: Vec<_> = locks.collect();
        assert!(!locks.is_empty(), "the releases have moved: mend this rule");
        locks
    }

    fn paths(&self) -> Vec<&str> {
        self.files.iter().map(|(path, _)| path.as_str()).collect()
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    const CHECKED: [&str; 8] = ["rs", "sql", "toml", "out", "spec", "md", "py", "lock"];
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|e| CHECKED.iter().any(|c| e == *c)) {
            let text = fs::read_to_string(&path).expect("a readable text file");
            let name = path.strip_prefix(root).expect("below the root");
            files.push((name.to_string_lossy().into_owned(), text));
        }
    }
}

#[test]
fn files_and_functions_are_short() {
    let tree = Tree::read();
    tree.hold(source::long_file);
    tree.hold(source::long_functions);
    tree.hold(sql::long_line);
    tree.hold(sql::backslash_in_body);
    tree.hold(sql::bare_notify);
}

#[test]
fn unsafe_code_is_explained_and_stands_in_one_folder() {
    let tree = Tree::read();
    tree.hold(source::unsafe_without_reason);
    tree.hold(source::unsafe_elsewhere);
}

#[test]
fn only_tests_unwrap() {
    Tree::read().hold(source::unwraps);
}

#[test]
fn the_pure_crates_know_no_postgresql() {
    let tree = Tree::read();
    tree.hold(source::postgresql_in_pure_crate);
    for folder in source::PURE_CRATES {
        let path = format!("{folder}src/lib.rs");
        assert!(tree.paths().contains(&path.as_str()), "{path} has moved: mend this rule");
    }
}

#[test]
fn every_module_names_what_is_below_it() {
    let violations = layers::upward(&Tree::read().files);
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn no_merge_is_left_half_done() {
    Tree::read().hold(source::merge_marker);
}

#[test]
fn no_modules_need_each_other() {
    let violations = circles::circles(&Tree::read().files);
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn sql_files_have_good_names_and_are_used() {
    let tree = Tree::read();
    tree.hold(source::hyphen_in_sql_name);
    let mut violations = pairs::unreferenced_sql(&tree.files);
    violations.extend(pairs::misnumbered_migrations(&tree.files));
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn what_is_released_never_changes() {
    let tree = Tree::read();
    let locks = tree.locks();
    let mut violations = released::changed_migrations(&tree.files, &locks);
    violations.extend(released::released_again(env!("CARGO_PKG_VERSION"), &locks));
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn no_new_migration_keeps_others_from_a_table_for_long() {
    let tree = Tree::read();
    let locks = tree.locks();
    let is_released = |name: &str| locks.iter().any(|(_, text)| lock::read(text).iter().any(|(kept, _)| *kept == name));
    tree.hold(|path, text| long_locks::long_locks(path, text, is_released));
}

#[test]
fn sql_looks_no_name_up_where_others_can_put_one() {
    let tree = Tree::read();
    tree.hold(sql::routine_without_path);
    tree.hold(sql::careless_creation);
    tree.hold(sql::script_without_path);
    assert!(tree.paths().contains(&"sql/bootstrap.sql"), "the first script has moved: mend this rule");
}

#[test]
fn names_compare_the_same_in_every_locale() {
    Tree::read().hold(sql::locale_dependent);
}

#[test]
fn every_test_has_its_expected_output() {
    let tree = Tree::read();
    let paths = tree.paths();
    for (inputs, extension, expected) in [
        ("pg_regress/sql", "sql", "pg_regress/expected"),
        ("tests/isolation/specs", "spec", "tests/isolation/expected"),
    ] {
        let violations = pairs::unpaired(&paths, inputs, extension, expected);
        assert!(violations.is_empty(), "\n{}", violations.join("\n"));
    }
}
