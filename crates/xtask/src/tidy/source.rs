//! Rules about one file.

use super::scan::{code, item, line_of, test_items, words};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 70;
/// A SAFETY line stands at most so many lines above what it explains.
const SAFETY_REACH: usize = 3;
const UNSAFE_FOLDER: &str = "src/pg/";
pub const PURE_CRATES: [&str; 8] = [
    "crates/analytics/",
    "crates/calendar/",
    "crates/cron/",
    "crates/ids/",
    "crates/matching/",
    "crates/money/",
    "crates/schema/",
    "crates/vault/",
];

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

/// At most 400 lines in a file of Rust or SQL. The lists of tables are written by a program, one for each schema.
pub fn long_file(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if (is_rust(path) || path.ends_with(".sql") && !path.ends_with("/tables.sql")) && lines > MAX_FILE_LINES {
        return vec![format!("{path}: {lines} lines, at most {MAX_FILE_LINES}")];
    }
    Vec::new()
}

/// At most 70 lines in a function.
pub fn long_functions(path: &str, text: &str) -> Vec<String> {
    if !is_rust(path) {
        return Vec::new();
    }
    let code = code(text);
    let mut violations = Vec::new();
    for at in words(&code, "fn") {
        let range = item(&code, at);
        let (first, last) = (line_of(&code, range.start), line_of(&code, range.end));
        let lines = last - first + 1;
        if lines > MAX_FUNCTION_LINES {
            violations.push(format!("{path}:{first}: a function of {lines} lines, at most {MAX_FUNCTION_LINES}"));
        }
    }
    violations
}

/// The places of unsafe blocks, functions, implementations, traits and extern blocks.
fn unsafe_places(code: &str) -> Vec<usize> {
    let places = words(code, "unsafe").into_iter();
    places
        .filter(|at| {
            let rest = code[at + "unsafe".len()..].trim_start();
            ["{", "impl", "fn", "trait", "extern"].iter().any(|next| rest.starts_with(next))
        })
        .collect()
}

/// Every `unsafe` says why it is sound: `SAFETY:` within three lines above it, or a `# Safety`
/// section in the documentation of an unsafe function.
pub fn unsafe_without_reason(path: &str, text: &str) -> Vec<String> {
    if !is_rust(path) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut violations = Vec::new();
    for at in unsafe_places(&code(text)) {
        let line = line_of(text, at);
        let above = &lines[(line - 1).saturating_sub(SAFETY_REACH)..line];
        let near = above.iter().any(|l| l.contains("SAFETY:"));
        let documented = lines[..line - 1]
            .iter()
            .rev()
            .take_while(|l| l.trim().starts_with("//") || l.trim().starts_with("#["))
            .any(|l| l.contains("# Safety"));
        if !near && !documented {
            violations.push(format!("{path}:{line}: unsafe without a SAFETY line"));
        }
    }
    violations
}

/// `unsafe` stands under src/pg/ only.
pub fn unsafe_elsewhere(path: &str, text: &str) -> Vec<String> {
    if !is_rust(path) || path.starts_with(UNSAFE_FOLDER) {
        return Vec::new();
    }
    unsafe_places(&code(text))
        .into_iter()
        .map(|at| format!("{path}:{}: unsafe outside {UNSAFE_FOLDER}", line_of(text, at)))
        .collect()
}

/// No `unwrap` outside tests.
pub fn unwraps(path: &str, text: &str) -> Vec<String> {
    let is_test_file = path.split('/').any(|part| part == "tests" || part == "tests.rs");
    if !is_rust(path) || is_test_file {
        return Vec::new();
    }
    let code = code(text);
    let tests = test_items(text, &code);
    words(&code, "unwrap")
        .into_iter()
        .filter(|at| code[..*at].ends_with('.') && !tests.iter().any(|test| test.contains(at)))
        .map(|at| format!("{path}:{}: unwrap outside a test", line_of(text, at)))
        .collect()
}

/// The pure crates name no PostgreSQL, in their manifest or their sources, and forbid unsafe code.
pub fn postgresql_in_pure_crate(path: &str, text: &str) -> Vec<String> {
    let Some(folder) = PURE_CRATES.iter().find(|f| path.starts_with(**f)) else {
        return Vec::new();
    };
    let mut violations = Vec::new();
    let read = if is_rust(path) { code(text) } else { text.to_owned() };
    for name in ["pgrx", "postgres"] {
        if !words(&read, name).is_empty() {
            violations.push(format!("{path}: names {name}"));
        }
    }
    let forbids = code(text).contains("#![forbid(unsafe_code)]");
    if path == format!("{folder}src/lib.rs") && !forbids {
        violations.push(format!("{path}: lacks #![forbid(unsafe_code)]"));
    }
    violations
}

/// What a merge leaves where it could not decide.
pub fn merge_marker(path: &str, text: &str) -> Vec<String> {
    let is_marker = |line: &str| ["<<<<<<< ", ">>>>>>> "].iter().any(|marker| line.starts_with(marker));
    let marked = text.lines().enumerate().filter(|(_, line)| is_marker(line));
    marked.map(|(number, _)| format!("{path}:{}: a merge that was not finished", number + 1)).collect()
}

/// pgrx makes identifiers of the stems of SQL files.
pub fn hyphen_in_sql_name(path: &str, _text: &str) -> Vec<String> {
    let stem = path.rsplit('/').next().and_then(|f| f.strip_suffix(".sql"));
    match stem {
        Some(stem) if stem.contains('-') => vec![format!("{path}: a hyphen in the name")],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_401_lines_is_too_long() {
        assert!(long_file("src/a.rs", &"\n".repeat(400)).is_empty());
        assert_eq!(long_file("src/a.rs", &"\n".repeat(401)).len(), 1);
        assert_eq!(long_file("sql/a.sql", &"\n".repeat(401)).len(), 1);
    }

    #[test]
    fn a_function_of_71_lines_is_too_long() {
        let function = |lines: usize| format!("fn a() {{{}}}", "\n".repeat(lines - 1));
        assert!(long_functions("src/a.rs", &function(70)).is_empty());
        assert_eq!(long_functions("src/a.rs", &function(71)).len(), 1);
    }

    #[test]
    fn an_unsafe_block_needs_its_reason_near_by() {
        let far = "// SAFETY: far\n\n\n\nlet a = unsafe { b() };";
        let near = "// SAFETY: near\nlet a = unsafe { b() };";
        assert_eq!(unsafe_without_reason("src/pg/a.rs", far).len(), 1);
        assert!(unsafe_without_reason("src/pg/a.rs", near).is_empty());
        let documented = "/// # Safety\n/// Why.\n///\n///\n///\npub unsafe fn a() {}";
        assert!(unsafe_without_reason("src/pg/a.rs", documented).is_empty());
        assert_eq!(unsafe_without_reason("src/pg/a.rs", "unsafe impl A for B {}").len(), 1);
        assert!(unsafe_without_reason("src/pg/a.rs", "// unsafe { b() }").is_empty());
    }

    #[test]
    fn unsafe_stands_in_its_folder_only() {
        let text = "// SAFETY: good\nunsafe { b() }";
        assert!(unsafe_elsewhere("src/pg/a.rs", text).is_empty());
        assert_eq!(unsafe_elsewhere("src/exchange/a.rs", text).len(), 1);
    }

    #[test]
    fn only_tests_may_unwrap() {
        let plain = "fn a() { b().unwrap(); }";
        let test = "#[cfg(test)]\nmod tests { fn a() { b().unwrap(); } }";
        let pg_test = "#[cfg(any(test, feature = \"pg_test\"))]\nmod tests { fn a() { b().unwrap(); } }";
        let after = "#[cfg(test)]\nmod tests;\nfn a() { b().unwrap(); }";
        assert_eq!(unwraps("src/a.rs", plain).len(), 1);
        assert!(unwraps("tests/client/tests/a.rs", plain).is_empty());
        assert!(unwraps("src/a.rs", test).is_empty());
        assert!(unwraps("src/a.rs", pg_test).is_empty());
        assert_eq!(unwraps("src/a.rs", after).len(), 1);
        assert!(unwraps("src/a.rs", "fn a() { b().unwrap_or(1); }").is_empty());
    }

    #[test]
    fn a_pure_crate_names_no_postgresql() {
        let rule = postgresql_in_pure_crate;
        assert_eq!(rule("crates/matching/Cargo.toml", "pgrx = \"1\"").len(), 1);
        assert_eq!(rule("crates/matching/src/a.rs", "use pgrx::prelude::*;").len(), 1);
        assert!(rule("crates/matching/src/a.rs", "// not pgrx").is_empty());
        assert_eq!(rule("crates/matching/src/lib.rs", "mod a;").len(), 1);
        assert!(rule("crates/matching/src/lib.rs", "#![forbid(unsafe_code)]").is_empty());
        assert!(rule("src/lib.rs", "use pgrx::prelude::*;").is_empty());
    }

    #[test]
    fn a_merge_that_was_not_finished_is_found() {
        let marked = format!("a\n{} HEAD\nb\n=======\nc\n{} other\n", "<".repeat(7), ">".repeat(7));
        assert_eq!(merge_marker("docs/a.md", &marked).len(), 2);
        assert!(merge_marker("docs/a.md", "a << b\n> quoted\n").is_empty());
    }

    #[test]
    fn a_hyphen_in_a_sql_name_is_found() {
        assert_eq!(hyphen_in_sql_name("sql/a/b-c.sql", "").len(), 1);
        assert!(hyphen_in_sql_name("sql/a-b/c_d.sql", "").is_empty());
    }
}
